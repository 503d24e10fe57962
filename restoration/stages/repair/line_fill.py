"""What may lie under an opaque line: the picture on both sides, joined across it.

Joined along the direction in which both sides fit best, as deinterlacers do (Doyle and Looymans
1990, edge-based line average), so that an edge that crosses the line goes on straight; grain is
taken from beside the line, mirrored, so that the place is as lively as what surrounds it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Strip = npt.NDArray[np.float32]
"""(rows, columns) of one plane along a line, straightened by whole columns."""

_SIDE = 3  # columns that are compared
_STEEPEST = 9  # rows by which a direction may climb across the line
_PRICE = 0.06  # of the usual misfit, a row that a direction climbs


def join_sides(seen: Strip, hole: slice) -> Strip:
    """The columns of the hole from those on both sides of it, without grain.

    Args:
        seen: (rows, columns) float32 with at least 3 columns on each side of the hole.
    Returns: (rows, hole) float32.
    """
    left, right = hole.start, hole.stop
    sides = seen[:, left - _SIDE : left], seen[:, right : right + _SIDE]
    wide = right - left
    climb = _directions(*sides, wide)
    near = sides[0][:, -2:].mean(axis=1), sides[1][:, :2].mean(axis=1)
    share = (np.arange(wide, dtype=np.float32) + 1.0) / (wide + 1.0)
    rows = np.arange(len(seen), dtype=np.float32)[:, None]
    from_left = _at(near[0], rows - share * climb[:, None])
    from_right = _at(near[1], rows + (1.0 - share) * climb[:, None])
    return np.asarray((1.0 - share) * from_left + share * from_right, np.float32)


def add_grain(joined: Strip, seen: Strip, hole: slice) -> Strip:
    """The joined columns with the fine detail of what lies beside them, mirrored at its edges."""
    fine = seen - cv2.GaussianBlur(seen, (0, 0), 1.2, borderType=cv2.BORDER_REPLICATE)
    wide = hole.stop - hole.start
    half = (wide + 1) // 2
    from_left = fine[:, max(0, hole.start - 1 - half) : hole.start - 1][:, ::-1]
    from_right = fine[:, hole.stop + 1 : hole.stop + 1 + wide - half][:, ::-1]
    grain = np.zeros_like(joined)
    grain[:, : from_left.shape[1]] = from_left[:, :half]
    if from_right.shape[1]:
        grain[:, wide - from_right.shape[1] :] = from_right
    # Strong detail is picture, not grain; mirrored it would stand where nothing stands. What is
    # there in the quietest fifth of the surroundings is grain.
    usual = float(np.quantile(cv2.blur(np.abs(fine), (5, 5)), 0.2))
    return np.asarray(joined + np.clip(grain, -2.5 * usual, 2.5 * usual), np.float32)


def _directions(left: Strip, right: Strip, wide: int) -> npt.NDArray[np.float32]:
    """Rows that the picture climbs from the left side to the right, for each row."""
    steepest = min(_STEEPEST, wide + 3)
    costs = []
    steps = range(-steepest, steepest + 1)
    usual = float(np.median(np.abs(left[:, -1] - right[:, 0]))) + 1.0
    for climb in steps:
        up, down = climb // 2, climb - climb // 2
        one, other = _shifted(left[:, -1:], -up), _shifted(right[:, :1], down)
        cost = cv2.blur(np.abs(one - other), (1, 9), borderType=cv2.BORDER_REPLICATE)
        costs.append(cost.reshape(-1) + np.float32(_PRICE * usual * abs(climb)))
    total = np.stack(costs)
    best = np.array(steps, np.float32)[total.argmin(axis=0)]
    # A direction that its neighbours do not share is chance.
    settled = cv2.medianBlur(best[:, None], 5).reshape(-1) if len(best) > 5 else best
    straight = total[steepest]
    return np.where(total.min(axis=0) < 0.5 * straight, settled, 0).astype(np.float32)


def _shifted(values: Strip, rows: int) -> Strip:
    """`values` of so many rows farther down; ends repeat."""
    at = np.clip(np.arange(len(values)) + rows, 0, len(values) - 1)
    return values[at]


def _at(values: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]) -> Strip:
    held = np.clip(rows, 0, len(values) - 1)
    low = np.minimum(held.astype(int), max(len(values) - 2, 0))
    part = held - low
    high = np.minimum(low + 1, len(values) - 1)
    return np.asarray((1 - part) * values[low] + part * values[high], np.float32)
