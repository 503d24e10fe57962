"""Defects that are in one frame only: dirt, dust, hairs, blotches.

A place is suspect if it is darker (or lighter) than everything that the motion-compensated frames
before and after show there (SROD, the simplified rank-ordered difference), and agrees with them in
the direction of the difference (SDIp). Fast movement looks the same to that test, so it is damped
where frames fit badly, and every larger suspect is looked for in the neighbours: what is found
there moved, and is no defect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import CELL, Codes, spread_mask
from restoration.stages.repair.evidence import is_defect, weigh
from restoration.stages.repair.parts import Bits, Parts, keep_connected
from restoration.stages.repair.settling import settle, unsure_cells
from restoration.stages.repair.views import Motion, View, nearest

Mask = npt.NDArray[np.bool_]

_GROWTH = 3  # cells by which a large defect may turn out larger
_MARGIN = 32  # pixels around one that are looked at again
_LARGE = 200  # pixels
_GROWN = 1.02  # of its pixels, below which a part has not grown
_TOUCHED = 1.0 / 16.0  # share of a cell
_FINER = 4  # steps of a code in which misfits are told
_WORST_MISFIT = 6  # codes
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In 8-bit codes unless said otherwise."""

    certain: float = 9.0
    """A suspect has at least one pixel this far outside what the neighbours show."""
    possible: float = 5.0
    """And spreads over connected pixels at least this far from both neighbours."""
    damping: float = 2.0
    """How many times the local misfit of the frames is added to both."""
    evidence: float = 1.0
    """Log odds from which a suspect counts as a defect."""
    largest: float = 0.02
    """Share of the picture that one defect may cover; more is a change of picture."""

    @classmethod
    def at(cls, sensitivity: float) -> Thresholds:
        """Scaled so that twice the sensitivity asks for half the difference."""
        usual = cls()
        return cls(
            certain=usual.certain / sensitivity,
            possible=usual.possible / sensitivity,
            evidence=usual.evidence - 3.0 * math.log(sensitivity),
        )


def detect_defects(
    here: View, motions: Sequence[Motion], neighbours: dict[int, View], limits: Thresholds
) -> Bits:
    """Where this frame shows what its neighbours do not. (H, W) uint8, 0 or 1.

    Args:
        motions: to the neighbours, nearest first; one-sided at the ends of a segment.
        neighbours: by offset.
    """
    if not here.readable or len(motions) < 2:
        return np.zeros(here.codes.shape, np.uint8)
    suspects = _suspects(here.codes, motions, limits)
    unsure = unsure_cells(suspects, held=_TOUCHED, reach=0)
    if not unsure.any():
        return suspects
    settled = settle(motions, neighbours, unsure)
    parts = Parts.of(_suspects(here.codes, settled, limits))
    kept = _defects_among(here, parts, settled, neighbours, limits)
    defects = parts.only(kept)
    if len(nearest(motions)) < 2:
        return defects  # one side only is too little to let a defect grow on
    large = kept & (parts.area >= _LARGE)
    if not large[1:].any():
        return defects
    return defects | _grow(here, parts, large, settled, neighbours, limits)


def _grow(
    here: View,
    parts: Parts,
    large: npt.NDArray[np.bool_],
    motions: Sequence[Motion],
    neighbours: dict[int, View],
    limits: Thresholds,
) -> Bits:
    """The rest of defects so large that the flow inside them went astray, 0 or 1.

    Args:
        large: (n,) bool, which parts they are.
    """
    bits = parts.only(large)
    motions = settle(motions, neighbours, unsure_cells(bits, held=_TOUCHED, reach=_GROWTH))
    grown = np.zeros_like(bits)
    for left, top, wide, high, _ in parts.boxes[large].tolist():
        around = (_around(top, high), _around(left, wide))
        inside = bits[around]
        near = [_cut(motion, around) for motion in motions]
        found = Parts.of(_suspects(here.codes[around], near, limits) | inside)
        held = found.sums(inside.reshape(-1)[found.places])
        # What did not grow is what it was.
        grown[around] |= found.only((held > 0) & (found.area > _GROWN * held))
    if not grown.any():
        return grown
    parts = Parts.of(grown)
    return parts.only(_defects_among(here, parts, motions, neighbours, limits))


