"""Find the defects of a frame: by the network, or by thresholds where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import Codes
from restoration.stages.repair.choosing import Expected
from restoration.stages.repair.deciding import (
    HOPELESS,
    Said,
    along_edge,
    find_suspects,
    is_defect,
    is_sure,
)
from restoration.stages.repair.detect import Thresholds, detect_defects
from restoration.stages.repair.evidence import look_for, measure, score
from restoration.stages.repair.inputs import SLOTS, in_slots, network_inputs, settle_suspects
from restoration.stages.repair.parts import Bits, Parts
from restoration.stages.repair.views import Motion, Surroundings, View

if TYPE_CHECKING:  # torch is loaded with it, and only where the network is used
    from restoration.stages.repair.judging import Judge, Verdict

Mask = npt.NDArray[np.bool_]

LARGEST = 0.02
"""Share of the picture that one defect may cover; more is a change of picture."""

_UNKNOWN = 0.6
"""Probability of "no neighbour" from which nothing is copied."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Defects of one frame at the size that is looked at.

    mask: (h, w) uint8, 0 or 1. motions: to the neighbours, settled where defects led them astray.
    sure: (h, w) uint8, what of the mask is too plain to be something that moved; None: nothing.
    """

    mask: Bits
    motions: tuple[Motion, ...]
    verdict: Verdict | None = None
    sure: Bits | None = None

    def expected(self, here: View, mask: Mask) -> Expected | None:
        """What the neighbours say of the places in the mask; None where nobody was asked.

        Args:
            mask: (H, W) bool, all that will be filled, at the size of the scan.
        """
        if self.verdict is None:
            return None
        size = (here.codes.shape[1], here.codes.shape[0])
        small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        expected = _mixture(here.codes, np.asarray(small), self.motions, self.verdict)
        if here.full.shape == here.codes.shape:
            return expected
        size = (here.full.shape[1], here.full.shape[0])
        unknown = cv2.resize(expected.unknown.astype(np.uint8), size) > 0
        return Expected(np.asarray(cv2.resize(expected.luma, size)), np.asarray(unknown))


class Finder(Protocol):
    """Finds the defects of any frame that has been looked at."""

    def find(self, around: Surroundings, frame: int, largest: float) -> Found:
        """largest: share of the picture that one defect may cover."""
        ...


@dataclass(frozen=True, slots=True)
class ByThresholds:
    """The classical method; see `detect`."""

    sensitivity: float

    def find(self, around: Surroundings, frame: int, largest: float) -> Found:
        offsets = around.offsets(frame)
        motions = tuple(around.motion(frame, offset) for offset in offsets)
        views = {offset: around.view(frame + offset) for offset in offsets}
        limits = replace(Thresholds.at(self.sensitivity), largest=largest)
        return Found(detect_defects(around.view(frame), motions, views, limits), motions)


@dataclass(frozen=True, slots=True)
class ByNetwork:
    """The network's word and the measures of `evidence`, weighed together; see `deciding`."""

    judge: Judge
    sensitivity: float

    def find(self, around: Surroundings, frame: int, largest: float) -> Found:
        here = around.view(frame)
        offsets = around.offsets(frame)
        motions = [around.motion(frame, offset) for offset in offsets]
        if not motions:
            return Found(np.zeros(here.codes.shape, np.uint8), tuple(motions))
        views = {offset: around.view(frame + offset) for offset in offsets}
        settled = settle_suspects(here, motions, views)
        planes = network_inputs(here, settled)
        verdict = self.judge.judge(planes)
        parts = Parts.of(find_suspects(planes, verdict.chance, self.sensitivity))
        suspects, said = measure(here.codes, parts, settled), Said.of(verdict.chance, parts)
        # What is no defect even if it is found nowhere else need not be looked for.
        kept = is_defect(suspects, said, self.sensitivity) & (score(suspects) >= HOPELESS)
        kept &= ~along_edge(parts.boxes, here.codes.shape)
        kept &= parts.area <= largest * here.codes.size
        look_for(here.codes, suspects, kept, settled, views)
        kept &= is_defect(suspects, said, self.sensitivity)
        sure = kept & is_sure(suspects, said)
        return Found(parts.only(kept), tuple(settled), verdict, parts.only(sure))


def _mixture(codes: Codes, mask: Mask, motions: tuple[Motion, ...], verdict: Verdict) -> Expected:
    rows, columns = np.nonzero(mask)
    logits = verdict.choice[:, rows // 2, columns // 2].astype(np.float64)
    slots = in_slots(motions)
    for index, motion in enumerate(slots):
        if motion is None:
            logits[index] = -np.inf
    odds = np.exp(logits - logits.max(axis=0))
    odds /= odds.sum(axis=0)
    held = np.maximum(odds[:SLOTS].sum(axis=0), 1e-9)
    total = np.zeros(len(rows))
    for index, motion in enumerate(slots):
        if motion is not None:
            total += odds[index] / held * motion.seen[rows, columns]
    expected, unknown = codes.astype(np.float32), np.zeros(mask.shape, bool)
    expected[rows, columns] = total
    unknown[rows, columns] = odds[SLOTS] > _UNKNOWN
    return Expected(expected, unknown)
