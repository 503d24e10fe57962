"""Flow kept at one vector for each cell of 4 x 4 pixels.

Dense inverse search as it is used here ends at a quarter of the picture's size and stretches what
it found: a cell holds all that it knows, and following, joining and mending flow costs a sixteenth.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow import Flow, FlowEstimator, FlowSearch, follow

CELL = 4
"""Rows and columns of a cell."""

Cells = npt.NDArray[np.float32]
"""(ceil(H / 4), ceil(W / 4), 2) float32: (dx, dy) in pixels, at the middle of each cell."""
Codes = npt.NDArray[np.uint8]
"""(H, W) uint8."""

# The middle of each row or column of a cell lies between the middles of two cells: the share that
# the lower, or the right one has of it.
_SHARES = np.array([5 / 8, 7 / 8, 1 / 8, 3 / 8], np.float32)
# A vector for each cell, stretched to pixels by straight lines and read again at the cell's middle.
_READ_AGAIN = np.array([1 / 16, 7 / 8, 1 / 16], np.float32)
_FEWEST = 12  # rows or columns of cells, that OpenCV still searches
_PARTS = 32  # of a pixel, that OpenCV's remap tells apart


class CellSearch(Protocol):
    """What finds flow of one vector for each cell, by whatever method."""

    def between(self, first: Codes, second: Codes) -> Cells:
        """Flow from `first` to `second`, both (H, W) of one shape."""
        ...


class CellEstimator:
    """Dense inverse search as `FlowEstimator("fast")` does it, without the stretching.

    That preset shrinks both pictures to a quarter, searches, and stretches what it found; handed
    the quarters themselves it finds the same for three quarters of the time.
    """

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._search.setFinestScale(0)
        self._of_pixels = FlowEstimator("fast")

    def between(self, first: Codes, second: Codes) -> Cells:
        """Flow from `first` to `second`, both (H, W) of one shape; none of very small pictures."""
        if cv2.getNumThreads() != 1:  # see `FlowEstimator`
            cv2.setNumThreads(1)
        cells = np.zeros((*cells_of(first.shape), 2), np.float32)
        if min(cells.shape[:2]) < _FEWEST:
            return gather(self._of_pixels.between(first, second))
        found = self._search.calc(_quarter(first), _quarter(second), cells)
        kernel = np.float32(CELL) * _READ_AGAIN
        return np.asarray(
            cv2.sepFilter2D(found, -1, kernel, _READ_AGAIN, borderType=cv2.BORDER_REPLICATE),
            np.float32,
        )


class Gathered:
    """A search for the flow of pixels, of which the cells' vectors are kept."""

    def __init__(self, search: FlowSearch) -> None:
        self._search = search

    def between(self, first: Codes, second: Codes) -> Cells:
        return gather(self._search.between(first, second))


def _quarter(codes: Codes) -> Codes:
    """The mean of each cell; edges are repeated to whole cells."""
    rows, columns = cells_of(codes.shape)
    below, right = rows * CELL - codes.shape[0], columns * CELL - codes.shape[1]
    if below or right:
        padded = cv2.copyMakeBorder(codes, 0, below, 0, right, cv2.BORDER_REPLICATE)
        codes = np.asarray(padded, np.uint8)
    small = cv2.resize(codes, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def cells_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of cells of a picture of (rows, columns)."""
    return -(-shape[0] // CELL), -(-shape[1] // CELL)


def gather(flow: Flow) -> Cells:
    """The vector at the middle of each cell of a flow of pixels, (H, W, 2)."""
    height, width = flow.shape[:2]
    rows, columns = cells_of((height, width))
    below, right = rows * CELL - height, columns * CELL - width
    if below or right:
        padded = cv2.copyMakeBorder(flow, 0, below, 0, right, cv2.BORDER_REPLICATE)
        flow = np.asarray(padded, np.float32)
    # At a quarter, linear interpolation reads the four pixels about the middle of each cell.
    small = cv2.resize(flow, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, np.float32)


def spread(cells: npt.NDArray[np.float32], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Values of cells as values of pixels, between the middles of cells linear. (H, W[, C])."""
    rows, columns = cells_of(shape)
    size = (columns * CELL, rows * CELL)
    wide = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide[: shape[0], : shape[1]], np.float32)


