"""Give what stands out in time the motion of what lies around it.

A blotch has no motion of its own; flow inside it goes astray and finds something like it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import CELL, Codes, cells_of, spread_mask
from restoration.stages.repair.parts import Bits, Places, places_of
from restoration.stages.repair.views import Motion, View

UnsureCells = npt.NDArray[np.bool_]

_WINDOWS = (5, 13, 31, 101)  # cells, from near to far
_SURE = 0.15  # share of a window that must be sure
_FOLD = 1024  # OpenCV takes rows of at most 32767 places


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
    height, width = motions[0].seen.shape
    places = places_of(spread_mask(unsure, (height, width)))
    rows, columns = np.divmod(places, width)
    cells = rows // CELL * unsure.shape[1] + columns // CELL
    read = _Unsure(unsure, places, cells, rows.astype(np.float32), columns.astype(np.float32))
    return [_settle(motion, neighbours[motion.offset], read) for motion in motions]


class _Unsure(NamedTuple):
    """Cells (rows, columns) bool, and their pixels: index, index of the cell, row and column."""

    cells: UnsureCells
    places: Places
    cell_of: Places
    rows: npt.NDArray[np.float32]
    columns: npt.NDArray[np.float32]


def _settle(motion: Motion, neighbour: View, unsure: _Unsure) -> Motion:
    flow = _from_around(motion.flow, unsure.cells)
    ends = flow.reshape(-1, 2).take(unsure.cell_of, axis=0)
    seen = motion.seen.copy()
    rows, columns = unsure.rows + ends[:, 1], unsure.columns + ends[:, 0]
    seen.reshape(-1)[unsure.places] = _read(neighbour.codes, rows, columns)
    return Motion(motion.offset, flow, seen, motion.missed, motion.outside)


def _from_around(flow: npt.NDArray[np.float32], unsure: UnsureCells) -> npt.NDArray[np.float32]:
    settled = flow.copy()
    filled = ~unsure
    weight = filled.astype(np.float32)
    known = flow * weight[..., None]
    # The first window that holds enough sure vectors gives its mean.
    for size in _WINDOWS:
        held = cv2.boxFilter(weight, -1, (size, size))
        use = ~filled & (held > _SURE)
        if use.any():
            settled[use] = cv2.boxFilter(known, -1, (size, size))[use] / held[use][:, None]
            filled |= use
        if filled.all():
            break
    return settled


def _read(
    codes: Codes, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]
) -> npt.NDArray[np.uint8]:
    """Bilinear values at places, edges repeated."""
    lines = -(-len(rows) // _FOLD)
    places = np.zeros((2, lines * _FOLD), np.float32)
    places[0, : len(rows)], places[1, : len(rows)] = columns, rows
    x, y = places.reshape(2, lines, _FOLD)
    values = cv2.remap(codes, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(values, np.uint8).reshape(-1)[: len(rows)]
