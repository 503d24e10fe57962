"""Writing so small that whatever an enlargement shows of its letters may be invented.

It is looked for in the source, enlarged by resampling alone, by the network of PP-OCR v4 that finds
rows of writing (Du et al. 2020); nothing is read. Without its weights, or without what runs them,
nothing is looked for, and it is said.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np

from restoration import weights, writing
from restoration.imaging.resample import Plane
from restoration.imaging.tiles import Tile, tiles
from restoration.writing import Box, Luma, can_run, find_rows

WEIGHTS = writing.WEIGHTS
SMALL = 9
"""Pixels of the source that a capital is high. Above it our own network's letters were all read as
they stand, below it not: docs/stages.md has the figures."""
Finder = Callable[[Luma, int, int], list[Box]]
"""Rows in a grey picture, shown to the network with so many rows and columns."""
_SHOWN = 2
"""Times the source's size at which it is looked at."""
_SIDE, _RIM = 384, 32
"""Of the tiles, in source pixels, so that memory does not grow with the picture."""
_SURE = 0.7
"""Of the map of letters in the mean, and how much longer than high a row is: else things that are
no writing are counted."""
_LONG = 1.4
_CAPITAL = 1.7
"""Height of a box by that of a capital in it, measured on words in photographs."""


class SmallText(NamedTuple):
    """In pixels of the source."""

    left: int
    top: int
    width: int
    height: int


def open_finder() -> Finder | None:
    """None without the weights or onnxruntime.

    Raises: WeightsError if the weights are not the pinned ones.
    """
    if not can_look():
        return None
    return partial(_find, writing.open_letter_finder())


def can_look() -> bool:
    """Whether the weights and what runs them are there."""
    return can_run() and weights.find(WEIGHTS).state() != "missing"


def small_text(finder: Finder, luma: Plane) -> list[SmallText]:
    """Places of small writing in a frame, (rows, columns) in [0, 1]."""
    codes = np.clip(np.rint(luma * 255), 0, 255).astype(np.uint8)
    rimmed = np.pad(codes, _RIM, mode="edge")
    found = []
    for tile in tiles(codes.shape[0], codes.shape[1], _SIDE):
        seen = np.ascontiguousarray(rimmed[tile.with_rim(_RIM)])
        size = [max(32, round(side * _SHOWN / 32) * 32) for side in seen.shape]
        found += [_placed(box, tile) for box in finder(seen, *size) if _counts(box, tile)]
    return found


def _find(network: Any, grey: Luma, rows: int, columns: int) -> list[Box]:
    return find_rows(network, cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), rows, columns)


def _counts(box: Box, tile: Tile) -> bool:
    """Small, surely writing, and its middle in the tile itself: a rim is the next tile's."""
    width, height = box.right - box.left, box.bottom - box.top
    across, down = (box.left + box.right) // 2 - _RIM, (box.top + box.bottom) // 2 - _RIM
    inside = 0 <= down < tile.bottom - tile.top and 0 <= across < tile.right - tile.left
    small = min(width, height) < SMALL * _CAPITAL
    long = max(width, height) >= _LONG * min(width, height)
    return inside and small and long and box.sure >= _SURE


def _placed(box: Box, tile: Tile) -> SmallText:
    left, top = box.left - _RIM + tile.left, box.top - _RIM + tile.top
    return SmallText(left, top, box.right - box.left, box.bottom - box.top)