def _around(start: int, length: int) -> slice:
    """Rows or columns of a box with some more on both sides, in whole cells."""
    first, last = max(0, start - _MARGIN), start + length + _MARGIN
    return slice(first // CELL * CELL, -(-last // CELL) * CELL)


def _cut(motion: Motion, box: tuple[slice, slice]) -> Motion:
    """A motion over a part of the frame that begins and ends with whole cells."""
    rows, columns = (slice(side.start // CELL, side.stop // CELL) for side in box)
    return Motion(
        motion.offset,
        motion.flow[rows, columns],
        motion.seen[box],
        motion.missed[rows, columns],
        motion.outside[rows, columns],
    )


def _misfit(codes: Codes, motions: Sequence[Motion]) -> Codes:
    """How badly frames fit each other around each place: the usual difference, not the worst.

    Returns: (H, W) uint8, quarters of a code.
    """
    height, width = codes.shape
    best = cv2.absdiff(codes, motions[0].seen)
    for motion in motions[1:]:
        best = cv2.min(best, cv2.absdiff(codes, motion.seen))
    finer = cv2.convertScaleAbs(best, alpha=_FINER)
    # Of pictures of two or three pixels a side one pixel is left.
    halved, quartered = ((max(1, width // n), max(1, height // n)) for n in (2, 4))
    half = cv2.resize(finer, halved, interpolation=cv2.INTER_AREA)
    quarter = cv2.resize(half, quartered, interpolation=cv2.INTER_AREA)
    # A large defect misfits in all of its inside; that must not excuse it.
    usual = np.minimum(cv2.medianBlur(quarter, 5), np.uint8(_FINER * _WORST_MISFIT))
    return np.asarray(cv2.resize(usual, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _suspects(codes: Codes, motions: Sequence[Motion], limits: Thresholds) -> Bits:
    """Places outside the range of the nearest neighbours and of one further at least."""
    misfit = _misfit(codes, motions)
    near, far = _near_and_far(motions)
    most: Codes = reduce(np.maximum, (motion.seen for motion in near))
    least: Codes = reduce(np.minimum, (motion.seen for motion in near))
    certain = cv2.LUT(misfit, _limits(limits.certain, limits.damping))
    found = np.zeros(codes.shape, np.uint8)
    wide = _apart(codes, (most, least), near, misfit, limits)
    for beyond, apart in zip(_beyond(codes, *_range(most, least, far)), wide, strict=True):
        seeds = cv2.bitwise_and(cv2.compare(beyond, certain, cv2.CMP_GT), apart)
        keep_connected(np.asarray(seeds, np.uint8), apart, found)
    return found


def _near_and_far(motions: Sequence[Motion]) -> tuple[list[Motion], list[Motion]]:
    near = nearest(motions)
    if len(near) < 2:
        return list(motions), []
    return near, [motion for motion in motions if motion not in near]


def _apart(
    codes: Codes,
    shown: tuple[Codes, Codes],
    near: Sequence[Motion],
    misfit: Codes,
    limits: Thresholds,
) -> tuple[Bits, Bits]:
    """Where the frame is possibly lighter than all these neighbours, and darker. 0 or 255.

    shown: the most and the least that they show.
    """
    possible = cv2.LUT(misfit, _limits(limits.possible, limits.damping))
    untraceable = np.logical_or.reduce([motion.outside for motion in near])
    light, dark = (
        np.asarray(cv2.compare(apart, possible, cv2.CMP_GT), np.uint8)
        for apart in _beyond(codes, *shown)
    )
    if untraceable.any():
        known = spread_mask(~untraceable, (codes.shape[0], codes.shape[1])) * np.uint8(255)
        light, dark = (
            np.asarray(cv2.bitwise_and(apart, known), np.uint8) for apart in (light, dark)
        )
    return light, dark


def _beyond(codes: Codes, high: Codes, low: Codes) -> tuple[Codes, Codes]:
    """By how much the frame is above the one and below the other."""
    above, below = cv2.subtract(codes, high), cv2.subtract(low, codes)
    return np.asarray(above, np.uint8), np.asarray(below, np.uint8)


def _range(most: Codes, least: Codes, far: Sequence[Motion]) -> tuple[Codes, Codes]:
    """Highest and lowest code that the near neighbours show, and one of the far ones.

    Args:
        most, least: what the near ones show at each place.
    """
    high, low = cv2.dilate(most, _SQUARE), cv2.erode(least, _SQUARE)
    if far:
        highs = (cv2.dilate(motion.seen, _SQUARE) for motion in far)
        lows = (cv2.erode(motion.seen, _SQUARE) for motion in far)
        high = cv2.max(high, reduce(cv2.min, highs))
        low = cv2.min(low, reduce(cv2.max, lows))
    return np.asarray(high, np.uint8), np.asarray(low, np.uint8)


@cache
def _limits(least: float, damping: float) -> Codes:
    """For each misfit, in quarters of a code, the whole codes that must be exceeded. (256,)."""
    limits = least + damping * np.arange(256) / _FINER
    return np.minimum(np.floor(limits), 255).astype(np.uint8)


def _defects_among(
    here: View,
    parts: Parts,
    motions: Sequence[Motion],
    neighbours: dict[int, View],
    limits: Thresholds,
    asked: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.bool_]:
    """Which parts (or which of those that are asked about) are defects, (n,) bool."""
    may_be = parts.area <= limits.largest * here.codes.size
    if asked is not None:
        may_be &= asked
    if not may_be[1:].any():
        return np.zeros(parts.count, bool)
    suspects = weigh(here.codes, parts, motions, neighbours, least=limits.evidence, asked=may_be)
    return is_defect(suspects, least=limits.evidence) & may_be
