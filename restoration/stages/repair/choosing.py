"""Which neighbour, at which whole-pixel displacement, a defect is copied from.

The choice is hard: one source for each piece, so that every value can be read again at its place.
What it is made by may be soft: the ring of sound pixels around the piece must fit, and inside it
the copy should come near to what all neighbours together say was there, each weighed by the trust
that the network puts in it. Those values are only looked at and never written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import CELL, Cells
from restoration.imaging.luma import Luma
from restoration.stages.repair.parts import Bits, Parts
from restoration.stages.repair.views import Motion, View

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

_BLOCK = 24
RING = 4
_SEARCH = 2
_SMALLEST = 6  # pixels; a piece is cut no further
_SAMPLE = 4  # pixels of luma that the widest chroma sample covers
_ENOUGH = 12  # pixels of a ring that can be judged by
_GOOD = 4.0  # codes; a nearer neighbour that fits so well makes farther ones needless
_WORST, _OF_CONTRAST = 6.0, 0.5  # codes, and share of the ring's own deviation
NONE = -1


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


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of defects and where each is copied from.

    boxes: (n, 4) rows from, to, columns from, to. which: (n,) the part of the mask that it belongs
    to; what else the box holds is not its own. sources: (n, 3) index of the neighbour, rows and
    columns to its place there; -1 for the neighbour where none shows what was there.
    """

    boxes: Whole
    which: Whole
    sources: Whole


def choose_sources(
    luma: Luma, parts: Parts, neighbours: Sequence[Neighbour], expected: Expected | None = None
) -> Pieces:
    """The best source for each piece of the mask's parts, large ones in blocks of a fixed grid.

    One that no neighbour shows whole is asked for again in quarters: a neighbour's own dust is no
    reason to invent all that lies around it.

    Args:
        luma: (H, W), the frame. parts: all its defects.
        neighbours: nearest first.
    """
    boxes, which = cut_to_grid(parts.labels, parts.boxes)
    done = []
    while len(boxes):
        sources = _choose(luma, parts.labels, boxes, which, neighbours, expected)
        again = (sources[:, 0] == NONE) & (_largest_side(boxes) >= 2 * _SMALLEST)
        done.append((boxes[~again], which[~again], sources[~again]))
        boxes, which = cut_to_quarters(parts.labels, boxes[again], which[again])
    if not done:
        return Pieces(boxes, which, np.empty((0, 3), np.int64))
    return Pieces(*(np.concatenate(each) for each in zip(*done, strict=True)))


def _largest_side(boxes: Whole) -> Whole:
    return np.asarray(np.maximum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]))


def _choose(
    luma: Luma,
    labels: npt.NDArray[np.integer],
    boxes: Whole,
    which: Whole,
    neighbours: Sequence[Neighbour],
    expected: Expected | None,
) -> Whole:
    """Sources of pieces, (n, 3); those of which none fits have none."""
    sources = np.full((len(boxes), 3), NONE, np.int64)
    errors = np.full(len(boxes), np.inf)
    limits = np.zeros(len(boxes))
    told = np.empty((0, 0), np.float32) if expected is None else expected.luma
    unknown = np.empty((0, 0), bool) if expected is None else expected.unknown
    for index, neighbour in enumerate(neighbours):
        _try_neighbour(
            luma,
            labels,
            told,
            unknown,
            boxes,
            which,
            neighbour.view.full,
            neighbour.damaged,
            neighbour.motion.flow,
            np.array(luma.shape) / np.array(neighbour.motion.seen.shape),
            _GOOD if abs(neighbour.motion.offset) > 1 else 0.0,
            index,
            sources,
            errors,
            limits,
        )
    sources[errors > limits] = NONE
    return sources


@compiled
def _try_neighbour(
    luma: Luma,
    labels: npt.NDArray[np.integer],
    told: Luma,
    unknown: Mask,
    boxes: Whole,
    which: Whole,
    other: Luma,
    damaged: Mask,
    flow: Cells,
    scale: npt.NDArray[np.float64],
    good: float,
    number: int,
    sources: Whole,
    errors: npt.NDArray[np.float64],
    limits: npt.NDArray[np.float64],
) -> None:
    """Take this neighbour for the pieces that it suits better than those before it.

    Args:
        told, unknown: what is expected, or of no size where nothing is.
        good: error of a piece that needs no further neighbour.
        number: of this neighbour in `sources`.
    """
    height, width = luma.shape
    for index in range(len(boxes)):
        if errors[index] < good:
            continue
        y0, y1 = max(boxes[index, 0] - RING, 0), min(boxes[index, 1] + RING, height)
        x0, x1 = max(boxes[index, 2] - RING, 0), min(boxes[index, 3] + RING, width)
        places, values, inside = gather_places(
            luma, labels, told, unknown, boxes[index], which[index], (y0, y1, x0, x1)
        )
        if len(places) < _ENOUGH:
            continue
        if limits[index] == 0.0:
            limits[index] = _WORST + _OF_CONTRAST * np.std(values)
        row = int((y0 + y1) / (2.0 * scale[0])) // CELL
        column = int((x0 + x1) / (2.0 * scale[1])) // CELL
        dy, dx = round(flow[row, column, 1] * scale[0]), round(flow[row, column, 0] * scale[1])
        least = errors[index] * errors[index] * len(places)
        for down in range(max(dy - _SEARCH, -y0), min(dy + _SEARCH, height - y1) + 1):
            for across in range(max(dx - _SEARCH, -x0), min(dx + _SEARCH, width - x1) + 1):
                moved = down * width + across
                if holds_damage(damaged.reshape(-1), inside, moved):
                    continue
                total = misfit(places, values, other.reshape(-1), moved, least)
                if total < least:
                    least = total
                    sources[index, 0], sources[index, 1] = number, down
                    sources[index, 2] = across
                    errors[index] = math.sqrt(total / len(places))


