"""What deflicker did to a frame, in integers, and how to do it again bit by bit.

A record holds a grid of gains and offsets in units of 1/65536. One value each means the same for
the whole frame; more are control points spread over it, edges included, with bilinear weights in
between, all in integer arithmetic:

    luma, red, green, blue    y' = clip((gain * y + offset + 32768) >> 16, 0, peak)
    chroma                    c' = clip(middle + ((gain * (c - middle) + 32768) >> 16), 0, peak)

Light that changes by a factor changes colour differences by the same factor, so chroma is scaled
around its middle by the gain of the luma place at the top left of the sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat, Plane

UNIT = 1 << 16
_HALF = UNIT >> 1
_STEPS = 12  # bits of a bilinear weight

Grid = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """Gains and offsets of one frame; both (rows, columns) int64 in 1/65536."""

    gain: Grid
    offset: Grid
    scale_chroma: bool = True

    @property
    def is_identity(self) -> bool:
        return bool((self.gain == UNIT).all() and (self.offset == 0).all())

    def as_json(self) -> dict[str, Any]:
        return {
            "gain": self.gain.tolist(),
            "offset": self.offset.tolist(),
            "scale_chroma": self.scale_chroma,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Correction:
        gain = np.array(values["gain"], dtype=np.int64)
        offset = np.array(values["offset"], dtype=np.int64)
        if gain.ndim != 2 or gain.shape != offset.shape:
            raise ValueError(f"gain {gain.shape} and offset {offset.shape} must be one grid")
        return cls(gain=gain, offset=offset, scale_chroma=bool(values["scale_chroma"]))


IDENTITY = Correction(np.full((1, 1), UNIT, np.int64), np.zeros((1, 1), np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """A corrected picture and how many samples ran into the ends of the code range."""

    picture: Picture
    clipped: int


def apply_recorded(picture: Picture, record: Mapping[str, Any]) -> Picture:
    """Do to the input frame what the record (an entry of `facts["frames"]`) says was done."""
    return apply_correction(picture, Correction.from_json(record)).picture


def apply_correction(picture: Picture, correction: Correction) -> Applied:
    """Map every code value; the planes of an unchanged picture are handed on as they are."""
    if correction.is_identity:
        return Applied(picture, 0)
    pixel = picture.pixel
    changed = [_map_luma(plane, pixel, correction) for plane in picture.planes[: _light(pixel)]]
    for plane in picture.planes[_light(pixel) :]:
        changed.append(_map_chroma(plane, picture, correction))
    planes = tuple(plane for plane, _ in changed)
    return Applied(Picture(pixel, planes), sum(count for _, count in changed))


def _light(pixel: PixelFormat) -> int:
    """How many of the leading planes hold light rather than colour differences."""
    return 3 if pixel.model == "rgb" else 1


def _map_luma(plane: Plane, pixel: PixelFormat, correction: Correction) -> tuple[Plane, int]:
    if correction.gain.size == 1:
        codes = np.arange(pixel.peak + 1, dtype=np.int64)
        wanted = (correction.gain[0, 0] * codes + correction.offset[0, 0] + _HALF) >> 16
        table: Plane = np.clip(wanted, 0, pixel.peak).astype(pixel.dtype)
        outside = (wanted < 0) | (wanted > pixel.peak)
        count = int(np.count_nonzero(outside[plane])) if outside.any() else 0
        return cast(Plane, np.take(table, plane)), count
    gain = spread(correction.gain, plane.shape)
    wanted = (gain * plane + spread(correction.offset, plane.shape) + _HALF) >> 16
    return _clip(wanted, pixel, plane)


def _map_chroma(plane: Plane, picture: Picture, correction: Correction) -> tuple[Plane, int]:
    if not correction.scale_chroma:
        return plane, 0
    pixel = picture.pixel
    middle = 1 << (pixel.bits - 1)
    gain = spread(correction.gain, (picture.height, picture.width))
    gain = gain[:: 1 << pixel.chroma_shift_y, :: 1 << pixel.chroma_shift_x]
    wanted = middle + ((gain * (plane.astype(np.int64) - middle) + _HALF) >> 16)
    return _clip(wanted, pixel, plane)


def _clip(wanted: Grid, pixel: PixelFormat, plane: Plane) -> tuple[Plane, int]:
    kept = np.clip(wanted, 0, pixel.peak)
    return cast(Plane, kept.astype(pixel.dtype)), int(np.count_nonzero(kept != wanted))


def spread(grid: Grid, shape: tuple[int, ...]) -> Grid:
    """Bilinear values of a grid of control points at every place of a (rows, columns) plane."""
    if grid.size == 1:
        return np.broadcast_to(grid[0, 0], shape)
    across = _along(grid, shape[1])
    down = _along(np.ascontiguousarray(across.T), shape[0]).T
    return np.asarray((down + (1 << (2 * _STEPS - 1))) >> (2 * _STEPS), np.int64)


def _along(grid: Grid, length: int) -> Grid:
    """Interpolate the columns of a grid to `length` places; values grow by 2**_STEPS."""
    points = grid.shape[1]
    if points == 1:
        return np.repeat(grid << _STEPS, length, axis=1)
    place = (np.arange(length, dtype=np.int64) * ((points - 1) << _STEPS)) // max(1, length - 1)
    left = np.minimum(place >> _STEPS, points - 2)
    weight = place - (left << _STEPS)
    between = grid[:, left] * ((1 << _STEPS) - weight) + grid[:, left + 1] * weight
    return np.asarray(between, np.int64)
