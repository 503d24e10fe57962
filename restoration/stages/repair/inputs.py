"""What the repair network is shown of a frame: itself, and how its neighbours differ from it.

Eleven planes, float32, in units that keep them near [-4, 4]:

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
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.luma import Luma
from restoration.stages.repair.views import Motion, View

Mask = npt.NDArray[np.bool_]
Inputs = npt.NDArray[np.float32]
"""(CHANNELS, H, W) float32."""

CHANNELS = 11
SLOTS = 4
"""Neighbours: nearer before, nearer after, farther before, farther after."""

_CELL = 4
_HELD = 0.25  # share of a cell that suspects must cover to unsettle its flow
_SUSPECT = 7.0  # codes
_CAP = 12.0  # codes; one strong edge must not stand for a whole line
_LONG = 41  # rows
_MOST = 63.0  # codes that a plane tells apart
_CROSS = np.ones((3, 3), np.uint8)
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
    """Give what stands out in time the motion of what lies around it.

    A blotch has no motion of its own, and flow inside it goes astray and finds something like it.
    Works on cells of 4 x 4 pixels, since flow is smooth.

    Args:
        neighbours: by offset.
    """
    near = [motion for motion in in_slots(motions)[:2] if motion is not None]
    if not near:
        return list(motions)
    unsure = _cells(np.abs(rank_difference(here.luma, near)) > _SUSPECT)
    if not unsure.any():
        return list(motions)
    height, width = here.luma.shape
    where = np.repeat(np.repeat(unsure, _CELL, axis=0), _CELL, axis=1)[:height, :width]
    flat = np.flatnonzero(np.ascontiguousarray(where))
    places = _Places(unsure, flat, flat // width, flat % width)
    return [_settle(motion, neighbours[motion.offset], places) for motion in motions]


class _Places(NamedTuple):
    """What is unsettled: cells (h, w) bool, and the pixels in them by index, row and column."""

    cells: Mask
    flat: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]


def _cells(suspects: Mask) -> Mask:
    height, width = suspects.shape
    size = (-(-width // _CELL), -(-height // _CELL))
    padded = cv2.copyMakeBorder(
        suspects.astype(np.float32),
        0,
        size[1] * _CELL - height,
        0,
        size[0] * _CELL - width,
        cv2.BORDER_REPLICATE,
    )
    held = cv2.resize(padded, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.dilate((held >= _HELD).astype(np.uint8), _CROSS) > 0)


def _settle(motion: Motion, neighbour: View, places: _Places) -> Motion:
    unsure = places.cells
    small = cv2.resize(
        motion.flow, (unsure.shape[1], unsure.shape[0]), interpolation=cv2.INTER_NEAREST
    )
    weight = (~unsure).astype(np.float32)
    filled = ~unsure
    known = small * weight[..., None]
    # From near to far: the first box that holds enough sure vectors gives its mean.
    for size in (5, 13, 31, 101):
        held = cv2.boxFilter(weight, -1, (size, size))
        mean = cv2.boxFilter(known, -1, (size, size))
        use = ~filled & (held > 0.15)
        small[use] = mean[use] / held[use][:, None]
        filled |= use
    flow, seen = motion.flow.copy(), motion.seen.copy()
    ends = small[places.rows // _CELL, places.columns // _CELL]
    flow.reshape(-1, 2)[places.flat] = ends
    rows, columns = places.rows + ends[:, 1], places.columns + ends[:, 0]
    seen.reshape(-1)[places.flat] = _read(neighbour.luma, rows, columns)
    return Motion(motion.offset, flow, seen, motion.missed, motion.outside)


def _read(
    luma: Luma, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]
) -> npt.NDArray[np.float32]:
    """Bilinear values at places; OpenCV takes rows of at most 32767, so they are folded."""
    fold = 1024
    lines = -(-len(rows) // fold)
    places = np.zeros((2, lines * fold), np.float32)
    places[0, : len(rows)], places[1, : len(rows)] = columns, rows
    values = cv2.remap(
        luma,
        places[0].reshape(lines, fold),
        places[1].reshape(lines, fold),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(values, np.float32).ravel()[: len(rows)]


def rank_difference(luma: Luma, near: Sequence[Motion]) -> Luma:
    """Signed distance outside the 3 x 3 range of all the nearer neighbours, 0 within. (H, W)."""
    high = np.maximum.reduce([cv2.dilate(motion.seen, _CROSS) for motion in near])
    low = np.minimum.reduce([cv2.erode(motion.seen, _CROSS) for motion in near])
    return np.asarray(luma - np.clip(luma, low, high), np.float32)


def line_evidence(luma: Luma) -> Luma:
    """Mean over 41 rows of how far a place stands out against both its sides, in codes. (H, W)."""
    side = cv2.blur(luma, (3, 1), borderType=cv2.BORDER_REPLICATE)
    padded = cv2.copyMakeBorder(side, 0, 0, 4, 4, cv2.BORDER_REPLICATE)
    left, right = padded[:, :-8], padded[:, 8:]
    ridge = luma - np.clip(luma, np.minimum(left, right), np.maximum(left, right))
    np.clip(ridge, -_CAP, _CAP, out=ridge)
    return np.asarray(cv2.blur(ridge, (1, _LONG), borderType=cv2.BORDER_REPLICATE), np.float32)


def network_inputs(here: View, motions: Sequence[Motion]) -> Inputs:
    """The planes for one frame; motions as `settle_suspects` leaves them.

    Where a farther neighbour is missing the nearer one of that side stands in; where a side is
    missing, the other, with no trust.

    Raises: ValueError if there is no neighbour at all.
    """
    luma = here.luma
    slots = in_slots(motions)
    near = [motion for motion in slots[:2] if motion is not None]
    if not near:
        raise ValueError("a frame without neighbours has nothing to be compared with")
    seen = _seen_in_slots(slots)
    planes = np.empty((CHANNELS, *luma.shape), np.float32)
    np.multiply(luma - np.float32(128.0), np.float32(1 / 64), out=planes[0])
    np.subtract(luma, seen[0], out=planes[1])
    np.subtract(luma, seen[1], out=planes[2])
    np.subtract(seen[0], seen[1], out=planes[3])
    middle = (seen[0] + seen[1]) * np.float32(0.5)
    np.subtract(seen[2], middle, out=planes[4])
    np.subtract(seen[3], middle, out=planes[5])
    planes[6], planes[7] = (_trust(slots[side], luma.shape) for side in (0, 1))
    planes[8] = rank_difference(luma, near)
    planes[9] = line_evidence(luma) * np.float32(4.0)
    planes[10] = luma - np.clip(luma, cv2.erode(luma, _RING), cv2.dilate(luma, _RING))
    for index in (*range(1, 6), *range(8, CHANNELS)):
        np.clip(planes[index], -_MOST, _MOST, out=planes[index])
        planes[index] *= np.float32(1 / 16)
    return planes


def _seen_in_slots(slots: Sequence[Motion | None]) -> list[Luma]:
    """What each slot shows; a stand-in where it is empty."""
    found = []
    for index in range(SLOTS):
        order = (index, index % 2, 2 + (1 - index % 2) if index > 1 else 1 - index, 1 - index % 2)
        found.append(next(motion.seen for motion in (slots[at] for at in order) if motion))
    return found


def _trust(motion: Motion | None, shape: tuple[int, ...]) -> Luma | np.float32:
    if motion is None:
        return np.float32(0.0)
    trust = np.maximum(np.float32(1.0) - np.float32(0.25) * motion.missed, np.float32(0.0))
    trust[motion.outside] = 0.0
    return np.asarray(trust, np.float32)
