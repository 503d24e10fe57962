"""Order statistics for compiled loops: NumPy's numbers, and less to compile. PURE.

With Numba's own `partition`, `median` and `argsort`, the loops of repair took a new machine 37 s of
processor time to compile and run once over 40 frames by both engines; with these, 28 s.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled

Floats = npt.NDArray[np.float32]


@compiled
def nth(values: Floats, place: int) -> float:
    """The value at a place, from 0, of the order of (n,) values, none of them NaN.

    Values are moved about meanwhile. Hoare, "Algorithm 65: Find" (1961).
    """
    low, high = 0, len(values) - 1
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                held = values[left]
                values[left] = values[right]
                values[right] = held
                left += 1
                right -= 1
        if place <= right:
            high = right
        elif place >= left:
            low = left
        else:
            break
    return float(values[place])


@compiled
def median(values: Floats) -> float:
    """As `numpy.median` of (n,) values, none of them NaN; NaN of none. Values are moved about."""
    count = len(values)
    if count == 0:
        return np.nan
    upper = nth(values, count // 2)
    if count % 2:
        return upper
    lower = values[0]
    for index in range(1, count // 2):
        lower = max(lower, values[index])
    # The sum is rounded to single precision, as NumPy's mean of two is.
    return float(lower + np.float32(upper)) / 2.0


@compiled
def stable_order(keys: Floats) -> npt.NDArray[np.int64]:
    """As `numpy.argsort(keys, kind="mergesort")` of (n,) keys, none of them NaN."""
    count = len(keys)
    order, other = np.empty(count, np.int64), np.empty(count, np.int64)
    for index in range(count):
        order[index] = index
    wide = 1
    while wide < count:
        for start in range(0, count, 2 * wide):
            middle, stop = min(start + wide, count), min(start + 2 * wide, count)
            one, two = start, middle
            for at in range(start, stop):
                if one < middle and (two >= stop or keys[order[one]] <= keys[order[two]]):
                    other[at] = order[one]
                    one += 1
                else:
                    other[at] = order[two]
                    two += 1
        order, other = other, order
        wide *= 2
    return order
