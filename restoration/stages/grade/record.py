"""What a correction does to code values, in integers, and how to do it again bit by bit.

Codes become R, G, B in 1/65536 of their range, those of YUV by integer matrices. The curve of each
channel (slope, offset and power) is a table of integers at 2049 places from -0.5 to 1.5, straight
in between; it is computed once, from the CDL in floating point, and recorded. Saturation, the way
back and every rounding (half up) are integers too, so the record and the input give the same codes
on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PictureFormat, PixelFormat, Plane
from restoration.imaging.tones import is_limited, luma_weights
from restoration.stages.grade.cdl import Cdl
from restoration.stages.grade.region import blended, of_chroma

UNIT = 1 << 16
_HALF = UNIT >> 1
_STEP = 6  # bits between two places of a curve
_PLACES = (2 * UNIT >> _STEP) + 1
_LUMA = (13933, 46871, 4732)  # Rec. 709 in 1/65536

Whole = npt.NDArray[np.int64]
Box = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """What is recorded of a correction. tables: three of 2049 integers in 1/65536."""

    tables: tuple[Whole, Whole, Whole]
    saturation: int

    @classmethod
    def of(cls, cdl: Cdl) -> Curves:
        places = (np.arange(_PLACES, dtype=np.float64) * (1 << _STEP)) / UNIT - 0.5
        tables = []
        for slope, offset, power in zip(cdl.slope, cdl.offset, cdl.power, strict=True):
            value = np.clip(places * slope + offset, 0.0, 1.0) ** power
            tables.append(np.rint(np.clip(value, 0.0, 1.0) * UNIT).astype(np.int64))
        return cls((tables[0], tables[1], tables[2]), round(cdl.saturation * UNIT))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Curves:
        red, green, blue = (np.array(table, np.int64) for table in values["tables"])
        return cls((red, green, blue), int(values["saturation"]))

    def as_json(self) -> dict[str, Any]:
        return {
            "tables": [table.tolist() for table in self.tables],
            "saturation": self.saturation,
        }

    def apply(self, channels: Sequence[Whole]) -> list[Whole]:
        """R, G, B in 1/65536 after the correction."""
        made = [
            _through(table, channel) for table, channel in zip(self.tables, channels, strict=True)
        ]
        if self.saturation == UNIT:
            return made
        luma = _weighed(made, _LUMA)
        return [
            np.clip(luma + ((self.saturation * (channel - luma) + _HALF) >> 16), 0, UNIT)
            for channel in made
        ]

    def apply_to_grey(self, luma: Whole) -> Whole:
        """Of a grey picture; the three curves are then one."""
        return _through(self.tables[0], luma)


def apply_curves(
    picture: Picture, form: PictureFormat, curves: Curves, box: Box, weights: Whole | None = None
) -> Picture:
    """The picture with the correction inside the box; every code outside it stays.

    Args:
        weights: of every luma pixel of the picture, in 1/65536 (`region`); None: full in the box.
    """
    made = _corrected(picture, form, curves, box)
    if weights is None:
        return made
    for number, (before, after) in enumerate(zip(picture.planes, made.planes, strict=True)):
        of_plane, part = weights, box
        if number > 0 and picture.pixel.model == "yuv":
            of_plane, part = of_chroma(weights, picture.pixel), _in_chroma(box, picture.pixel)
        after[part] = blended(before[part], after[part], of_plane[part])
    return made


def _corrected(picture: Picture, form: PictureFormat, curves: Curves, box: Box) -> Picture:
    planes = [plane.copy() for plane in picture.planes]
    if picture.pixel.model == "yuv":
        _correct_yuv(planes, form, curves, box)
        return Picture(picture.pixel, tuple(planes))
    scales = _Scales.of(form)
    inside = [scales.luma_in(plane[box]) for plane in planes]
    if picture.pixel.model == "grey":
        made = [curves.apply_to_grey(inside[0])]
    else:
        made = curves.apply(inside)
    for plane, values in zip(planes, made, strict=True):
        plane[box] = scales.luma_out(values)
    return Picture(picture.pixel, tuple(planes))


def aligned(box: Box, picture: Picture) -> Box:
    """The part of a box that whole chroma samples cover; at the picture's edges all of it."""
    rows, columns = box
    return (
        _aligned(rows, picture.pixel.chroma_shift_y, picture.height),
        _aligned(columns, picture.pixel.chroma_shift_x, picture.width),
    )


def _aligned(part: slice, shift: int, end: int) -> slice:
    start = -(-part.start >> shift) << shift
    stop = end if part.stop >= end else part.stop >> shift << shift
    return slice(start, max(start, stop))


def _in_chroma(box: Box, pixel: PixelFormat) -> Box:
    """The chroma samples of a box that is made of whole ones."""
    rows, columns = (
        slice(part.start >> bits, -(-part.stop >> bits))
        for part, bits in zip(box, (pixel.chroma_shift_y, pixel.chroma_shift_x), strict=True)
    )
    return rows, columns


