"""Scratches that run down the film: there in every frame, so that time does not give them away.

A scratch is a line up to ten columns wide (at 720), lighter or darker than both its sides, upright
within five degrees, that wanders a little on its way and may begin and end inside the frame. Each
band of a few rows says where it sees one; the best path through the bands is found by dynamic
programming, as local alignments are (Smith and Waterman 1981), so gaps and ends need no rule of
their own. Poles and door frames are lines too: `line_follow` tells them from scratches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.luma import Luma
from restoration.imaging.ranks import stable_order
from restoration.stages.repair.line_evidence import BAND, band_contrast
from restoration.stages.repair.line_measure import (
    Columns,
    centre,
    contrast_of,
    is_empty_beside,
    mirrored_mean,
)

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
    score, came = _accumulate(contrast)
    found = [
        line
        for side, tone in enumerate((1, -1))
        for strength, path in _paths(score[side], came[side])
        if (line := _measure(luma, path, band, tone, strength)) is not None
    ]
    kept: list[Line] = []
    for line in sorted(found, key=lambda line: -line.strength):
        if all(_apart(line, other) for other in kept):
            kept.append(line)
    return kept[:_MOST]


Path = tuple[int, npt.NDArray[np.int64]]
"""First band, and the column in each band from there."""


def _paths(score: Luma, came: npt.NDArray[np.int8]) -> list[tuple[float, Path]]:
    """Score and path of the best lines of one tone, best first, none across another."""
    shortest = max(3, round(_SHORTEST * len(score)))
    paths = np.empty((_MOST_OF_TONE, len(score)), np.int64)
    told = np.empty((_MOST_OF_TONE, 2), np.int64)
    count = _best_paths(score, came, _ends(score), shortest, paths, told)
    return [
        (float(score[last, path[last]]), (int(first), path[first : last + 1]))
        for path, (first, last) in zip(paths[:count], told[:count].tolist(), strict=True)
    ]


@compiled
def _best_paths(
    score: Luma,
    came: npt.NDArray[np.int8],
    ends: npt.NDArray[np.int64],
    shortest: int,
    paths: npt.NDArray[np.int64],
    told: npt.NDArray[np.int64],
) -> int:
    """Write the column in each band of each path, and its first and last band. How many."""
    used = np.zeros(score.shape, np.bool_)
    found, width = 0, score.shape[1]
    for band, column in ends:
        if found == len(paths):
            break
        if used[band, column]:
            continue
        path = _trace(came, band, column)
        first = band + 1 - len(path)
        crossed = False
        for index in range(len(path)):
            crossed = crossed or used[first + index, path[index]]
        for index in range(len(path)):
            at = path[index]
            used[first + index, max(at - 6, 0) : min(at + 7, width)] = True
        if crossed or len(path) < shortest or score[band, column] < _LEAST_EVEN * len(path):
            continue
        paths[found, first : band + 1] = path
        told[found, 0], told[found, 1] = first, band
        found += 1
    return found


@compiled
def _ends(score: Luma) -> npt.NDArray[np.int64]:
    """Where paths are at their best: (n, 2) band and column, best first."""
    bands, width = score.shape
    ends, scores = np.empty((score.size, 2), np.int64), np.empty(score.size, np.float32)
    held = 0
    for band in range(bands):
        for x in range(width):
            own = score[band, x]
            if own < _LEAST:
                continue
            is_best = True
            for row in range(max(band - 1, 0), min(band + 2, bands)):
                for column in range(max(x - 3, 0), min(x + 4, width)):
                    is_best = is_best and own >= score[row, column]
            if is_best:
                ends[held, 0], ends[held, 1], scores[held] = band, x, -own
                held += 1
    ordered, order = np.empty((held, 2), np.int64), stable_order(scores[:held])
    for index in range(held):
        ordered[index, 0], ordered[index, 1] = ends[order[index], 0], ends[order[index], 1]
    return ordered


def _accumulate(contrast: Luma) -> tuple[Luma, npt.NDArray[np.int8]]:
    """Best score of a path that ends at each place, and the step by which it came there.

    Both (tones, bands, W): light lines first, then dark ones.

    A path that fell far below the best it had reached is over; else every strong line would throw
    a shadow of paths that leave it sideways.

    Args:
        contrast: (bands, W), as `band_contrast` gives it.
    """
    score = np.empty((2, *contrast.shape), np.float32)
    came = np.zeros(score.shape, np.int8)
    for side, tone in enumerate((1.0, -1.0)):
        _follow_down(contrast, np.float32(tone), score[side], came[side])
    return score, came


@compiled
def _follow_down(contrast: Luma, tone: np.float32, score: Luma, came: npt.NDArray[np.int8]) -> None:
    bands, width = contrast.shape
    turn, patience, zero = np.float32(_TURN), np.float32(_PATIENCE), np.float32(0.0)
    bias, loss, most = np.float32(_BIAS), np.float32(_LOSS), np.float32(_GAIN)
    reached, peaks = np.empty(width, np.float32), np.empty(width, np.float32)
    came[0] = _START
    for x in range(width):
        score[0, x] = max(min(tone * contrast[0, x] - bias, most), zero)
        reached[x] = score[0, x]
    for band in range(1, bands):
        for x in range(width):
            best, peak, step = score[band - 1, x], reached[x], 0
            if x > 0 and score[band - 1, x - 1] - turn > best:
                best, peak, step = score[band - 1, x - 1] - turn, reached[x - 1], -1
            if x < width - 1 and score[band - 1, x + 1] - turn > best:
                best, peak, step = score[band - 1, x + 1] - turn, reached[x + 1], 1
            gain = min(max(tone * contrast[band, x] - bias, loss), most)
            total = gain + best
            if total <= zero or total < peak - patience:
                total, peak, step = max(gain, zero), zero, _START
            score[band, x], came[band, x] = total, step
            peaks[x] = max(total, peak)
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
    centred = centre(luma, first, columns, reach, tone)
    if centred is None:
        return None
    columns, left, right = centred
    if abs(float(columns[-1] - columns[0])) / max(1, len(columns)) > _LEAN:
        return None
    edge = _EDGE * width / 720
    if float(columns.min()) < edge or float(columns.max()) > width - 1 - edge:
        return None  # the picture's own edge, soft or rounded by the gate
    median, shown = contrast_of(luma, first, columns, left, right, tone)
    if median < _FAINTEST:
        return None
    end = max(6, round(_END * height))
    covered = float(shown.mean())
    line = Line(first, columns, left, right, tone, strength, median, whole=False)
    if covered < _LEAST_COVERED or _is_border(luma, line):
        return None
    if first < end and line.stop > height - end and covered >= _COVERED:
        return replace(line, whole=True)
    return _trimmed(line, shown)


def _trimmed(line: Line, shown: Mask) -> Line | None:
    """The line without what its path went on for at either end; None if too little is left."""
    steady = np.flatnonzero(mirrored_mean(shown.astype(np.float32), 15) > 0.6)
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
    edges = (line.left, line.right + 1)
    return is_empty_beside(luma, line.first, line.columns, edges, reach, _EMPTY)


def line_mask(shape: tuple[int, int], lines: Sequence[Line], *, margin: int = 0) -> Mask:
    """The pixels of the lines, (H, W) bool; `margin` columns more on each side."""
    mask = np.zeros(shape, bool)
    for line in lines:
        _draw(mask, line.first, line.columns, line.left - margin, line.right + margin)
    return mask


@compiled
def _draw(mask: Mask, first: int, columns: Columns, left: int, right: int) -> None:
    """Set the pixels from `left` to `right` of each column; those beyond an edge set its column."""
    last = mask.shape[1] - 1
    for row in range(len(columns)):
        middle = int(np.rint(columns[row]))
        for column in range(middle + left, middle + right + 1):
            mask[first + row, min(max(column, 0), last)] = True
