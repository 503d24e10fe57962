"""Where a correction holds: a polygon that a person drew, with an edge that fades inwards.

Weights are integers in 1/65536, exact on every machine: the polygon is filled on whole pixels, the
distance to its edge is the square root of a whole number. Nothing outside it has a weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat

Whole = npt.NDArray[np.int64]
Corners = tuple[tuple[int, int], ...]

UNIT = 1 << 16
MOST_CORNERS = 400
SOFTEST = 400
"""Pixels of the widest edge."""
_FARTHEST = 32_000
"""Pixels; no scan is that large, and what is drawn must fit 16 bits."""


@dataclass(frozen=True, slots=True)
class Region:
    """corners: (x, y) in luma pixels, the edge included. softness: pixels over which it fades."""

    corners: Corners
    softness: int = 0

    @classmethod
    def parse(cls, polygon: Any, softness: Any = 0) -> Region:
        """Raises: ValueError that says what a region is."""
        try:
            corners = tuple((_whole(x), _whole(y)) for x, y in polygon)
            soft = _whole(softness)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "a region is corners [[x, y], ...] and a softness, in whole pixels, not "
                f"{str(polygon)[:120]} and {str(softness)[:20]}"
            ) from error
        if not 3 <= len(corners) <= MOST_CORNERS:
            raise ValueError(f"a region has 3 to {MOST_CORNERS} corners, not {len(corners)}")
        if any(abs(part) > _FARTHEST for corner in corners for part in corner):
            raise ValueError(f"a corner of the region lies beyond {_FARTHEST} pixels")
        if not 0 <= soft <= SOFTEST:
            raise ValueError(f"a soft edge is 0 to {SOFTEST} pixels wide, not {soft}")
        return cls(corners, soft)

    @classmethod
    def of_box(cls, box: Sequence[int], softness: int) -> Region:
        """box: left, top, width, height."""
        left, top, width, height = box
        right, bottom = left + width - 1, top + height - 1
        return cls.parse([[left, top], [right, top], [right, bottom], [left, bottom]], softness)

    def as_json(self) -> dict[str, Any]:
        return {"polygon": [list(corner) for corner in self.corners], "softness": self.softness}

    def box(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns of a picture that hold it; empty if it lies outside."""
        columns, rows = zip(*self.corners, strict=True)
        return _within(min(rows), max(rows), height), _within(min(columns), max(columns), width)

    def weights(self, height: int, width: int, pixel: PixelFormat) -> Whole:
        """Of every luma pixel, (height, width): 0 outside and on chroma samples partly outside."""
        return _weights(self, height, width, pixel.chroma_shift_y, pixel.chroma_shift_x)


def blended(before: npt.NDArray[Any], after: npt.NDArray[Any], weights: Whole) -> Whole:
    """Codes between `before` and `after`, rounded half up; exactly either at weight 0 and UNIT."""
    old, new = before.astype(np.int64), after.astype(np.int64)
    return np.asarray(old + ((weights * (new - old) + (UNIT >> 1)) >> 16), np.int64)


def of_chroma(weights: Whole, pixel: PixelFormat) -> Whole:
    """Of every chroma sample: the least of the pixels that it covers."""
    return _least(weights, pixel.chroma_shift_y, pixel.chroma_shift_x)


@lru_cache(maxsize=16)
def _weights(region: Region, height: int, width: int, down: int, right: int) -> Whole:
    drawn = np.zeros((height, width), np.uint8)
    cv2.fillPoly(drawn, [np.array(region.corners, np.int32)], 1)
    inside = _spread(_least(drawn.astype(np.int64), down, right), down, right)[:height, :width]
    if not region.softness:
        return inside * UNIT
    # What lies at the picture's edge has no neighbour outside and does not fade there.
    to_edge = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    full = region.softness + 1
    near = np.minimum(to_edge.astype(np.float64), full)
    squared = np.rint(near * near)  # a whole number, whatever its root was rounded to
    return np.asarray(np.floor(np.sqrt(squared) * UNIT / full), np.int64)


def _least(plane: Whole, down: int, right: int) -> Whole:
    if not (down or right):
        return plane
    height, width = plane.shape
    tall, wide = -(-height >> down), -(-width >> right)
    padded = np.pad(plane, ((0, (tall << down) - height), (0, (wide << right) - width)), "edge")
    cells = padded.reshape(tall, 1 << down, wide, 1 << right)
    return np.asarray(cells.min(axis=(1, 3)), np.int64)


def _spread(plane: Whole, down: int, right: int) -> Whole:
    return plane.repeat(1 << down, axis=0).repeat(1 << right, axis=1)


def _within(first: int, last: int, size: int) -> slice:
    start = min(max(first, 0), size)
    return slice(start, max(start, min(last + 1, size)))


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value
