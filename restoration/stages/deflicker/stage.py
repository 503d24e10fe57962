"""Even out light that jumps from frame to frame, by a recorded gain and offset a frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture
from restoration.imaging.luma import analysis_luma, shrink
from restoration.provenance import Label
from restoration.stages.contract import JSON, Clip, Outcome, Progress, Stage, StageFrame
from restoration.stages.deflicker.estimate import Cells, expected_map, fit_lines
from restoration.stages.deflicker.record import IDENTITY, UNIT, Correction, apply_correction
from restoration.stages.segments import Segment, split_at_marks

_ANALYSIS_WIDTH = 64
_ROUNDING = "y' = clip((gain * y + offset + 32768) >> 16, 0, peak); gain, offset in 1/65536"


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    window: int = 12
    """Frames to each side that a frame is compared with; half a second at 24 fps."""
    threshold: float = 0.6
    """Smallest change worth making, in 8-bit codes; a frame below it stays bit-identical."""
    strength: float = 1.0
    """Share of the departure that is removed, 0 to 1."""
    scale_chroma: bool = True
    """Scale colour differences by the same gain as luma, as light itself does."""

    def __post_init__(self) -> None:
        if not 1 <= self.window <= 50:
            raise ValueError(f"window must lie in 1 to 50 frames, not {self.window}")
        if not 0.0 <= self.strength <= 1.0:
            raise ValueError(f"strength must lie in 0 to 1, not {self.strength}")
        if self.threshold < 0.0:
            raise ValueError(f"threshold must not be negative, it is {self.threshold}")


class _Seen(NamedTuple):
    frame: int
    picture: Picture
    cells: Cells


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip with each frame's light brought to what its window expects."""
    outcome = Outcome(facts={"rounding": _ROUNDING, "frames": [], "clipped": 0})
    outcome.frames = _stream(clip, params, progress, outcome.facts)
    return outcome


def _stream(
    clip: Clip, params: Params, progress: Progress, facts: dict[str, JSON]
) -> Iterator[StageFrame]:
    total = clip.end_frame - clip.start_frame
    done = 0
    for segment in split_at_marks(clip.start_frame, clip.end_frame, clip.marks):
        for here, window in _windows(clip, segment, params.window):
            correction = estimate_correction(here.cells, window, here, params)
            yield _correct(here, correction, facts)
            done += 1
            progress(done, total)


def _windows(clip: Clip, segment: Segment, reach: int) -> Iterator[tuple[_Seen, list[_Seen]]]:
    """Each frame of the segment with the frames around it, at most `reach` to a side."""
    seen: deque[_Seen] = deque()
    upcoming = clip.frames(segment.start, segment.stop)
    next_frame = segment.start
    for frame in range(segment.start, segment.stop):
        while next_frame < min(frame + reach + 1, segment.stop):
            picture = next(upcoming)
            seen.append(_Seen(next_frame, picture, _cells(picture)))
            next_frame += 1
        while seen[0].frame < frame - reach:
            seen.popleft()
        here = seen[frame - seen[0].frame]
        yield here, [other for other in seen if other.frame != frame]


def _cells(picture: Picture) -> Cells:
    return shrink(analysis_luma(picture), width=_ANALYSIS_WIDTH).ravel()


def estimate_correction(
    cells: Cells, window: list[_Seen], here: _Seen, params: Params
) -> Correction:
    """The correction of one frame; the identity if it would hardly be seen."""
    if not window:
        return IDENTITY
    others: npt.NDArray[np.float32] = np.stack([other.cells for other in window])
    distance = np.array([other.frame - here.frame for other in window], dtype=np.int64)
    gain, offset = expected_map(fit_lines(cells, others), distance, float(np.median(cells)))
    gain = 1.0 + params.strength * (gain - 1.0)
    offset = params.strength * offset
    levels = np.quantile(cells, [0.05, 0.25, 0.5, 0.75, 0.95])
    if float(np.abs((gain - 1.0) * levels + offset).max()) < params.threshold:
        return IDENTITY
    pixel = here.picture.pixel
    return Correction(
        gain=np.array([[round(gain * UNIT)]], dtype=np.int64),
        offset=np.array([[round(offset * UNIT * pixel.peak / 255.0)]], dtype=np.int64),
        scale_chroma=params.scale_chroma,
    )


def _correct(here: _Seen, correction: Correction, facts: dict[str, JSON]) -> StageFrame:
    applied = apply_correction(here.picture, correction)
    structure, colour = _labels(here.picture, applied.picture)
    changed = int(np.count_nonzero(structure))
    facts["frames"].append(
        {"frame": here.frame, **correction.as_json(), "clipped": applied.clipped}
        | {"changed": changed}
    )
    facts["clipped"] += applied.clipped
    return StageFrame(applied.picture, structure, colour)


def _labels(before: Picture, after: Picture) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """ADJUSTED exactly where a code value changed, chroma judged by the sample that covers."""
    pixel = before.pixel
    changed = [old != new for old, new in zip(before.planes, after.planes, strict=True)]
    adjusted = np.uint8(Label.ADJUSTED)
    if pixel.model == "rgb":
        both = (changed[0] | changed[1] | changed[2]).astype(np.uint8) * adjusted
        return both, both
    structure = changed[0].astype(np.uint8) * adjusted
    if pixel.model == "grey":
        return structure, np.zeros_like(structure)
    chroma = (changed[1] | changed[2]).astype(np.uint8) * adjusted
    for axis, shift in ((0, pixel.chroma_shift_y), (1, pixel.chroma_shift_x)):
        chroma = np.repeat(chroma, 1 << shift, axis=axis)
    return structure, np.ascontiguousarray(chroma[: before.height, : before.width])


STAGE = Stage(name="deflicker", version="2", queue="cpu", makes="pictures", params=Params, run=run)
