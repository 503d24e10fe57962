"""Is a large defect something that moved too fast to be followed?

A limb that goes farther than its own width between frames is in one frame only at each place, as
dirt is; flow does not catch it. But the neighbours show it elsewhere: so every large defect is
looked for there, over a wide range and a little turned, at a quarter of the size first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import Codes
from restoration.imaging.ranks import median
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
    seen = motion.seen
    return _is_elsewhere(codes, seen, other, shape, (y0, x0))


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
    here, there = codes[rows, columns], motion.seen[rows, columns]
    alike = np.empty(here.shape, np.uint8)
    area = _hold_alike(codes[box], inside, here, there, mask[rows, columns], alike)
    held = cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return cv2.countNonZero(held) / area


@compiled
def _hold_alike(
    own: Codes, inside: Mask, here: Codes, there: Codes, mask: Bits, alike: Bits
) -> int:
    """Write where the neighbour has the tone that the shape has, and this frame not. The area."""
    codes = np.empty(own.size, np.float64)
    held = 0
    for y in range(own.shape[0]):
        for x in range(own.shape[1]):
            if inside[y, x]:
                codes[held] = own[y, x]
                held += 1
    tone = np.int32(np.rint(median(codes[:held].astype(np.float32))))
    spread = max(np.int32(np.rint(np.std(codes[:held]))), np.int32(10))
    for y in range(here.shape[0]):
        for x in range(here.shape[1]):
            this, other = np.int32(here[y, x]), np.int32(there[y, x])
            same = abs(other - tone) < spread and abs(this - tone) > spread
            alike[y, x] = same and abs(this - other) > _DIFFERS and not mask[y, x]
    return held


@compiled
def _is_elsewhere(
    codes: Codes, seen: Codes, other: Codes, inside: Codes, corner: tuple[int, int]
) -> bool:
    """Whether the other frame shows the shape elsewhere, and this frame not there.

    Args:
        seen: (h, w), the other frame along the motion.
        inside: (rows, columns), 1 in the shape and its rim. corner: its first row and column.
    """
    (y0, x0), (high, wide) = corner, inside.shape
    patch = codes[y0 : y0 + high, x0 : x0 + wide].copy()
    expected = _usual(patch, seen[y0 : y0 + high, x0 : x0 + wide], inside)
    if expected < _SAME:
        return False
    top, left = max(y0 - _FARTHEST, 0), max(x0 - _FARTHEST, 0)
    low = min(y0 + high + _FARTHEST, codes.shape[0])
    right = min(x0 + wide + _FARTHEST, codes.shape[1])
    misfit, still = _find(patch, inside, codes, other, (top, low, left, right))
    return misfit < _ALIKE * expected and still >= _SCENERY * expected


@compiled
def _find(
    patch: Codes, inside: Codes, codes: Codes, other: Codes, window: tuple[int, int, int, int]
) -> tuple[float, float]:
    """How badly the place in the other frame fits that shows it best, a little turned or not; and
    how far this frame differs from that place.

    All turns are looked for at a quarter of the size, the two that fit best at full size.
    """
    top, low, left, right = window
    high, wide = patch.shape
    small = _small(other[top:low, left:right])
    one, shape = _small(patch), _small_shape(inside)
    coarse = np.empty((len(_TURNS), 3))
    for index in range(len(_TURNS)):
        turned, within = _turned(one, shape, _TURNS[index])
        row, column, least = _least(small, turned, within)
        coarse[index, 0] = least / max(1, (within != 0).sum())
        coarse[index, 1], coarse[index, 2] = row, column
    best = still = np.inf
    for _ in range(_FINELY):
        index = int(coarse[:, 0].argmin())
        coarse[index, 0] = np.inf
        turned, within = _turned(patch, inside, _TURNS[index])
        y = top + int(coarse[index, 1]) * _COARSE
        x = left + int(coarse[index, 2]) * _COARSE
        first_y, first_x = max(y - _FINER, top), max(x - _FINER, left)
        last_y, last_x = min(y + _FINER, low - high), min(x + _FINER, right - wide)
        about = other[first_y : last_y + high, first_x : last_x + wide]
        row, column, _ = _least(about, turned, within)
        y, x = first_y + row, first_x + column
        found = other[y : y + high, x : x + wide]
        misfit = _usual(found, turned, within)
        if misfit < best:
            best = misfit
            still = _usual(codes[y : y + high, x : x + wide], found, within)
    return best, still


@compiled
def _turned(patch: Codes, inside: Codes, turn: float) -> tuple[Codes, Codes]:
    """A patch and its shape, turned about the middle: bilinear, edges repeated."""
    if turn == 0.0:
        return patch, inside
    high, wide = patch.shape
    made, within = np.empty_like(patch), np.zeros_like(inside)
    middle_y, middle_x = (high - 1) / 2, (wide - 1) / 2
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    for y in range(high):
        for x in range(wide):
            down, across = y - middle_y, x - middle_x
            from_y = middle_y + sine * across + cosine * down
            from_x = middle_x + cosine * across - sine * down
            near_y, near_x = int(np.rint(from_y)), int(np.rint(from_x))
            if 0 <= near_y < high and 0 <= near_x < wide:
                within[y, x] = inside[near_y, near_x]
            from_y = min(max(from_y, 0.0), high - 1.0)
            from_x = min(max(from_x, 0.0), wide - 1.0)
            top, left = int(from_y), int(from_x)
            low, right = min(top + 1, high - 1), min(left + 1, wide - 1)
            part_y, part_x = from_y - top, from_x - left
            above = patch[top, left] * (1.0 - part_x) + patch[top, right] * part_x
            below = patch[low, left] * (1.0 - part_x) + patch[low, right] * part_x
            made[y, x] = np.uint8(above * (1.0 - part_y) + below * part_y + 0.5)
    return made, within


@compiled
def _usual(one: Codes, other: Codes, inside: Codes) -> float:
    """Root mean square without the largest sixth: there may be dirt on what moved."""
    counts = np.zeros(256, np.int64)
    for y in range(one.shape[0]):
        for x in range(one.shape[1]):
            if inside[y, x]:
                counts[abs(np.int32(one[y, x]) - np.int32(other[y, x]))] += 1
    kept = max(1, counts.sum() * 5 // 6)
    total, held = 0, 0
    for apart in range(256):
        more = min(counts[apart], kept - held)
        total, held = total + more * apart * apart, held + more
    return math.sqrt(total / max(1, held))


@compiled
def _small(codes: Codes) -> Codes:
    """The mean of each block; what does not fill one at the right and below is left out."""
    high, wide = max(1, codes.shape[0] // _COARSE), max(1, codes.shape[1] // _COARSE)
    small = np.empty((high, wide), np.uint8)
    for y in range(high):
        for x in range(wide):
            block = codes[_COARSE * y : _COARSE * (y + 1), _COARSE * x : _COARSE * (x + 1)]
            total = np.int32(0)
            for row in range(block.shape[0]):
                for column in range(block.shape[1]):
                    total += np.int32(block[row, column])
            small[y, x] = np.uint8((total + block.size // 2) // block.size)
    return small


@compiled
def _small_shape(inside: Codes) -> Codes:
    """Blocks of which the shape covers a quarter."""
    shares = _small(inside * np.uint8(4 * _COARSE))
    return (shares >= _COARSE).astype(np.uint8)


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
