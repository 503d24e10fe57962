"""Dissolves and fades: changes of scene that take many frames.

A dissolve is found by what it is: between two frames that show different scenes, every frame is
`a * first + b * last + c`, and b / (a + b) climbs steadily from 0 to 1. Gain flicker scales a and b
alike and leaves that share alone. A fade runs through frames that show nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.imaging.flow import FlowEstimator, follow
from restoration.stages.cuts.thumbnails import REACH, Small, Thumbnail, Window, difference

_HALVES = (4, 6, 9, 13, 18, REACH)
_LEAST_CHANGE = 28.0  # rank difference of first and last
_LARGEST_RATIO = 0.75
_CHANGED = 12  # codes of levelled luma
_LEAST_CHANGED = 0.6  # of the picture
_LONGEST_BLACK = 36
_LEAST_WAY = 25.0  # codes of levelled luma
_LEAST_MOVED = 0.1  # of the picture
_UNDER_WAY = (0.2, 0.8)  # of the way from one picture to the other

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mix:
    """A window in which the centre is a mixture of both ends."""

    frame: int
    start: int
    end: int
    score: float


def find_mix(window: Window, estimator: FlowEstimator) -> Mix | None:
    """The best dissolve whose middle is near the centre frame."""
    best: Mix | None = None
    for half in _HALVES:
        first, last = window.at(-half), window.at(half)
        if first is None or last is None or first.is_flat or last.is_flat:
            break
        if difference(first, last) < _LEAST_CHANGE:
            continue
        found = _test(window, half, estimator)
        if found is not None and (best is None or found.score > best.score):
            best = found
    return best


def _test(window: Window, half: int, estimator: FlowEstimator) -> Mix | None:
    middle = _shares(_coarse(window, [-half, 0, half]))[1]
    if not 0.3 < middle < 0.7:
        return None
    share = _shares(_coarse(window, range(-half, half + 1)))
    straight = np.clip(np.arange(-half, half + 1) / (2.0 * half) + 0.5, 0.0, 1.0)
    steps = np.diff(share)
    if float(np.abs(steps).max()) > 0.4 or float(np.abs(steps).sum()) > 1.5:
        return None
    if _correlation(share, straight) < 0.93:
        return None
    advantage = _advantage_of_mixing(window, half, estimator)
    if advantage > _LARGEST_RATIO:
        return None
    start, end = _extent(window, half)
    return Mix(window.here.frame, start, end, 1.0 - advantage) if end - start >= 3 else None


def between(window: Window, reach: int) -> float | None:
    """Share of what changes that lies between the two ends at the centre, 0 to 1.

    In a mixture every place is on its way at once, also where things move; of what moves or
    turns each place shows the one or the other. None where too little changes, or beyond the ends.
    """
    if window.at(-reach) is None or window.at(reach) is None:
        return None
    first, here, last = (_levelled(window, k).astype(np.float32) for k in (-reach, 0, reach))
    way = last - first
    changed = np.abs(way) > _LEAST_WAY
    if float(changed.mean()) < _LEAST_MOVED:
        return None
    along = (here - first)[changed] / way[changed]
    return float(((along > _UNDER_WAY[0]) & (along < _UNDER_WAY[1])).mean())


def _advantage_of_mixing(window: Window, half: int, estimator: FlowEstimator) -> float:
    """What a mixture of both ends leaves unexplained, over what following the motion leaves.

    A moving camera also turns one picture into another by and by, but there the picture in between
    is the first one moved, not a mixture.
    """
    here, ends = _levelled(window, 0), [_levelled(window, -half), _levelled(window, half)]
    changed = np.abs(ends[0].astype(np.int16) - ends[1]) > _CHANGED
    if float(changed.mean()) < _LEAST_CHANGED:
        return np.inf  # writing that fades in over a scene
    middle = here.astype(np.float32)
    followed = []
    for end in ends:
        flow = estimator.between(here, end)
        followed.append(float(np.abs(follow(end.astype(np.float32), flow) - middle).mean()))
    first, last, between = (_centred(picture) for picture in (*ends, here))
    weights = _mixture(first, last, between[None])[0]
    mixed = float(np.abs(weights[0] * first + weights[1] * last - between).mean())
    return mixed / max(min(followed), 1e-3)


def _centred(picture: Small) -> npt.NDArray[np.float64]:
    return picture.astype(np.float64).ravel() - float(picture.mean())


def _extent(window: Window, half: int) -> Range:
    """First and last frame of the mixture, looked for with pure frames on both sides."""
    wide = half
    while wide < half + 8 and window.at(-wide - 1) is not None and window.at(wide + 1) is not None:
        wide += 1
    share = _shares(_coarse(window, range(-wide, wide + 1)))
    first = window.here.frame - wide
    pure_first = np.flatnonzero(share[: wide + 1] <= 0.06)
    pure_last = np.flatnonzero(share[wide:] >= 0.94)
    if not pure_first.size or not pure_last.size:
        # Further out the two ends look alike or show nothing, and no share can be told.
        return window.here.frame - half, window.here.frame + half
    return first + int(pure_first[-1]), first + wide + int(pure_last[0])


def _levelled(window: Window, offset: int) -> Small:
    """Luma of one mean and spread for all frames."""
    found = _thumbnail(window, offset)
    luma = found.luma.astype(np.float32)
    levelled = 128.0 + 50.0 * (luma - found.mean) / max(found.spread, 1.0)
    return np.asarray(np.clip(levelled, 0, 255), np.uint8)


def _thumbnail(window: Window, offset: int) -> Thumbnail:
    found = window.at(offset)
    if found is None:
        raise IndexError(f"no frame {offset} away from frame {window.here.frame}")
    return found


def _coarse(window: Window, offsets: Iterable[int]) -> npt.NDArray[np.float64]:
    return np.stack([_thumbnail(window, offset).coarse for offset in offsets])


def _shares(pictures: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Share of the last picture in each, as a mixture of first, last and a constant."""
    centred = pictures - pictures.mean(axis=1, keepdims=True)
    weights = _mixture(centred[0], centred[-1], centred)
    total = np.abs(weights[:, 0]) + np.abs(weights[:, 1])
    return np.asarray(weights[:, 1] / np.maximum(total, 1e-6))


