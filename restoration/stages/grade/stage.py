"""Colour correction by a person's hand: white balance and an ASC CDL, of a scene or a region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PictureFormat, PixelFormat
from restoration.provenance import Label
from restoration.stages.contract import (
    JSON,
    Clip,
    Outcome,
    Progress,
    Stage,
    StageError,
    StageFrame,
)
from restoration.stages.grade.cdl import Cdl, Three, with_white
from restoration.stages.grade.record import Box, Curves, Whole, aligned, apply_curves
from restoration.stages.grade.region import Region

MOST = 100
"""Corrections of one scene."""
_ROUNDING = (
    "codes to R, G, B in 1/65536, through `curves` (2049 places from -0.5 to 1.5, straight in "
    "between), saturation and back, in integers, half up: restoration/stages/grade/record.py"
)


@dataclass(frozen=True, slots=True)
class Correction:
    """frames: [start, stop) of the scan.

    box: left, top, width, height, with hard edges; region: a polygon, or what was a box with a soft
    edge; neither: the whole picture.
    """

    id: str
    frames: tuple[int, int] | None
    box: tuple[int, int, int, int] | None
    region: Region | None
    white: Three | None
    cdl: Cdl
    by: str | None

    @classmethod
    def parse(cls, value: Any) -> Correction:
        """Raises: ValueError that says what a correction is."""
        try:
            frames, box, white = (value.get(name) for name in ("frames", "box", "white"))
            parsed = cls(
                id=str(value["id"]),
                frames=None if frames is None else _whole(frames, 2),  # type: ignore[arg-type]
                box=None if box is None else _whole(box, 4),  # type: ignore[arg-type]
                region=_region(value),
                white=None if white is None else _white(white),
                cdl=Cdl.parse(value),
                by=None if value.get("by") is None else str(value["by"]),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(
                'a correction is {"id", "frames", "box", "polygon", "softness", "white", "slope", '
                f'"offset", "power", "saturation", "by"}}, not {str(value)[:160]}'
            ) from error
        if parsed.box is not None and min(parsed.box[2:]) < 1:
            raise ValueError(f"the box of a correction has no pixel: {list(parsed.box)}")
        with_white(parsed.cdl, parsed.white)
        return parsed

    @property
    def whole(self) -> Cdl:
        """White balance and CDL as one."""
        return with_white(self.cdl, self.white)

    def covers(self, frame: int) -> bool:
        return self.frames is None or self.frames[0] <= frame < self.frames[1]

    def place(self, picture: Picture) -> Box:
        """Rows and columns, on whole chroma samples; empty if it lies outside."""
        return aligned(self.part(picture.height, picture.width), picture)

    def part(self, height: int, width: int) -> Box:
        """Rows and columns of a picture of this size; empty if it lies outside."""
        if self.region is not None:
            return self.region.box(height, width)
        left, top, wide, high = self.box or (0, 0, width, height)
        rows = slice(max(top, 0), max(0, min(top + high, height)))
        columns = slice(max(left, 0), max(0, min(left + wide, width)))
        return rows, columns

    def weights(self, picture: Picture) -> Whole | None:
        """Of every luma pixel, for a region; None for a box and the whole picture."""
        if self.region is None:
            return None
        return self.region.weights(picture.height, picture.width, picture.pixel)


@dataclass(frozen=True, slots=True)
class Params:
    """What can be set from outside."""

    corrections: list[Any] = field(default_factory=list)
    """In the order in which they are applied: id, frames, box or polygon, softness, white, slope,
    offset, power, saturation, by. Entered in the review room."""

    def __post_init__(self) -> None:
        if not isinstance(self.corrections, list | tuple):
            raise ValueError(f"corrections is a list, not {str(self.corrections)[:120]!r}")
        if len(self.corrections) > MOST:
            raise ValueError(f"{len(self.corrections)} corrections; {MOST} are the most")
        parse_corrections(self.corrections)


def parse_corrections(values: Sequence[Any]) -> list[Correction]:
    """Raises: ValueError."""
    return [Correction.parse(value) for value in values]


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Stream the clip with each frame corrected; what no correction covers stays bit-identical.

    Raises: StageError if a grey clip is to be given a tint.
    """
    corrections = parse_corrections(params.corrections)
    if clip.format.pixel.model == "grey":
        _refuse_tints(corrections)
    curves = {each.id: Curves.of(each.whole) for each in corrections}
    facts: dict[str, JSON] = {
        "rounding": _ROUNDING,
        "curves": {name: made.as_json() for name, made in curves.items()},
        "regions": {each.id: each.region.as_json() for each in corrections if each.region},
        "frames": [],
        "by": sorted({each.by for each in corrections if each.by}),
    }
    return Outcome(_stream(clip, corrections, curves, progress, facts), facts)


