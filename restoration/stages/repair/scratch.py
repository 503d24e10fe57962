"""Scratches that run down the film: there in every frame, so that time does not give them away.

A scratch is a line a few pixels wide, lighter or darker than both its sides, upright within a few
degrees, from the top of the frame to the bottom, at about the same place for frames on end. A tenth
of the picture's contrast is lost in the grain of one pixel but not in the mean of hundreds, so
evidence is summed along lines first (after Kokaram 1996; Newson et al. 2014 for persistence).
Poles and door frames are lines too: they end somewhere, and they move with the scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.luma import Luma

Mask = npt.NDArray[np.bool_]

_BANDS = 16
_LEAN = 0.05  # columns a row, near 3 degrees
_FARTHEST = 4  # half of the widest scratch, at 720 columns and below
_CAP = 12.0  # codes; one strong edge must not stand for a whole line
_STRONG, _WEAK = 13.0, 6.0  # of 20: in a scene that stands still, and in one that moves
_COVERED, _LEAST_COVERED = 0.8, 0.55  # of the rows: of a whole line, of one partly hidden
_EMPTY = 2.0  # codes of spread down a side that shows nothing
_END, _ENDS_COVERED = 0.04, 0.7  # of the rows; a drawn frame or a pole stops short of it
_SWAY = 4.0  # columns from frame to frame
_MOVED = 1.5  # columns that tell a moving scene from one that stands
_MOST = 12  # lines in one frame; more is a fence


@dataclass(frozen=True, slots=True)
class Line:
    """One upright line of one frame.

    top, bottom: its column in the first and the last row. left, right: columns from its middle that
    belong to it. tone: +1 lighter than its sides, -1 darker.
    """

    top: float
    bottom: float
    left: int
    right: int
    tone: int
    strength: float
    whole: bool = True
    """Seen from end to end; False where the picture hides parts of it."""

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2.0


def find_lines(luma: Luma) -> list[Line]:
    """Lines of one frame that could be scratches, strongest first."""
    height, width = luma.shape
    if height < 4 * _BANDS or width < 64:
        return []
    reach = max(_FARTHEST, round(_FARTHEST * width / 720))
    ridge = _ridge(luma, reach)
    bands = _band_scores(ridge)
    found = [
        line for tone in (1, -1) for line in _peaks(luma, tone * bands, tone * ridge, reach, tone)
    ]
    kept: list[Line] = []
    for line in sorted(found, key=lambda line: -line.strength):
        # A light line has dark rims by the same measure, and the other way round.
        if all(abs(line.middle - other.middle) > 3 * reach for other in kept):
            kept.append(line)
    return kept[:_MOST]


def _ridge(luma: Luma, reach: int) -> Luma:
    """How much each place stands out against both its sides, 0 where only against one."""
    side = cv2.blur(luma, (reach, 1), borderType=cv2.BORDER_REPLICATE)
    left, right = np.roll(side, reach, axis=1), np.roll(side, -reach, axis=1)
    above = np.minimum(luma - left, luma - right)
    below = np.minimum(left - luma, right - luma)
    ridge = np.where(above > 0, above, np.where(below > 0, -below, np.float32(0.0)))
    ridge[:, : 2 * reach] = 0.0
    ridge[:, -2 * reach :] = 0.0
    return np.asarray(np.clip(ridge, -_CAP, _CAP), np.float32)


def _band_scores(ridge: Luma) -> npt.NDArray[np.float64]:
    """Mean ridge of each band and column in units of the band's own noise, (bands, W)."""
    parts = np.array_split(ridge, _BANDS, axis=0)
    means = np.stack([part.mean(axis=0) for part in parts]).astype(np.float64)
    scale = 1.4826 * np.median(np.abs(means), axis=1, keepdims=True)
    return np.asarray(means / np.maximum(scale, 0.15))


def _peaks(
    luma: Luma, bands: npt.NDArray[np.float64], ridge: Luma, reach: int, tone: int
) -> list[Line]:
    height, width = ridge.shape
    widest = round(_LEAN * height)
    slopes = range(-widest, widest + 1, 2)
    capped = np.clip(bands, -3.0, 5.0)
    # A line wanders by a pixel; the best of three columns follows it.
    beside = np.maximum(np.roll(capped, 1, axis=1), np.roll(capped, -1, axis=1)) - 0.5
    summed = np.stack([_along(np.maximum(capped, beside), slope) for slope in slopes])
    best = summed.max(axis=0)
    found: list[Line] = []
    taken = np.zeros(width, bool)
    for column in np.argsort(-best)[: 4 * _MOST].tolist():
        if best[column] / np.sqrt(_BANDS) < _WEAK or taken[column]:
            continue
        taken[max(0, column - 3 * reach) : column + 3 * reach + 1] = True
        slope = slopes[int(summed[:, column].argmax())]
        if _runs_through(bands, column, slope):
            strength = float(best[column] / np.sqrt(_BANDS))
            line = _measure(ridge, column, slope, reach, tone, strength)
            covered = _covered_height(ridge, line)
            if covered >= _LEAST_COVERED and not _is_border(luma, line, reach):
                found.append(replace(line, whole=covered >= _COVERED))
    return found


def _shift(band: int, slope: int) -> int:
    return round(slope * ((band + 0.5) / _BANDS - 0.5))


