"""Rectangles around the parts of a frame that carry a label, few enough to be named. PURE."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
MOST_PARTS = 64
"""Of which rectangles are merged; with more, parts that lie near each other are taken as one."""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """Pixels [top, bottom) x [left, right) of a picture."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def pixels(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    def with_other(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


def boxes(mask: Mask, *, most: int, near: int = 1) -> tuple[Box, ...]:
    """Boxes that together hold every pixel of a mask, each tight around its part.

    Args:
        mask: (H, W).
        most: how many there are at most, from 1. More parts are merged, always the two whose common
            box adds fewest pixels; no pixel of the mask is ever left out.
        near: parts whose distance is below about this many pixels are one; doubled while there are
            more than MOST_PARTS and more than `most`.
    """
    found = _parts(mask, near)
    while len(found) > max(MOST_PARTS, most):
        near *= 2
        found = _parts(mask, near)
    return tuple(sorted(_merged(found, most)))


def _parts(mask: Mask, cell: int) -> list[Box]:
    """Boxes of the connected parts of a mask (8 neighbours), looked at in squares of `cell`."""
    if cell == 1:
        stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:]
        return [Box(int(y), int(x), int(y + h), int(x + w)) for x, y, w, h, _ in stats.tolist()]
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % cell), (0, -width % cell)))
    tiles = padded.reshape(padded.shape[0] // cell, cell, padded.shape[1] // cell, cell)
    rows: Mask = np.logical_or.reduce(tiles, axis=3).transpose(0, 2, 1)
    columns: Mask = np.logical_or.reduce(tiles, axis=1)
    held: Mask = np.logical_or.reduce(rows, axis=2)
    count, labels = cv2.connectedComponents(held.astype(np.uint8), connectivity=8)
    top, bottom = _edges(rows, axis=0)
    left, right = _edges(columns, axis=1)
    numbers = np.asarray(labels, np.int64)
    return _gathered(numbers, count, (top, left, bottom, right))


def _edges(lines: Mask, axis: int) -> tuple[Numbers, Numbers]:
    """First line of each tile with a pixel in it, and the first after the last.

    Args:
        lines: (rows, columns, cell) of tiles.
        axis: the tiles' place along it is added: 0 rows, 1 columns.
    """
    cell = lines.shape[2]
    rows, columns = np.indices(lines.shape[:2])
    start = (rows if axis == 0 else columns) * cell
    first = lines.argmax(axis=2)
    last = cell - lines[:, :, ::-1].argmax(axis=2)
    return start + first, start + last


def _gathered(labels: Numbers, count: int, sides: tuple[Numbers, ...]) -> list[Box]:
    """The tiles' edges, gathered by the part that each tile belongs to."""
    held = labels > 0
    of = labels[held]
    top, left = (np.full(count, np.iinfo(np.int64).max) for _ in range(2))
    bottom, right = (np.zeros(count, np.int64) for _ in range(2))
    for whole, side in ((top, sides[0]), (left, sides[1])):
        np.minimum.at(whole, of, side[held])
    for whole, side in ((bottom, sides[2]), (right, sides[3])):
        np.maximum.at(whole, of, side[held])
    return [Box(int(top[n]), int(left[n]), int(bottom[n]), int(right[n])) for n in range(1, count)]


def _merged(found: Iterable[Box], most: int) -> list[Box]:
    kept = list(found)
    while len(kept) > most:
        pairs = ((a, b) for a in range(len(kept)) for b in range(a + 1, len(kept)))
        a, b = min(pairs, key=lambda pair: _added(kept[pair[0]], kept[pair[1]]))
        both = kept[a].with_other(kept[b])
        kept = [box for n, box in enumerate(kept) if n not in (a, b)] + [both]
    return kept


def _added(one: Box, other: Box) -> int:
    return one.with_other(other).pixels - one.pixels - other.pixels
