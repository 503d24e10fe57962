"""What the network says and what can be measured, put together: which suspects are defects.

The network sees the whole neighbourhood, the measures of `evidence` see one suspect exactly, and
each is blind where the other is not: the network to specks of one or two pixels, the measures to
what moved in a way that they do not know. So what either of them suspects is weighed by one
logistic score of both. Its weights were fitted on damage planted in clips that training may see,
with silhouettes that neither training nor the bench uses (docs/stages.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from restoration.imaging.compiled import compiled
from restoration.stages.repair.evidence import Suspects
from restoration.stages.repair.inputs import HALVES, Inputs
from restoration.stages.repair.parts import Bits, Parts, connected_to, places_of

Values = npt.NDArray[np.float64]
Odds = npt.NDArray[np.float32]

_SEED, _SPREAD = 1.0, 0.5
"""Log odds by the network of at least one pixel of a suspect, and of every pixel."""
_CERTAIN, _POSSIBLE = 6.0 * HALVES, 3.5 * HALVES
"""By the measures: outside the range of both neighbours, and apart from each of them in one
direction, in the steps of the inputs."""
_HARDLY = -5.0
"""Log odds by the network that a pixel of what the measures suspect must reach."""


class _Weights(NamedTuple):
    """Of the logistic score."""

    bias: float
    contrast: float
    disagreement: float
    ring: float
    found: float
    peak: float


_BETWEEN = _Weights(-1.85, 2.12, -1.23, -1.30, 1.31, 0.54)
_AT_END = _Weights(-1.02, 1.66, -1.31, -1.63, 1.25, 0.41)
"""Between neighbours, and where a scene begins or ends and there are some on one side only."""
_LEAST_SAID, _MOST_SAID = -6.0, 8.0
_LEAST, _LEAST_OF_SPECK, _LEAST_AT_END = 2.6, 2.0, 3.5
"""Log odds from which a suspect is a defect: between neighbours, the same for specks, and where a
scene begins or ends, where what is uncovered looks like damage."""
_SPECK, _LARGE = 9, 60
"""Pixels: of specks at most, and of what the network must not speak against."""


class _Large(NamedTuple):
    """What is asked of what is large, which may be a limb that bent as it moved.

    said: mean of the network's log odds at least. bent, no_limb: misfit where it is found again (in
    both neighbours) below which it is left, unless that mean reaches no_limb.
    """

    said: float
    bent: float
    no_limb: float


_LARGE_BETWEEN, _LARGE_AT_END = _Large(-2.0, 0.8, 3.8), _Large(3.0, 0.7, 4.2)
_BY_SENSITIVITY = 3.0
HOPELESS = -9.0
"""Log odds by `evidence` alone below which nothing that the network says makes a defect."""
_SURE, _SURE_OF_ALL = 3.0, 4.5
"""Log odds, and mean of the network's log odds, of what cannot be a limb."""
_STRIP, _BESIDE = 24, 6
"""Pixels along an edge of the picture from which a narrow part is the edge itself, and how far from
the edge it may lie: the gate is not quite where the scan ends."""


def find_suspects(planes: Inputs, damage: Odds, sensitivity: float) -> Bits:
    """Connected places that the network holds likely, or that both neighbours contradict.

    Args:
        planes: what the network was shown (`inputs`).
        damage: (H, W), what it said: log odds of damage.
    Returns: (H, W) uint8, 0 or 1. What the network knows keeps the outline that the network gives.
    """
    shift = 1.5 * math.log(sensitivity)
    # Differences are whole numbers, and so are the limits that they are held against.
    certain, possible = math.floor(_CERTAIN / sensitivity), math.floor(_POSSIBLE / sensitivity)
    held = np.empty((6, *damage.shape), np.uint8)
    limits = (np.float32(_SEED - shift), np.float32(_SPREAD - shift))
    _hold_against(planes, damage, limits, certain, possible, held)
    said, lighter, darker = (connected_to(held[at], held[at + 1]) for at in (0, 2, 4))
    measured = Parts.of(lighter | darker)
    kept = np.zeros(measured.count, bool)
    kept[measured.which[damage.reshape(-1)[measured.places] > _HARDLY]] = True
    kept[measured.labels.reshape(-1)[places_of(said)]] = False
    return said | measured.only(kept)


