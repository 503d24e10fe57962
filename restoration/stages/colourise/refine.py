"""Draw colour to the picture's edges: the last step of a hinted frame.

Weighted least squares (Farbman et al. 2008) between the colour that was found and equal colour of
equally light neighbours, with the affinities of colorization by optimization (Levin et al. 2004).
A few steps of conjugate gradients from what was found; to solve it to the end would blur.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Plane
from restoration.stages.colourise.spread import Point

Colours = npt.NDArray[np.float32]
"""(H, W, 2) float32, a and b."""
_STEPS = 8
_FAITH = 0.06
"""Weight of the colour that was found; a pixel's eight neighbours together weigh up to one."""
_HELD = 10.0
"""Weight of a hint's pixels."""
_HALF = 3
_WAYS = ((0, 1), (1, 0), (1, 1), (1, -1))
_Pair = tuple[slice, slice]


class _Tie(NamedTuple):
    """All pairs of neighbours in one direction, and how alike they are."""

    first: _Pair
    second: _Pair
    weight: npt.NDArray[np.float32]


def draw_to_edges(lightness: Plane, ab: Colours, points: Sequence[Point]) -> Colours:
    """The colour drawn to edges of luma. (H, W, 2).

    Args:
        points: hints, each held over 6 x 6 pixels.
    """
    data = np.full(lightness.shape, _FAITH, np.float32)
    wanted = ab.copy()
    for point in points:
        top, left = round(point.y + 0.5) - _HALF, round(point.x + 0.5) - _HALF
        box = slice(max(0, top), top + 2 * _HALF), slice(max(0, left), left + 2 * _HALF)
        data[box], wanted[box] = _HELD, (point.a, point.b)
    ties = _ties(lightness)
    total = data.copy()
    for tie in ties:
        total[tie.first] += tie.weight
        total[tie.second] += tie.weight
    return _solve(wanted, data, total, ties)


def _solve(wanted: Colours, data: Plane, total: Plane, ties: Sequence[_Tie]) -> Colours:
    """Conjugate gradients with Jacobi's preconditioner, both channels at once."""
    scale = np.asarray(1 / total[..., None], np.float32)
    found = wanted.copy()
    rest = data[..., None] * wanted - _apply(found, total, ties)
    step = rest * scale
    power = (rest * step).sum(axis=(0, 1), dtype=np.float64)
    for _ in range(_STEPS):
        pushed = _apply(step, total, ties)
        along = power / np.maximum((step * pushed).sum(axis=(0, 1), dtype=np.float64), 1e-20)
        found += along.astype(np.float32) * step
        rest -= along.astype(np.float32) * pushed
        scaled = rest * scale
        after = (rest * scaled).sum(axis=(0, 1), dtype=np.float64)
        step = scaled + step * (after / np.maximum(power, 1e-20)).astype(np.float32)
        power = after
    return np.asarray(found, np.float32)


def _apply(values: Colours, total: Plane, ties: Sequence[_Tie]) -> Colours:
    made = total[..., None] * values
    for tie in ties:
        weight = tie.weight[..., None]
        made[tie.first] -= weight * values[tie.second]
        made[tie.second] -= weight * values[tie.first]
    return made


def _ties(lightness: Plane) -> list[_Tie]:
    height, width = lightness.shape
    light = lightness / np.float32(100)
    spread = _local_variance(light)
    ties = []
    for down, right in _WAYS:
        first = slice(0, height - down), slice(max(0, -right), width - max(0, right))
        second = slice(down, height), slice(max(0, right), width - max(0, -right))
        off = (light[first] - light[second]) ** 2 / (spread[first] + spread[second])
        weight = (np.exp(-off) + np.float32(1e-4)) / 8
        ties.append(_Tie(first, second, np.asarray(weight, np.float32)))
    return ties


def _local_variance(light: Plane) -> Plane:
    padded = np.pad(light, 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    variance = windows.var(axis=(2, 3), dtype=np.float64)
    return np.asarray(np.maximum(variance * 0.6, 2e-5), np.float32)
