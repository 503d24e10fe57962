"""Take out gate weave: film that did not lie twice at the same place when it was copied or scanned.

Per scene: the way of the whole picture is measured, what departs from a smooth way is weave, and
the frame is moved back by it, by parts of a pixel. Nothing is cropped or enlarged: where the moved
picture has nothing to show, the frame's own pixels stay. Black bars and sprocket holes around the
picture do not move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture
from restoration.imaging.bars import Bars, aligned
from restoration.imaging.luma import analysis_luma, eight_bit, shrink
from restoration.provenance import Label, Sources
from restoration.stages.area import area_of, between_holes, inside
from restoration.stages.contract import JSON, Clip, Outcome, Progress, Stage, StageFrame
from restoration.stages.segments import Segment, split_at_marks
from restoration.stages.stabilise.path import Way, find_weave
from restoration.stages.stabilise.record import TAPS, Area, Move, move
from restoration.stages.stabilise.registration import NO_STEP, Grey, Step, register

_ROUNDING = (
    "x, y in 1/65536 pixel, turn in 1/2**30 radian, about the middle of area; Lanczos over 8 x 8 "
    "samples at places in 1/32: restoration/stages/stabilise/record.py"
)
_WIDTH = 960
"""Columns at which wider scans are measured."""


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    window: int = 24
    """Frames to each side over which the picture's way is taken to be smooth, at most: a second at
    24 fps. Where the camera swings it is followed more closely."""
    strength: float = 1.0
    """Share of the weave that is removed, 0 to 1."""
    threshold: float = 0.1
    """Smallest move worth making, in pixels; a frame below it stays bit-identical."""
    turn: bool = True
    """Take out turns too, not only shifts."""
    most: float = 0.02
    """Share of the picture's width by which a frame may be moved; one that departs by more is left
    alone and told."""
    area: str = ""
    """LEFT,TOP,WIDTH,HEIGHT of the picture in the scan's pixels; what lies outside it is not looked
    at and does not move. Empty: all but black bars and rows of sprocket holes, which are found."""

    def __post_init__(self) -> None:
        if not 2 <= self.window <= 100:
            raise ValueError(f"window must lie in 2 to 100 frames, not {self.window}")
        if not 0.0 <= self.strength <= 1.0:
            raise ValueError(f"strength must lie in 0 to 1, not {self.strength}")
        if self.threshold < 0.0:
            raise ValueError(f"threshold must not be negative, it is {self.threshold}")
        if not 0.0 < self.most <= 0.1:
            raise ValueError(f"most must lie above 0 and up to 0.1, not {self.most}")
        if self.area:
            area_of(self.area)


class Measured(NamedTuple):
    """What was found out of a scene before any frame is moved."""

    steps: list[Step]
    """From the frame before; the first is none."""
    area: Area
    moves: list[Move]
    windows: tuple[int, int, int]
    """Over how many frames the way was taken to be smooth, along x, y and turn; 0: left alone."""
    beyond: list[int]
    """Places in the scene of frames that depart by more than `most`."""


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip with each frame moved back by its weave."""
    outcome = Outcome(
        facts={"rounding": _ROUNDING, "frames": [], "scenes": [], "moved": 0, "warnings": []}
        | {"to_review": ""}
    )
    outcome.frames = _stream(clip, params, progress, outcome.facts)
    return outcome


def _stream(
    clip: Clip, params: Params, progress: Progress, facts: dict[str, JSON]
) -> Iterator[StageFrame]:
    total, done = clip.end_frame - clip.start_frame, 0
    for segment in split_at_marks(clip.start_frame, clip.end_frame, clip.marks):
        found = measure(clip, segment, params, partial(progress, done, total))
        _tell(segment, found, facts)
        pictures = clip.frames(segment.start, segment.stop)
        for number, picture, by, step in zip(
            range(*segment), pictures, found.moves, found.steps, strict=True
        ):
            yield _moved(number, picture, by, step, facts)
            done += 1
            progress(done, total)
    facts["to_review"] = "; ".join(facts["warnings"])


def measure(
    clip: Clip, segment: Segment, params: Params, beat: Callable[[], None] = lambda: None
) -> Measured:
    """Where the picture of a scene lies in each frame, and how far to move it.

    Args:
        beat: called after each frame; a scene is read once before its first frame is made.
    """
    form = clip.format
    steps, bars, scale = [NO_STEP], Bars((form.height, form.width)), 1.0
    seen = _seen(clip, segment, params)
    left, top, width, height = seen
    before: Grey | None = None
    for picture in clip.frames(segment.start, segment.stop):
        luma = eight_bit(analysis_luma(picture))
        bars.look(luma)
        here, scale = _small(luma[top : top + height, left : left + width])
        if before is not None:
            steps.append(register(before, here))
        before = here
        beat()
    area = aligned(seen if params.area else bars.area(seen), form)
    return _judge(steps, area, scale, clip.format.width, params)


