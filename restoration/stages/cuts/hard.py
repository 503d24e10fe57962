"""Cuts between one frame and the next: what ranks say of every boundary between two frames.

Looked at are those that differ enough by themselves, and those that PySceneDetect's
AdaptiveDetector proposes, which sees ranks instead of luma. A boundary is measured by how
far frames before and after differ, whichever pair is taken, and how far those on either side do.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from statistics import median

import cv2
import numpy as np

from restoration.stages.cuts.thumbnails import Thumbnail, Window, difference

LEAST_ACROSS, LEAST_RATIO = 6.0, 1.3
"""Below either, nobody would look for a cut."""
_QUIET = 3.0  # rank difference that grain and flicker leave between equal frames


@dataclass(frozen=True, slots=True)
class Boundary:
    """What lies between a frame and the one before it.

    across: smallest rank difference of any near frame before and any after. within: how much frames
    on the livelier side differ among each other. carried, usual: see `motion.Crossing`.
    """

    frame: int
    across: float
    within: float
    carried: float = 1.0
    usual: float = 1.0

    @property
    def is_candidate(self) -> bool:
        return self.across >= LEAST_ACROSS and self.ratio >= LEAST_RATIO

    @property
    def ratio(self) -> float:
        return self.across / (self.within + _QUIET)


def measure_boundary(window: Window) -> Boundary | None:
    """The boundary before the centre frame; None before the first frame."""
    before = [found for k in (-1, -2) if (found := window.at(k)) is not None]
    after = [found for k in (0, 1) if (found := window.at(k)) is not None]
    if not before:
        return None
    across = min(difference(one, other) for one in before for other in after)
    within = max(_usual_step(window, range(-3, 0)), _usual_step(window, range(1, 4)))
    return Boundary(window.here.frame, across, within)


def _usual_step(window: Window, offsets: range) -> float:
    steps = []
    for offset in offsets:
        one, other = window.at(offset - 1), window.at(offset)
        if one is not None and other is not None:
            steps.append(difference(one, other))
    return median(steps) if steps else 0.0


class CutProposer:
    """PySceneDetect's AdaptiveDetector, fed with ranks."""

    def __init__(self, rate: Fraction, *, sensitivity: float, least_change: float) -> None:
        # Here: every program that only knows of the stages would wait for it.
        from scenedetect.common import FrameTimecode
        from scenedetect.detectors import AdaptiveDetector

        self._time_of = partial(FrameTimecode, fps=rate)
        self._detector = AdaptiveDetector(
            adaptive_threshold=sensitivity,
            min_content_val=least_change,
            min_scene_len=0,
            luma_only=True,
        )
        self._fed: Thumbnail | None = None

    def feed(self, thumbnail: Thumbnail) -> list[int]:
        """Frames that begin a new shot."""
        self._fed = thumbnail
        return self._process(thumbnail.frame, thumbnail)

    def finish(self, frame: int) -> list[int]:
        """Cuts that still waited for the detector's look-ahead at the end of the clip."""
        if self._fed is None:
            return []
        found = []
        for extra in range(self._detector.event_buffer_length):
            found += self._process(frame + extra, self._fed)
        return found

    def _process(self, frame: int, thumbnail: Thumbnail) -> list[int]:
        picture = cv2.cvtColor(thumbnail.ranks, cv2.COLOR_GRAY2BGR)
        cuts = self._detector.process_frame(self._time_of(frame), np.asarray(picture))
        return [int(cut.frame_num) for cut in cuts]
