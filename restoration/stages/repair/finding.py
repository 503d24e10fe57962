"""Find the defects of a frame: by the network, or by thresholds where there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.imaging.flow_cells import Codes
from restoration.imaging.luma import Luma
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
from restoration.stages.repair.inputs import (
    SLOTS,
    Inputs,
    in_slots,
    network_inputs,
    settle_suspects,
)
from restoration.stages.repair.parts import Bits, Parts, Places, places_of
from restoration.stages.repair.views import Motion, Surroundings, View

if TYPE_CHECKING:  # torch is loaded with it, and only where the network is used
    from restoration.stages.repair.judging import Verdict

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
        small = mask.view(np.uint8)
        if here.shape != here.codes.shape:
            shares = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            small = np.asarray(shares > 0).view(np.uint8)
        expected = _mixture(here.codes, small, self.motions, self.verdict)
        if here.shape == here.codes.shape:
            return expected
        size = (here.shape[1], here.shape[0])
        unknown = cv2.resize(expected.unknown.astype(np.uint8), size) > 0
        return Expected(np.asarray(cv2.resize(expected.luma, size)), np.asarray(unknown))


class NetworkJudge(Protocol):
    """The network, wherever it computes: `judging.Judge`, or `judging_batches.BatchJudge`."""

    @property
    def precision(self) -> str:
        """What its sums are made in."""
        ...

    def judge(self, planes: Inputs) -> Verdict:
        """Judge one frame by the planes of `inputs`."""
        ...


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

    judge: NetworkJudge
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
        parts = Parts.of(find_suspects(planes, verdict.damage, self.sensitivity))
        suspects, said = measure(here.codes, parts, settled), Said.of(verdict.damage, parts)
        # What is no defect even if it is found nowhere else need not be looked for.
        kept = is_defect(suspects, said, self.sensitivity) & (score(suspects) >= HOPELESS)
        kept &= ~along_edge(parts.boxes, here.codes.shape)
        kept &= parts.area <= largest * here.codes.size
        look_for(here.codes, suspects, kept, settled, views)
        kept &= is_defect(suspects, said, self.sensitivity)
        sure = kept & is_sure(suspects, said)
        return Found(parts.only(kept), tuple(settled), verdict, parts.only(sure))


def _mixture(codes: Codes, mask: Bits, motions: tuple[Motion, ...], verdict: Verdict) -> Expected:
    slots = in_slots(motions)
    before, after, long_before, long_after = (
        codes if motion is None else motion.seen for motion in slots
    )
    there = np.array([motion is not None for motion in slots])
    expected, unknown = codes.astype(np.float32), np.zeros(codes.shape, bool)
    seen = (before, after, long_before, long_after)
    _mix(places_of(mask), verdict.choice, there, seen, expected, unknown)
    return Expected(expected, unknown)


@compiled
def _mix(
    places: Places,
    choice: npt.NDArray[np.float32],
    there: Mask,
    seen: tuple[Codes, Codes, Codes, Codes],
    expected: Luma,
    unknown: Mask,
) -> None:
    """Write what the neighbours say, each by its share; and where none of them is believed."""
    odds = np.empty(SLOTS + 1)
    for place in places:
        y, x = place // expected.shape[1], place % expected.shape[1]
        logits = choice[y // 2, x // 2]
        most = logits.max()
        for slot in range(SLOTS):
            odds[slot] = math.exp(logits[slot] - most) if there[slot] else 0.0
        odds[SLOTS] = math.exp(logits[SLOTS] - most)
        held = odds[:SLOTS].sum()
        total = 0.0
        for slot in range(SLOTS):
            total += odds[slot] * seen[slot][y, x]
        expected[y, x] = total / max(held, 1e-9)
        unknown[y, x] = odds[SLOTS] > _UNKNOWN * (held + odds[SLOTS])