def _refuse_tints(corrections: Sequence[Correction]) -> None:
    for each in corrections:
        cdl = each.whole
        if any(len(set(values)) > 1 for values in (cdl.slope, cdl.offset, cdl.power)):
            raise StageError(
                "this scene has no colour to correct, and a grey file can hold none: give red, "
                "green and blue the same value, or colour the scene first"
            )


def _stream(
    clip: Clip,
    corrections: Sequence[Correction],
    curves: Mapping[str, Curves],
    progress: Progress,
    facts: dict[str, JSON],
) -> Iterator[StageFrame]:
    total = clip.end_frame - clip.start_frame
    pictures = clip.frames(clip.start_frame, clip.end_frame)
    for done, (frame, before) in enumerate(
        zip(range(clip.start_frame, clip.end_frame), pictures, strict=True), start=1
    ):
        here = [each for each in corrections if each.covers(frame) and not each.whole.is_neutral]
        after = before
        record: list[JSON] = []
        for each in here:
            box = each.place(after)
            after = apply_curves(after, clip.format, curves[each.id], box, each.weights(after))
            record.append({"id": each.id, "box": _ends(box)})
        structure, colour = _labels(before, after)
        changed = int(np.count_nonzero(structure | colour))
        facts["frames"].append({"frame": frame, "applied": record, "changed": changed})
        yield StageFrame(after, structure, colour, by_hand=True)
        progress(done, total)


def apply_recorded(
    picture: Picture, form: PictureFormat, record: Mapping[str, Any], facts: Mapping[str, Any]
) -> Picture:
    """Do to the input frame what one of `facts["frames"]` and the rest of the facts say was done.

    Args:
        record: the frame's entry. facts: `curves` and `regions`, by the corrections' ids.
    """
    for applied in record["applied"]:
        top, bottom, left, right = applied["box"]
        box = (slice(top, bottom), slice(left, right))
        curves = Curves.from_json(facts["curves"][applied["id"]])
        told = facts.get("regions", {}).get(applied["id"])
        weights = None
        if told is not None:
            region = Region.parse(told["polygon"], told["softness"])
            weights = region.weights(picture.height, picture.width, picture.pixel)
        picture = apply_curves(picture, form, curves, box, weights)
    return picture


def _labels(before: Picture, after: Picture) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """ADJUSTED where light changed, HUMAN where colour did: somebody chose it by eye."""
    pixel = before.pixel
    changed = [old != new for old, new in zip(before.planes, after.planes, strict=True)]
    light, colour = np.uint8(Label.ADJUSTED), np.uint8(Label.HUMAN)
    if pixel.model == "rgb":
        any_changed = (changed[0] | changed[1] | changed[2]).astype(np.uint8)
        return any_changed * light, any_changed * colour
    structure = changed[0].astype(np.uint8) * light
    if pixel.model == "grey":
        return structure, np.zeros_like(structure)
    chroma = (changed[1] | changed[2]).astype(np.uint8) * colour
    return structure, _enlarged(chroma, pixel, before.height, before.width)


def _enlarged(
    plane: npt.NDArray[np.uint8], pixel: PixelFormat, height: int, width: int
) -> npt.NDArray[np.uint8]:
    for axis, shift in ((0, pixel.chroma_shift_y), (1, pixel.chroma_shift_x)):
        plane = np.repeat(plane, 1 << shift, axis=axis)
    return np.ascontiguousarray(plane[:height, :width])


def _region(value: Mapping[str, Any]) -> Region | None:
    """Raises: ValueError for a soft edge of nothing, or a box and a polygon at once."""
    box, polygon, softness = (value.get(name) for name in ("box", "polygon", "softness"))
    if polygon is not None and box is not None:
        raise ValueError("a correction has a box or a polygon, not both")
    if polygon is not None:
        return Region.parse(polygon, softness or 0)
    if box is not None and softness:
        return Region.of_box(_whole(box, 4), softness)
    if softness:
        raise ValueError("a soft edge needs a box or a polygon: the whole picture has none")
    return None


def _whole(values: Any, count: int) -> tuple[int, ...]:
    if len(values) != count or any(isinstance(v, bool) or not isinstance(v, int) for v in values):
        raise TypeError(values)
    return tuple(values)


def _white(values: Any) -> Three:
    red, green, blue = (float(value) for value in values)
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ValueError(f"white is three codes from 0 to 255, not {list(values)}")
    return red, green, blue


def _ends(box: Box) -> list[int]:
    """First row, after the last, first column, after the last."""
    rows, columns = box
    return [rows.start, rows.stop, columns.start, columns.stop]


STAGE = Stage(name="grade", version="3", queue="cpu", makes="pictures", params=Params, run=run)
