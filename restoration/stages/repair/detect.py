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

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow import follow
from restoration.imaging.luma import Luma, eight_bit
from restoration.stages.repair.evidence import is_defect, weigh
from restoration.stages.repair.views import Motion, View, nearest

Mask = npt.NDArray[np.bool_]

_GROWTHS = 3
_GROWTH = 10  # pixels by which a large defect may turn out larger, each time
_LARGE = 24  # pixels
_WORST_MISFIT = 6  # codes
_CROSS = np.ones((3, 3), np.uint8)


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
) -> Mask:
    """Where this frame shows what its neighbours do not. (H, W) bool.

    Args:
        motions: to the neighbours, nearest first; one-sided at the ends of a segment.
        neighbours: by offset.
    """
    shape = here.luma.shape
    if not here.readable or len(motions) < 2:
        return np.zeros(shape, bool)
    suspects = _suspects(here.luma, motions, limits)
    if not suspects.any():
        return suspects
    settled = _settle(motions, neighbours, suspects, reach=2)
    suspects = _suspects(here.luma, settled, limits)
    defects = _keep_defects(here, suspects, settled, neighbours, limits)
    if len(nearest(motions)) < 2:
        return defects  # one side only is too little to let a defect grow on
    return _grow_large(here, defects, settled, neighbours, limits)


def _grow_large(
    here: View,
    defects: Mask,
    motions: Sequence[Motion],
    neighbours: dict[int, View],
    limits: Thresholds,
) -> Mask:
    """Find the rest of defects so large that the flow inside them went astray."""
    for _ in range(_GROWTHS):
        large = _at_least(defects, _LARGE)
        if not large.any():
            break
        motions = _settle(motions, neighbours, large, reach=_GROWTH)
        again = connected_to(large, _suspects(here.luma, motions, limits) | large)
        grown = defects | _keep_defects(here, again, motions, neighbours, limits)
        if grown.sum() <= 1.02 * defects.sum():
            break
        defects = grown
    return defects


def _at_least(mask: Mask, area: int) -> Mask:
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = boxes[:, cv2.CC_STAT_AREA] >= area
    kept[0] = False
    return np.asarray(kept[parts])


def _settle(
    motions: Sequence[Motion], neighbours: dict[int, View], unsure: Mask, *, reach: int
) -> list[Motion]:
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    wide = cv2.dilate(unsure.astype(np.uint8), kernel).astype(bool)
    return [settle_motion(motion, neighbours[motion.offset], wide) for motion in motions]


def settle_motion(motion: Motion, neighbour: View, unsure: Mask) -> Motion:
    """Give unsure places the motion of what lies around them: a defect has none of its own."""
    weight = (~unsure).astype(np.float32)
    flow = motion.flow.copy()
    filled = weight > 0
    # From near to far: the first box that holds enough sure vectors gives its mean.
    for size in (15, 41, 101):
        held = cv2.boxFilter(weight, -1, (size, size))
        mean = cv2.boxFilter(motion.flow * weight[..., None], -1, (size, size))
        use = ~filled & (held > 0.15)
        flow[use] = mean[use] / held[use][:, None]
        filled |= use
    seen = motion.seen.copy()
    rows, columns = np.nonzero(unsure)
    ends = flow[rows, columns]
    seen[rows, columns] = (
        cv2.remap(
            neighbour.luma,
            (columns + ends[:, 0]).astype(np.float32)[None],
            (rows + ends[:, 1]).astype(np.float32)[None],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[0]
        if len(rows) < 32000
        else follow(neighbour.luma, flow)[rows, columns]
    )
    return Motion(motion.offset, flow, seen, motion.missed, motion.outside)


def _misfit(luma: Luma, motions: Sequence[Motion]) -> Luma:
    """How badly frames fit each other around each place: the usual difference, not the worst."""
    best = np.minimum.reduce([np.abs(luma - motion.seen) for motion in motions])
    small = cv2.resize(eight_bit(4.0 * best), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    # A large defect misfits in all of its inside; that must not excuse it.
    usual = np.minimum(cv2.medianBlur(small, 9), 4 * _WORST_MISFIT)
    size = (luma.shape[1], luma.shape[0])
    return np.asarray(cv2.resize(usual, size, interpolation=cv2.INTER_LINEAR) / np.float32(4.0))


def _suspects(luma: Luma, motions: Sequence[Motion], limits: Thresholds) -> Mask:
    """Places outside the range of the nearest neighbours and of one further at least."""
    misfit = _misfit(luma, motions)
    near = nearest(motions)
    far = [motion for motion in motions if motion not in near]
    if len(near) < 2:
        near, far = list(motions), []
    highs = {motion.offset: cv2.dilate(motion.seen, _CROSS) for motion in motions}
    lows = {motion.offset: cv2.erode(motion.seen, _CROSS) for motion in motions}
    high = np.maximum.reduce([highs[motion.offset] for motion in near])
    low = np.minimum.reduce([lows[motion.offset] for motion in near])
    if far:
        high = np.maximum(high, np.minimum.reduce([highs[motion.offset] for motion in far]))
        low = np.minimum(low, np.maximum.reduce([lows[motion.offset] for motion in far]))
    differences = [luma - motion.seen for motion in near]
    lightest = np.minimum.reduce(differences)
    darkest = np.maximum.reduce(differences)
    extra = limits.damping * misfit
    untraceable = np.logical_or.reduce([motion.outside for motion in near])
    found = np.zeros(luma.shape, bool)
    for beyond, apart in ((luma - high, lightest), (low - luma, -darkest)):
        seeds = (beyond > limits.certain + extra) & ~untraceable
        spread = (apart > limits.possible + extra) & ~untraceable
        found |= connected_to(seeds, spread | seeds)
    return found


def connected_to(seeds: Mask, spread: Mask) -> Mask:
    """The connected parts of `spread` that hold a seed (hysteresis)."""
    if not seeds.any():
        return np.zeros_like(seeds)
    count, parts = cv2.connectedComponents(spread.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[parts[seeds]] = True
    kept[0] = False
    return np.asarray(kept[parts])


def _keep_defects(
    here: View,
    mask: Mask,
    motions: Sequence[Motion],
    neighbours: dict[int, View],
    limits: Thresholds,
) -> Mask:
    suspects = weigh(here.luma, mask, motions, neighbours, least=limits.evidence)
    kept = is_defect(suspects, least=limits.evidence)
    kept[suspects.area > limits.largest * mask.size] = False
    return np.asarray(kept[suspects.parts])
