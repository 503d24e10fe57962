"""One confidence for each place where a shot may end, out of all that was measured there.

A logistic score of what the network says, what motion carries across, and how far ranks differ.
The weights were fitted by `training` on reels that `synthesis` makes, and on those of the bench
that are there to tune on; a second set does without the network. Confidence is the probability
that the score stands for: 0.5 where a cut is as likely as none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.hard import Boundary

Weights = tuple[float, ...]
"""Of `Evidence.features`, constant first."""
NETWORK_REACH = 2
"""Frames by which the network may name a cut too early or too late."""
_LEAST_NETWORK, _LEAST_MOTION = 0.005, 0.1
"""The odds of a single measure are bounded, so that neither decides against all of the other."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured at one boundary; network: None if it was not asked."""

    frame: int
    network: float | None
    ranks: float
    ratio: float
    motion: float
    usual: float

    @classmethod
    def at(cls, boundary: Boundary, single: npt.NDArray[np.float32] | None, first: int) -> Evidence:
        """The evidence at a boundary.

        Args:
            single: the network's first head for every frame from `first` on; it names the last
                frame of a shot.
        """
        network = None
        if single is not None:
            middle = boundary.frame - 1 - first
            near = single[max(0, middle - NETWORK_REACH) : middle + NETWORK_REACH + 1]
            network = float(near.max())
        return cls(
            boundary.frame,
            network,
            boundary.across,
            boundary.ratio,
            boundary.carried,
            boundary.usual,
        )

    @classmethod
    def most(cls, boundary: Boundary) -> Evidence:
        """The evidence if the network were certain of a cut."""
        ratio, carried, usual = boundary.ratio, boundary.carried, boundary.usual
        return cls(boundary.frame, 1.0, boundary.across, ratio, carried, usual)

    def confidence(self, strictness: float = 1.0) -> float:
        """Probability of a cut, 0 to 1. strictness: 1 as fitted; above 1 asks for more evidence."""
        weights = WITHOUT_NETWORK if self.network is None else WITH_NETWORK
        return probability(weights, self.features(), strictness)

    def told(self) -> dict[str, float | None]:
        """What the facts of the stage say of it."""
        return {
            "network": None if self.network is None else round(self.network, 3),
            "ranks": round(self.ranks, 1),
            "motion": round(self.motion, 3),
        }

    def features(self) -> list[float]:
        """Constant, ranks across, ratio, what motion loses, and the network's log odds.

        All but the constant speak for a cut the larger they are.
        """
        found = [
            1.0,
            float(np.log(max(self.ranks, 1.0) / 30.0)),
            float(np.log(max(self.ratio, 0.5) / 2.5)),
            log_odds(1.0 - self.motion, _LEAST_MOTION) - log_odds(0.55, _LEAST_MOTION),
        ]
        if self.network is not None:
            found.append(log_odds(self.network, _LEAST_NETWORK) - log_odds(0.2, _LEAST_NETWORK))
        return found


def probability(weights: Weights, features: Sequence[float], strictness: float) -> float:
    """What a logistic score stands for; a strictness of 2 asks for four times the odds."""
    score = float(np.dot(weights, features)) - 2.0 * float(np.log(strictness))
    return float(1.0 / (1.0 + np.exp(-score)))


def log_odds(share: float, least: float) -> float:
    """Logarithm of the odds of a share, itself kept away from 0 and 1 by `least`."""
    kept = min(max(share, least), 1.0 - least)
    return float(np.log(kept / (1.0 - kept)))


def fit(
    rows: Sequence[Sequence[float]],
    right: Sequence[bool],
    *,
    ridge: float = 1.0,
    balanced: bool = False,
    false_counts: float = 1.0,
) -> Weights:
    """Weights of a logistic regression, none but the constant's negative.

    A measure that would count against what it means does so by chance, and is left out instead.

    Args:
        rows: features of each example, the constant first. right: what it is an example of.
        ridge: penalty on squared weights but the constant's.
        balanced: whether the examples on both sides count the same in sum, however many they are.
        false_counts: how many missed ones a false one counts as, if not balanced.
    """
    x, y = np.array(rows, np.float64), np.array(right, np.float64)
    share = float(y.mean())
    counts = np.where(y > 0, 1.0, false_counts)
    if balanced:
        counts = np.where(y > 0, 0.5 / share, 0.5 / (1 - share))
    kept = list(range(x.shape[1]))
    while True:
        found = _newton(x[:, kept], y, counts, ridge)
        against = [place for place in range(1, len(kept)) if found[place] < 0.0]
        if not against:
            break
        del kept[min(against, key=lambda place: float(found[place]))]
    weights = np.zeros(x.shape[1])
    weights[kept] = found
    return tuple(round(float(weight), 3) for weight in weights)


def _newton(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    counts: npt.NDArray[np.float64],
    ridge: float,
) -> npt.NDArray[np.float64]:
    weights = np.zeros(x.shape[1])
    penalty = ridge * np.diag([0.0] + [1.0] * (x.shape[1] - 1))
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (counts * (y - p)) - penalty @ weights
        bend = (x * (counts * p * (1 - p))[:, None]).T @ x + penalty + 1e-9 * np.eye(x.shape[1])
        step = np.linalg.solve(bend, slope)
        weights += step
        if float(np.abs(step).max()) < 1e-8:
            break
    return weights


WITH_NETWORK: Weights = (-1.149, 0.0, 0.265, 1.806, 0.614)
WITHOUT_NETWORK: Weights = (-1.919, 0.057, 0.933, 2.47)
