"""Is a large defect something that moved too fast to be followed?

A limb that goes farther than its own width between frames is in one frame only at each place, as
dirt is; flow does not catch it. But the neighbours show it elsewhere: so every large defect is
looked for there, over a wide range and a little turned, at a quarter of the size first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import Codes
from restoration.stages.repair.parts import Bits, Parts
from restoration.stages.repair.views import Motion, View, nearest

Mask = npt.NDArray[np.bool_]

_LARGE = 120  # pixels; what is smaller is looked for by the evidence of each suspect
_FARTHEST = 64  # columns or rows from where it is
_COARSE = 4
_TURNS = (0.0, -8.0, 8.0, -16.0, 16.0)  # degrees
_FINER = 5  # pixels about the coarse place, at half the size
_ALIKE = 0.42  # of what differs at its own place, of a shape that was found again
_FINELY = 2  # turns that are looked for at full size as well
_RIM = 4
_SAME = 4.0  # codes
_DIFFERS = 12  # codes
_IN_BOTH = 0.3  # share of a defect's area that both neighbours show elsewhere
_SCENERY = 0.5  # of that, where this frame shows the same there: so it did not move there


def without_movers(
    here: View, mask: Bits, motions: Sequence[Motion], neighbours: Mapping[int, View]
) -> Bits:
    """The mask without large parts that a next frame shows somewhere else.

    Args:
        mask: (h, w) uint8, 0 or 1, at the size that is looked at.
        neighbours: by offset.
    """
    near = nearest(motions)
    if not near or cv2.countNonZero(mask) < _LARGE:
        return mask
    parts = Parts.of(mask)
    large = np.flatnonzero(parts.area[1:] >= _LARGE) + 1
    codes, boxes = here.codes, parts.boxes.tolist()
    kept = np.ones(parts.count, bool)
    for part in large.tolist():
        left, top, wide, high, _ = boxes[part]
        box = (slice(top, top + high), slice(left, left + wide))
        inside = parts.labels[box] == part
        found = any(_moved(codes, box, inside, m, neighbours[m.offset].codes) for m in near)
        kept[part] = not found and not _uncovers(codes, mask, box, inside, near)
    return parts.only(kept)


Box = tuple[slice, slice]


def _moved(codes: Codes, box: Box, inside: Mask, motion: Motion, other: Codes) -> bool:
    height, width = codes.shape
    y0, x0 = max(box[0].start - _RIM, 0), max(box[1].start - _RIM, 0)
    y1, x1 = min(box[0].stop + _RIM, height), min(box[1].stop + _RIM, width)
    shape = np.zeros((y1 - y0, x1 - x0), np.uint8)
    top, left = box[0].start - y0, box[1].start - x0
    shape[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    shape = np.asarray(cv2.dilate(shape, np.ones((5, 5), np.uint8)), np.uint8)
    patch = codes[y0:y1, x0:x1]
    expected = _usual(patch, motion.seen[y0:y1, x0:x1], shape)
    if expected < _SAME:
        return False
    rows = slice(max(y0 - _FARTHEST, 0), min(y1 + _FARTHEST, height))
    columns = slice(max(x0 - _FARTHEST, 0), min(x1 + _FARTHEST, width))
    best = _find(_Sought(patch, shape), codes, other, rows, columns)
    if best.misfit >= _ALIKE * expected:
        return False
    return best.still >= _SCENERY * expected


def _uncovers(codes: Codes, mask: Bits, box: Box, inside: Mask, near: Sequence[Motion]) -> bool:
    """Whether each of two neighbours shows something of its tone where this frame does not."""
    if len(near) < 2:
        return False
    return all(_uncovered(codes, mask, box, inside, motion) > _IN_BOTH for motion in near)


def _uncovered(codes: Codes, mask: Bits, box: Box, inside: Mask, motion: Motion) -> float:
    """How much of the same tone the neighbour shows near by where this frame does not, over area.

    What bends or blurs as it moves is not found by its shape; but it covers a place in each frame,
    and dirt covers none in the next.
    """
    rows = slice(max(box[0].start - _FARTHEST, 0), box[0].stop + _FARTHEST)
    columns = slice(max(box[1].start - _FARTHEST, 0), box[1].stop + _FARTHEST)
    own = codes[box][inside]
    tone, spread = round(float(np.median(own))), max(round(float(own.std())), 10)
    here, there = codes[rows, columns], motion.seen[rows, columns]
    away = np.abs(np.arange(256) - tone)
    other = (away < spread).view(np.uint8)[there]
    this = (away > spread).view(np.uint8)[here]
    differs = (cv2.absdiff(here, there) > _DIFFERS).view(np.uint8)
    alike = other & this & differs & ~mask[rows, columns]
    held = cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return cv2.countNonZero(held) / float(inside.sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Sought:
    """A shape with its rim. inside: (h, w) uint8, 1 in the shape."""

    patch: Codes
    inside: Codes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where it was found. misfit: usual difference there. still: how far this frame differs."""

    misfit: float
    still: float


