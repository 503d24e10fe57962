"""What may lie under an opaque line: the picture on both sides, joined across it.

Joined along the direction in which both sides fit best, as deinterlacers do (Doyle and Looymans
1990, edge-based line average), so that an edge that crosses the line goes on straight; grain is
taken from beside the line, mirrored, so that the place is as lively as what surrounds it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.ranks import median

Strip = npt.NDArray[np.float32]
"""(rows, columns) of one plane along a line, straightened by whole columns."""

_STEEPEST = 9  # rows by which a direction may climb across the line
_PRICE = 0.06  # of the usual misfit, a row that a direction climbs


def join_sides(seen: Strip, hole: slice) -> Strip:
    """The columns of the hole from those on both sides of it, without grain.

    Args:
        seen: (rows, columns) float32 with at least 3 columns on each side of the hole.
    Returns: (rows, hole) float32.
    """
    joined = np.empty((len(seen), hole.stop - hole.start), np.float32)
    climb = _directions(seen, hole.start, hole.stop)
    _join(seen, hole.start, hole.stop, climb, joined)
    return joined


@compiled
def _join(
    seen: Strip, left: int, right: int, climb: npt.NDArray[np.float32], joined: Strip
) -> None:
    """Write what both sides say along the direction of each row, each by its nearness."""
    rows, wide = joined.shape
    before, after = np.empty(rows, np.float32), np.empty(rows, np.float32)
    for row in range(rows):
        before[row] = (seen[row, left - 2] + seen[row, left - 1]) / np.float32(2.0)
        after[row] = (seen[row, right] + seen[row, right + 1]) / np.float32(2.0)
    for row in range(rows):
        for column in range(wide):
            share = np.float32(column + 1) / np.float32(wide + 1)
            one = _at(before, np.float32(row) - share * climb[row])
            other = _at(after, np.float32(row) + (np.float32(1.0) - share) * climb[row])
            joined[row, column] = (np.float32(1.0) - share) * one + share * other


@compiled
def _at(values: npt.NDArray[np.float32], row: np.float32) -> np.float32:
    """Between two rows; ends repeat."""
    last = len(values) - 1
    held = min(max(row, np.float32(0.0)), np.float32(last))
    low = min(int(held), max(last - 1, 0))
    part = held - np.float32(low)
    mixed = (np.float32(1.0) - part) * values[low] + part * values[min(low + 1, last)]
    return np.float32(mixed)


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


def _directions(seen: Strip, left: int, right: int) -> npt.NDArray[np.float32]:
    """Rows that the picture climbs from the left side of a hole to the right, for each row."""
    steepest = min(_STEEPEST, right - left + 3)
    best, least, straight = (np.empty(len(seen), np.float32) for _ in range(3))
    before, after = (np.ascontiguousarray(seen[:, at]) for at in (left - 1, right))
    _cheapest(before, after, steepest, best, least, straight)
    # A direction that its neighbours do not share is chance.
    settled = cv2.medianBlur(best[:, None], 5).reshape(-1) if len(best) > 5 else best
    return np.where(least < 0.5 * straight, settled, 0).astype(np.float32)


@compiled
def _cheapest(
    before: npt.NDArray[np.float32],
    after: npt.NDArray[np.float32],
    steepest: int,
    best: npt.NDArray[np.float32],
    least: npt.NDArray[np.float32],
    straight: npt.NDArray[np.float32],
) -> None:
    """Write the climb at which both sides of each row fit best, its cost, and that of none.

    A cost is the mean misfit over nine rows, and more for a steeper climb.
    """
    last = len(before) - 1
    steps = np.empty(len(before), np.float32)
    for row in range(len(before)):
        steps[row] = abs(before[row] - after[row])
    usual = np.float32(median(steps)) + np.float32(1.0)
    apart = np.empty(len(before) + 8, np.float32)
    least[:] = np.inf
    for climb in range(-steepest, steepest + 1):
        up, down = climb // 2, climb - climb // 2
        for index in range(len(apart)):
            row = min(max(index - 4, 0), last)
            one, other = before[min(max(row - up, 0), last)], after[min(max(row + down, 0), last)]
            apart[index] = abs(one - other)
        price = np.float32(_PRICE) * usual * np.float32(abs(climb))
        for row in range(len(before)):
            total = np.float32(0.0)
            for index in range(row, row + 9):
                total += apart[index]
            cost = total / np.float32(9.0) + price
            if cost < least[row]:
                least[row], best[row] = cost, climb
            if climb == 0:
                straight[row] = cost
