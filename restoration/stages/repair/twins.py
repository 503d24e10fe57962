"""Is the shape of a suspect found near by in a neighbour? Then it moved.

Each is looked for with a rim of one pixel, over as many displacements as its size lets expect. Most
suspects are specks of a few pixels; those are looked for all at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import CELL, Codes
from restoration.stages.repair.parts import Parts, Places
from restoration.stages.repair.views import Motion

_SCENERY = 0.4  # of the misfit at the suspect's own place
_SQUARE = np.ones((3, 3), np.uint8)
_SIDE, _REACH = 6, 8  # pixels: of a speck with its rim, and how far one may have gone
_LARGEST_SPECK = _REACH - 3  # pixels of area
_SPAN = 2 * _REACH + 1
_LARGE, _FINER = 60, 2  # pixels: of what is looked for at half the size first, and about that place


class Twins(NamedTuple):
    """Where a neighbour shows suspects best, (n,).

    misfit: root mean square, over the misfit at the place that motion predicts.
    is_scenery: bool, this frame shows the same at that place too, so it is no moved suspect but a
        part of the scene that looks like it, as any dark corner looks like a dark blotch.
    """

    misfit: npt.NDArray[np.float64]
    is_scenery: npt.NDArray[np.bool_]


def find_twins(codes: Codes, parts: Parts, which: Places, motion: Motion, other: Codes) -> Twins:
    """Look for parts of a mask in a neighbour.

    Args:
        codes: (H, W) uint8, the frame's own. other: the neighbour's.
        which: (n,) numbers of the parts.
    """
    found = Twins(np.ones(len(which)), np.zeros(len(which), bool))
    specks = _specks(parts.boxes[which], codes.shape, motion)
    if specks.any():
        twins = _find_specks(codes, parts, which[specks], motion, other)
        found.misfit[specks], found.is_scenery[specks] = twins
    boxes = parts.boxes.tolist()
    for index in np.flatnonzero(~specks).tolist():
        shape = _shape_of(codes, parts, int(which[index]), boxes[which[index]])
        found.misfit[index], found.is_scenery[index] = _find(codes, shape, motion, other)
    return found


def _step(motion: Motion, top: int, left: int, high: int, wide: int) -> tuple[int, int]:
    """Whole rows and columns that the middle of a box goes."""
    dx, dy = motion.flow[(top + high // 2) // CELL, (left + wide // 2) // CELL].tolist()
    return round(dy), round(dx)


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """A suspect with a rim of one pixel.

    top, left: of the box about it. patch, inside: (h, w) uint8, what the frame shows there, and 1
    where it is the suspect's. reach: pixels by which it may have gone from frame to frame.
    """

    top: int
    left: int
    patch: Codes
    inside: Codes
    pixels: int
    reach: int


def _shape_of(codes: Codes, parts: Parts, part: int, box: Sequence[int]) -> _Shape:
    height, width = codes.shape
    left, top, wide, high, area = box
    y0, y1 = max(top - 1, 0), min(top + high + 1, height)
    x0, x1 = max(left - 1, 0), min(left + wide + 1, width)
    core = (parts.labels[y0:y1, x0:x1] == part).view(np.uint8)
    inside = np.asarray(cv2.dilate(core, _SQUARE), np.uint8)
    reach = min(3 + area, 12 + min(28, max(wide, high)))
    return _Shape(y0, x0, codes[y0:y1, x0:x1], inside, cv2.countNonZero(inside), reach)


def _find(codes: Codes, shape: _Shape, motion: Motion, other: Codes) -> tuple[float, bool]:
    """Look for the suspect's shape anywhere near by in the neighbour."""
    height, width = codes.shape
    high, wide = shape.patch.shape
    top, left = shape.top, shape.left
    predicted = motion.seen[top : top + high, left : left + wide]
    expected = _misfit(shape, predicted)
    reach = shape.reach * (1 + abs(motion.offset)) // 2
    dy, dx = _step(motion, top, left, high, wide)
    y0, y1 = max(top + dy - reach, 0), min(top + high + dy + reach, height)
    x0, x1 = max(left + dx - reach, 0), min(left + wide + dx + reach, width)
    if y1 - y0 < high or x1 - x0 < wide:
        return 1.0, False
    searched = other[y0:y1, x0:x1]
    row, column, least = _best_place(searched, shape)
    best = math.sqrt(max(least, 0.0) / shape.pixels)
    twin = searched[row : row + high, column : column + wide]
    top, left = y0 + row - dy, x0 + column - dx
    same = codes[max(top, 0) : top + high, max(left, 0) : left + wide]
    misfit = best / max(expected, 1e-6)
    if same.shape != twin.shape:
        return misfit, False
    still = math.sqrt(cv2.norm(same, twin, cv2.NORM_L2SQR, mask=shape.inside) / shape.pixels)
    return misfit, still < _SCENERY * expected


def _best_place(searched: Codes, shape: _Shape) -> tuple[int, int, float]:
    """Row and column, and the sum of squares there; large shapes first at half the size."""
    if shape.pixels < _LARGE:
        return _least(searched, shape.patch, shape.inside)
    high, wide = shape.patch.shape
    row, column, _ = _least(_half(searched), _half(shape.patch), _half(shape.inside))
    y, x = max(2 * row - _FINER, 0), max(2 * column - _FINER, 0)
    near = searched[y : 2 * row + high + _FINER, x : 2 * column + wide + _FINER]
    row, column, least = _least(near, shape.patch, shape.inside)
    return y + row, x + column, least


