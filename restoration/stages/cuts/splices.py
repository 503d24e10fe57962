"""Splices inside a shot: a few frames are missing, and what moves jumps.

The scene is the same on both sides, so most of the picture can be followed across, but what moves,
or the whole picture, goes further than at any of the steps around, and on in the same direction.
The gate's weave moves the whole picture too, at every step; both are therefore told apart. Where a
foreign frame lies at the joint, steps over as many frames are compared. A splice where nothing
moves leaves no trace. Weights: fitted by `training` on reels that `synthesis_splices` makes.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.imaging.flow import FlowEstimator
from restoration.stages.cuts.evidence import Weights, probability
from restoration.stages.cuts.motion import Movement, leap, steadied, step, usual_way
from restoration.stages.cuts.thumbnails import Thumbnail, Window

AROUND = 8
"""Steps to each side against which it is asked whether one stands out."""
_STANDS_OUT = 1.25
_QUIET = 0.2  # rank difference that stillness leaves
_LONGEST_GAP = 4  # frames from one that counts to the next
_REACH = 3  # steps to each side whose motion is followed
_LEAST_SHARE = 0.5  # of the picture that motion carries, for a step to say how fast things move
_FEWEST = 3
_NOISE = 0.05  # pixels of 96
_LEAST = 0.2  # of pace or place
_MUCH = 0.45  # of change
_LEAST_LOST = 0.01  # of the picture


@dataclass(frozen=True, slots=True)
class Joint:
    """A place where frames may be missing; logarithms of ratios, and cosines of -1 to 1.

    frame: the first that may belong to the later side. pace: how far what moves goes, against the
    farthest step around. place: how far the whole picture departs from its usual way, against how
    far it does around. along: whether things go on as they went. panned: whether the whole picture
    does. stride, lone: how much the picture changes, moved to lie on the one before, against the
    largest of the steps around and the one after that. lost: how much more of it motion loses.
    """

    frame: int
    pace: float
    place: float
    along: float
    panned: float
    stride: float
    lone: float
    lost: float

    def confidence(self, strictness: float = 1.0) -> float:
        """Probability that frames are missing, if the shot does not end here, 0 to 1."""
        return probability(WEIGHTS, self.features(), strictness)

    def features(self) -> list[float]:
        """Constant, how much of pace and of place goes on as before, change (two), what is lost.

        All but the constant speak for a splice the larger they are. Pace and place count only as
        far as they go on: a drawing that is held stands still on both sides of any step.
        """
        lone = max(self.lone, 0.0)
        return [
            1.0,
            max(self.along, 0.0) * min(max(self.pace, 0.0), 1.0),
            max(self.panned, 0.0) * min(max(self.place, 0.0), 1.0),
            max(self.stride, 0.0),
            lone,
            max(self.lost, 0.0) * min(lone, 1.0),
        ]


def stands_out(steps: Sequence[float], index: int) -> bool:
    """Whether a step is larger than all but one of those around it."""
    near = around(steps, index)
    if len(near) < _FEWEST:
        return False
    return steps[index] + _QUIET > _STANDS_OUT * (sorted(near)[-2] + _QUIET)


def around(steps: Sequence[float], index: int) -> list[float]:
    """The steps on both sides of one."""
    return [*steps[max(1, index - AROUND) : index], *steps[index + 1 : index + 1 + AROUND]]


def find_joint(
    window: Window, steady: Sequence[float], foreign: Container[int], estimator: FlowEstimator
) -> Joint | None:
    """What the step from the frame before the centre says; None if it is as all others.

    Args:
        steady: the steps around, of `motion.steadied`, where none leads over foreign frames.
        foreign: frames that are shown as the one before them; steps lead over them.
    """
    here = window.here.frame
    if here in foreign:
        return None
    gap = 1
    while here - gap in foreign:
        gap += 1
    ends = _pair(window, -gap, 0, foreign)
    if gap > _LONGEST_GAP or ends is None:
        return None
    changes = _changes(window, gap, steady, foreign)
    before: list[Movement] = []
    after: list[Movement] = []
    over: Movement | None = None
    for k in range(_REACH):
        for side, places in ((before, (-2 * gap - k, -gap - k)), (after, (k, gap + k))):
            near = _pair(window, *places, foreign)
            if near is not None and (found := step(*near, estimator)).share > _LEAST_SHARE:
                side.append(found)
        if over is None and before + after:
            over = leap(*ends, usual_way(before + after), estimator)
        # What the nearest steps already explain needs no more of them.
        if over is not None and not _differs(over, before + after, changes):
            return None
    if over is None or not before or not after or len(before + after) < _FEWEST:
        return None
    return _weigh(here - gap + 1, over, before + after, changes)


def _changes(
    window: Window, gap: int, steady: Sequence[float], foreign: Container[int]
) -> tuple[float, float]:
    """How much the step changes, against the largest of those as long, and the one after it."""
    if gap == 1 and len(steady) > 2:
        here, near = steady[0], list(steady[1:])
    else:
        places = [(-gap, 0)]
        for k in range(AROUND):
            places += [(-2 * gap - k, -gap - k), (k, gap + k)]
        pairs = [_pair(window, *place, foreign) for place in places]
        here, *near = (0.0 if pair is None else steadied(*pair) for pair in pairs)
    here, largest, second = (float(np.log(each + _QUIET)) for each in (here, *sorted(near)[:-3:-1]))
    return here - largest, here - second


def _pair(
    window: Window, first: int, second: int, foreign: Container[int]
) -> tuple[Thumbnail, Thumbnail] | None:
    """Two frames that show something and belong here, or None."""
    one, other = window.at(first), window.at(second)
    if one is None or other is None or one.is_flat or other.is_flat:
        return None
    return None if one.frame in foreign or other.frame in foreign else (one, other)


def _differs(over: Movement, around: Sequence[Movement], changes: tuple[float, float]) -> bool:
    """Whether any measure could still speak for a splice."""
    found = max(_pace(over, around), _place(over, around))
    return found > _LEAST or changes[1] > _MUCH


def _weigh(
    frame: int, over: Movement, around: Sequence[Movement], changes: tuple[float, float]
) -> Joint:
    usual = np.mean([each.rest for each in around], axis=0)
    whole = np.array(usual_way(around))
    return Joint(
        frame,
        pace=_pace(over, around),
        place=_place(over, around),
        along=_cosine(over.rest, usual, _NOISE**2 * over.rest[..., 0].size),
        panned=_cosine(np.array(over.whole) - whole, whole, _NOISE**2),
        stride=changes[0],
        lone=changes[1],
        lost=float(np.log(_lost(over) / max(_lost(each) for each in around))),
    )


def _pace(over: Movement, around: Sequence[Movement]) -> float:
    return float(np.log((over.pace + _NOISE) / (max(each.pace for each in around) + _NOISE)))


def _place(over: Movement, around: Sequence[Movement]) -> float:
    whole = np.array(usual_way(around))
    beyond = [float(np.hypot(*(np.array(each.whole) - whole))) for each in (over, *around)]
    return float(np.log((beyond[0] + _NOISE) / (max(beyond[1:]) + _NOISE)))


def _lost(movement: Movement) -> float:
    return 1.0 - movement.share + _LEAST_LOST


def _cosine(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating], least: float) -> float:
    """Cosine between two fields of vectors; small where either is no more than noise."""
    lengths = float(np.sqrt(((one**2).sum() + least) * ((other**2).sum() + least)))
    return float((one * other).sum()) / lengths


WEIGHTS: Weights = (-3.334, 3.394, 2.253, 1.026, 0.479, 1.851)
