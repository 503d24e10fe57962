"""Defects that are in one frame only: dirt, dust, hairs, blotches.

A place is suspect if it is darker (or lighter) than everything that the motion-compensated frames
before and after show there (SROD, the simplified rank-ordered difference), and agrees with them in
the direction of the difference (SDIp). Fast movement looks the same to that test, so it is damped
where frames fit badly, and every larger suspect is looked for in the neighbours: what is found
there moved, and is no defect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.luma import Luma
from restoration.stages.repair.views import Motion, View

Mask = npt.NDArray[np.bool_]

_CROSS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In 8-bit codes unless said otherwise."""

    certain: float = 14.0
    """A suspect has at least one pixel this far outside what the neighbours show."""
    possible: float = 7.0
    """And spreads over connected pixels at least this far from both neighbours."""
    damping: float = 2.0
    """How many times the local misfit of the frames is added to both."""
    largest: float = 0.02
    """Share of the picture that one defect may cover; more is a change of picture."""


def detect_defects(
    here: View, motions: Sequence[Motion], neighbours: dict[int, View], limits: Thresholds
) -> Mask:
    """Where this frame shows what its neighbours do not. (H, W) bool.

    Args:
        motions: to the neighbours, nearest first; one-sided at the ends of a segment.
        neighbours: by offset.
    """
    shape = here.luma.shape
    near = [motion for motion in motions if abs(motion.offset) == 1]
    if not here.readable or len(near) < 2:
        return np.zeros(shape, bool)
    misfit = _misfit(here.luma, motions)
    suspects = _suspects(here.luma, near, misfit, limits)
    if not suspects.any():
        return suspects
    return _keep_defects(here, suspects, near, neighbours, limits)


def _misfit(luma: Luma, motions: Sequence[Motion]) -> Luma:
    """How badly frames fit each other around each place, without the suspects themselves."""
    best = np.minimum.reduce([np.abs(luma - motion.seen) for motion in motions])
    capped = np.minimum(best, 12.0)
    return np.asarray(cv2.boxFilter(capped, -1, (17, 17)), np.float32)


def _suspects(luma: Luma, near: Sequence[Motion], misfit: Luma, limits: Thresholds) -> Mask:
    high = np.maximum.reduce([cv2.dilate(motion.seen, _CROSS) for motion in near])
    low = np.minimum.reduce([cv2.erode(motion.seen, _CROSS) for motion in near])
    differences = [luma - motion.seen for motion in near]
    lightest = np.minimum.reduce(differences)
    darkest = np.maximum.reduce(differences)
    disagreement = np.abs(differences[0] - differences[1])
    extra = limits.damping * misfit + 0.5 * disagreement
    untraceable = np.logical_or.reduce([motion.outside for motion in near])
    found = np.zeros(luma.shape, bool)
    for beyond, apart in ((luma - high, lightest), (low - luma, -darkest)):
        seeds = (beyond > limits.certain + extra) & ~untraceable
        spread = (apart > limits.possible + extra) & ~untraceable
        found |= _connected_to(seeds, spread | seeds)
    return found


def _connected_to(seeds: Mask, spread: Mask) -> Mask:
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
    suspects: Mask,
    near: Sequence[Motion],
    neighbours: dict[int, View],
    limits: Thresholds,
) -> Mask:
    count, parts, stats, _ = cv2.connectedComponentsWithStats(
        suspects.astype(np.uint8), connectivity=8
    )
    kept = np.zeros(count, bool)
    for part in range(1, count):
        area = int(stats[part, cv2.CC_STAT_AREA])
        if area > limits.largest * suspects.size:
            continue
        kept[part] = area < 8 or not any(
            _is_found(here.luma, parts, part, stats[part], motion, neighbours[motion.offset].luma)
            for motion in near
        )
    return np.asarray(kept[parts])


def _is_found(
    luma: Luma,
    parts: npt.NDArray[np.int32],
    part: int,
    box: npt.NDArray[np.int32],
    motion: Motion,
    other: Luma,
) -> bool:
    """Whether the neighbour shows the same shape somewhere around: then it moved."""
    left, top, width, height, _ = (int(value) for value in box)
    inside = parts[top : top + height, left : left + width] == part
    patch = luma[top : top + height, left : left + width]
    seen = motion.seen[top : top + height, left : left + width]
    contrast = float(np.abs(patch - seen)[inside].mean())
    reach = 8 + min(24, max(width, height))
    dx, dy = np.rint(
        np.median(motion.flow[top : top + height, left : left + width][inside], axis=0)
    )
    x0, y0 = left + int(dx) - reach, top + int(dy) - reach
    x1, y1 = x0 + width + 2 * reach, y0 + height + 2 * reach
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, luma.shape[1]), min(y1, luma.shape[0])
    if x1 - x0 < width or y1 - y0 < height:
        return False
    errors = cv2.matchTemplate(
        other[y0:y1, x0:x1], patch, cv2.TM_SQDIFF, mask=inside.astype(np.float32)
    )
    best = float(np.sqrt(max(float(errors.min()), 0.0) / inside.sum()))
    return best < 0.35 * contrast