def _turned(sought: _Sought, turn: float) -> _Sought:
    if not turn:
        return sought
    high, wide = sought.patch.shape
    about = cv2.getRotationMatrix2D(((wide - 1) / 2, (high - 1) / 2), turn, 1.0)
    patch = cv2.warpAffine(sought.patch, about, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(sought.inside, about, (wide, high), flags=cv2.INTER_NEAREST)
    return _Sought(np.asarray(patch, np.uint8), np.asarray(inside, np.uint8))


def _find(sought: _Sought, codes: Codes, other: Codes, rows: slice, columns: slice) -> _Place:
    """The place in the other frame that shows it best, a little turned or not.

    All turns are looked for at a quarter of the size, the two that fit best at full size.
    """
    searched = other[rows, columns]
    high, wide = sought.patch.shape
    if searched.shape[0] < high or searched.shape[1] < wide:
        return _Place(np.inf, 0.0)
    small = _small(searched)
    shape = _Sought(_small(sought.patch), _small(sought.inside * np.uint8(2)))
    coarse = [(*_best(small, _turned(shape, turn)), turn) for turn in _TURNS]
    coarse.sort(key=lambda found: found[2])
    places = []
    for x, y, _, turn in coarse[:_FINELY]:
        turned = _turned(sought, turn)
        y, x = y * _COARSE, x * _COARSE
        y0, y1 = max(y - _FINER, 0), min(y + _FINER, searched.shape[0] - high)
        x0, x1 = max(x - _FINER, 0), min(x + _FINER, searched.shape[1] - wide)
        window = searched[y0 : y1 + high, x0 : x1 + wide]
        column, row, _ = _best(window, turned)
        found = window[row : row + high, column : column + wide]
        top, left = rows.start + y0 + row, columns.start + x0 + column
        same = codes[top : top + high, left : left + wide]
        misfit = _usual(found, turned.patch, turned.inside)
        places.append(_Place(misfit, _usual(same, found, turned.inside)))
    return min(places, key=lambda place: place.misfit)


def _usual(one: Codes, other: Codes, inside: Codes) -> float:
    """Root mean square without the largest sixth: there may be dirt on what moved."""
    apart = np.sort(np.asarray(cv2.absdiff(one, other))[inside != 0])
    kept = apart[: max(1, len(apart) * 5 // 6)].astype(np.int64)
    return math.sqrt(float(np.dot(kept, kept)) / max(1, len(kept)))


def _small(codes: Codes) -> Codes:
    size = (max(1, codes.shape[1] // _COARSE), max(1, codes.shape[0] // _COARSE))
    return np.asarray(cv2.resize(codes, size, interpolation=cv2.INTER_AREA), np.uint8)


def _best(window: Codes, sought: _Sought) -> tuple[int, int, float]:
    """Column and row at which it fits best, and the misfit there, root mean square."""
    pixels = max(1, cv2.countNonZero(sought.inside))
    row, column, least = _least(
        np.ascontiguousarray(window),
        np.ascontiguousarray(sought.patch),
        np.ascontiguousarray(sought.inside),
    )
    return column, row, math.sqrt(least / pixels)


@compiled
def _least(window: Codes, patch: Codes, inside: Codes) -> tuple[int, int, int]:
    """Row, column and sum of squares; a place is given up once it fits worse than the best."""
    high, wide = patch.shape
    best_row, best_column, least = 0, 0, 1 << 60
    for row in range(window.shape[0] - high + 1):
        for column in range(window.shape[1] - wide + 1):
            total = np.int64(0)
            for y in range(high):
                for x in range(wide):
                    apart = np.int32(window[row + y, column + x]) - np.int32(patch[y, x])
                    total += apart * apart * np.int32(inside[y, x] != 0)
                if total >= least:
                    break
            if total < least:
                best_row, best_column, least = row, column, int(total)
    return best_row, best_column, least
