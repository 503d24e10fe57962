"""Sprocket holes in an overscanned picture: where they are, the picture is not.

A hole is as light, or as dark, as nothing of the picture in every frame that is looked at. Holes
are alike, one below the other, as far apart as the standard of the film has them, and go from top
to bottom (35 mm: ISO 491, holes of 1.85 or 1.98 by 2.79 mm every 4.75 mm).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.bars import Area

LIGHT, DARK = 225, 20
"""8-bit codes: lighter than the one or darker than the other in every frame."""
_FEWEST = 3
"""Whole holes of one row of them."""
_EDGE = 0.2
"""Share of the width, from the edge, in which the middle of a hole lies."""
_HEIGHTS, _WIDTHS, _SHAPE = (0.03, 0.3), (0.01, 0.15), (0.6, 2.5)
"""Least and most of a hole: share of the picture's height, and width, and width to height."""
_FULL = 0.8
"""Share of its box that a hole fills: its corners are round."""
_ALIKE = 0.12
"""Share by which holes of one row may differ in size and place, and in their distance."""
_PITCH = (1.5, 4.0)
"""Heights of a hole from one to the next."""
_SPAN = 0.6
"""Share of the picture's height that a row spans at least, from the first hole to the last."""
_RIM = 0.2
"""Share of a hole's width that is left beside it: its edge is soft, and may weave."""


class _Hole(NamedTuple):
    left: int
    top: int
    width: int
    height: int


class Perforations:
    """Adds up what is very light or very dark in all frames."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._light = np.ones(shape, np.bool_)
        self._dark = np.ones(shape, np.bool_)

    def look(self, luma: npt.NDArray[np.uint8]) -> None:
        """Take in a frame, (H, W) in 8-bit codes."""
        self._light &= luma >= LIGHT
        self._dark &= luma <= DARK

    def area(self) -> Area:
        """Left, top, width and height of what lies between rows of holes; all if there are none."""
        height, width = self._light.shape
        left, right = 0, width
        for mask in (self._light, self._dark):
            holes = _holes(mask)
            first = [hole for hole in holes if hole.left + hole.width / 2 < _EDGE * width]
            last = [hole for hole in holes if hole.left + hole.width / 2 > (1 - _EDGE) * width]
            for row in _rows(first, height):
                rim = round(_RIM * row[0].width)
                left = max(left, max(hole.left + hole.width for hole in row) + rim)
            for row in _rows(last, height):
                right = min(right, min(hole.left for hole in row) - round(_RIM * row[0].width))
        return (left, 0, right - left, height)


def _holes(mask: npt.NDArray[np.bool_]) -> list[_Hole]:
    """What has the size and shape of a hole, and is whole."""
    height, width = mask.shape
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    found = []
    for left, top, across, down, size in stats[1:].tolist():
        if top == 0 or top + down == height:
            continue
        fits = (
            _HEIGHTS[0] <= down / height <= _HEIGHTS[1]
            and _WIDTHS[0] <= across / width <= _WIDTHS[1]
            and _SHAPE[0] <= across / down <= _SHAPE[1]
            and size >= _FULL * across * down
        )
        if fits:
            found.append(_Hole(left, top, across, down))
    return found


def _rows(holes: list[_Hole], height: int) -> list[list[_Hole]]:
    """The holes, if those that are like the middle one stand evenly from top to bottom."""
    if len(holes) < _FEWEST:
        return []
    usual = _Hole(*(round(float(np.median(side))) for side in zip(*holes, strict=True)))
    row = sorted((hole for hole in holes if _alike(hole, usual)), key=lambda hole: hole.top)
    if len(row) < _FEWEST:
        return []
    steps = np.diff([hole.top for hole in row])
    pitch = float(np.median(steps))
    even = bool((np.abs(steps - pitch) <= _ALIKE * pitch).all())
    far = _PITCH[0] <= pitch / usual.height <= _PITCH[1]
    spans = row[-1].top + row[-1].height - row[0].top >= _SPAN * height
    return [row] if even and far and spans else []


def _alike(hole: _Hole, usual: _Hole) -> bool:
    return (
        abs(hole.left - usual.left) <= max(2, _ALIKE * usual.width)
        and abs(hole.width - usual.width) <= max(2, _ALIKE * usual.width)
        and abs(hole.height - usual.height) <= max(2, _ALIKE * usual.height)
    )
