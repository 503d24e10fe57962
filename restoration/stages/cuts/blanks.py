"""What the film shows on both sides of blank frames: a fade, or something before the lens.

In a fade every frame is the full picture times a factor, so its structure holds while its contrast
falls. What passes before the lens has an edge, breaks the structure, and leaves the same scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restoration.imaging.flow import FlowEstimator
from restoration.stages.cuts.motion import carried
from restoration.stages.cuts.thumbnails import REACH, Thumbnail, Window, difference

_EVERY = 4  # frames of which one is compared with those of the other side
_CLEAR = 0.6  # of the contrast of the full picture, to be compared
_FULL = 0.85  # of it, from which a frame no longer counts as fading
_LEAST_SPREAD = 8.0  # codes; below there is more grain than structure
_FURTHER = 4  # frames nearer to the full picture with which a fading one is compared

Side = list[Thumbnail]
"""Frames beside blank ones, the nearest first."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What was measured on both sides of blank frames.

    across: smallest rank difference of any frame before and any after; None beside an end of the
    clip. carried: share of the picture that motion carries between these two. held: correlation of
    fading frames with the fuller picture, the mean of both sides, -1 to 1; None if none fade.
    """

    across: float | None
    carried: float
    held: float | None


class BlankWatch:
    """Measures every passage through blank frames as the windows go by."""

    def __init__(self, estimator: FlowEstimator) -> None:
        self._estimator = estimator
        self._before: Side = []
        self.found: dict[int, Passage] = {}
        """By the first frame after the blank ones."""

    def feed(self, window: Window) -> None:
        """The next frame among its neighbours."""
        here, before = window.here, window.at(-1)
        if here.is_flat and before is not None and not before.is_flat:
            self._before = _side(window, -1)
        elif not here.is_flat and before is not None and before.is_flat:
            self.found[here.frame] = compare(self._before, _side(window, 1), self._estimator)
            self._before = []
        if here.is_flat and window.at(1) is None:
            self.found[here.frame + 1] = compare(self._before, [], self._estimator)


def _side(window: Window, step: int) -> Side:
    """The frames that show something, from the one next to the blank ones outwards."""
    side: Side = []
    first = -1 if step < 0 else 0
    for k in range(REACH):
        found = window.at(first + step * k)
        if found is None or found.is_flat:
            break
        side.append(found)
    return side


def compare(before: Side, after: Side, estimator: FlowEstimator) -> Passage:
    """Whether the same scene stands on both sides, and whether the picture fades."""
    held = [found for side in (before, after) if (found := _held(side)) is not None]
    mean = sum(held) / len(held) if held else None
    pairs = [(one, other) for one in _clear(before) for other in _clear(after)]
    if not pairs:
        return Passage(None, 0.0, mean)
    one, other = min(pairs, key=lambda pair: difference(*pair))
    return Passage(difference(one, other), carried(one, other, estimator), mean)


def _clear(side: Side) -> Side:
    full = max((frame.spread for frame in side), default=0.0)
    return [frame for frame in side if frame.spread >= _CLEAR * full][::_EVERY]


def _held(side: Side) -> float | None:
    full = max((frame.spread for frame in side), default=0.0)
    found = []
    for k, frame in enumerate(side[:-_FURTHER]):
        if frame.spread >= _FULL * full:
            break
        if frame.spread >= _LEAST_SPREAD:
            found.append(_correlation(frame, side[k + _FURTHER]))
    return float(np.median(found)) if found else None


def _correlation(one: Thumbnail, other: Thumbnail) -> float:
    first, second = one.coarse - one.coarse.mean(), other.coarse - other.coarse.mean()
    return float(first @ second / max(float(np.sqrt((first @ first) * (second @ second))), 1e-9))
