"""Find where one shot ends and the next begins, whatever the light does."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
from scenedetect.common import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from restoration.stages.contract import JSON, Clip, Outcome, Progress, Stage
from restoration.stages.cuts.thumbnails import Thumbnail, difference, make_thumbnail


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    sensitivity: float = 3.0
    """How many times its surroundings a frame must differ to be a cut."""
    least_change: float = 15.0
    """Smallest difference of ranks, 0 to 255, that can be a cut."""
    shortest: int = 6
    """Frames between two cuts, at least."""


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Decode the clip once and name its cuts."""
    detector = AdaptiveDetector(
        adaptive_threshold=params.sensitivity,
        min_content_val=params.least_change,
        min_scene_len=params.shortest,
        luma_only=True,
    )
    rate = Fraction(clip.format.rate)
    marks: list[JSON] = []
    cuts: list[int] = []
    window: list[Thumbnail] = []
    total = clip.end_frame - clip.start_frame
    for done, picture in enumerate(clip.frames(clip.start_frame, clip.end_frame), start=1):
        window.append(make_thumbnail(clip.start_frame + done - 1, picture))
        if len(window) == 3:
            window = _without_flash(window, marks)
            cuts += _detect(detector, window.pop(0), rate)
        progress(done, total)
    for thumbnail in window:
        cuts += _detect(detector, thumbnail, rate)
    found = sorted({cut for cut in cuts if cut > clip.start_frame})
    facts = {"cuts": found, "gradual": [], "marks": marks, "confidence": [1.0] * len(found)}
    return Outcome(facts=facts)


def _detect(detector: AdaptiveDetector, thumbnail: Thumbnail, rate: Fraction) -> list[int]:
    picture = cv2.cvtColor(thumbnail.ranks, cv2.COLOR_GRAY2BGR)
    timecode = FrameTimecode(thumbnail.frame, rate)
    return [int(cut.frame_num) for cut in detector.process_frame(timecode, picture)]


def _without_flash(window: list[Thumbnail], marks: list[JSON]) -> list[Thumbnail]:
    before, here, after = window
    around = difference(before, after)
    if min(difference(before, here), difference(here, after)) > max(3.0 * around, 15.0):
        kind = "black" if here.mean < 24 else "white" if here.mean > 231 else "flash"
        marks.append({"frame": here.frame, "kind": kind, "confidence": 1.0})
        return [before, before, after]
    return window


STAGE = Stage(name="cuts", version="1", queue="cpu", makes="findings", params=Params, run=run)
