"""Simpler repairs that the bench runs beside ours on the same frames, in 8-bit luma."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow import FlowEstimator, follow
from restoration.imaging.luma import Luma, analysis_luma, eight_bit
from restoration.stages.material import MemoryClip

Mask = npt.NDArray[np.bool_]
Restored = tuple[list[Luma], list[Mask]]


def _neighbours(clip: MemoryClip) -> list[tuple[Luma, Luma, Luma]]:
    """Each frame with the one before and the one after carried to its geometry."""
    lumas = [analysis_luma(picture) for picture in clip.pictures]
    steady = [np.asarray(cv2.medianBlur(eight_bit(luma), 3), np.uint8) for luma in lumas]
    estimator = FlowEstimator("fast")
    found = []
    for here, luma in enumerate(lumas):
        seen = []
        for other in (here - 1, here + 1):
            kept = min(max(other, 0), len(lumas) - 1)
            seen.append(follow(lumas[kept], estimator.between(steady[here], steady[kept])))
        found.append((luma, seen[0], seen[1]))
    return found


def do_nothing(clip: MemoryClip) -> Restored:
    lumas = [analysis_luma(picture) for picture in clip.pictures]
    return lumas, [np.zeros(luma.shape, bool) for luma in lumas]


def temporal_median(clip: MemoryClip) -> Restored:
    """Median of three motion-compensated frames, everywhere."""
    triples = _neighbours(clip)
    made = [np.rint(np.median(np.stack(triple), axis=0)).astype(np.float32) for triple in triples]
    return made, [_differs(new, old[0]) for new, old in zip(made, triples, strict=True)]


def spatial_median(clip: MemoryClip) -> Restored:
    """3 x 3 median, everywhere."""
    lumas = [analysis_luma(picture) for picture in clip.pictures]
    made = [cv2.medianBlur(eight_bit(luma), 3).astype(np.float32) for luma in lumas]
    return made, [_differs(new, old) for new, old in zip(made, lumas, strict=True)]


def sdip_average(clip: MemoryClip, threshold: float = 12.0) -> Restored:
    """SDIp over three frames; what it marks becomes the average of both neighbours."""
    made, masks = [], []
    for luma, before, after in _neighbours(clip):
        first, second = luma - before, luma - after
        mask = (np.minimum(np.abs(first), np.abs(second)) > threshold) & (first * second > 0)
        made.append(np.where(mask, np.rint((before + after) / 2), luma).astype(np.float32))
        masks.append(mask)
    return made, masks


def srod_inpaint(clip: MemoryClip, threshold: float = 12.0) -> Restored:
    """SROD against the six nearest values of both neighbours; what it marks is closed by Telea."""
    made, masks = [], []
    column = np.ones((3, 1), np.uint8)
    for luma, before, after in _neighbours(clip):
        high = np.maximum(cv2.dilate(before, column), cv2.dilate(after, column))
        low = np.minimum(cv2.erode(before, column), cv2.erode(after, column))
        mask = (luma - high > threshold) | (low - luma > threshold)
        closed = cv2.inpaint(eight_bit(luma), mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        made.append(np.where(mask, closed, luma).astype(np.float32))
        masks.append(mask)
    return made, masks


def _differs(new: Luma, old: Luma) -> Mask:
    return np.asarray(np.abs(new - old) > 1)


PEERS: dict[str, Callable[[MemoryClip], Restored]] = {
    "do nothing": do_nothing,
    "3-frame MC median": temporal_median,
    "SDIp + MC average": sdip_average,
    "SROD + Telea": srod_inpaint,
    "spatial median": spatial_median,
}
