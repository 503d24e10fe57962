"""How strong the noise of a scene is, from what its still parts show.

Two measures: in blocks that stand still, two neighbouring frames differ by sqrt(2) times the noise,
whether grain hangs together or not; and the finest diagonal detail of a single frame is noise
nearly everywhere (Donoho and Johnstone 1994, the median of a wavelet's coefficients). The first is
true where something stands still and too large elsewhere; the second is too small for grain that
hangs together.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.floating]

_BLOCK = 16
_STILL = 0.1
"""Share of the blocks that are taken to stand still."""
_HANGING = 2.5
"""How many times the finest detail's measure grain that hangs together may have at most."""
_MAD = 0.6745
"""Of a normal distribution: its median absolute deviation."""


def estimate(planes: Sequence[Plane]) -> float:
    """The standard deviation of the noise, in the planes' own units.

    Args:
        planes: neighbouring frames, (H, W) each.
    """
    fine = float(np.median([_finest(plane) for plane in planes]))
    if len(planes) < 2:
        return fine
    between = float(np.median([_between(one, other) for one, other in pairwise(planes)]))
    return float(np.clip(between, fine, _HANGING * fine))


def _finest(plane: Plane) -> float:
    even = plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2].astype(np.float64)
    diagonal = (even[::2, ::2] - even[::2, 1::2] - even[1::2, ::2] + even[1::2, 1::2]) / 2
    return float(np.median(np.abs(diagonal))) / _MAD if diagonal.size else 0.0


def _between(one: Plane, other: Plane) -> float:
    away = other.astype(np.float64) - one
    rows, columns = (side // _BLOCK for side in away.shape)
    if not rows or not columns:
        return float(away.std() / np.sqrt(2))
    blocks = away[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    spreads = blocks.std(axis=(1, 3)) / np.sqrt(2)
    return float(np.quantile(spreads, _STILL))
