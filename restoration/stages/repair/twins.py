"""Is the shape of a suspect found near by in a neighbour? Then it moved.

Each is looked for with a rim of one pixel, over as many displacements as its size lets expect. A
displacement is given up as soon as it fits worse than the best so far. Large shapes are looked for
at every second displacement by some of their pixels first, and by all of them about that place.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import CELL, Cells, Codes
from restoration.imaging.ranks import stable_order
from restoration.stages.repair.parts import Parts, Places
from restoration.stages.repair.views import Motion

_SCENERY = 0.4  # of the misfit at the suspect's own place
_LARGE, _SAMPLE, _FINER = 40, 32, 2  # pixels: of a large shape, of those first asked, about a place
_FAR = 1 << 60


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
    _find_all(
        np.ascontiguousarray(codes),
        parts.labels,
        parts.boxes,
        which,
        motion.flow,
        abs(motion.offset),
        np.ascontiguousarray(motion.seen),
        np.ascontiguousarray(other),
        found.misfit,
        found.is_scenery,
    )
    return found


Shape = npt.NDArray[np.int64]
"""(pixels, 2): of each pixel its distance from the first in the flattened frame, and its code.

What stands out most comes first: that is where another place fails to fit."""


@compiled
def _find_all(
    codes: Codes,
    labels: npt.NDArray[np.integer],
    boxes: npt.NDArray[np.int32],
    which: Places,
    flow: Cells,
    steps: int,
    seen: Codes,
    other: Codes,
    misfit: npt.NDArray[np.float64],
    is_scenery: npt.NDArray[np.bool_],
) -> None:
    """`find_twins` for arrays; steps: frames away."""
    height, width = codes.shape
    own, there = codes.reshape(-1), other.reshape(-1)
    for index in range(len(which)):
        part = which[index]
        left, top = boxes[part, 0], boxes[part, 1]
        wide, high, area = boxes[part, 2], boxes[part, 3], boxes[part, 4]
        y0, y1 = max(top - 1, 0), min(top + high + 1, height)
        x0, x1 = max(left - 1, 0), min(left + wide + 1, width)
        shape = _shape_of(codes, seen, labels, part, y0, y1, x0, x1)
        first = y0 * width + x0
        expected = _sum(shape, own, seen.reshape(-1), first, first, 1)
        reach = min(3 + area, 12 + min(28, max(wide, high))) * (1 + steps) // 2
        vector = flow[(y0 + (y1 - y0) // 2) // CELL, (x0 + (x1 - x0) // 2) // CELL]
        dy, dx = int(np.rint(vector[1])), int(np.rint(vector[0]))
        low_y, low_x = max(y0 + dy - reach, 0), max(x0 + dx - reach, 0)
        high_y = min(y1 + dy + reach, height) - (y1 - y0)
        high_x = min(x1 + dx + reach, width) - (x1 - x0)
        if high_y < low_y or high_x < low_x:
            continue
        place, least = _best_place(shape, there, width, (low_y, high_y, low_x, high_x))
        usual = math.sqrt(expected / len(shape))
        misfit[index] = math.sqrt(least / len(shape)) / max(usual, 1e-6)
        y, x = place // width - dy, place % width - dx
        if y >= 0 and x >= 0 and y + y1 - y0 <= height and x + x1 - x0 <= width:
            still = _sum(shape, there, own, place, y * width + x, 1)
            is_scenery[index] = math.sqrt(still / len(shape)) < _SCENERY * usual


@compiled
def _shape_of(
    codes: Codes,
    seen: Codes,
    labels: npt.NDArray[np.integer],
    part: int,
    y0: int,
    y1: int,
    x0: int,
    x1: int,
) -> Shape:
    """The pixels of a part and of its rim within a box."""
    width = codes.shape[1]
    within = np.zeros((y1 - y0, x1 - x0), np.uint8)
    for y in range(y0, y1):
        for x in range(x0, x1):
            if labels[y, x] == part:
                for row in range(max(y - 1, y0), min(y + 2, y1)):
                    for column in range(max(x - 1, x0), min(x + 2, x1)):
                        within[row - y0, column - x0] = 1
    shape = np.empty((within.size, 2), np.int64)
    apart = np.empty(len(shape), np.float32)
    held = 0
    for y in range(y0, y1):
        for x in range(x0, x1):
            if within[y - y0, x - x0]:
                shape[held, 0] = (y - y0) * width + x - x0
                shape[held, 1] = codes[y, x]
                apart[held] = -abs(np.int64(codes[y, x]) - np.int64(seen[y, x]))
                held += 1
    ordered, order = np.empty((held, 2), np.int64), stable_order(apart[:held])
    for index in range(held):
        ordered[index, 0], ordered[index, 1] = shape[order[index], 0], shape[order[index], 1]
    return ordered


@compiled
def _sum(shape: Shape, one: Codes, other: Codes, at_one: int, at_other: int, every: int) -> int:
    """Sum of squared differences of two flattened frames over the shape at a place of each."""
    total = np.int64(0)
    for index in range(0, len(shape), every):
        away = shape[index, 0]
        apart = np.int64(one[at_one + away]) - np.int64(other[at_other + away])
        total += apart * apart
    return int(total)


@compiled
def _best_place(
    shape: Shape, there: Codes, width: int, window: tuple[int, int, int, int]
) -> tuple[int, int]:
    """The place at which the shape fits best, and the sum of squares there."""
    if len(shape) < _LARGE:
        return _least(shape, there, width, window, 1, 1)
    low_y, high_y, low_x, high_x = window
    place, _ = _least(shape, there, width, window, 2, max(1, len(shape) // _SAMPLE))
    y, x = place // width, place % width
    about = (
        max(y - _FINER, low_y),
        min(y + _FINER, high_y),
        max(x - _FINER, low_x),
        min(x + _FINER, high_x),
    )
    return _least(shape, there, width, about, 1, 1)


@compiled
def _least(
    shape: Shape, there: Codes, width: int, window: tuple[int, int, int, int], step: int, every: int
) -> tuple[int, int]:
    """The same by every so many displacements and pixels; the middle is asked first."""
    low_y, high_y, low_x, high_x = window
    pixels, codes = shape[::every, 0].astype(np.uint32), shape[::every, 1].astype(np.int32)
    best = (low_y + high_y) // 2 * width + (low_x + high_x) // 2
    least = _fit(pixels, codes, there, best, _FAR)
    for y in range(low_y, high_y + 1, step):
        for x in range(low_x, high_x + 1, step):
            total = _fit(pixels, codes, there, y * width + x, least)
            if total < least:
                best, least = y * width + x, total
    return best, least


@compiled
def _fit(
    pixels: npt.NDArray[np.uint32],
    codes: npt.NDArray[np.int32],
    there: Codes,
    place: int,
    most: int,
) -> int:
    """Sum of squares at a place; given up once it reaches `most`."""
    total, first = 0, np.uint32(place)
    for start in range(0, len(pixels), 4):
        for index in range(start, min(start + 4, len(pixels))):
            apart = np.int32(there[first + pixels[index]]) - codes[index]
            total += apart * apart
        if total >= most:
            return total
    return total
