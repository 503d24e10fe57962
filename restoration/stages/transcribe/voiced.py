"""Where a voice is heard, from how probable it is step by step. PURE.

The rule is the one that Silero's authors cut speech by: a stretch begins where the probability
reaches a threshold, and ends where it has been well below that for a while. It is here by itself,
so that one pass of the network serves several thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from restoration.speech.transcript import CLOCK

Span = tuple[int, int]
"""Samples [start, end)."""

STEP = 512
"""Samples that each probability is of."""
_BELOW, _LEAST = 0.15, 0.01
"""How far below the threshold a stretch ends, and the lowest that may be."""
_SILENCE, _SHORTEST = CLOCK * 16 // 100, CLOCK * 6 // 100
"""Samples that it must stay there; and of the shortest stretch that counts."""


def voiced(chances: npt.NDArray[np.float32], length: int, *, threshold: float) -> list[Span]:
    """Stretches of speech in a sound of that many samples.

    Args:
        chances: (steps,) probability of a voice in each STEP samples, from 0 to 1.
    """
    ends = max(threshold - _BELOW, _LEAST)
    found = _stretches(chances.tolist(), length, begins=threshold, ends=ends)
    return [(start, stop) for start, stop in found if stop - start > _SHORTEST]


def _stretches(chances: list[float], length: int, *, begins: float, ends: float) -> Iterator[Span]:
    start, quiet = -1, -1
    for at, chance in zip(range(0, len(chances) * STEP, STEP), chances, strict=True):
        if chance >= begins:
            start, quiet = at if start < 0 else start, -1
        elif chance < ends and start >= 0:
            quiet = at if quiet < 0 else quiet
            if at - quiet >= _SILENCE:
                yield start, quiet
                start, quiet = -1, -1
    if start >= 0:
        yield start, length
