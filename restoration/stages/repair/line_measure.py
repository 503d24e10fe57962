"""A line followed row by row: where its middle runs, how wide it is, how far it stands out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.luma import Luma

Columns = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


def strip(
    luma: Luma, first: int, columns: Columns, offsets: npt.NDArray[np.int64], *, every: int = 1
) -> Luma:
    """The picture along a line, straightened: (rows, offsets), whole columns, edges repeated."""
    seen = np.empty((-(-len(columns) // every), len(offsets)), np.float32)
    _straighten(luma, first, columns, offsets, every, seen)
    return seen


@compiled
def _straighten(
    luma: Luma, first: int, columns: Columns, offsets: Numbers, every: int, seen: Luma
) -> None:
    last = luma.shape[1] - 1
    for row in range(len(seen)):
        middle = int(np.rint(columns[row * every]))
        for index in range(len(offsets)):
            at = min(max(middle + offsets[index], 0), last)
            seen[row, index] = luma[first + row * every, at]


def centre(
    luma: Luma, first: int, columns: Columns, reach: int, tone: int
) -> tuple[Columns, int, int]:
    """The path moved onto the middle of the line, to parts of a column; and the line's extent."""
    offsets = np.arange(-2 * reach, 2 * reach + 1)
    for _ in range(2):
        left, right = _extent(tone * strip(luma, first, columns, offsets, every=4), reach)
        columns = columns + np.float32((left + right) / 2.0)
        left, right = left - (left + right) // 2, right - (left + right) // 2
    half = (right - left + 1) / 2.0 + 1.0
    columns = columns + _wander(luma, first, columns, half, tone)
    return columns.astype(np.float32), left, right


def _extent(seen: Luma, reach: int) -> tuple[int, int]:
    """First and last offset of the ridge nearest the middle, down to a third of its height.

    The usual profile of a row goes through a top-hat, which takes away all that is broader.
    """
    usual = _usual_row(seen)
    profile = cv2.morphologyEx(usual, cv2.MORPH_TOPHAT, np.ones((1, reach + 2), np.uint8))[0]
    middle = seen.shape[1] // 2
    top = middle - 3 + int(profile[middle - 3 : middle + 4].argmax())
    inside = profile > 0.35 * max(float(profile[top]), 1e-3)
    left = right = top
    while left > 0 and inside[left - 1]:
        left -= 1
    while right < len(profile) - 1 and inside[right + 1]:
        right += 1
    return left - middle, right - middle


@compiled
def _usual_row(seen: Luma) -> Luma:
    """The median of rows whose own mean was taken off, (1, columns)."""
    rows, columns = seen.shape
    level = np.empty((columns, rows), np.float32)
    for row in range(rows):
        mean = seen[row].mean()
        for column in range(columns):
            level[column, row] = seen[row, column] - mean
    usual = np.empty((1, columns), np.float32)
    for column in range(columns):
        usual[0, column] = np.partition(level[column], rows // 2)[rows // 2]
    return usual


def _wander(luma: Luma, first: int, columns: Columns, half: float, tone: int) -> Columns:
    """How far the line runs beside the path in each row, from centres of mass over 24 rows."""
    reach = int(np.ceil(half)) + 2
    offsets = np.arange(-reach, reach + 1)
    seen = tone * strip(luma, first, columns, offsets)
    over = seen - np.maximum(seen[:, :1], seen[:, -1:])
    over = np.asarray(
        cv2.GaussianBlur(over, (1, 49), 10.0, borderType=cv2.BORDER_REPLICATE), np.float32
    )
    # Columns were rounded for looking; the centre counts from where they truly are.
    fraction = (columns - np.rint(columns))[:, None]
    usual = cv2.GaussianBlur(fraction, (1, 49), 10.0, borderType=cv2.BORDER_REPLICATE)
    return _centres_of_mass(over, np.asarray(usual, np.float32).reshape(-1))


@compiled
def _centres_of_mass(over: Luma, usual: Columns) -> Columns:
    """Columns from the middle to the centre of what rises in each row, less what is usual."""
    rows, columns = over.shape
    moved = np.empty(rows, np.float32)
    for row in range(rows):
        floor = np.float32(0.25) * over[row].max()
        mass = turn = np.float32(0.0)
        for column in range(columns):
            share = max(over[row, column] - floor, np.float32(0.0))
            mass += share
            turn += share * np.float32(column - columns // 2)
        apart = turn / max(mass, np.float32(1e-3)) - usual[row]
        moved[row] = min(max(apart, np.float32(-1.5)), np.float32(1.5))
    return moved


def contrast_of(
    luma: Luma, first: int, columns: Columns, left: int, right: int, tone: int
) -> npt.NDArray[np.float32]:
    """By how much each row's line stands out against the nearer of its sides, in codes."""
    return _stand_out(luma, first, columns, left, right, tone)


@compiled
def _stand_out(
    luma: Luma, first: int, columns: Columns, left: int, right: int, tone: int
) -> npt.NDArray[np.float32]:
    last = luma.shape[1] - 1
    found = np.empty(len(columns), np.float32)
    for row in range(len(columns)):
        middle = int(np.rint(columns[row]))
        core = before = after = np.float32(0.0)
        for at in range(middle + left, middle + right + 1):
            core += luma[first + row, min(max(at, 0), last)]
        for away in range(2, 5):
            before += luma[first + row, min(max(middle + left - away, 0), last)]
            after += luma[first + row, min(max(middle + right + away, 0), last)]
        core /= np.float32(right - left + 1)
        before, after = before / np.float32(3.0), after / np.float32(3.0)
        found[row] = min(tone * (core - before), tone * (core - after))
    return found
