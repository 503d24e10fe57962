"""Frames that repeat the one before, though the film moves on before and after.

A print repeats grain and dirt with the picture, so a repeat differs from its original by less than
any two other frames do. Weights: fitted by `training`, as in `evidence`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from restoration.stages.cuts.evidence import Weights, probability

_AROUND = (-2, -1, 1, 2)
_LARGEST_SHARE = 0.5
_LEAST_STEP = 0.1  # codes; where hardly anything moves nobody can tell

Row = list[float]


def find_repeats(steps: Sequence[float]) -> Iterator[tuple[int, Row]]:
    """Candidates: index of each, and what was measured there.

    Args:
        steps: mean absolute difference of luma to the frame before, in codes, a value a frame.
    """
    known = np.array(steps)
    for index in range(3, len(known) - 2):
        around = float(min(known[index + k] for k in _AROUND))
        if around > _LEAST_STEP and known[index] < _LARGEST_SHARE * around:
            yield index, repeat_features(float(known[index]), around)


def repeat_features(step: float, around: float) -> Row:
    """Constant, how far the step lies below those around it, how large those are."""
    return [
        1.0,
        float(np.log((around + 0.02) / (step + 0.02))),
        float(np.log(around / _LEAST_STEP)),
    ]


def repeat_confidence(features: Row) -> float:
    """Probability that the frame is the one before it once more, 0 to 1."""
    return probability(WEIGHTS, features, 1.0)


WEIGHTS: Weights = (-5.912, 2.504, 0.0)