def _mixture(
    first: npt.NDArray[np.float64],
    last: npt.NDArray[np.float64],
    pictures: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Least squares weights (n, 2) of two centred pictures in each of n.

    The normal equations are written out: a library call for two unknowns would cost more in threads
    than in arithmetic.
    """
    aa, bb, ab = (first * first).sum(), (last * last).sum(), (first * last).sum()
    a, b = (pictures * first).sum(axis=1), (pictures * last).sum(axis=1)
    determinant = max(float(aa * bb - ab * ab), 1e-9)
    return np.stack([(bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant], axis=1)


def _correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    first, second = one - one.mean(), other - other.mean()
    return float((first * second).sum() / max(np.sqrt((first**2).sum() * (second**2).sum()), 1e-9))


def join_mixes(mixes: Sequence[Mix]) -> list[tuple[Range, float]]:
    """One dissolve for each run of neighbouring hits, its ends those of the best hit."""
    found: list[list[Mix]] = []
    for mix in mixes:
        if found and mix.frame - found[-1][-1].frame <= 4:
            found[-1].append(mix)
        else:
            found.append([mix])
    best = [max(run, key=lambda mix: (mix.score, -mix.frame)) for run in found]
    return [((mix.start, mix.end), mix.score) for mix in best]


@dataclass(frozen=True, slots=True)
class Fade:
    """A passage through frames that show nothing; `inside`: it touches neither end of the clip."""

    start: int
    end: int
    blank: Range
    inside: bool


def find_fades(first_frame: int, spreads: Sequence[float], flat: Sequence[bool]) -> list[Fade]:
    """Every run of blank frames, widened to where the picture is fully there.

    Args:
        spreads: standard deviation of luma, a value a frame. flat: whether a frame shows nothing.
    """
    found = []
    total = len(flat)
    at = 0
    while at < total:
        if not flat[at]:
            at += 1
            continue
        stop = at
        while stop < total and flat[stop]:
            stop += 1
        start, end = _climb(spreads, at - 1, -1), _climb(spreads, stop, 1)
        found.append(
            Fade(
                first_frame + start,
                first_frame + end,
                (first_frame + at, first_frame + stop),
                at > 0 and stop < total,
            )
        )
        at = stop
    return found


def _climb(spreads: Sequence[float], at: int, step: int) -> int:
    """Walk away from blank frames as long as the picture keeps getting clearly stronger."""
    last = len(spreads) - 1
    while 0 <= at + step <= last:
        # Old prints repeat frames, so one step without gain is no end yet.
        ahead = max(spreads[max(0, min(last, at + k * step))] for k in (1, 2, 3, 4))
        if ahead < 1.05 * spreads[at]:
            break
        at += step
    return max(0, min(last, at))


def is_one_scene(fade: Fade) -> bool:
    """Whether the blank frames are too long for a transition and stand as a scene of their own."""
    return fade.blank[1] - fade.blank[0] > _LONGEST_BLACK