@compiled
def _hold_against(
    planes: Inputs,
    damage: Odds,
    limits: tuple[np.float32, np.float32],
    certain: int,
    possible: int,
    held: Bits,
) -> None:
    """Write seeds and what they spread over: as the network says, lighter, darker. 0 or 1."""
    seed, spread = limits
    for y in range(damage.shape[0]):
        for x in range(damage.shape[1]):
            beyond, before, after = planes[8, y, x], planes[1, y, x], planes[2, y, x]
            held[0, y, x] = damage[y, x] > seed
            held[1, y, x] = damage[y, x] > spread
            held[2, y, x] = beyond > certain
            held[3, y, x] = (before > possible) & (after > possible)
            held[4, y, x] = beyond < -certain
            held[5, y, x] = (before < -possible) & (after < -possible)


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the network says of each suspect: log odds, (n,), held within _LEAST and _MOST_SAID.

    peak: of the likeliest pixel. mean: over all of its pixels.
    """

    peak: Values
    mean: Values

    @classmethod
    def of(cls, damage: Odds, parts: Parts) -> Said:
        said = np.clip(damage.reshape(-1)[parts.places], _LEAST_SAID, _MOST_SAID)
        peak = np.full(parts.count, _LEAST_SAID)
        np.maximum.at(peak, parts.which, said)
        return cls(peak, parts.sums(said) / np.maximum(parts.area, 1))


def odds(suspects: Suspects, said: Said) -> Values:
    """Log odds that each suspect is a defect, (n,)."""
    weights = _AT_END if suspects.one_sided else _BETWEEN
    return np.asarray(
        weights.bias
        + weights.contrast * np.log(suspects.contrast + 1.0)
        + weights.disagreement * np.log(suspects.disagreement + 0.5)
        + weights.ring * np.log(suspects.ring + 1.0)
        + weights.found * np.minimum(suspects.found, 1.0)
        + weights.peak * said.peak
    )


def is_defect(suspects: Suspects, said: Said, sensitivity: float) -> npt.NDArray[np.bool_]:
    """Which suspects are defects, (n,) bool; the background never is."""
    least = np.where(suspects.area <= _SPECK, _LEAST_OF_SPECK, _LEAST)
    if suspects.one_sided:
        least = np.full(len(suspects.area), _LEAST_AT_END)
    kept = odds(suspects, said) >= least - _BY_SENSITIVITY * math.log(sensitivity)
    kept &= ~suspects.moved
    large = _LARGE_AT_END if suspects.one_sided else _LARGE_BETWEEN
    stiff = (suspects.found_twice >= large.bent) | (said.mean >= large.no_limb)
    kept &= (suspects.area <= _LARGE) | ((said.mean >= large.said) & stiff)
    kept[0] = False
    return np.asarray(kept)


def is_sure(suspects: Suspects, said: Said) -> npt.NDArray[np.bool_]:
    """Which defects are so plain to both that they are no limbs, (n,) bool.

    They need not be looked for elsewhere, where the dirt of another frame is taken for them. Of
    a fast limb the network is never sure in all of its pixels.
    """
    return np.asarray((odds(suspects, said) >= _SURE) & (said.mean >= _SURE_OF_ALL))


def along_edge(boxes: npt.NDArray[np.int32], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which parts are strips along an edge of the picture, (n,) bool: the gate's, not the film's.

    Args:
        boxes: (n, 5) left, top, width, height and area.
    """
    left, top, width, height = (boxes[:, index] for index in range(4))
    beside = (left <= _BESIDE) | (left + width >= shape[1] - _BESIDE)
    above = (top <= _BESIDE) | (top + height >= shape[0] - _BESIDE)
    upright = beside & (height >= _STRIP) & (height >= 4 * width)
    level = above & (width >= _STRIP) & (width >= 4 * height)
    return np.asarray(upright | level)
