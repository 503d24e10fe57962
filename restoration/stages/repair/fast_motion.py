"""Is a large defect something that moved too fast to be followed?

A limb that goes farther than its own width between frames is in one frame only at each place, as
dirt is; flow does not catch it. But the neighbours show it elsewhere: so every large defect is
looked for there, over a wide range and a little turned, at a quarter of the size first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.luma import Luma
from restoration.stages.repair.views import Motion, View

Mask = npt.NDArray[np.bool_]

_LARGE = 120  # pixels; what is smaller is looked for by the evidence of each suspect
_FARTHEST = 64  # columns or rows from where it is
_COARSE = 4
_TURNS = (0.0, -8.0, 8.0, -16.0, 16.0)  # degrees
_FINER = 5  # pixels about the coarse place, at half the size
_ALIKE = 0.42  # of what differs at its own place, of a shape that was found again
_DIFFERS = 12.0  # codes
_IN_BOTH = 0.3  # share of a defect's area that both neighbours show elsewhere
_SCENERY = 0.5  # of that, where this frame shows the same there: so it did not move there


def without_movers(
    here: View, mask: Mask, motions: Sequence[Motion], neighbours: Mapping[int, View]
) -> Mask:
    """The mask without large parts that a next frame shows somewhere else.

    Args:
        mask: (h, w) bool at the size that is looked at.
        neighbours: by offset.
    """
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = [part for part in range(1, count) if boxes[part][cv2.CC_STAT_AREA] >= _LARGE]
    near = _nearest(motions)
    if not large or not near:
        return mask
    kept = mask.copy()
    for part in large:
        left, top, wide, high, _ = (int(value) for value in boxes[part])
        box = (slice(top, top + high), slice(left, left + wide))
        inside = parts[box] == part
        found = any(_moved(here.luma, box, inside, m, neighbours[m.offset].luma) for m in near)
        covered = [] if found else [_uncovered(here.luma, mask, box, inside, m) for m in near]
        if found or (len(near) > 1 and min(covered) > _IN_BOTH):
            kept[box] &= ~inside
    return kept


def _nearest(motions: Sequence[Motion]) -> list[Motion]:
    """To the nearest neighbour on each side; frames that repeat another are none."""
    sides = ([m for m in motions if m.offset < 0], [m for m in motions if m.offset > 0])
    return [min(side, key=lambda motion: abs(motion.offset)) for side in sides if side]


Box = tuple[slice, slice]


def _moved(luma: Luma, box: Box, inside: Mask, motion: Motion, other: Luma) -> bool:
    height, width = luma.shape
    rim = 4
    y0, x0 = max(box[0].start - rim, 0), max(box[1].start - rim, 0)
    y1, x1 = min(box[0].stop + rim, height), min(box[1].stop + rim, width)
    shape = np.zeros((y1 - y0, x1 - x0), np.uint8)
    top, left = box[0].start - y0, box[1].start - x0
    shape[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    shape = cv2.dilate(shape, np.ones((5, 5), np.uint8))
    core = shape > 0
    patch = np.ascontiguousarray(luma[y0:y1, x0:x1])
    expected = _usual((patch - motion.seen[y0:y1, x0:x1])[core])
    if expected < 4.0:
        return False
    reach = _FARTHEST
    rows = slice(max(y0 - reach, 0), min(y1 + reach, height))
    columns = slice(max(x0 - reach, 0), min(x1 + reach, width))
    best = min(
        (
            _find(_Sought(turned, weight), luma, other, rows, columns)
            for turned, weight in _turned(patch, shape)
        ),
        key=lambda place: place.misfit,
    )
    if best.misfit >= _ALIKE * expected:
        return False
    return best.still >= _SCENERY * expected


def _uncovered(luma: Luma, mask: Mask, box: Box, inside: Mask, motion: Motion) -> float:
    """How much of the same tone the neighbour shows near by where this frame does not, over area.

    What bends or blurs as it moves is not found by its shape; but it covers a place in each frame,
    and dirt covers none in the next.
    """
    rows = slice(max(box[0].start - _FARTHEST, 0), box[0].stop + _FARTHEST)
    columns = slice(max(box[1].start - _FARTHEST, 0), box[1].stop + _FARTHEST)
    own = luma[box][inside]
    tone, spread = float(np.median(own)), max(float(own.std()), 10.0)
    here, there = luma[rows, columns], motion.seen[rows, columns]
    differs = (np.abs(here - there) > _DIFFERS) & ~mask[rows, columns]
    alike = differs & (np.abs(there - tone) < spread) & (np.abs(here - tone) > spread)
    held = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return float(held.sum()) / float(inside.sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Sought:
    """A shape with its rim. weight: (h, w) float32, 1 in the shape."""

    patch: Luma
    weight: Luma


@dataclass(frozen=True, slots=True)
class _Place:
    """Where it was found. misfit: usual difference there. still: how far this frame differs."""

    misfit: float
    still: float


def _turned(patch: Luma, shape: npt.NDArray[np.number]) -> Iterator[tuple[Luma, Luma]]:
    high, wide = patch.shape
    for turn in _TURNS:
        if not turn:
            yield patch, shape.astype(np.float32)
            continue
        about = cv2.getRotationMatrix2D(((wide - 1) / 2, (high - 1) / 2), turn, 1.0)
        turned = cv2.warpAffine(patch, about, (wide, high), borderMode=cv2.BORDER_REPLICATE)
        weight = cv2.warpAffine(
            shape.astype(np.uint8), about, (wide, high), flags=cv2.INTER_NEAREST
        )
        yield np.asarray(turned, np.float32), weight.astype(np.float32)


def _find(sought: _Sought, luma: Luma, other: Luma, rows: slice, columns: slice) -> _Place:
    """The place in the other frame that shows it best."""
    high, wide = sought.patch.shape
    searched = other[rows, columns]
    if searched.shape[0] < high or searched.shape[1] < wide:
        return _Place(np.inf, 0.0)
    y, x = _coarse(sought, searched)
    y0, y1 = max(y - _FINER, 0), min(y + _FINER, searched.shape[0] - high)
    x0, x1 = max(x - _FINER, 0), min(x + _FINER, searched.shape[1] - wide)
    window = searched[y0 : y1 + high, x0 : x1 + wide]
    errors = _misfits(window, sought)
    row, column = (int(at) for at in np.unravel_index(int(errors.argmin()), errors.shape))
    inside = sought.weight > 0
    found = window[row : row + high, column : column + wide]
    top, left = rows.start + y0 + row, columns.start + x0 + column
    same = luma[top : top + high, left : left + wide]
    return _Place(_usual((found - sought.patch)[inside]), _usual((same - found)[inside]))


def _usual(differences: npt.NDArray[np.floating]) -> float:
    """Root mean square without the largest sixth: there may be dirt on what moved."""
    squares = np.sort(np.square(differences, dtype=np.float64), axis=None)
    return float(np.sqrt(squares[: max(1, len(squares) * 5 // 6)].mean()))


def _coarse(sought: _Sought, searched: Luma) -> tuple[int, int]:
    def small(values: Luma) -> Luma:
        size = (max(1, values.shape[1] // _COARSE), max(1, values.shape[0] // _COARSE))
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)

    weight = (small(sought.weight) > 0.5).astype(np.float32)
    errors = _misfits(small(searched), _Sought(small(sought.patch), weight))
    row, column = np.unravel_index(int(errors.argmin()), errors.shape)
    return int(row) * _COARSE, int(column) * _COARSE


def _misfits(window: Luma, sought: _Sought) -> npt.NDArray[np.float64]:
    total = max(float(sought.weight.sum()), 1.0)
    squares = cv2.matchTemplate(window, sought.patch, cv2.TM_SQDIFF, mask=sought.weight)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0) / total))
