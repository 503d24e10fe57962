"""Give what stands out in time the motion of what lies around it.

A blotch has no motion of its own; flow inside it goes astray and finds something like it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import CELL, Cells, Codes, cells_of
from restoration.stages.repair.parts import Bits
from restoration.stages.repair.views import Motion, View

UnsureCells = npt.NDArray[np.bool_]

_WINDOWS = (5, 13, 31, 101)  # cells, from near to far
_SURE = 0.15  # share of a window that must be sure


def unsure_cells(bits: Bits, *, held: float, reach: int) -> UnsureCells:
    """Cells of which the mask (0 or 1) covers more than a share, and those within `reach` cells."""
    height, width = bits.shape
    rows, columns = cells_of(bits.shape)
    below, right = rows * CELL - height, columns * CELL - width
    if below or right:
        padded = cv2.copyMakeBorder(bits, 0, below, 0, right, cv2.BORDER_REPLICATE)
        bits = np.asarray(padded, np.uint8)
    # Eight bits round a quarter of a cell to a whole number of its pixels.
    covered = cv2.resize(
        bits * np.uint8(CELL * CELL), (columns, rows), interpolation=cv2.INTER_AREA
    )
    found = (covered >= held * CELL * CELL).astype(np.uint8)
    near = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.dilate(found, near) > 0)


def settle(
    motions: Sequence[Motion], neighbours: Mapping[int, View], unsure: UnsureCells
) -> list[Motion]:
    """The motions with what is unsure taken from around it, and what is seen there read again.

    Args:
        neighbours: by offset.
    """
    if not motions or not unsure.any():
        return list(motions)
    around = _sure_around(unsure)
    return [_settle(motion, neighbours[motion.offset], unsure, around) for motion in motions]


Windows = npt.NDArray[np.int64]
"""(n, 4): row and column of an unsure cell, half the window that tells its flow (0: none does), and
how many sure cells that holds."""


def _settle(motion: Motion, neighbour: View, unsure: UnsureCells, around: Windows) -> Motion:
    flow, seen = motion.flow.copy(), motion.seen.copy()
    _take_from_around(motion.flow, unsure, around, flow)
    _read_again(neighbour.codes, flow, around, seen)
    return Motion(motion.offset, flow, seen, motion.missed, motion.outside)


@compiled
def _sure_around(unsure: UnsureCells) -> Windows:
    """Of each unsure cell the first window that holds enough sure ones."""
    rows, columns = unsure.shape
    sums = np.zeros((rows + 1, columns + 1), np.int64)
    for row in range(rows):
        for column in range(columns):
            sure = 0 if unsure[row, column] else 1
            sums[row + 1, column + 1] = sure + (
                sums[row, column + 1] + sums[row + 1, column] - sums[row, column]
            )
    found = np.empty((rows * columns - sums[rows, columns], 4), np.int64)
    index = 0
    for row in range(rows):
        for column in range(columns):
            if not unsure[row, column]:
                continue
            found[index, 0], found[index, 1], found[index, 2], found[index, 3] = row, column, 0, 0
            for size in _WINDOWS:
                half = size // 2
                top, low = max(row - half, 0), min(row + half + 1, rows)
                left, right = max(column - half, 0), min(column + half + 1, columns)
                sure = sums[low, right] - sums[top, right] - sums[low, left] + sums[top, left]
                if sure > _SURE * (low - top) * (right - left):
                    found[index, 2], found[index, 3] = half, sure
                    break
            index += 1
    return found


@compiled
def _take_from_around(flow: Cells, unsure: UnsureCells, around: Windows, settled: Cells) -> None:
    """Write the mean of the sure vectors in its window into each unsure cell that has one."""
    rows, columns = unsure.shape
    sums = np.zeros((rows + 1, columns + 1, 2))
    for row in range(rows):
        for column in range(columns):
            for axis in range(2):
                value = 0.0 if unsure[row, column] else flow[row, column, axis]
                sums[row + 1, column + 1, axis] = value + (
                    sums[row, column + 1, axis]
                    + sums[row + 1, column, axis]
                    - sums[row, column, axis]
                )
    for index in range(len(around)):
        row, column, half, sure = around[index]
        if not half:
            continue
        top, low = max(row - half, 0), min(row + half + 1, rows)
        left, right = max(column - half, 0), min(column + half + 1, columns)
        for axis in range(2):
            total = sums[low, right, axis] - sums[top, right, axis]
            total += sums[top, left, axis] - sums[low, left, axis]
            settled[row, column, axis] = total / sure


@compiled
def _read_again(codes: Codes, flow: Cells, around: Windows, seen: Codes) -> None:
    """Write what the neighbour shows at the end of each unsure cell's vector, bilinear."""
    height, width = codes.shape
    for index in range(len(around)):
        row, column = around[index, 0], around[index, 1]
        for y in range(row * CELL, min(row * CELL + CELL, height)):
            for x in range(column * CELL, min(column * CELL + CELL, width)):
                at_y = min(max(y + flow[row, column, 1], 0.0), height - 1.0)
                at_x = min(max(x + flow[row, column, 0], 0.0), width - 1.0)
                top, left = min(int(at_y), height - 2), min(int(at_x), width - 2)
                part_y, part_x = at_y - top, at_x - left
                above = codes[top, left] * (1.0 - part_x) + codes[top, left + 1] * part_x
                below = codes[top + 1, left] * (1.0 - part_x) + codes[top + 1, left + 1] * part_x
                seen[y, x] = np.uint8(above * (1.0 - part_y) + below * part_y + 0.5)
