"""Find the defects of a frame: by the network, or by thresholds where there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import Codes
from restoration.stages.repair.choosing import Expected
from restoration.stages.repair.detect import Thresholds, detect_defects
from restoration.stages.repair.evidence import is_defect, weigh
from restoration.stages.repair.inputs import SLOTS, in_slots, network_inputs, settle_suspects
from restoration.stages.repair.parts import Bits, Parts, connected_to
from restoration.stages.repair.views import Motion, Surroundings, View, nearest

if TYPE_CHECKING:  # torch is loaded with it, and only where the network is used
    from restoration.stages.repair.judging import Judge, Verdict

Mask = npt.NDArray[np.bool_]

LARGEST = 0.02
"""Share of the picture that one defect may cover; more is a change of picture."""

_SEED, _SPREAD = 2.0, 1.2
"""Log odds of at least one pixel of a defect, and of every pixel."""
_DOUBT = 3.0
"""Log odds asked for on top where there are neighbours on one side only."""
_LEAST, _LEAST_AT_END = -4.0, 1.0
"""Log odds by the classical evidence below which the network alone is not believed:
between neighbours, and where a scene begins or ends."""
_STRIP = 24
"""Pixels along an edge of the picture from which a narrow part is the edge itself."""
_BY_SENSITIVITY = 1.5
_UNKNOWN = 0.6
"""Probability of "no neighbour" from which nothing is copied."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Defects of one frame at the size that is looked at.

    mask: (h, w) uint8, 0 or 1. motions: to the neighbours, settled where defects led them astray.
    """

    mask: Bits
    motions: tuple[Motion, ...]
    verdict: Verdict | None = None

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
    """The network's word, connected over fainter rims."""

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
        verdict = self.judge.judge(network_inputs(here, settled))
        one_sided = len(nearest(settled)) < 2
        mask = decide(verdict.chance, self.sensitivity, largest, doubt=_DOUBT if one_sided else 0.0)
        return Found(_without_moved(here, mask, settled, views), tuple(settled), verdict)


def _without_moved(
    here: View,
    mask: Bits,
    motions: Sequence[Motion],
    views: dict[int, View],
) -> Bits:
    """Drop what a neighbour shows near by, or what every measure but the network's speaks against.

    Fast silhouettes look like damage along the motion; there is no motion when it fails.
    """
    if not mask.any():
        return mask
    least = _LEAST if len(nearest(motions)) == 2 else _LEAST_AT_END
    parts = Parts.of(mask)
    suspects = weigh(here.codes, parts, motions, views, least=least)
    return parts.only(is_defect(suspects, least=least) & ~along_edge(parts.boxes, mask.shape))


def along_edge(boxes: npt.NDArray[np.int32], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which parts are strips along an edge of the picture, (n,) bool: the gate's, not the film's.

    Args:
        boxes: (n, 5) left, top, width, height and area, as OpenCV counts them.
    """
    left, top, width, height = (boxes[:, index] for index in range(4))
    beside = (left <= 1) | (left + width >= shape[1] - 1)
    above = (top <= 1) | (top + height >= shape[0] - 1)
    upright = beside & (height >= _STRIP) & (height >= 4 * width)
    level = above & (width >= _STRIP) & (width >= 4 * height)
    return np.asarray(upright | level)


def decide(
    chance: npt.NDArray[np.float32], sensitivity: float, largest: float, doubt: float = 0.0
) -> Bits:
    """Pixels likely enough, where each connected defect holds one that is likelier still.

    Args:
        doubt: log odds by which more is asked for.
    """
    shift = _BY_SENSITIVITY * math.log(sensitivity) - doubt
    seeds, wide = ((chance > _odds(least - shift)).view(np.uint8) for least in (_SEED, _SPREAD))
    parts = Parts.of(connected_to(seeds, wide))
    return parts.only(parts.area <= largest * chance.size)


def _odds(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))


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
