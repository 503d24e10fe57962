"""The way that the picture went, and what of it is weave: what departs from a smooth way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Way = npt.NDArray[np.float64]
"""(frames, 3): x and y in pixels and turn in radians, summed from the first frame on."""

BY_HAND = 0.35
"""Correlation of neighbouring departures from which the camera moved, not the film: weave departs
anew at almost every frame, a hand swings over many."""
_CLOSEST = 4
"""Frames to each side: of a way followed more closely, weave itself would be a part."""
_LEAST = 0.15
"""Pixels of departure, root mean square, below which nothing is asked of its correlation."""


class Weave(NamedTuple):
    """weave: (frames, 3), how far each frame departs. windows: over how many frames to each side
    the way along x, y and turn was taken to be smooth; 0: along that, nothing is weave."""

    weave: Way
    windows: tuple[int, int, int]


def find_weave(way: Way, *, window: int, radius: float) -> Weave:
    """What of the way is weave.

    A camera that swings departs from a straight way over many frames. The way is then followed more
    closely, until what departs from it no longer swings; if that does not help, it is left alone.

    Args:
        window: frames to each side over which the way is taken to be smooth, at most.
        radius: pixels from the middle of the picture to its corner: what a turn moves.
    """
    weave, windows = np.zeros_like(way), []
    for axis, reach in enumerate((1.0, 1.0, radius)):
        for tried in _windows(window):
            departs = way[:, axis] - smooth(way[:, axis : axis + 1], tried)[:, 0]
            if not _swings(departs * reach):
                weave[:, axis] = departs
                break
        else:
            tried = 0
        windows.append(tried)
    return Weave(weave, (windows[0], windows[1], windows[2]))


def _windows(most: int) -> list[int]:
    return sorted({max(_CLOSEST, most // part) for part in (1, 2, 3, 4, 6)}, reverse=True)


def smooth(way: Way, window: int) -> Way:
    """A straight line fitted around each frame, by weights that fall to both sides (tricube)."""
    frames = np.arange(len(way), dtype=np.float64)
    smoothed = np.empty_like(way)
    for here in range(len(way)):
        first, stop = max(0, here - window), min(len(way), here + window + 1)
        away = frames[first:stop] - here
        weights = (1 - (np.abs(away) / (window + 1)) ** 3) ** 3
        smoothed[here] = _line_at_zero(away, way[first:stop], weights)
    return smoothed


def _line_at_zero(
    away: npt.NDArray[np.float64], values: Way, weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    total = weights.sum()
    middle = (weights * away).sum() / total
    mean = (weights[:, None] * values).sum(axis=0) / total
    spread = (weights * (away - middle) ** 2).sum()
    if spread <= 0:
        return np.asarray(mean)
    slope = ((weights * (away - middle))[:, None] * (values - mean)).sum(axis=0) / spread
    return np.asarray(mean - slope * middle)


def _swings(departure: npt.NDArray[np.float64]) -> bool:
    if len(departure) < 8 or float(np.sqrt((departure**2).mean())) < _LEAST:
        return False
    one, next_one = departure[:-1], departure[1:]
    power = float(np.sqrt((one**2).sum() * (next_one**2).sum()))
    return power > 0 and float((one * next_one).sum()) / power > BY_HAND
