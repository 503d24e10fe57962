"""Splices inside a shot: a few frames are missing, and what moves jumps.

The scene is the same on both sides, so most of the picture can be followed across, but what moves
is further on than its pace before and after explains. Weights: as in `evidence`.
"""

from __future__ import annotations

import numpy as np

from restoration.stages.cuts.evidence import Weights, log_odds, probability
from restoration.stages.cuts.hard import Boundary


def splice_confidence(boundary: Boundary, strictness: float = 1.0) -> float:
    """Probability that frames are missing at a boundary that is no cut, 0 to 1."""
    return probability(WEIGHTS, splice_features(boundary), strictness)


def splice_features(boundary: Boundary) -> list[float]:
    """Constant, ranks across, ratio, jump of the pace in pixels of 96, what motion carries.

    All but the constant speak for a splice the larger they are.
    """
    return [
        1.0,
        float(np.log(max(boundary.across, 1.0) / 12.0)),
        float(np.log(max(boundary.ratio, 0.5) / 2.0)),
        float(np.clip(boundary.jump, -1.0, 4.0)),
        log_odds(boundary.carried, 0.05),
    ]


WEIGHTS: Weights = (-2.393, 0.0, 0.0, 0.923, 0.0)
