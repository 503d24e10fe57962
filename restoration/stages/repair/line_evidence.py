"""How much each place looks like part of an upright line, summed along the line.

A tenth of the picture's contrast is 1.3 sigma in the grain of one pixel, but 15 sigma in the mean
of hundreds of pixels along a scratch (after Kokaram 1996). So rows are averaged in bands, each band
says how far each place stands out against both its sides, and that is summed along steep paths.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.luma import Luma

BAND = 8
"""Rows that are averaged first: a line that leans by 5 degrees moves by less than one column."""

_WIDTHS = (1, 3, 5, 8)  # columns, of a line and of the strip beside it that it is held against
_AROUND = 61  # columns within which the usual unevenness of the picture is measured
_FLOOR = 0.5  # codes; the least unevenness of a band that is believed
_CAP = 5.0  # sigma; no single band may stand for a whole line
_LEVELS = 4  # 2 ** _LEVELS bands
_TILT = 0.09  # columns a row, 5 degrees


def line_evidence(luma: Luma) -> Luma:
    """Signed evidence of an upright line, in units of its own deviation over the frame.

    Sums over 128 rows along every slope within 5 degrees of upright and takes the strongest, at
    widths of 1 to 10 columns. Light lines are positive, dark ones negative.

    Args:
        luma: (H, W) float32 in [0, 255], at most 720 columns.
    Returns: (H, W) float32, about unit deviation over a picture without lines, 0 where the picture
        is too small to tell.
    """
    height, width = luma.shape
    if height < 2 * BAND or width < 48:
        return np.zeros(luma.shape, np.float32)
    bands = band_contrast(luma)
    summed = _strongest_slope(bands)
    # The strongest of many slopes is seldom near zero: its median is nearer its deviation than that
    # of a normal distribution.
    deviation = max(1.2 * float(np.median(np.abs(summed))), 0.5)
    scaled = np.asarray(summed / np.float32(deviation), np.float32)
    return np.asarray(cv2.resize(scaled, (width, height), interpolation=cv2.INTER_LINEAR))


def band_contrast(luma: Luma, band: int = BAND) -> Luma:
    """How far each place of each band of rows stands out against both its sides, in sigma.

    Returns: (bands, W) float32 in [-5, 5]; 0 where a place stands out against one side only, as
        edges do, and beside the left and right edge of the picture.
    """
    height, width = luma.shape
    rows = max(2, height // band)
    means = np.asarray(cv2.resize(luma, (width, rows), interpolation=cv2.INTER_AREA), np.float32)
    best = np.zeros_like(means)
    for wide in _WIDTHS:
        ridge = _ridge(means, wide)
        usual = np.asarray(cv2.blur(np.abs(ridge), (_AROUND, 3)), np.float32)
        _keep_farther(ridge, usual, best)
    return best


@compiled
def _keep_farther(ridge: Luma, usual: Luma, best: Luma) -> None:
    """Put into `best` what the ridge is worth wherever that is farther from 0."""
    cap = np.float32(_CAP)
    for y in range(ridge.shape[0]):
        for x in range(ridge.shape[1]):
            scored = ridge[y, x] / (np.float32(1.5) * usual[y, x] + np.float32(_FLOOR))
            scored = min(max(scored, -cap), cap)
            if abs(scored) > abs(best[y, x]):
                best[y, x] = scored


def _ridge(means: Luma, wide: int) -> Luma:
    """Distance to the nearer of both sides, signed; 0 between the two."""
    gap = 1 + wide // 3
    side = max(3, wide)
    away = wide // 2 + gap + (side + 1) // 2
    centre = means if wide == 1 else np.asarray(cv2.blur(means, (wide, 1)), np.float32)
    ridge = np.zeros_like(means)
    _hold_against_sides(centre, np.asarray(cv2.blur(means, (side, 1))), away, side // 2, ridge)
    return ridge


@compiled
def _hold_against_sides(centre: Luma, beside: Luma, away: int, half: int, ridge: Luma) -> None:
    """Columns nearer to an edge of the picture than both sides reach stay 0."""
    edge = away + half
    for y in range(centre.shape[0]):
        for x in range(edge, centre.shape[1] - edge):
            left, right = beside[y, x - away], beside[y, x + away]
            ridge[y, x] = centre[y, x] - min(max(centre[y, x], min(left, right)), max(left, right))


def _strongest_slope(bands: Luma) -> Luma:
    """Sum over 2 ** _LEVELS bands along each slope; at each place the one farthest from zero.

    Pairs of sums are joined level by level, so that all slopes cost little more than one.
    """
    sums = {0: bands}
    for level in range(_LEVELS):
        apart = 1 << level  # bands between the two halves that are joined
        steepest = round(_TILT * BAND * (2 * apart - 1))
        joined = {}
        for slope in range(-steepest, steepest + 1):
            half = _nearest(slope, sums)
            joined[slope] = sums[half] + _moved(sums[half], apart, slope - half)
        sums = joined
    # Sums start at their top band; carry them to the middle of the path.
    middle = 1 << (_LEVELS - 1)
    centred = [_moved(total, -middle, -round(slope / 2)) for slope, total in sums.items()]
    return _farthest_from_zero(centred)


def _nearest(slope: int, sums: dict[int, Luma]) -> int:
    return min(sums, key=lambda half: (abs(2 * half - slope), abs(half)))


def _moved(values: Luma, down: int, across: int) -> Luma:
    """`values` of the place so many bands farther down and columns to the right; edges repeat."""
    shift = np.array([[1, 0, -across], [0, 1, -down]], np.float32)
    size = (values.shape[1], values.shape[0])
    return np.asarray(
        cv2.warpAffine(values, shift, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
    )


def _farthest_from_zero(maps: Sequence[Luma]) -> npt.NDArray[np.float32]:
    high, low = maps[0], maps[0]
    for values in maps[1:]:
        high, low = np.maximum(high, values), np.minimum(low, values)
    return np.where(high > -low, high, low)
