"""One confidence for each place where a shot may end, out of all that was measured there.

A logistic score of what the network says, what motion carries across, and how far ranks differ.
The weights were fitted by `training` on reels that `synthesis` makes; a second set does without the
network. Confidence is the probability that the score stands for: 0.5 where a cut is as likely as
none.
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
_LEAST = 0.005  # odds of a single measure are bounded, so that none decides alone


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

    def confidence(self, strictness: float = 1.0) -> float:
        """Probability of a cut, 0 to 1. strictness: 1 as fitted; above 1 asks for more evidence."""
        weights = WITHOUT_NETWORK if self.network is None else WITH_NETWORK
        score = float(np.dot(weights, self.features())) - 2.0 * float(np.log(strictness))
        return float(1.0 / (1.0 + np.exp(-score)))

    def told(self) -> dict[str, float | None]:
        """What the facts of the stage say of it."""
        return {
            "network": None if self.network is None else round(self.network, 3),
            "ranks": round(self.ranks, 1),
            "motion": round(self.motion, 3),
        }

    def features(self) -> list[float]:
        """Constant, ranks across, ratio, what motion carries, and the network's log odds."""
        found = [
            1.0,
            float(np.log(max(self.ranks, 1.0) / 30.0)),
            float(np.log(max(self.ratio, 0.5) / 2.5)),
            _log_odds(self.motion, 0.02) - _log_odds(0.45, 0.02),
        ]
        if self.network is not None:
            found.append(_log_odds(self.network, _LEAST) - _log_odds(0.2, _LEAST))
        return found


def _log_odds(share: float, least: float) -> float:
    kept = min(max(share, least), 1.0 - least)
    return float(np.log(kept / (1.0 - kept)))


def fit(rows: Sequence[Sequence[float]], right: Sequence[bool], *, ridge: float = 1.0) -> Weights:
    """Weights of a logistic regression, by Newton's method.

    Args:
        rows: `Evidence.features` of each example. right: whether there is a cut.
        ridge: penalty on squared weights but the constant's.
    """
    x, y = np.array(rows, np.float64), np.array(right, np.float64)
    weights = np.zeros(x.shape[1])
    penalty = ridge * np.diag([0.0] + [1.0] * (x.shape[1] - 1))
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (y - p) - penalty @ weights
        bend = (x * (p * (1 - p))[:, None]).T @ x + penalty + 1e-9 * np.eye(x.shape[1])
        step = np.linalg.solve(bend, slope)
        weights += step
        if float(np.abs(step).max()) < 1e-8:
            break
    return tuple(round(float(weight), 3) for weight in weights)


WITH_NETWORK: Weights = (-0.68, 0.0, 0.532, -0.626, 1.152)
WITHOUT_NETWORK: Weights = (-0.825, 0.577, 1.852, -1.657)