def _least(searched: Codes, patch: Codes, inside: Codes) -> tuple[int, int, float]:
    errors = cv2.matchTemplate(searched, patch, cv2.TM_SQDIFF, mask=inside)
    least, _, (column, row), _ = cv2.minMaxLoc(errors)
    return row, column, least


def _half(codes: Codes) -> Codes:
    size = (max(1, codes.shape[1] // 2), max(1, codes.shape[0] // 2))
    return np.asarray(cv2.resize(codes, size, interpolation=cv2.INTER_AREA), np.uint8)


def _misfit(shape: _Shape, seen: Codes) -> float:
    """Root mean square over the shape, codes."""
    apart = cv2.norm(shape.patch, seen, cv2.NORM_L2SQR, mask=shape.inside)
    return math.sqrt(apart / shape.pixels)


def _specks(
    boxes: npt.NDArray[np.int32], shape: tuple[int, ...], motion: Motion
) -> npt.NDArray[np.bool_]:
    """Which boxes hold specks that lie with all that is looked at inside the picture. (n,)."""
    left, top, wide, high, area = boxes.T
    small = (area <= _LARGEST_SPECK) & (np.maximum(wide, high) <= _SIDE - 2)
    if abs(motion.offset) != 1 or not small.any():
        return np.zeros(len(boxes), bool)
    middle = motion.flow[(top + high // 2) // CELL, (left + wide // 2) // CELL]
    away = np.ceil(np.abs(middle)).astype(int) + _REACH + 1
    inside = (left >= away[:, 0]) & (left + _SIDE + away[:, 0] <= shape[1])
    inside &= (top >= away[:, 1]) & (top + _SIDE + away[:, 1] <= shape[0])
    return np.asarray(small & inside)


def _find_specks(
    codes: Codes, parts: Parts, which: Places, motion: Motion, other: Codes
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """`_find` for specks; sums of whole squares in float32 are exact."""
    left, top, wide, high, area = parts.boxes[which].T.astype(np.intp)
    top, left = top - 1, left - 1
    middle = motion.flow[(top + (high + 2) // 2) // CELL, (left + (wide + 2) // 2) // CELL]
    dx, dy = np.rint(middle.T).astype(np.intp)
    core = (_squares(parts.labels, top, left, _SIDE) == which[:, None, None]).astype(np.float32)
    inside = _widened(core)
    pixels = inside.sum(axis=(1, 2))
    patch = _squares(codes, top, left, _SIDE).astype(np.float32)
    expected = _usual(patch - _squares(motion.seen, top, left, _SIDE), inside, pixels)
    around = _squares(other, top + dy - _REACH, left + dx - _REACH, _SIDE + _SPAN - 1)
    errors = _errors(patch, inside, around.astype(np.float32))
    gone = np.abs(np.arange(-_REACH, _REACH + 1))
    beyond = np.maximum(gone[:, None], gone) > (3 + area)[:, None, None]
    errors[beyond] = np.inf
    row, column = np.divmod(errors.reshape(len(which), -1).argmin(axis=1), _SPAN)
    best = np.sqrt(errors[np.arange(len(which)), row, column] / pixels)
    top, left = top + row - _REACH, left + column - _REACH
    twin = _squares(other, top + dy, left + dx, _SIDE).astype(np.float32)
    still = _usual(twin - _squares(codes, top, left, _SIDE), inside, pixels)
    return best / np.maximum(expected, 1e-6), still < _SCENERY * expected


Squares = npt.NDArray[np.float32]
"""(n, side, side) float32."""


def _squares(
    picture: npt.NDArray[np.integer], top: Places, left: Places, side: int
) -> npt.NDArray[np.integer]:
    """(n, side, side) of the picture, which must hold them all."""
    within = np.arange(side)
    rows = (top[:, None] + within) * picture.shape[1] + left[:, None]
    return np.asarray(picture.reshape(-1).take(rows[:, :, None] + within))


def _widened(core: Squares) -> Squares:
    """Each with a rim of one pixel."""
    wide = core.copy()
    for to, source in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        np.maximum(wide[:, to], core[:, source], out=wide[:, to])
    both = wide.copy()
    for to, source in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        np.maximum(both[:, :, to], wide[:, :, source], out=both[:, :, to])
    return both


def _usual(apart: Squares, inside: Squares, pixels: Squares) -> npt.NDArray[np.float64]:
    """Root mean square over each shape."""
    usual = np.sqrt((apart * apart * inside).sum(axis=(1, 2)) / pixels)
    return np.asarray(usual, np.float64)


def _errors(patch: Squares, inside: Squares, around: Squares) -> Squares:
    """Sum of squared differences at each displacement, (n, _SPAN, _SPAN)."""
    errors = np.zeros((len(patch), _SPAN, _SPAN), np.float32)
    for row in range(_SIDE):
        for column in range(_SIDE):
            weight = inside[:, row, column, None, None]
            apart = (
                around[:, row : row + _SPAN, column : column + _SPAN]
                - patch[:, row, column, None, None]
            )
            apart *= apart
            apart *= weight
            errors += apart
    return errors