def _correct_yuv(planes: list[Plane], form: PictureFormat, curves: Curves, box: Box) -> None:
    """In place. Luma is made at every pixel, chroma from the mean luma that a sample covers."""
    scales = _Scales.of(form)
    shift = form.pixel.chroma_shift_y, form.pixel.chroma_shift_x
    small = _in_chroma(box, form.pixel)
    luma = scales.luma_in(planes[0][box])
    blue, red = (scales.chroma_in(plane[small]) for plane in planes[1:])
    wide = [_enlarged(plane, shift, luma.shape) for plane in (blue, red)]
    made = curves.apply(scales.to_rgb(luma, *wide))
    full_luma = _weighed(made, scales.weights)
    mean = _means(luma, shift)
    small_made = made if mean is luma else curves.apply(scales.to_rgb(mean, blue, red))
    new_blue, new_red = scales.differences(small_made)
    planes[0][box] = scales.luma_out(full_luma)
    planes[1][small], planes[2][small] = scales.chroma_out(new_blue), scales.chroma_out(new_red)


@dataclass(frozen=True, slots=True)
class _Scales:
    """Between codes of a picture and values in 1/65536; matrices in 1/65536 as well.

    Grey, R, G and B have the range of luma.
    """

    black: int
    luma_span: int
    middle: int
    chroma_span: int
    peak: int
    dtype: np.dtype[Any]
    weights: tuple[int, int, int]

    @classmethod
    def of(cls, form: PictureFormat) -> _Scales:
        pixel = form.pixel
        step = 1 << (pixel.bits - 8)
        full = not is_limited(form)
        red, blue = luma_weights(form)
        weights = (
            round(red * UNIT),
            UNIT - round(red * UNIT) - round(blue * UNIT),
            round(blue * UNIT),
        )
        return cls(
            black=0 if full else 16 * step,
            luma_span=pixel.peak if full else 219 * step,
            middle=128 * step,
            chroma_span=pixel.peak if full else 224 * step,
            peak=pixel.peak,
            dtype=pixel.dtype,
            weights=weights,
        )

    def luma_in(self, codes: Plane) -> Whole:
        luma: Whole = _divided((codes.astype(np.int64) - self.black) * UNIT, self.luma_span)
        return luma

    def chroma_in(self, codes: Plane) -> Whole:
        chroma: Whole = _divided((codes.astype(np.int64) - self.middle) * UNIT, self.chroma_span)
        return chroma

    def luma_out(self, values: Whole) -> Plane:
        return self._codes(self.black + ((values * self.luma_span + _HALF) >> 16))

    def chroma_out(self, values: Whole) -> Plane:
        return self._codes(self.middle + ((values * self.chroma_span + _HALF) >> 16))

    def to_rgb(self, luma: Whole, blue: Whole, red: Whole) -> list[Whole]:
        """From luma, Cb and Cr; ITU-R BT.709, item 3."""
        of_red, of_green, of_blue = self.weights
        wide_red, wide_blue = 2 * (UNIT - of_red), 2 * (UNIT - of_blue)
        from_blue = _divided(np.int64(of_blue) * wide_blue, of_green)
        from_red = _divided(np.int64(of_red) * wide_red, of_green)
        return [
            luma + ((wide_red * red + _HALF) >> 16),
            luma - ((from_blue * blue + from_red * red + _HALF) >> 16),
            luma + ((wide_blue * blue + _HALF) >> 16),
        ]

    def differences(self, channels: Sequence[Whole]) -> tuple[Whole, Whole]:
        """Cb and Cr."""
        luma = _weighed(channels, self.weights)
        blue = _divided((channels[2] - luma) * UNIT, 2 * (UNIT - self.weights[2]))
        red = _divided((channels[0] - luma) * UNIT, 2 * (UNIT - self.weights[0]))
        return blue, red

    def _codes(self, values: Whole) -> Plane:
        made: Plane = np.clip(values, 0, self.peak).astype(self.dtype)
        return made


def _through(table: Whole, values: Whole) -> Whole:
    place = np.clip(values + _HALF, 0, 2 * UNIT - 1)
    low, part = place >> _STEP, place & ((1 << _STEP) - 1)
    straight = table[low] * ((1 << _STEP) - part) + table[low + 1] * part
    return np.asarray((straight + (1 << (_STEP - 1))) >> _STEP, np.int64)


def _weighed(channels: Sequence[Whole], weights: tuple[int, int, int]) -> Whole:
    total = sum(weight * channel for weight, channel in zip(weights, channels, strict=True))
    return np.asarray((total + _HALF) >> 16, np.int64)


def _divided(values: Any, by: int) -> Any:
    """Rounded half up; also below 0."""
    return (2 * values + by) // (2 * by)


def _enlarged(plane: Whole, shift: tuple[int, int], shape: tuple[int, ...]) -> Whole:
    wide = plane.repeat(1 << shift[0], axis=0).repeat(1 << shift[1], axis=1)
    return wide[: shape[0], : shape[1]]


def _means(luma: Whole, shift: tuple[int, int]) -> Whole:
    """The mean over the pixels that each chroma sample covers; fewer at odd edges."""
    if shift == (0, 0):
        return luma
    (down, right), (rows, columns) = shift, luma.shape
    tall, wide = -(-rows >> down), -(-columns >> right)
    # An odd edge counts its last row or column twice: the mean of what is there.
    padded = np.pad(luma, ((0, (tall << down) - rows), (0, (wide << right) - columns)), mode="edge")
    blocks = padded.reshape(tall, 1 << down, wide, 1 << right).sum(axis=(1, 3))
    return np.asarray((blocks + (1 << (down + right) >> 1)) >> (down + right), np.int64)