def _along(bands: npt.NDArray[np.float64], slope: int) -> npt.NDArray[np.float64]:
    """Sum over bands along lines of that slope, at the line's middle column."""
    width = bands.shape[1]
    shifts = np.array([_shift(band, slope) for band in range(_BANDS)])
    columns = np.clip(np.arange(width) + shifts[:, None], 0, width - 1)
    return np.asarray(np.take_along_axis(bands, columns, axis=1).sum(axis=0))


def _runs_through(bands: npt.NDArray[np.float64], column: int, slope: int) -> bool:
    """Whether the line is there in most bands."""
    width = bands.shape[1]
    seen = []
    for band in range(_BANDS):
        at = column + _shift(band, slope)
        seen.append(float(bands[band, max(0, at - 1) : min(width, at + 2)].max(initial=-9.0)))
    there = np.array(seen) > 1.2
    return bool(there.sum() >= _BANDS * 5 // 8)


def _covered_height(ridge: Luma, line: Line) -> float:
    """Share of the rows that show the line; 0 if those at the ends of the frame do not."""
    height, width = ridge.shape
    rows = np.arange(height)
    centre = line.top + (line.bottom - line.top) * (rows + 0.5) / height
    columns = np.rint(centre[:, None] + np.arange(line.left, line.right + 1)).astype(int)
    across = ridge[rows[:, None], np.clip(columns, 0, width - 1)].mean(axis=1)
    smooth = cv2.blur(across[:, None], (1, 9))[:, 0]
    least = 0.2 * float(np.median(smooth))
    end = max(6, round(_END * height))
    reaches = min(float((part > least).mean()) for part in (across[:end], across[-end:]))
    return float((smooth > least).mean()) if reaches >= _ENDS_COVERED else 0.0


def _is_border(luma: Luma, line: Line, reach: int) -> bool:
    """Whether a side shows nothing at all, as the bars beside a picture do.

    Looked for next to the line and a little farther out: the edge of a bar is often soft.
    """
    height, width = luma.shape
    rows = np.arange(height)
    centre = line.top + (line.bottom - line.top) * (rows + 0.5) / height

    def strip(start: int) -> npt.NDArray[np.floating]:
        columns = np.rint(centre[:, None] + np.arange(start, start + 2 * reach)).astype(int)
        return np.asarray(luma[rows[:, None], np.clip(columns, 0, width - 1)].mean(axis=1))

    for away in (0, 2 * reach):
        sides = [strip(line.left - 2 * reach - away), strip(line.right + 1 + away)]
        empty = [float(side.std()) < _EMPTY for side in sides]
        alike = abs(float(sides[0].mean() - sides[1].mean())) < 8.0
        if any(empty) and not (all(empty) and alike):
            return True
    return False


def _measure(ridge: Luma, column: int, slope: int, reach: int, tone: int, strength: float) -> Line:
    """Width of the line from the mean profile across it."""
    height, width = ridge.shape
    rows = np.arange(height)
    centre = np.rint(column + slope * ((rows + 0.5) / height - 0.5)).astype(int)
    offsets = np.arange(-reach, reach + 1)
    columns = np.clip(centre[:, None] + offsets, 0, width - 1)
    profile = np.maximum(ridge[rows[:, None], columns].mean(axis=0), 0.0)
    inside = profile > 0.4 * profile.max()
    left = right = reach
    while left > 0 and inside[left - 1]:
        left -= 1
    while right < 2 * reach and inside[right + 1]:
        right += 1
    return Line(
        column - slope / 2.0,
        column + slope / 2.0,
        left - reach - 1,
        right - reach + 1,
        tone,
        strength,
    )


def confirm(line: Line, others: Sequence[Sequence[Line]], sideways: Sequence[float]) -> bool:
    """Whether the line keeps its own way in the frames around, instead of the scene's.

    Args:
        others: the lines of each neighbour.
        sideways: for each neighbour, how far the scene moved sideways at the line, in columns.
    """
    seen = independent = 0
    whole = line.whole
    for lines, movement in zip(others, sideways, strict=True):
        near = [other for other in lines if other.tone == line.tone]
        same = [other.middle - line.middle for other in near]
        whole |= any(other.whole and abs(other.middle - line.middle) <= _SWAY for other in near)
        with_scene = any(abs(step - movement) <= 1.0 for step in same)
        alone = any(abs(step) <= _SWAY for step in same)
        seen += alone
        if abs(movement) > _MOVED:
            independent += 1 if alone and not with_scene else -1 if with_scene else 0
    if not whole:
        return False
    if independent > 0:
        return seen * 2 >= len(others)
    return independent == 0 and line.strength >= _STRONG and seen >= max(1, len(others) - 1)


def line_mask(shape: tuple[int, int], lines: Sequence[Line]) -> Mask:
    """The pixels of the lines, (H, W) bool."""
    height, width = shape
    mask = np.zeros(shape, bool)
    rows = np.arange(height)
    for line in lines:
        centre = line.top + (line.bottom - line.top) * (rows + 0.5) / height
        for offset in range(line.left, line.right + 1):
            columns = np.clip(np.rint(centre + offset).astype(int), 0, width - 1)
            mask[rows, columns] = True
    return mask