def _seen(clip: Clip, segment: Segment, params: Params) -> Area:
    """Where motion is looked for: sprocket holes stand still where the scanner held them.

    Black bars show nothing to follow; what they cover is known when every frame was looked at.
    """
    if params.area:
        return inside(area_of(params.area), clip.format)
    return between_holes(clip, segment)


def _small(luma: Grey) -> tuple[Grey, float]:
    """The luma at the width that it is measured at, and how many pixels one of its pixels is."""
    if luma.shape[1] <= _WIDTH:
        return luma, 1.0
    small = eight_bit(shrink(luma.astype(np.float32), width=_WIDTH))
    return small, luma.shape[1] / small.shape[1]


def _judge(steps: list[Step], area: Area, scale: float, width: int, params: Params) -> Measured:
    sure = [n for n, step in enumerate(steps) if step.sure]
    told = np.array([[s.x * scale, s.y * scale, s.turn] for s in steps])
    for axis in range(3) if sure else ():  # What was not measured went as the frames around did.
        told[1:, axis] = np.interp(range(1, len(steps)), sure, told[sure, axis])
    way: Way = np.cumsum(told, axis=0)
    radius = float(np.hypot(area[2], area[3])) / 2
    found = find_weave(way, window=params.window, radius=radius)
    weave = found.weave * params.strength
    if not params.turn:
        weave[:, 2] = 0.0
    moves, beyond = [], []
    for place, (x, y, turn) in enumerate(weave.tolist()):
        by = Move.of(x, y, turn, area)
        if by.farthest() > params.most * width:
            beyond.append(place)
        wanted = params.threshold <= by.farthest() <= params.most * width
        moves.append(by if wanted else Move(0, 0, 0, area))
    return Measured(steps, area, moves, found.windows, beyond)


def _tell(segment: Segment, found: Measured, facts: dict[str, JSON]) -> None:
    unsure = [segment.start + n for n, s in enumerate(found.steps) if n and not s.sure]
    facts["scenes"].append(
        {
            "start": segment.start,
            "stop": segment.stop,
            "area": list(found.area),
            "windows": list(found.windows),
            "not_measured": unsure,
            "beyond": [segment.start + place for place in found.beyond],
        }
    )
    where = f"frames {segment.start} to {segment.stop - 1}"
    if 0 in found.windows:
        axes = ", ".join(n for n, w in zip(("x", "y", "turn"), found.windows, strict=True) if not w)
        facts["warnings"].append(
            f"{where}: the picture swings over many frames ({axes}), as when a camera is held in "
            "hand; that is no weave, and was left"
        )
    if found.beyond:
        facts["warnings"].append(
            f"{where}: {len(found.beyond)} frames lie further away than weave does, and were left"
        )


def _moved(
    number: int, picture: Picture, by: Move, step: Step, facts: dict[str, JSON]
) -> StageFrame:
    moved = move(picture, by)
    facts["frames"].append({"frame": number, **by.as_json(), "sure": step.sure})
    facts["moved"] += not by.is_none
    structure = moved.covered.astype(np.uint8) * np.uint8(Label.ADJUSTED)
    colour = np.zeros_like(structure) if picture.pixel.model == "grey" else structure.copy()
    if by.is_none:
        return StageFrame(moved.picture, structure, colour)
    sources = _sources(by, moved.covered)
    return StageFrame(moved.picture, structure, colour, sources, taps=TAPS)


def _sources(by: Move, covered: npt.NDArray[np.bool_]) -> Sources:
    """The nearest whole pixel that each was read at; the rest of it lies within TAPS of that."""
    left, top, width, height = by.area
    x, y = by.places()
    dy, dx = np.zeros(covered.shape, np.int16), np.zeros(covered.shape, np.int16)
    inside = covered[top : top + height, left : left + width]
    rows, columns = np.arange(top, top + height)[:, None], np.arange(left, left + width)
    dy[top : top + height, left : left + width] = np.where(inside, np.rint(y) - rows, 0)
    dx[top : top + height, left : left + width] = np.where(inside, np.rint(x) - columns, 0)
    return Sources(np.zeros(covered.shape, np.int8), dy, dx)


STAGE = Stage(
    name="stabilise",
    version="1",
    queue="cpu",
    makes="pictures",
    params=Params,
    run=run,
    whole_frames_only=True,
)
