"""Cuts between one frame and the next, and single frames that only look like it.

PySceneDetect's AdaptiveDetector proposes, on ranks instead of luma and with flashes left out; a
proposal stands if frames from before and from after differ by themselves, whichever pair is taken,
and far more than frames on either side differ among each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np
from scenedetect.common import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from restoration.stages.cuts.thumbnails import Thumbnail, Window, difference

_LONGEST_FLASH = 3
_FLASH_LUMA = 25.0
_FLASH_RANKS = 15.0
_QUIET = 3.0  # rank difference that grain and flicker leave between equal frames


@dataclass(frozen=True, slots=True)
class Boundary:
    """What lies between a frame and the one before it.

    across: smallest rank difference of any near frame before and any after. within: how much frames
    on the livelier side differ among each other.
    """

    frame: int
    across: float
    within: float

    @property
    def ratio(self) -> float:
        return self.across / (self.within + _QUIET)


def measure_boundary(window: Window, foreign: frozenset[int]) -> Boundary | None:
    """The boundary before the centre frame; None before the first frame."""
    window = _without(window, foreign)
    before = [found for k in (-1, -2) if (found := window.at(k)) is not None]
    after = [found for k in (0, 1) if (found := window.at(k)) is not None]
    if not before:
        return None
    across = min(difference(one, other) for one in before for other in after)
    within = max(_usual_step(window, range(-3, 0)), _usual_step(window, range(1, 4)))
    return Boundary(window.here.frame, across, within)


def _without(window: Window, foreign: frozenset[int]) -> Window:
    """The window with foreign frames shown as the nearest frame before them that is none."""
    shown = list(window.frames)
    for index in range(1, len(shown)):
        if shown[index].frame in foreign:
            shown[index] = replace(shown[index - 1], frame=shown[index].frame)
    return Window(shown, window.centre)


def _usual_step(window: Window, offsets: range) -> float:
    steps = []
    for offset in offsets:
        one, other = window.at(offset - 1), window.at(offset)
        if one is not None and other is not None:
            steps.append(difference(one, other))
    return float(np.median(steps)) if steps else 0.0


@dataclass(frozen=True, slots=True)
class Flash:
    """One to three frames that do not belong between those before and after."""

    frame: int
    length: int
    kind: str
    confidence: float


def find_flash(window: Window) -> Flash | None:
    """A flash, black frame or white frame that begins at the centre frame."""
    before = window.at(-1)
    if before is None:
        return None
    for length in range(1, _LONGEST_FLASH + 1):
        last, after = window.at(length - 1), window.at(length)
        if last is None or after is None:
            return None
        found = _is_flash(window, before, last, after, length)
        if found > 0.0:
            return Flash(window.here.frame, length, _kind(window.here), round(found, 3))
    return None


def _is_flash(
    window: Window, before: Thumbnail, last: Thumbnail, after: Thumbnail, length: int
) -> float:
    """Confidence 0 to 1 that the frames from the centre to `last` are foreign."""
    here = window.here
    around = difference(before, after)
    edge = min(difference(before, here), difference(last, after))
    by_light = _stands_out(window, length) and around < _FLASH_RANKS
    by_ranks = edge > max(3.0 * around, _FLASH_RANKS)
    if not (by_light or by_ranks):
        return 0.0
    return 1.0 - 0.5 * min(1.0, around / max(edge, _FLASH_RANKS))


def _stands_out(window: Window, length: int) -> bool:
    """Whether the light of these frames leaves the range of the frames around, flicker and all."""
    means = [
        found.mean
        for offset in [*range(-8, 0), *range(length, length + 8)]
        if (found := window.at(offset)) is not None
    ]
    if len(means) < 6:
        return False
    usual = float(np.median(means))
    scale = 1.4826 * float(np.median(np.abs(np.array(means) - usual)))
    inside = [found.mean for k in range(length) if (found := window.at(k)) is not None]
    return min(abs(mean - usual) for mean in inside) > max(_FLASH_LUMA, 4.5 * scale)


def _kind(thumbnail: Thumbnail) -> str:
    if thumbnail.spread < 12.0:
        if thumbnail.mean < 40.0:
            return "black"
        if thumbnail.mean > 200.0:
            return "white"
    return "flash"


class CutProposer:
    """PySceneDetect's AdaptiveDetector, fed with ranks."""

    def __init__(self, rate: Fraction, *, sensitivity: float, least_change: float) -> None:
        self._rate = rate
        self._detector = AdaptiveDetector(
            adaptive_threshold=sensitivity,
            min_content_val=least_change,
            min_scene_len=0,
            luma_only=True,
        )
        self._fed: Thumbnail | None = None

    def feed(self, thumbnail: Thumbnail, *, foreign: bool) -> list[int]:
        """Frames that begin a new shot; a foreign frame is replaced by the one before it."""
        shown = self._fed if foreign and self._fed is not None else thumbnail
        self._fed = shown
        return self._process(thumbnail.frame, shown)

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
        cuts = self._detector.process_frame(FrameTimecode(frame, self._rate), np.asarray(picture))
        return [int(cut.frame_num) for cut in cuts]
