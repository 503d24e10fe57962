"""A line followed row by row: where its middle runs, how wide it is, how far it stands out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.luma import Luma
from restoration.imaging.ranks import median, nth

Columns = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

_OVER_ROWS = np.asarray(cv2.getGaussianKernel(49, 10.0, cv2.CV_32F), np.float32).reshape(-1)


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
) -> tuple[Columns, int, int] | None:
    """The path moved onto the middle of the line, to parts of a column; and the line's extent.

    None if it is wider than `reach` columns.
    """
    columns, left, right = _settle(luma, first, columns, reach, tone)
    if right - left + 1 > reach:
        return None
    half = (right - left + 1) / 2.0 + 1.0
    columns = columns + _wander(luma, first, columns, half, tone)
    return columns.astype(np.float32), int(left), int(right)


@compiled
def _settle(
    luma: Luma, first: int, columns: Columns, reach: int, tone: int
) -> tuple[Columns, int, int]:
    """Twice: see how wide the line is, and move the path to the middle of that."""
    offsets = _counted(-2 * reach, 4 * reach + 1)
    seen = np.empty(((len(columns) + 3) // 4, len(offsets)), np.float32)
    left = right = 0
    for _ in range(2):
        _straighten(luma, first, columns, offsets, 4, seen)
        for row in range(len(seen)):
            for column in range(len(offsets)):
                seen[row, column] *= np.float32(tone)
        left, right = _extent(_usual_row(seen), reach)
        columns = columns + np.float32((left + right) / 2.0)
        left, right = left - (left + right) // 2, right - (left + right) // 2
    return columns, left, right


@compiled
def _counted(start: int, count: int) -> Numbers:
    """So many whole numbers from the first on."""
    numbers = np.empty(count, np.int64)
    for index in range(count):
        numbers[index] = start + index
    return numbers


@compiled
def _extent(usual: Columns, reach: int) -> tuple[int, int]:
    """First and last offset of the ridge nearest the middle, down to a third of its height.

    The usual profile of a row goes through a top-hat, which takes away all that is broader.
    """
    profile = _opened(usual, reach + 2)
    for at in range(len(profile)):
        profile[at] = usual[at] - profile[at]
    middle = len(profile) // 2
    top = middle - 3
    for at in range(middle - 2, middle + 4):
        if profile[at] > profile[top]:
            top = at
    least = np.float32(0.35 * max(float(profile[top]), 1e-3))
    left = right = top
    while left > 0 and profile[left - 1] > least:
        left -= 1
    while right < len(profile) - 1 and profile[right + 1] > least:
        right += 1
    return left - middle, right - middle


@compiled
def _opened(values: Columns, wide: int) -> Columns:
    """The largest of the least within windows of so many values; windows end with the row."""
    least, opened = np.empty_like(values), np.empty_like(values)
    for at in range(len(values)):
        start = max(at - wide // 2, 0)
        least[at] = values[start]
        for index in range(start + 1, min(at - wide // 2 + wide, len(values))):
            least[at] = min(least[at], values[index])
    for at in range(len(values)):
        start = max(at - wide // 2, 0)
        opened[at] = least[start]
        for index in range(start + 1, min(at - wide // 2 + wide, len(values))):
            opened[at] = max(opened[at], least[index])
    return opened


@compiled
def _usual_row(seen: Luma) -> Columns:
    """The median of rows whose own mean was taken off, (columns,)."""
    rows, columns = seen.shape
    level = np.empty((columns, rows), np.float32)
    for row in range(rows):
        mean = seen[row].mean()
        for column in range(columns):
            level[column, row] = seen[row, column] - mean
    usual = np.empty(columns, np.float32)
    for column in range(columns):
        usual[column] = nth(level[column], rows // 2)
    return usual


def _wander(luma: Luma, first: int, columns: Columns, half: float, tone: int) -> Columns:
    """How far the line runs beside the path in each row, from centres of mass over 24 rows."""
    reach = int(np.ceil(half)) + 2
    over, fraction = _rise(luma, first, columns, reach, tone)
    over = np.asarray(
        cv2.GaussianBlur(over, (1, 49), 10.0, borderType=cv2.BORDER_REPLICATE), np.float32
    )
    # Columns were rounded for looking; the centre counts from where they truly are.
    return _centres_of_mass(over, _slowly(fraction, _OVER_ROWS))


@compiled
def _rise(luma: Luma, first: int, columns: Columns, reach: int, tone: int) -> tuple[Luma, Columns]:
    """How far each place near the path is above the ends of its row; what rounding left over."""
    offsets = _counted(-reach, 2 * reach + 1)
    over = np.empty((len(columns), len(offsets)), np.float32)
    _straighten(luma, first, columns, offsets, 1, over)
    fraction = np.empty(len(columns), np.float32)
    for row in range(len(over)):
        ends = max(tone * over[row, 0], tone * over[row, -1])
        for column in range(len(offsets)):
            over[row, column] = tone * over[row, column] - ends
        fraction[row] = columns[row] - np.rint(columns[row])
    return over, fraction


@compiled
def _slowly(values: Columns, weights: Columns) -> Columns:
    """Means of each value and those around it, by these weights; ends are repeated."""
    half, last = len(weights) // 2, len(values) - 1
    found = np.empty_like(values)
    for at in range(len(values)):
        total = np.float32(0.0)
        for index in range(len(weights)):
            total += weights[index] * values[min(max(at + index - half, 0), last)]
        found[at] = total
    return found


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
) -> tuple[float, npt.NDArray[np.bool_]]:
    """By how much the line stands out against the nearer of its sides, in codes: the median of its
    rows; and the rows about which it usually does by a fifth of that, (rows,)."""
    return _contrast(luma, first, columns, left, right, tone)


@compiled
def _contrast(
    luma: Luma, first: int, columns: Columns, left: int, right: int, tone: int
) -> tuple[float, npt.NDArray[np.bool_]]:
    each = _stand_out(luma, first, columns, left, right, tone)
    usual = median(each.copy())
    smooth, stands_out = mirrored_mean(each, 9), np.empty(len(each), np.bool_)
    for row in range(len(each)):
        stands_out[row] = smooth[row] > np.float32(0.2 * usual)
    return usual, stands_out


@compiled
def mirrored_mean(values: Columns, wide: int) -> Columns:
    """Means over an odd count of values, mirrored at the ends as OpenCV's `blur` does."""
    half, last = wide // 2, len(values) - 1
    padded = np.empty(len(values) + 2 * half, np.float32)
    for index in range(len(padded)):
        at = abs(index - half)
        at = at if at <= last else 2 * last - at
        padded[index] = values[min(max(at, 0), last)]
    found = np.empty(len(values), np.float32)
    for index in range(len(values)):
        total = 0.0
        for step in range(wide):
            total += padded[index + step]
        found[index] = np.float32(total / wide)
    return found


@compiled
def is_empty_beside(
    luma: Luma, first: int, columns: Columns, edges: tuple[int, int], reach: int, least: float
) -> bool:
    """Whether a side of a line shows nothing at all, and not both the same nothing.

    Looked for next to the line and a little farther out, every second row.

    Args:
        edges: the first offset that is the line's own, and the first to its right that is not.
        least: deviation of what shows something.
    """
    offsets = np.arange(2 * reach)
    seen = np.empty(((len(columns) + 1) // 2, 2 * reach), np.float32)
    means, empty = np.empty(2), np.empty(2, np.bool_)
    for away in (0, 2 * reach):
        for side in range(2):
            start = edges[0] - 2 * reach - away if side == 0 else edges[1] + away
            _straighten(luma, first, columns, start + offsets, 2, seen)
            rows = np.empty(len(seen), np.float64)
            for row in range(len(seen)):
                rows[row] = seen[row].mean()
            means[side], empty[side] = rows.mean(), rows.std() < least
        if empty[0] != empty[1]:
            return True
        if empty[0] and abs(means[0] - means[1]) >= 8.0:
            return True
    return False


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
