"""Does the motion before explain the frame after? What flow carries across a boundary.

Between two frames of one shot most of the picture can be followed there and back; between two shots
flow finds chance likenesses that do not lead back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow import (
    Flow,
    FlowEstimator,
    follow,
    leaves_picture,
    round_trip_error,
)
from restoration.stages.cuts.thumbnails import (
    Small,
    Thumbnail,
    Window,
    difference,
    mean_difference,
    ranked,
)

Way = tuple[float, float]
"""(x, y) in pixels of a 96-column picture."""

_TRIP = 1.5  # pixels of a 96-column picture
_MISFIT = 28.0  # ranks
_LEAST_SLIDE = 2.5  # pixels
_LEAST_PEAK = 0.25
_LEAST_SURE, _FARTHEST = 0.05, 20.0  # peak and pixels of a shift that is made good
_EDGE = 6  # pixels at the edge, which a shift may bring in from outside
_LEAST_FOLLOWED = 0.6  # of the picture; below, what moves may be out of the search's reach
_LEAST_PAN = 0.3  # pixels a frame
_MISSING = 24  # frames, at most, over which a pan is followed
_TRIES, _NEAR = 3, 4.0  # places along it from which is searched, and pixels between them
_LEAST_OVERLAP = 0.5  # of the width and of the height
_SMOOTH = 2.0  # pixels


def carried(first: Thumbnail, second: Thumbnail, estimator: FlowEstimator) -> float:
    """Share of the first frame that motion carries into the second, 0 to 1."""
    _, good = _followed(_ranked(first), _ranked(second), estimator)
    return float(good.mean())


@lru_cache(maxsize=16)
def _ranked(thumbnail: Thumbnail) -> Small:
    """Ranks in which small things are seen too; a frame is asked for in several pairs."""
    return ranked(thumbnail.luma)


def slide(first: Thumbnail, second: Thumbnail) -> float:
    """How surely the whole picture only slides from one frame to the next, 0 to 1.

    The peak of the phase correlation (Kuglin and Hines 1975), which a smeared picture has too:
    about 0.1 between two scenes, 0.4 to 1 in a pan, however fast. 0 if it does not slide.
    """
    x, y, peak = shift(first, second)
    if peak < _LEAST_PEAK or max(abs(x), abs(y)) < _LEAST_SLIDE:
        return 0.0
    return min(1.0, peak)


def shift(first: Thumbnail, second: Thumbnail) -> tuple[float, float, float]:
    """By how many pixels (x, y) the whole picture moves, and the peak that says so, 0 to 1."""
    # Copies, since OpenCV lays the window over the pictures that it is given.
    one, other = first.ranks.astype(np.float32), second.ranks.astype(np.float32)
    (x, y), peak = cv2.phaseCorrelate(one, other, _soft_edges(*one.shape))
    return float(x), float(y), float(peak)


@lru_cache(maxsize=4)
def _soft_edges(height: int, width: int) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F), np.float32)


def steadied(first: Thumbnail, second: Thumbnail) -> float:
    """Rank difference of two frames, the second moved as a whole to lie on the first."""
    plain = difference(first, second)
    height, width = first.ranks.shape
    x, y, peak = shift(first, second)
    too_small = min(height, width) <= 4 * _EDGE
    if too_small or peak < _LEAST_SURE or max(abs(x), abs(y)) > _FARTHEST:
        return plain
    back = np.array([[1, 0, -x], [0, 1, -y]], np.float32)
    edge = cv2.BORDER_REPLICATE
    moved = np.asarray(cv2.warpAffine(second.ranks, back, (width, height), borderMode=edge))
    one, other = (
        np.ascontiguousarray(ranks[_EDGE:-_EDGE, _EDGE:-_EDGE], np.uint8)
        for ranks in (first.ranks, moved)
    )
    return min(plain, mean_difference(one, other))


class Movement(NamedTuple):
    """How a picture moves from one frame to another, in pixels of a 96-column picture.

    whole: the way of the picture as a whole. rest: (h, w, 2) float32, what moves against it,
    smooth. share: of the picture that is carried, 0 to 1.
    """

    whole: Way
    rest: Flow
    share: float

    @property
    def pace(self) -> float:
        """Root mean square of what moves against the picture as a whole."""
        return float(np.sqrt(2.0 * np.mean(np.square(self.rest))))


def step(first: Thumbnail, second: Thumbnail, estimator: FlowEstimator) -> Movement:
    """What moves from one frame to a near one; it is not asked whether vectors lead back."""
    there, good = _followed(_ranked(first), _ranked(second), estimator, back=False)
    return _movement(there, good)


def leap(first: Thumbnail, second: Thumbnail, usual: Way, estimator: FlowEstimator) -> Movement:
    """What moves from one frame to another between which frames may be missing.

    Args:
        usual: way of the whole picture from frame to frame around. Where a pan has gone too far for
            the search by itself, it begins along that way.
    """
    one, other = _ranked(first), _ranked(second)
    there, good = _followed(one, other, estimator)
    if good.mean() >= _LEAST_FOLLOWED:
        return _movement(there, good)
    for way in _farther(first, second, usual):
        start = np.zeros_like(there) + np.array(way, np.float32)
        nearer = follow(other.astype(np.float32), start).astype(np.uint8)
        again, better = _followed(one, nearer, estimator)
        better &= ~leaves_picture(again + start)
        if better.mean() > good.mean():
            there, good = again + start, better
    return _movement(there, good)


def _farther(first: Thumbnail, second: Thumbnail, usual: Way) -> Iterator[Way]:
    """Ways that the whole picture may have gone: on as before, and by the phase correlation."""
    if np.hypot(*usual) > _LEAST_PAN:
        ways = [(round(n * usual[0]), round(n * usual[1])) for n in range(2, _MISSING + 1)]
        likely = sorted(ways, key=lambda way: _laid_over(first.ranks, second.ranks, *way))
        tried: list[Way] = []
        for way in likely:
            if len(tried) < _TRIES and all(np.hypot(*np.subtract(way, o)) > _NEAR for o in tried):
                tried.append(way)
        yield from tried
    x, y, peak = shift(first, second)
    if peak > _LEAST_PEAK:
        yield x, y


def _laid_over(one: Small, other: Small, x: int, y: int) -> float:
    """Rank difference where both pictures lie over each other, the second moved by whole pixels."""
    height, width = one.shape
    if abs(x) > _LEAST_OVERLAP * width or abs(y) > _LEAST_OVERLAP * height:
        return np.inf
    here = one[max(0, -y) : height - max(0, y), max(0, -x) : width - max(0, x)]
    there = other[max(0, y) : height - max(0, -y), max(0, x) : width - max(0, -x)]
    return mean_difference(np.ascontiguousarray(here), np.ascontiguousarray(there))


def _movement(there: Flow, good: npt.NDArray[np.bool_]) -> Movement:
    if not good.any():
        return Movement((0.0, 0.0), np.zeros_like(there), 0.0)
    x, y = (float(value) for value in np.median(there[good], axis=0))
    rest = np.where(good[..., None], there - np.array([x, y], np.float32), np.float32(0.0))
    smooth = np.asarray(cv2.GaussianBlur(rest, (0, 0), _SMOOTH), np.float32)
    return Movement((x, y), smooth, float(good.mean()))


def _followed(
    one: Small, other: Small, estimator: FlowEstimator, *, back: bool = True
) -> tuple[Flow, npt.NDArray[np.bool_]]:
    """The flow, and where it leads inside to the same tones and, if asked, back again."""
    there = estimator.between(one, other)
    misfit = np.abs(follow(other.astype(np.float32), there) - one)
    good = (misfit < _MISFIT) & ~leaves_picture(there)
    if back:
        good &= round_trip_error(there, estimator.between(other, one)) < _TRIP
    return there, good


class Crossing(NamedTuple):
    """What motion does at a boundary, as shares of the picture.

    share: carried over it. usual: carried on the better side of it.
    """

    share: float
    usual: float


def cross(window: Window, estimator: FlowEstimator) -> Crossing:
    """The motion over the boundary before the centre frame, and around it.

    Of the pairs over the boundary the best counts, so that one spoiled frame does not cut a shot in
    two.
    """
    over = [_pair(window, a, b, estimator) for a, b in ((-1, 0), (-2, 1))]
    sides = [_pair(window, a, a + 1, estimator) for a in (-3, -2, 0, 1)]
    before, here = window.at(-1), window.here
    if max(over) < _LEAST_FOLLOWED < max(sides) and before is not None:
        around = [_step(window, a, a + 1, estimator) for a in (-3, -2, 0, 1)]
        over.append(leap(before, here, usual_way(around), estimator).share)
    return Crossing(max(over), max(sides))


def usual_way(around: Sequence[Movement | None]) -> Way:
    """How far the whole picture goes from frame to frame: the median of what could be followed."""
    ways = [each.whole for each in around if each is not None and each.share > 0.0]
    if not ways:
        return 0.0, 0.0
    x, y = (float(value) for value in np.median(ways, axis=0))
    return x, y


def carried_far(window: Window, reach: int, estimator: FlowEstimator) -> float:
    """Share that motion carries from `reach` frames before the centre to as many after."""
    return _pair(window, -reach, reach, estimator)


def _pair(window: Window, first: int, second: int, estimator: FlowEstimator) -> float:
    one, other = window.at(first), window.at(second)
    return 0.0 if one is None or other is None else carried(one, other, estimator)


def _step(window: Window, first: int, second: int, estimator: FlowEstimator) -> Movement | None:
    one, other = window.at(first), window.at(second)
    return None if one is None or other is None else step(one, other, estimator)
