"""How much lighter or darker a frame is than its surroundings in time say it should be.

Each frame is compared with every other frame of a window inside its segment: a robust line
(`luma there = a * luma here + b`) through co-located coarse cells, of which those that moved are
left out. The lines say how light this frame's own picture is in each of its neighbours; a local
straight line through those levels over time says how light it ought to be here. Only what departs
from that line is removed, so a fade or a slow change of light stays, and a lamp that is switched
on stays as sudden as it was: where before and after disagree, the nearer side is believed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.float32]
"""(n,) float32 in [0, 255]: mean luma of coarse cells of one frame, row by row."""

_PASSES = 3
_STEEPEST = 2.0
_CLOSE, _CLOSE_SHARE = 2.5, 0.05  # codes, share of the level: how near the line a cell agrees
_LEAST_SHARE, _FULL_SHARE = 0.15, 0.5  # of cells on the line, for no and for full trust
_EVENT_TIMES, _EVENT_SHARE = 8.0, 0.2  # of the usual departure, of the level
_LEAST_SPREAD = 3.0  # luma codes; a flatter picture cannot tell gain from offset


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """From one frame to S others: gain, offset (S,) and the share of cells that agree (S,)."""

    gain: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]
    agreement: npt.NDArray[np.float64]


def fit_lines(here: Cells, others: npt.NDArray[np.float32]) -> Lines:
    """Fit `others[s] = gain[s] * here + offset[s]`, leaving out cells that moved.

    Slopes are ratios of spreads (reduced major axis): least squares would flatten the slope
    wherever motion loosens the tie between two frames, and so take contrast out of moving scenes.

    Args:
        here: (n,) cells of the frame. others: (S, n) cells of its neighbours.
    """
    x = here.astype(np.float64)[None, :]
    y = others.astype(np.float64)
    ratio = np.median((y + 1.0) / (x + 1.0), axis=1, keepdims=True)
    inside = _agreeing(y - ratio * x)
    gain = np.clip(ratio, 1 / _STEEPEST, _STEEPEST)
    offset = np.zeros_like(gain)
    for _ in range(_PASSES):
        gain, offset = _through_spread(x, y, inside)
        residual = y - gain * x - offset
        inside = _agreeing(residual)
    agreement = np.abs(residual) <= np.maximum(_CLOSE, _CLOSE_SHARE * y)
    return Lines(gain[:, 0], offset[:, 0], agreement.mean(axis=1))


def _agreeing(residual: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    middle = np.median(residual, axis=1, keepdims=True)
    scale = 1.4826 * np.median(np.abs(residual - middle), axis=1, keepdims=True)
    return np.asarray(np.abs(residual - middle) <= np.maximum(2.5 * scale, 1.0))


def _through_spread(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    count = np.maximum(inside.sum(axis=1, keepdims=True), 1)
    mean_x = (x * inside).sum(axis=1, keepdims=True) / count
    mean_y = (y * inside).sum(axis=1, keepdims=True) / count
    spread_x = np.sqrt(((x - mean_x) ** 2 * inside).sum(axis=1, keepdims=True) / count)
    spread_y = np.sqrt(((y - mean_y) ** 2 * inside).sum(axis=1, keepdims=True) / count)
    flat = np.minimum(spread_x, spread_y) < _LEAST_SPREAD
    by_mean = (mean_y + 1.0) / (mean_x + 1.0)
    gain = np.where(flat, by_mean, spread_y / np.maximum(spread_x, 1e-6))
    gain = np.clip(gain, 1 / _STEEPEST, _STEEPEST)
    return gain, mean_y - gain * mean_x


def expected_map(
    lines: Lines, distance: npt.NDArray[np.int64], level: float
) -> tuple[float, float]:
    """Gain and offset (in luma codes) that bring the frame to where its window expects it.

    Args:
        lines: to each neighbour. distance: (S,) its frames from here, negative before.
        level: luma of the frame at which levels are compared (its median).
    """
    levels = lines.gain * level + lines.offset
    trust = np.clip((lines.agreement - _LEAST_SHARE) / (_FULL_SHARE - _LEAST_SHARE), 0.0, 1.0)
    if float(trust.sum()) < 2.0:
        return 1.0, 0.0
    weights = _smoother(levels, distance, trust, level)
    if weights is None:
        return 1.0, 0.0
    return float(weights @ lines.gain), float(weights @ lines.offset)


def _smoother(
    levels: npt.NDArray[np.float64],
    distance: npt.NDArray[np.int64],
    trust: npt.NDArray[np.float64],
    level: float,
) -> npt.NDArray[np.float64] | None:
    """Weights (S,), sum 1, of a robust local line evaluated at 0; None: leave the frame."""
    kept = trust > 0
    times = np.append(distance[kept], 0)
    order = np.argsort(times)
    series = np.append(levels[kept], level)[order]
    side = _same_plateau(times[order], series)
    if side is not None:
        trust = np.where((distance >= side[0]) & (distance <= side[1]), trust, 0.0)
        return _local_line(levels, distance, trust, slope=False)
    weights = _local_line(levels, distance, trust)
    if weights is None:
        return None
    expected = float(weights @ levels)
    usual = float(np.median(np.abs(series - np.median(series))))
    if abs(expected - level) > max(_EVENT_TIMES * 1.4826 * usual, _EVENT_SHARE * level):
        return None  # a flash of light is an event of its own, not flicker
    return weights


def _same_plateau(
    times: npt.NDArray[np.int64], series: npt.NDArray[np.float64]
) -> tuple[int, int] | None:
    """First and last time of the frame's own side, if light was switched within the window.

    A step is believed if two plateaus explain the levels far better than a straight line does.
    """
    best: tuple[float, int] | None = None
    for split in range(2, len(series) - 1):
        before, after = series[:split], series[split:]
        error = np.abs(before - np.median(before)).sum() + np.abs(after - np.median(after)).sum()
        if best is None or error < best[0]:
            best = (float(error), split)
    if best is None:
        return None
    split = best[1]
    by_step = best[0] / len(series)
    jump = abs(float(np.median(series[:split]) - np.median(series[split:])))
    if jump <= max(3.0 * by_step, 0.04 * float(series.mean()) + 2.0):
        return None
    if _misfit_of_line(times, series) <= 1.6 * by_step + 0.3:
        return None
    own = times[:split] if 0 in times[:split] else times[split:]
    return int(own[0]), int(own[-1])


def _misfit_of_line(times: npt.NDArray[np.int64], series: npt.NDArray[np.float64]) -> float:
    """Mean distance from the straight line of median slope (Theil and Sen)."""
    first, second = np.triu_indices(len(times), 1)
    slope = float(np.median((series[second] - series[first]) / (times[second] - times[first])))
    flat = series - slope * times
    return float(np.abs(flat - np.median(flat)).mean())


def _local_line(
    levels: npt.NDArray[np.float64],
    distance: npt.NDArray[np.int64],
    trust: npt.NDArray[np.float64],
    *,
    slope: bool = True,
) -> npt.NDArray[np.float64] | None:
    """Linear weights of a tricube local regression, reweighted once against outlying frames."""
    if np.count_nonzero(trust) < 2:
        return None
    reach = float(np.abs(distance).max()) + 1.0
    kernel = trust * (1.0 - np.abs(distance / reach) ** 3) ** 3
    weights = _line_at_zero(kernel, distance, slope=slope)
    for _ in range(2):
        slope_weights = _slope_weights(kernel, distance) if slope else np.zeros_like(kernel)
        predicted = float(weights @ levels) + distance * float(slope_weights @ levels)
        residual = np.abs(levels - predicted)
        scale = 6.0 * float(np.median(residual[kernel > 0])) + 1e-6
        bisquare = np.clip(1.0 - (residual / scale) ** 2, 0.0, 1.0) ** 2
        reweighted = kernel * bisquare
        if np.count_nonzero(reweighted > 1e-9) < 2:
            break
        kernel = reweighted
        weights = _line_at_zero(kernel, distance, slope=slope)
    if slope and not _slopes(weights, kernel, levels, distance):
        # At the ends of a scene a slope that is only noise would be prolonged into thin air.
        return _line_at_zero(kernel, distance, slope=False)
    return weights


def _slopes(
    weights: npt.NDArray[np.float64],
    kernel: npt.NDArray[np.float64],
    levels: npt.NDArray[np.float64],
    distance: npt.NDArray[np.int64],
) -> bool:
    """Whether the local line has a slope beyond doubt, four of its own standard errors."""
    slope_weights = _slope_weights(kernel, distance)
    slope = float(slope_weights @ levels)
    residual = np.abs(levels - float(weights @ levels) - slope * distance)[kernel > 0]
    error = 1.4826 * float(np.median(residual)) * float(np.sqrt((slope_weights**2).sum()))
    return abs(slope) > 4.0 * error


def _line_at_zero(
    kernel: npt.NDArray[np.float64], distance: npt.NDArray[np.int64], *, slope: bool
) -> npt.NDArray[np.float64]:
    total = kernel.sum()
    mean = float((kernel * distance).sum() / total)
    spread = float((kernel * (distance - mean) ** 2).sum())
    weights = kernel / total
    if slope and spread > 1e-9:
        weights = weights - mean * kernel * (distance - mean) / spread
    return np.asarray(weights)


def _slope_weights(
    kernel: npt.NDArray[np.float64], distance: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    mean = float((kernel * distance).sum() / kernel.sum())
    spread = float((kernel * (distance - mean) ** 2).sum())
    return np.asarray(kernel * (distance - mean) / spread if spread > 1e-9 else kernel * 0.0)
