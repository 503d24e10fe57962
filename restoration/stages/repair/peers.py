"""Simpler repairs that the bench runs beside ours on the same frames, in 8-bit luma."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow import FlowEstimator, follow
from restoration.imaging.luma import Luma, analysis_luma, eight_bit
from restoration.stages.material import MemoryClip

Mask = npt.NDArray[np.bool_]
Restored = tuple[list[Luma], list[Mask]]

TUNED_SROD = 3.0
"""Codes; on the tuning clips the gain no longer grows below it (tried: 2 to 16)."""


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The frames of a clip with their neighbours carried to their geometry, made once for all.

    before, after: as long as `lumas`; at the ends the frame itself stands for the missing one.
    seconds: processor time that the motion took, a part of each temporal peer's.
    """

    lumas: list[Luma]
    before: list[Luma]
    after: list[Luma]
    seconds: float

    @classmethod
    def of(cls, clip: MemoryClip) -> Around:
        lumas = [analysis_luma(picture) for picture in clip.pictures]
        began = time.process_time()
        steady = [np.asarray(cv2.medianBlur(eight_bit(luma), 3), np.uint8) for luma in lumas]
        estimator = FlowEstimator("fast")

        def seen(here: int, other: int) -> Luma:
            if not 0 <= other < len(lumas):
                return lumas[here]
            return follow(lumas[other], estimator.between(steady[here], steady[other]))

        before = [seen(n, n - 1) for n in range(len(lumas))]
        after = [seen(n, n + 1) for n in range(len(lumas))]
        return cls(lumas, before, after, time.process_time() - began)

    def triples(self) -> list[tuple[Luma, Luma, Luma]]:
        return list(zip(self.lumas, self.before, self.after, strict=True))


def do_nothing(around: Around) -> Restored:
    return around.lumas, [np.zeros(luma.shape, bool) for luma in around.lumas]


def temporal_median(around: Around) -> Restored:
    """Median of three motion-compensated frames, everywhere."""
    made = []
    for luma, before, after in around.triples():
        low, high = np.minimum(before, after), np.maximum(before, after)
        made.append(np.rint(np.clip(luma, low, high)))
    return made, [_differs(new, old) for new, old in zip(made, around.lumas, strict=True)]


def spatial_median(around: Around) -> Restored:
    """3 x 3 median, everywhere."""
    made = [cv2.medianBlur(eight_bit(luma), 3).astype(np.float32) for luma in around.lumas]
    return made, [_differs(new, old) for new, old in zip(made, around.lumas, strict=True)]


def sdip_average(around: Around, threshold: float = 12.0) -> Restored:
    """SDIp over three frames; what it marks becomes the average of both neighbours."""
    masks = []
    for luma, before, after in around.triples():
        first, second = luma - before, luma - after
        apart = np.minimum(np.abs(first), np.abs(second)) > threshold
        masks.append(apart & (first * second > 0))
    return _averaged(around, masks), masks


def srod_average(around: Around, threshold: float = TUNED_SROD) -> Restored:
    """SROD at a low threshold; what it marks becomes the average of both neighbours."""
    masks = [_srod(*triple, threshold) for triple in around.triples()]
    return _averaged(around, masks), masks


def srod_inpaint(around: Around, threshold: float = 12.0) -> Restored:
    """SROD; what it marks is closed from its own surroundings (Telea 2004)."""
    made, masks = [], []
    for triple in around.triples():
        mask = _srod(*triple, threshold)
        closed = cv2.inpaint(eight_bit(triple[0]), mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        made.append(np.where(mask, closed, triple[0]).astype(np.float32))
        masks.append(mask)
    return made, masks


def _srod(luma: Luma, before: Luma, after: Luma, threshold: float) -> Mask:
    """Outside the range of the six nearest values, three in each neighbour."""
    column = np.ones((3, 1), np.uint8)
    high = np.maximum(cv2.dilate(before, column), cv2.dilate(after, column))
    low = np.minimum(cv2.erode(before, column), cv2.erode(after, column))
    return np.asarray((luma - high > threshold) | (low - luma > threshold))


def _averaged(around: Around, masks: list[Mask]) -> list[Luma]:
    return [
        np.where(mask, np.rint((before + after) / 2), luma).astype(np.float32)
        for (luma, before, after), mask in zip(around.triples(), masks, strict=True)
    ]


def _differs(new: Luma, old: Luma) -> Mask:
    return np.asarray(np.abs(new - old) > 1)


@dataclass(frozen=True, slots=True)
class Peer:
    repair: Callable[[Around], Restored]
    uses_motion: bool = True

    def timed(self, around: Around) -> tuple[Restored, float]:
        """What it makes, and the processor seconds that this takes with all that it needs."""
        began = time.process_time()
        made = self.repair(around)
        seconds = time.process_time() - began
        return made, seconds + (around.seconds if self.uses_motion else 0.0)


NOTHING, MEDIAN = "do nothing", "3-frame MC median"
PEERS: dict[str, Peer] = {
    NOTHING: Peer(do_nothing, uses_motion=False),
    MEDIAN: Peer(temporal_median),
    "SDIp + MC average": Peer(sdip_average),
    "SROD + Telea": Peer(srod_inpaint),
    "SROD + MC average": Peer(srod_average),
    "spatial median": Peer(spatial_median, uses_motion=False),
}
