"""Scratches that run down the film: there in every frame, so that time does not give them away.

A scratch is a line up to ten columns wide (at 720), lighter or darker than both its sides, upright
within five degrees, that wanders a little on its way and may begin and end inside the frame. Each
band of a few rows says where it sees one; the best path through the bands is found by dynamic
programming, as local alignments are (Smith and Waterman 1981), so gaps and ends need no rule of
their own. Poles and door frames are lines too: `line_follow` tells them from scratches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.luma import Luma
from restoration.stages.repair.line_evidence import BAND, band_contrast
from restoration.stages.repair.line_measure import Columns, centre, contrast_of, strip

Mask = npt.NDArray[np.bool_]

_WIDEST = 12  # columns at 720
_BIAS, _LOSS, _GAIN = 1.1, -1.2, 2.4  # of a band: what counts as nothing, the least, the most
_TURN = 0.5  # price of a step of one column to the side between bands
_PATIENCE = 8.0  # score that a path may lose in a gap before it is over
_START = 9  # no step: a path begins here
_LEAST = 15.0  # score of a path that may be a line
_SHORTEST = 0.12  # of the rows
_LEAN = 0.105  # columns a row, 6 degrees
_FAINTEST = 1.5  # codes
_COVERED, _LEAST_COVERED = 0.6, 0.4  # of the rows: of a whole line, of one partly hidden
_EMPTY = 2.0  # codes of spread down a side that shows nothing
_END = 0.04  # of the rows; a drawn frame or a pole stops short of it
_LEAST_EVEN = 0.7  # score a band
_MOST_OF_TONE = 7
_EDGE = 13.0  # columns at 720 beside the edge of the picture
_MOST = 12  # lines in one frame; more is a fence


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One upright line of one frame.

    first: its first row. columns: (rows,) float32, the column of its middle in each row from there.
    left, right: whole columns from the middle that belong to it. tone: +1 lighter than its sides,
    -1 darker. contrast: codes between it and the nearer of its sides, the median of its rows.
    whole: seen from the top of the frame to its bottom.
    """

    first: int
    columns: Columns
    left: int
    right: int
    tone: int
    strength: float
    contrast: float
    whole: bool

    @property
    def stop(self) -> int:
        """The first row below it."""
        return self.first + len(self.columns)

    @property
    def middle(self) -> float:
        """Its column half way down."""
        return float(self.columns[len(self.columns) // 2])

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        return np.arange(self.first, self.stop)


def find_lines(luma: Luma) -> list[Line]:
    """Lines of one frame that could be scratches, strongest first.

    Args:
        luma: (H, W) float32 in [0, 255], at most 720 columns.
    """
    height, width = luma.shape
    if height < 64 or width < 64:
        return []
    band = BAND if height >= 32 * BAND else BAND // 2
    contrast = band_contrast(luma, band)
    gain = np.clip(np.stack([contrast, -contrast], axis=1) - _BIAS, _LOSS, _GAIN)
    score, came = _accumulate(gain)
    found = [
        line
        for side, tone in enumerate((1, -1))
        for strength, path in _paths(np.ascontiguousarray(score[:, side]), came[:, side])
        if (line := _measure(luma, path, band, tone, strength)) is not None
    ]
    kept: list[Line] = []
    for line in sorted(found, key=lambda line: -line.strength):
        if all(_apart(line, other) for other in kept):
            kept.append(line)
    return kept[:_MOST]


Path = tuple[int, npt.NDArray[np.int64]]
"""First band, and the column in each band from there."""


def _paths(score: Luma, came: npt.NDArray[np.int8]) -> Iterator[tuple[float, Path]]:
    """Score and path of the best lines of one tone, best first, none across another."""
    used = np.zeros(score.shape, bool)
    shortest = max(3, round(_SHORTEST * len(score)))
    beside = np.arange(-6, 7)
    found = 0
    for band, column in _ends(score).tolist():
        if found >= _MOST_OF_TONE:
            return
        if used[band, column]:
            continue
        path = _trace(came, band, column)
        first = band + 1 - len(path)
        rows = np.arange(first, band + 1)
        crossed = used[rows, path].any()
        used[rows[:, None], np.clip(path[:, None] + beside, 0, score.shape[1] - 1)] = True
        best = float(score[band, column])
        if not crossed and len(path) >= shortest and best >= _LEAST_EVEN * len(path):
            found += 1
            yield best, (first, path)


def _ends(score: Luma) -> npt.NDArray[np.int64]:
    """Where paths are at their best: (n, 2) band and column, best first."""
    around = cv2.dilate(score, np.ones((3, 7), np.uint8))
    ends = np.argwhere((score >= _LEAST) & (score >= around))
    order = np.argsort(-score[ends[:, 0], ends[:, 1]], kind="stable")
    return np.asarray(ends[order], np.int64)


def _accumulate(gain: Luma) -> tuple[Luma, npt.NDArray[np.int8]]:
    """Best score of a path that ends at each place, and the step by which it came there.

    Both (bands, tones, W), as the gain is.

    A path that fell far below the best it had reached is over; else every strong line would throw
    a shadow of paths that leave it sideways.
    """
    score = np.maximum(gain, 0)
    came = np.zeros(gain.shape, np.int8)
    _follow_down(np.ascontiguousarray(gain), score, came)
    return score, came


@compiled
def _follow_down(gain: Luma, score: Luma, came: npt.NDArray[np.int8]) -> None:
    bands, tones, width = gain.shape
    turn, patience, zero = np.float32(_TURN), np.float32(_PATIENCE), np.float32(0.0)
    reached = score[0].copy()
    peaks = np.empty_like(reached)
    came[0] = _START
    for band in range(1, bands):
        for tone in range(tones):
            for x in range(width):
                best, peak, step = score[band - 1, tone, x], reached[tone, x], 0
                if x > 0 and score[band - 1, tone, x - 1] - turn > best:
                    best, peak = score[band - 1, tone, x - 1] - turn, reached[tone, x - 1]
                    step = -1
                if x < width - 1 and score[band - 1, tone, x + 1] - turn > best:
                    best, peak = score[band - 1, tone, x + 1] - turn, reached[tone, x + 1]
                    step = 1
                total = gain[band, tone, x] + best
                if total <= zero or total < peak - patience:
                    total, peak, step = score[band, tone, x], zero, _START
                score[band, tone, x], came[band, tone, x] = total, step
                peaks[tone, x] = max(total, peak)
        reached[:] = peaks


@compiled
def _trace(came: npt.NDArray[np.int8], band: int, column: int) -> npt.NDArray[np.int64]:
    path = np.empty(band + 1, np.int64)
    at = band
    path[at] = column
    while at > 0 and came[at, column] != _START:
        column += came[at, column]
        at -= 1
        path[at] = column
    return path[at:].copy()


def _apart(line: Line, stronger: Line) -> bool:
    """Whether the line is another one than the stronger, and no rim of it."""
    first, stop = max(line.first, stronger.first), min(line.stop, stronger.stop)
    if stop <= first:
        return True
    distance = (
        line.columns[first - line.first : stop - line.first]
        - (stronger.columns[first - stronger.first : stop - stronger.first])
    )
    widths = line.right - line.left + stronger.right - stronger.left + 2
    rim = 2.0 if line.strength > 0.5 * stronger.strength else 6.0
    return float(np.abs(distance).min()) > widths / 2.0 + rim


def _measure(luma: Luma, path: Path, band: int, tone: int, strength: float) -> Line | None:
    """Follow the path row by row and measure the line; None if it is none after all."""
    height, width = luma.shape
    first, columns = _rows_of(path, height, band)
    reach = max(6, round(_WIDEST * width / 720))
    columns, left, right = centre(luma, first, columns, reach, tone)
    if right - left + 1 > reach:
        return None
    lean = abs(float(columns[-1] - columns[0])) / max(1, len(columns))
    contrast = contrast_of(luma, first, columns, left, right, tone)
    median = float(np.median(contrast))
    if lean > _LEAN or median < _FAINTEST:
        return None
    shown = cv2.blur(contrast[:, None], (1, 9))[:, 0] > 0.2 * median
    end = max(6, round(_END * height))
    covered = float(shown.mean())
    line = Line(first, columns, left, right, tone, strength, median, whole=False)
    edge = _EDGE * width / 720
    if float(columns.min()) < edge or float(columns.max()) > width - 1 - edge:
        return None  # the picture's own edge, soft or rounded by the gate
    if covered < _LEAST_COVERED or _is_border(luma, line):
        return None
    if first < end and line.stop > height - end and covered >= _COVERED:
        return replace(line, whole=True)
    return _trimmed(line, shown)


def _trimmed(line: Line, shown: Mask) -> Line | None:
    """The line without what its path went on for at either end; None if too little is left."""
    steady = np.flatnonzero(cv2.blur(shown.astype(np.float32)[:, None], (1, 15))[:, 0] > 0.6)
    if len(steady) < 16:
        return None
    start, stop = int(steady[0]), int(steady[-1]) + 1
    return replace(line, first=line.first + start, columns=line.columns[start:stop])


def _rows_of(path: Path, height: int, band: int) -> tuple[int, Columns]:
    """The path's column in every row, smoothed over three bands."""
    start, steps = path
    bands = max(2, height // band)
    smooth = steps.astype(np.float32)
    smooth[1:-1] = (smooth[:-2] + smooth[1:-1] + smooth[2:]) / np.float32(3.0)
    smooth[0] += (steps[1] - steps[0]) / 3.0
    smooth[-1] += (steps[-2] - steps[-1]) / 3.0
    edges = np.linspace(0, height, bands + 1)
    middles = (edges[:-1] + edges[1:])[start : start + len(steps)] / 2.0 - 0.5
    first, stop = round(edges[start]), round(edges[start + len(steps)])
    rows = np.arange(first, stop)
    return first, np.interp(rows, middles, smooth).astype(np.float32)


def _is_border(luma: Luma, line: Line) -> bool:
    """Whether a side shows nothing at all, as the bars beside a picture do.

    Looked for next to the line and a little farther out: the edge of a bar is often soft.
    """
    reach = max(4, round(4 * luma.shape[1] / 720))

    def side(start: int) -> npt.NDArray[np.floating]:
        offsets = np.arange(start, start + 2 * reach)
        return np.asarray(strip(luma, line.first, line.columns, offsets, every=2).mean(axis=1))

    for away in (0, 2 * reach):
        sides = [side(line.left - 2 * reach - away), side(line.right + 1 + away)]
        empty = [float(values.std()) < _EMPTY for values in sides]
        alike = abs(float(sides[0].mean() - sides[1].mean())) < 8.0
        if any(empty) and not (all(empty) and alike):
            return True
    return False


def line_mask(shape: tuple[int, int], lines: Sequence[Line], *, margin: int = 0) -> Mask:
    """The pixels of the lines, (H, W) bool; `margin` columns more on each side."""
    mask = np.zeros(shape, bool)
    for line in lines:
        for offset in range(line.left - margin, line.right + margin + 1):
            columns = np.clip(np.rint(line.columns).astype(int) + offset, 0, shape[1] - 1)
            mask[line.rows, columns] = True
    return mask
