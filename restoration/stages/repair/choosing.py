"""Which neighbour, at which whole-pixel displacement, a defect is copied from.

The choice is hard: one source for each piece, so that every value can be read again at its place.
What it is made by may be soft: the ring of sound pixels around the piece must fit, and inside it
the copy should come near to what all neighbours together say was there, each weighed by the trust
that the network puts in it. Those values are only looked at and never written.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import CELL
from restoration.imaging.luma import Luma
from restoration.stages.repair.views import Motion, View

Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice]

_RING = 4
_SEARCH = 2
_SMALLEST = 6  # pixels; a piece is cut no further
_SAMPLE = 4  # pixels of luma that the widest chroma sample covers
_ENOUGH = 12  # pixels of a ring that can be judged by
_GOOD = 4.0  # codes; a nearer neighbour that fits so well makes farther ones needless
_WORST, _OF_CONTRAST = 6.0, 0.5  # codes, and share of the ring's own deviation


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """A frame that values may be copied from. damaged: (H, W) bool, its own defects."""

    view: View
    motion: Motion
    damaged: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the neighbours together say, at the size of the scan.

    luma: (H, W) float32. unknown: (H, W) bool, where none of them is believed.
    """

    luma: Luma
    unknown: Mask


@dataclass(frozen=True, slots=True)
class Choice:
    """A source. error: root mean square over ring and piece, codes."""

    offset: int
    dy: int
    dx: int
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """A piece with its surroundings: what a copy should look like, and how much that counts."""

    box: Box
    outer: Box
    part: Mask
    values: Luma
    weights: npt.NDArray[np.uint8]
    counted: int


def choose_source(
    luma: Luma,
    mask: Mask,
    box: Box,
    part: Mask,
    neighbours: Sequence[Neighbour],
    expected: Expected | None = None,
) -> Choice | None:
    """The best source for one piece, or None if no neighbour shows what was there.

    Args:
        luma, mask: (H, W), the frame and all its defects.
        box, part: where the piece lies, and which pixels of the box are its own.
        neighbours: nearest first.
    """
    if expected is not None and expected.unknown[box][part].mean() > 0.5:
        return None
    wanted = _want(luma, mask, box, part, expected)
    if wanted.counted < _ENOUGH:
        return None
    best: Choice | None = None
    for neighbour in neighbours:
        if best is not None and abs(neighbour.motion.offset) > 1 and best.error < _GOOD:
            break
        found = _best_place(wanted, neighbour, luma.shape)
        if found is not None and (best is None or found.error < best.error):
            best = found
    if best is None or best.error > _limit(wanted):
        return None
    return best


def choose_sources(
    luma: Luma,
    mask: Mask,
    box: Box,
    part: Mask,
    neighbours: Sequence[Neighbour],
    expected: Expected | None = None,
) -> Iterator[tuple[Box, Mask, Choice | None]]:
    """The same piece by piece: one that no neighbour shows whole is asked for again in quarters.

    A neighbour's own dust is no reason to invent all that lies around it.
    """
    choice = choose_source(luma, mask, box, part, neighbours, expected)
    high, wide = part.shape
    if choice is not None or max(high, wide) < 2 * _SMALLEST:
        yield box, part, choice
        return
    for rows in _halves(box[0]):
        for columns in _halves(box[1]):
            quarter = part[
                rows.start - box[0].start : rows.stop - box[0].start,
                columns.start - box[1].start : columns.stop - box[1].start,
            ]
            if quarter.any():
                yield from choose_sources(
                    luma, mask, (rows, columns), quarter, neighbours, expected
                )


def _halves(side: slice) -> list[slice]:
    """Cut where no chroma sample is cut, whatever the format."""
    if side.stop - side.start < 2 * _SMALLEST:
        return [side]
    middle = (side.start + side.stop) // 2 // _SAMPLE * _SAMPLE
    return [slice(side.start, middle), slice(middle, side.stop)]


def _want(luma: Luma, mask: Mask, box: Box, part: Mask, expected: Expected | None) -> _Wanted:
    height, width = mask.shape
    rows, columns = box
    outer = (
        slice(max(rows.start - _RING, 0), min(rows.stop + _RING, height)),
        slice(max(columns.start - _RING, 0), min(columns.stop + _RING, width)),
    )
    values, weights = luma[outer], (~mask[outer]).view(np.uint8)
    if expected is not None:
        y, x = rows.start - outer[0].start, columns.start - outer[1].start
        inside = (slice(y, y + part.shape[0]), slice(x, x + part.shape[1]))
        values = values.copy()
        values[inside][part] = expected.luma[box][part]
        weights[inside][part] = 1
    return _Wanted(box, outer, part, values, weights, cv2.countNonZero(weights))


def _limit(wanted: _Wanted) -> float:
    spread = cv2.meanStdDev(wanted.values, mask=wanted.weights)[1]
    return _WORST + _OF_CONTRAST * float(spread[0, 0])


def _best_place(wanted: _Wanted, neighbour: Neighbour, shape: tuple[int, ...]) -> Choice | None:
    height, width = shape
    rows, columns = wanted.outer
    dx, dy = _flow_at(neighbour.motion, wanted.outer, shape)
    low_y, high_y = max(dy - _SEARCH, -rows.start), min(dy + _SEARCH, height - rows.stop)
    low_x, high_x = max(dx - _SEARCH, -columns.start), min(dx + _SEARCH, width - columns.stop)
    if low_y > high_y or low_x > high_x:
        return None
    window = (
        slice(rows.start + low_y, rows.stop + high_y),
        slice(columns.start + low_x, columns.stop + high_x),
    )
    errors = cv2.matchTemplate(
        neighbour.view.full[window], wanted.values, cv2.TM_SQDIFF, mask=wanted.weights
    )
    box = wanted.box
    holes = neighbour.damaged[
        box[0].start + low_y : box[0].stop + high_y, box[1].start + low_x : box[1].stop + high_x
    ].view(np.uint8)
    if cv2.countNonZero(holes):
        held = cv2.matchTemplate(holes, wanted.part.view(np.uint8), cv2.TM_CCORR)
        errors[held > 0.5] = np.inf
    least, _, (column, row), _ = cv2.minMaxLoc(errors)
    if not math.isfinite(least):
        return None
    error = math.sqrt(max(least, 0.0) / wanted.counted)
    return Choice(neighbour.motion.offset, low_y + row, low_x + column, error)


def _flow_at(motion: Motion, outer: Box, shape: tuple[int, ...]) -> tuple[int, int]:
    """(dx, dy) in the middle of a piece, in whole pixels of the full size."""
    height, width = motion.seen.shape
    scale_y, scale_x = shape[0] / height, shape[1] / width
    row = int((outer[0].start + outer[0].stop) / (2 * scale_y)) // CELL
    column = int((outer[1].start + outer[1].stop) / (2 * scale_x)) // CELL
    middle = motion.flow[row, column]
    return round(float(middle[0]) * scale_x), round(float(middle[1]) * scale_y)