def spread_mask(cells: npt.NDArray[np.bool_], shape: tuple[int, int]) -> Codes:
    """A mask of cells as one of all their pixels, (H, W) uint8, 0 or 1."""
    rows, columns = cells_of(shape)
    size = (columns * CELL, rows * CELL)
    wide = cv2.resize(cells.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(wide[: shape[0], : shape[1]])


def join(first: Cells, second: Cells) -> Cells:
    """From a to c over b: `first` leads from a to b, `second` from b to c."""
    return first + follow(second, first / np.float32(CELL))


def round_trip(there: Cells, back: Cells) -> npt.NDArray[np.float32]:
    """Pixels by which going there and back misses the starting place. (rows, columns)."""
    missed = join(there, back)
    return np.asarray(cv2.magnitude(missed[..., 0], missed[..., 1]), np.float32)


def leaves_picture(cells: Cells, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Where the vector ends outside a picture of (H, W). (rows, columns) bool."""
    x = cells[..., 0] + _middles(cells.shape[1])
    y = cells[..., 1] + _middles(cells.shape[0])[:, None]
    outside = (x < -0.5) | (x > shape[1] - 0.5) | (y < -0.5) | (y > shape[0] - 0.5)
    return np.asarray(outside)


@lru_cache(maxsize=8)
def _middles(count: int) -> npt.NDArray[np.float32]:
    middles = np.arange(count, dtype=np.float32) * CELL + np.float32((CELL - 1) / 2)
    middles.setflags(write=False)
    return middles


def carry(codes: Codes, cells: Cells) -> Codes:
    """What frame b shows at the end of each vector from a, bilinear, edges repeated. (H, W) uint8.

    Between the middles of cells vectors are linear, and told to 1/32 of a pixel.

    Args:
        codes: (H, W), frame b.
        cells: from a to b.
    """
    pairs = np.empty(codes.shape, np.uint32)
    parts = np.empty(codes.shape, np.uint16)
    _lay_out(cells, pairs, parts)
    places = pairs.view(np.int16).reshape(*codes.shape, 2)
    return np.asarray(
        cv2.remap(codes, places, parts, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


@compiled
def _lay_out(cells: Cells, pairs: npt.NDArray[np.uint32], parts: npt.NDArray[np.uint16]) -> None:
    """Write for each pixel the place it comes from, as OpenCV's fixed-point maps have it.

    Args:
        pairs: (H, W), column and row as 16 bits each. parts: what is beyond them, in 1/32.
    """
    height, width = parts.shape
    rows, columns = cells.shape[:2]
    across = np.empty((2, CELL * columns), np.float32)
    between = np.empty((2, columns + 2), np.float32)
    most = np.float32(32767 * _PARTS)
    for y in range(height):
        above, share = (y - CELL // 2) // CELL, _SHARES[y % CELL]
        below = min(above + 1, rows - 1)
        above = max(above, 0)
        for axis in range(2):
            _between_rows(cells[above, :, axis], cells[below, :, axis], share, between[axis])
            _stretch(between[axis], across[axis])
        for x in range(width):
            to_x = (across[0, x] + np.float32(x)) * np.float32(_PARTS)
            to_y = (across[1, x] + np.float32(y)) * np.float32(_PARTS)
            at_x = np.int32(np.rint(min(max(to_x, -most), most)))
            at_y = np.int32(np.rint(min(max(to_y, -most), most)))
            low = np.uint32(at_x >> np.int32(5)) & np.uint32(0xFFFF)
            pairs[y, x] = low | np.uint32(at_y >> np.int32(5)) << np.uint32(16)
            part = ((at_y & np.int32(31)) << np.int32(5)) | (at_x & np.int32(31))
            parts[y, x] = np.uint16(part)


@compiled
def _between_rows(
    upper: npt.NDArray[np.float32],
    lower: npt.NDArray[np.float32],
    share: np.float32,
    between: npt.NDArray[np.float32],
) -> None:
    """Vectors between two rows of cells, with the outermost repeated at both ends."""
    for column in range(len(upper)):
        mixed = upper[column] * (np.float32(1.0) - share) + lower[column] * share
        between[column + 1] = mixed
    between[0], between[-1] = between[1], between[-2]


@compiled
def _stretch(cells: npt.NDArray[np.float32], pixels: npt.NDArray[np.float32]) -> None:
    """From the middles of cells to the middles of pixels."""
    for step in range(CELL):
        share, first = _SHARES[step], 0 if step < CELL // 2 else 1
        for column in range(len(pixels) // CELL):
            left, right = cells[column + first], cells[column + first + 1]
            pixels[CELL * column + step] = left * (np.float32(1.0) - share) + right * share
