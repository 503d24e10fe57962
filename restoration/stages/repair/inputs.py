"""What the repair network is shown of a frame: itself, and how its neighbours differ from it.

Eleven planes of whole numbers, int8, `SCALES` steps to one of the network's units:

0      the frame's luma, around middle grey
1, 2   frame minus nearer neighbour along the motion: before, after
3      nearer before minus nearer after
4, 5   farther neighbour minus the mean of the nearer ones: before, after
6, 7   trust in the motion to the nearer ones, 1 where there-and-back returns, 0 where it fails
8      signed rank-ordered difference (SROD): how far outside the range of both nearer ones
9      evidence of upright lines: ridges averaged along columns
10     the same in space: how far outside the range of a ring around the place
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import CELL, Codes, cells_of
from restoration.stages.repair.settling import settle, unsure_cells
from restoration.stages.repair.views import Motion, View

Inputs = npt.NDArray[np.int8]
"""(CHANNELS, H, W) int8."""

CHANNELS = 11
SLOTS = 4
"""Neighbours: nearer before, nearer after, farther before, farther after."""
SCALES = np.array([64, 32, 32, 32, 32, 32, 127, 127, 32, 32, 32], np.float32)
"""Steps of each plane to one unit. Those of differences are half codes."""
HALVES = 2
"""Steps of a difference to one code."""
OF_LINES = 8
"""Steps of the evidence of lines to one code."""

_HELD = 0.25  # share of a cell that suspects must cover to unsettle its flow
_SUSPECT = 7  # codes
_CAP = 12  # codes; one strong edge must not stand for a whole line
_LONG = 20  # rows above and below over which a line is averaged
_BESIDE = 4  # columns between a line and the strip of three beside it
_MOST = 63  # codes that a plane tells apart
_SQUARE = np.ones((3, 3), np.uint8)
_RING = np.ones((7, 7), np.uint8)
_RING[1:6, 1:6] = 0


def in_slots(motions: Sequence[Motion]) -> list[Motion | None]:
    """Motions in the order of the slots; None where there is no such neighbour."""
    before = sorted((each for each in motions if each.offset < 0), key=lambda each: -each.offset)
    after = sorted((each for each in motions if each.offset > 0), key=lambda each: each.offset)
    slots: list[Motion | None] = [None] * SLOTS
    for side, found in enumerate((before, after)):
        for rank, motion in enumerate(found[:2]):
            slots[2 * rank + side] = motion
    return slots


def settle_suspects(
    here: View, motions: Sequence[Motion], neighbours: dict[int, View]
) -> list[Motion]:
    """Give what stands out in time the motion of what lies around it (`settling`).

    Args:
        neighbours: by offset.
    """
    near = [motion for motion in in_slots(motions)[:2] if motion is not None]
    if not near:
        return list(motions)
    low, high = _range(near)
    beyond = cv2.max(cv2.subtract(here.codes, high), cv2.subtract(low, here.codes))
    suspects = (beyond > _SUSPECT).view(np.uint8)
    return settle(motions, neighbours, unsure_cells(suspects, held=_HELD, reach=1))


def _range(near: Sequence[Motion]) -> tuple[Codes, Codes]:
    """Lowest and highest code within 3 x 3 of all the nearer neighbours."""
    low = reduce(cv2.min, (cv2.erode(motion.seen, _SQUARE) for motion in near))
    high = reduce(cv2.max, (cv2.dilate(motion.seen, _SQUARE) for motion in near))
    return np.asarray(low, np.uint8), np.asarray(high, np.uint8)


def network_inputs(here: View, motions: Sequence[Motion]) -> Inputs:
    """The planes for one frame; motions as `settle_suspects` leaves them.

    Where a farther neighbour is missing the nearer one of that side stands in; where a side is
    missing, the other, with no trust.

    Raises: ValueError if there is no neighbour at all.
    """
    codes = here.codes
    slots = in_slots(motions)
    near = [motion for motion in slots[:2] if motion is not None]
    if not near:
        raise ValueError("a frame without neighbours has nothing to be compared with")
    planes = np.empty((CHANNELS, *codes.shape), np.int8)
    seen = _seen_in_slots(slots)
    low, high = _range(near)
    around = (
        np.asarray(cv2.erode(codes, _RING), np.uint8),
        np.asarray(cv2.dilate(codes, _RING), np.uint8),
    )
    _compare(codes, seen[0], seen[1], seen[2], seen[3], low, high, *around, planes)
    for side in (0, 1):
        planes[6 + side] = _trust(slots[side], codes.shape)
    _find_lines(codes, planes[9])
    return planes


@compiled
def _compare(
    codes: Codes,
    before: Codes,
    after: Codes,
    long_before: Codes,
    long_after: Codes,
    low: Codes,
    high: Codes,
    least_around: Codes,
    most_around: Codes,
    planes: Inputs,
) -> None:
    """Write the planes that compare codes: all but trust and lines."""
    most = np.int32(_MOST)
    for y in range(codes.shape[0]):
        for x in range(codes.shape[1]):
            own = np.int32(codes[y, x])
            first, second = np.int32(before[y, x]), np.int32(after[y, x])
            both = first + second
            within = min(max(own, np.int32(low[y, x])), np.int32(high[y, x]))
            ring = min(max(own, np.int32(least_around[y, x])), np.int32(most_around[y, x]))
            planes[0, y, x] = own - np.int32(128)
            planes[1, y, x] = HALVES * min(max(own - first, -most), most)
            planes[2, y, x] = HALVES * min(max(own - second, -most), most)
            planes[3, y, x] = HALVES * min(max(first - second, -most), most)
            long = HALVES * np.int32(long_before[y, x]) - both
            planes[4, y, x] = min(max(long, -HALVES * most), HALVES * most)
            long = HALVES * np.int32(long_after[y, x]) - both
            planes[5, y, x] = min(max(long, -HALVES * most), HALVES * most)
            planes[8, y, x] = HALVES * min(max(own - within, -most), most)
            planes[10, y, x] = HALVES * min(max(own - ring, -most), most)


@compiled
def _find_lines(codes: Codes, told: npt.NDArray[np.int8]) -> None:
    """Write the mean over 41 rows of how far a place stands out against both its sides."""
    height, width = codes.shape
    ridge = np.empty((height, width), np.int16)  # thirds of a code
    side = np.empty(width + 2 * _BESIDE, np.int32)
    for y in range(height):
        for x in range(width):
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            three = np.int32(codes[y, left]) + np.int32(codes[y, x]) + np.int32(codes[y, right])
            side[x + _BESIDE] = three
        side[:_BESIDE] = side[_BESIDE]
        side[width + _BESIDE :] = side[width + _BESIDE - 1]
        for x in range(width):
            one, other = side[x], side[x + 2 * _BESIDE]
            own = np.int32(3) * np.int32(codes[y, x])
            over = own - min(max(own, min(one, other)), max(one, other))
            ridge[y, x] = min(max(over, np.int32(-3 * _CAP)), np.int32(3 * _CAP))
    total = np.zeros(width, np.int32)
    for y in range(-_LONG, _LONG + 1):
        total += ridge[min(max(y, 0), height - 1)]
    scale = np.float32(OF_LINES / (3.0 * (2 * _LONG + 1)))
    for y in range(height):
        below, gone = ridge[min(y + _LONG + 1, height - 1)], ridge[max(y - _LONG, 0)]
        for x in range(width):
            told[y, x] = np.int8(np.rint(np.float32(total[x]) * scale))
            total[x] += below[x] - gone[x]


def _seen_in_slots(slots: Sequence[Motion | None]) -> list[Codes]:
    """What each slot shows; a stand-in where it is empty."""
    found = []
    for index in range(SLOTS):
        order = (index, index % 2, 2 + (1 - index % 2) if index > 1 else 1 - index, 1 - index % 2)
        found.append(next(motion.seen for motion in (slots[at] for at in order) if motion))
    return found


def _trust(motion: Motion | None, shape: tuple[int, ...]) -> Codes | np.uint8:
    if motion is None:
        return np.uint8(0)
    trust = np.maximum(np.float32(1.0) - np.float32(0.25) * motion.missed, np.float32(0.0))
    trust[motion.outside] = 0.0
    rows, columns = cells_of(shape)
    cells = np.rint(trust * np.float32(127)).astype(np.uint8)
    wide = cv2.resize(cells, (columns * CELL, rows * CELL), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide[: shape[0], : shape[1]], np.uint8)