@compiled
def gather_places(
    luma: Luma,
    labels: npt.NDArray[np.integer],
    told: Luma,
    unknown: Mask,
    box: Whole,
    part: int,
    outer: tuple[int, int, int, int],
) -> tuple[Whole, npt.NDArray[np.float32], Whole]:
    """What a copy must fit: places and their values; and the places of the piece itself.

    Places are those of the flattened frame. Nothing has to fit where most of the piece is unknown.
    """
    y0, y1, x0, x1 = outer
    size, width = (y1 - y0) * (x1 - x0), luma.shape[1]
    places, values = np.empty(size, np.int64), np.empty(size, np.float32)
    inside = np.empty(size, np.int64)
    counted = own = lost = 0
    for y in range(y0, y1):
        for x in range(x0, x1):
            label = labels[y, x]
            if label == part and box[0] <= y < box[1] and box[2] <= x < box[3]:
                inside[own] = y * width + x
                own += 1
                if not told.size:
                    continue
                lost += unknown[y, x]
                values[counted] = told[y, x]
            elif label == 0:
                values[counted] = luma[y, x]
            else:
                continue
            places[counted] = y * width + x
            counted += 1
    if 2 * lost > own:
        counted = 0
    return places[:counted], values[:counted], inside[:own]


@compiled
def holds_damage(damaged: Mask, inside: Whole, moved: int) -> bool:
    """Whether any of these places, moved, is damaged."""
    held = False
    for place in inside:
        held = damaged[place + moved]
        if held:
            break
    return held


@compiled
def misfit(
    places: Whole, values: npt.NDArray[np.float32], other: Luma, moved: int, most: float
) -> float:
    """Sum of squares of the other frame at the places, moved; given up once it reaches `most`."""
    total = 0.0
    for start in range(0, len(places), 16):
        for index in range(start, min(start + 16, len(places))):
            apart = other[places[index] + moved] - values[index]
            total += apart * apart
        if total >= most:
            return total
    return total


@compiled
def cut_to_grid(
    labels: npt.NDArray[np.integer], parts: npt.NDArray[np.int32]
) -> tuple[Whole, Whole]:
    """Boxes of all parts, large ones in blocks, and the part of each."""
    blocks = 0
    for part in range(1, len(parts)):
        blocks += (parts[part, 2] // _BLOCK + 2) * (parts[part, 3] // _BLOCK + 2)
    boxes, which = np.empty((blocks, 4), np.int64), np.empty(blocks, np.int64)
    held = 0
    for part in range(1, len(parts)):
        left, top, wide, high = parts[part, 0], parts[part, 1], parts[part, 2], parts[part, 3]
        first_y = top - top % _BLOCK if high > _BLOCK else top
        first_x = left - left % _BLOCK if wide > _BLOCK else left
        for y in range(first_y, top + high, _BLOCK):
            for x in range(first_x, left + wide, _BLOCK):
                boxes[held, 0], boxes[held, 1] = max(y, top), min(y + _BLOCK, top + high)
                boxes[held, 2], boxes[held, 3] = max(x, left), min(x + _BLOCK, left + wide)
                which[held] = part
                held += _is_any(labels, boxes[held], part)
    return boxes[:held].copy(), which[:held].copy()


@compiled
def cut_to_quarters(
    labels: npt.NDArray[np.integer], boxes: Whole, which: Whole
) -> tuple[Whole, Whole]:
    """Cut where no chroma sample is cut, whatever the format."""
    cut, of = np.empty((4 * len(boxes), 4), np.int64), np.empty(4 * len(boxes), np.int64)
    held = 0
    for index in range(len(boxes)):
        y0, y1, x0, x1 = boxes[index, 0], boxes[index, 1], boxes[index, 2], boxes[index, 3]
        y, x = (y0 + y1) // 2 // _SAMPLE * _SAMPLE, (x0 + x1) // 2 // _SAMPLE * _SAMPLE
        y = y if y1 - y0 >= 2 * _SMALLEST else y1
        x = x if x1 - x0 >= 2 * _SMALLEST else x1
        for top, low in ((y0, y), (y, y1)):
            for left, right in ((x0, x), (x, x1)):
                cut[held, 0], cut[held, 1], cut[held, 2], cut[held, 3] = top, low, left, right
                of[held] = which[index]
                held += _is_any(labels, cut[held], which[index])
    return cut[:held].copy(), of[:held].copy()


@compiled
def _is_any(labels: npt.NDArray[np.integer], box: Whole, part: int) -> bool:
    for y in range(box[0], box[1]):
        for x in range(box[2], box[3]):
            if labels[y, x] == part:
                return True
    return False


@compiled
def write_sources(
    labels: npt.NDArray[np.integer],
    boxes: Whole,
    which: Whole,
    sources: Whole,
    offsets: Whole,
    offset: npt.NDArray[np.int8],
    dy: npt.NDArray[np.int16],
    dx: npt.NDArray[np.int16],
    unknown: Bits,
) -> None:
    """Write where each pixel of the pieces is copied from; take that out of `unknown`.

    Args:
        offsets: (neighbours,) frames to each.
    """
    for index in range(len(boxes)):
        if sources[index, 0] == NONE:
            continue
        for y in range(boxes[index, 0], boxes[index, 1]):
            for x in range(boxes[index, 2], boxes[index, 3]):
                if labels[y, x] == which[index]:
                    offset[y, x] = offsets[sources[index, 0]]
                    dy[y, x], dx[y, x] = sources[index, 1], sources[index, 2]
                    unknown[y, x] = 0
