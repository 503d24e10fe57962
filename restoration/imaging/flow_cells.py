"""Flow kept at one vector for each cell of 4 x 4 pixels.

Dense inverse search as it is used here ends at a quarter of the picture's size and stretches what
it found: a cell holds all that it knows, and following, joining and mending flow costs a sixteenth.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow import Flow, follow

CELL = 4
"""Rows and columns of a cell."""

Cells = npt.NDArray[np.float32]
"""(ceil(H / 4), ceil(W / 4), 2) float32: (dx, dy) in pixels, at the middle of each cell."""
Codes = npt.NDArray[np.uint8]
"""(H, W) uint8."""

_NO_MAP = np.empty(0, np.float32)  # the first map holds both coordinates


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


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> npt.NDArray[np.float32]:
    """The place of each pixel, (H, W, 2) as (x, y)."""
    places = np.empty((height, width, 2), np.float32)
    places[..., 0] = np.arange(width, dtype=np.float32)
    places[..., 1] = np.arange(height, dtype=np.float32)[:, None]
    places.setflags(write=False)
    return places


def carry(codes: Codes, cells: Cells) -> Codes:
    """What frame b shows at the end of each vector from a, bilinear, edges repeated. (H, W) uint8.

    Args:
        codes: (H, W), frame b.
        cells: from a to b.
    """
    height, width = codes.shape
    places = spread(cells, (height, width))
    places += _grid(height, width)
    return np.asarray(
        cv2.remap(codes, places, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
