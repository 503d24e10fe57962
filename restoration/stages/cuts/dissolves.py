"""What speaks for a dissolve: the network's second head, the mixture test, drift and motion.

Candidates are the mixtures that `gradual` finds and the runs of frames that the network calls part
of a change. A pan changes the picture as much, but before and after it too, and motion explains it;
a dissolve lies between two stretches that hold together. A whip pan goes a long way round from one
picture to the other; a dissolve goes straight, and every place of it at once. Weights: as in
`evidence`; those of the last three measures were fitted after the others, on what these left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.evidence import Weights, log_odds, probability
from restoration.stages.cuts.gradual import Range, join_mixes
from restoration.stages.cuts.measurements import APART, DRIFT_REACH, Measurements

_LEAST_NETWORK = 0.12
_LONGEST_GAP = 2
_SHORTEST = 3
_AROUND = 10  # frames beyond a change at which both sides are still compared
_OFF = 2  # frames by which its middle may be missed
_BESIDE = 8  # frames from a change at which its surroundings are judged


@dataclass(frozen=True, slots=True)
class Dissolve:
    """A stretch that may be a dissolve, and what was measured there.

    network: highest of the second head, None if it was not asked. mixture: score of the mixture
    test, 0 if it failed. drift: highest rank difference over 24 frames. change: highest rank
    difference over 12 frames against the surroundings'. motion: least share carried over 12 frames.
    straight: rank difference over 24 frames as a share of the sum of those from frame to frame.
    apart: least rank difference of frames on both sides of it. slide: how surely the whole
    picture only slides from frame to frame, the mean by the size of the change. between: share
    of what changes that is on its way in the middle; None if nobody can tell.
    """

    span: Range
    network: float | None
    mixture: float
    drift: float
    change: float
    motion: float
    straight: float
    apart: float = 60.0
    slide: float = 0.0
    between: float | None = None

    @property
    def middle(self) -> int:
        return self.span[0] + (self.span[1] - self.span[0]) // 2

    def confidence(self, strictness: float = 1.0) -> float:
        """Probability of a dissolve, 0 to 1; strictness as for `Evidence.confidence`."""
        weights = WITHOUT_NETWORK if self.network is None else WITH_NETWORK
        return probability(weights, self.features(), strictness)

    def told(self) -> dict[str, float | None]:
        """What the facts of the stage say of it."""
        return {
            "network": None if self.network is None else round(self.network, 3),
            "ranks": round(self.drift, 1),
            "motion": round(self.motion, 3),
        }

    def features(self) -> list[float]:
        """Constant, mixture (two), drift, change, what motion loses, straightness, how near both
        sides are (0 or less), what a slide explains (0 or less), how much is on its way, the
        network's log odds.

        All but the constant speak for a dissolve the larger they are.
        """
        found = [
            1.0,
            1.0 if self.mixture > 0.0 else 0.0,
            self.mixture,
            float(np.log(max(self.drift, 1.0) / 40.0)),
            float(np.log(max(self.change, 0.3))),
            log_odds(1.0 - self.motion, 0.05),
            float(np.log(max(self.straight, 0.05) / 0.5)),
            min(0.0, float(np.log(max(self.apart, 3.0) / 30.0))),
            log_odds(1.0 - self.slide, 0.1) - log_odds(1.0, 0.1),
            self._on_its_way(),
        ]
        if self.network is not None:
            found.append(log_odds(self.network, 0.01))
        return found

    def _on_its_way(self) -> float:
        """How much is on its way; weave lessens that, so the mixture test overrules too little."""
        if self.between is None:
            return 0.0
        found = log_odds(self.between, 0.05) - log_odds(0.6, 0.05)
        return max(found, 0.0) if self.mixture > 0.0 else found


def find_dissolves(measured: Measurements) -> list[Dissolve]:
    """Every candidate, in order; runs that overlap a mixture are part of it."""
    mixes = join_mixes(measured.mixes)
    found = [_weigh(measured, span, score) for span, score in mixes]
    if measured.every is not None:
        found += [
            _weigh(measured, span, 0.0)
            for span in network_runs(measured.every, measured.first_frame)
            if not any(span[0] <= other[1] and other[0] <= span[1] for other, _ in mixes)
        ]
    return sorted(found, key=lambda each: each.span)


def network_runs(every: npt.NDArray[np.float32], first_frame: int) -> list[Range]:
    """Stretches in which the second head rises, short gaps bridged; closed ranges."""
    runs: list[list[int]] = []
    for index in np.flatnonzero(every > _LEAST_NETWORK):
        if runs and index - runs[-1][1] <= _LONGEST_GAP + 1:
            runs[-1][1] = int(index)
        else:
            runs.append([int(index), int(index)])
    return [
        (first_frame + start, first_frame + end)
        for start, end in runs
        if end - start + 1 >= _SHORTEST
    ]


def _weigh(measured: Measurements, span: Range, mixture: float) -> Dissolve:
    first, total = measured.first_frame, len(measured.drift)
    start, stop = max(0, span[0] - first), min(total, span[1] + 1 - first)
    drift = np.array(measured.drift)
    near = [float(drift[at, 0]) for at in (start - _BESIDE, stop - 1 + _BESIDE) if 0 <= at < total]
    around = sum(near) / len(near) if near else 0.0
    network = None
    if measured.every is not None:
        network = float(measured.every[max(0, start - 2) : stop + 2].max())
    farthest = float(drift[start:stop, 1].max())
    return Dissolve(
        span,
        network,
        mixture,
        drift=farthest,
        change=float(drift[start:stop, 0].max() + 3.0) / (around + 3.0),
        motion=min(measured.carried[start:stop]),
        straight=_straightness(measured, (start + stop) // 2),
        apart=_apart(measured, start, stop),
        slide=_slide(measured, start, stop),
        between=_between(measured, start, stop),
    )


def _between(measured: Measurements, start: int, stop: int) -> float | None:
    middle = (start + stop - 1) // 2
    near = measured.between[max(0, middle - _OFF) : middle + _OFF + 1]
    return max((share for share in near if share is not None), default=None)


def _apart(measured: Measurements, start: int, stop: int) -> float:
    """Small where the same picture stands before and after, as when something passes the lens."""
    half, middle = (stop - start) // 2 + 1, (start + stop - 1) // 2
    places = [k for k, reach in enumerate(APART) if half <= reach <= half + _AROUND] or [-1]
    near = measured.apart[max(0, middle - _OFF) : middle + _OFF + 1]
    known = [row[k] for row in near for k in places if row[k] > 0.0]
    return min(known, default=60.0)


def _slide(measured: Measurements, start: int, stop: int) -> float:
    strides, slides = np.array(measured.strides[start:stop]), np.array(measured.slides[start:stop])
    return float((strides * slides).sum() / max(float(strides.sum()), 1.0))


def _straightness(measured: Measurements, middle: int) -> float:
    reach = DRIFT_REACH[1]
    way = float(np.sum(measured.strides[max(0, middle - reach + 1) : middle + reach + 1]))
    return measured.drift[min(middle, len(measured.drift) - 1)][1] / max(way, 1.0)


WITH_NETWORK: Weights = (-1.147, 0.944, 0.502, 0.162, 0.649, 0.0, 0.732, 1.5, 2.5, 2.5, 1.313)
WITHOUT_NETWORK: Weights = (-1.863, 1.325, 0.738, 0.185, 1.165, 0.0, 0.767, 1.25, 2.0, 1.5)
