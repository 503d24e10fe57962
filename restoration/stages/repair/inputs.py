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
from functools import reduce

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import Codes, spread
from restoration.imaging.luma import Luma
from restoration.stages.repair.settling import settle, unsure_cells
from restoration.stages.repair.views import Motion, View

Inputs = npt.NDArray[np.float32]
"""(CHANNELS, H, W) float32."""

CHANNELS = 11
SLOTS = 4
"""Neighbours: nearer before, nearer after, farther before, farther after."""

_HELD = 0.25  # share of a cell that suspects must cover to unsettle its flow
_SUSPECT = 7  # codes
_CAP = 12.0  # codes; one strong edge must not stand for a whole line
_LONG = 41  # rows
_MOST = 63.0  # codes that a plane tells apart
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


def rank_difference(codes: Codes, near: Sequence[Motion]) -> Luma:
    """Signed distance outside the 3 x 3 range of all the nearer neighbours, 0 within. (H, W)."""
    low, high = _range(near)
    above, below = cv2.subtract(codes, high), cv2.subtract(low, codes)
    return np.asarray(cv2.subtract(above, below, dtype=cv2.CV_32F), np.float32)


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
    codes = here.codes
    slots = in_slots(motions)
    near = [motion for motion in slots[:2] if motion is not None]
    if not near:
        raise ValueError("a frame without neighbours has nothing to be compared with")
    seen = _seen_in_slots(slots)
    planes = np.empty((CHANNELS, *codes.shape), np.float32)
    np.multiply(codes - np.float32(128.0), np.float32(1 / 64), out=planes[0])
    cv2.subtract(codes, seen[0], dst=planes[1], dtype=cv2.CV_32F)
    cv2.subtract(codes, seen[1], dst=planes[2], dtype=cv2.CV_32F)
    cv2.subtract(seen[0], seen[1], dst=planes[3], dtype=cv2.CV_32F)
    middle = cv2.addWeighted(seen[0], 0.5, seen[1], 0.5, 0.0, dtype=cv2.CV_32F)
    cv2.subtract(seen[2], middle, dst=planes[4], dtype=cv2.CV_32F)
    cv2.subtract(seen[3], middle, dst=planes[5], dtype=cv2.CV_32F)
    planes[6], planes[7] = (_trust(slots[side], codes.shape) for side in (0, 1))
    planes[8] = rank_difference(codes, near)
    planes[9] = line_evidence(here.luma) * np.float32(4.0)
    above = cv2.subtract(codes, cv2.dilate(codes, _RING))
    below = cv2.subtract(cv2.erode(codes, _RING), codes)
    cv2.subtract(above, below, dst=planes[10], dtype=cv2.CV_32F)
    for index in (*range(1, 6), *range(8, CHANNELS)):
        np.clip(planes[index], -_MOST, _MOST, out=planes[index])
        planes[index] *= np.float32(1 / 16)
    return planes


def _seen_in_slots(slots: Sequence[Motion | None]) -> list[Codes]:
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
    return spread(trust, (shape[0], shape[1]))
