"""Does the motion before explain the frame after? What flow carries across a boundary.

Between two frames of one shot most of the picture can be followed there and back; between two shots
flow finds chance likenesses that do not lead back.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from restoration.imaging.flow import FlowEstimator, follow, leaves_picture, round_trip_error
from restoration.stages.cuts.thumbnails import Thumbnail, Window, ranked

_TRIP = 1.5  # pixels of a 96-column picture
_MISFIT = 28.0  # ranks
_LEAST_SLIDE = 2.5  # pixels
_LEAST_PEAK = 0.25


class Motion(NamedTuple):
    """share: of the first frame that motion carries into the second, 0 to 1. pace: pixels of a
    96-column picture that the fastest tenth of what is carried moves.
    """

    share: float
    pace: float


def carried(first: Thumbnail, second: Thumbnail, estimator: FlowEstimator) -> Motion:
    """What motion carries from one frame into another."""
    one, other = ranked(first.luma), ranked(second.luma)
    there, back = estimator.between(one, other), estimator.between(other, one)
    misfit = np.abs(follow(other.astype(np.float32), there) - one)
    good = (round_trip_error(there, back) < _TRIP) & (misfit < _MISFIT) & ~leaves_picture(there)
    if not good.any():
        return Motion(0.0, 0.0)
    speeds = np.hypot(there[..., 0], there[..., 1])[good]
    return Motion(float(good.mean()), float(np.percentile(speeds, 90)))


def slide(first: Thumbnail, second: Thumbnail) -> float:
    """How surely the whole picture only slides from one frame to the next, 0 to 1.

    The peak of the phase correlation (Kuglin and Hines 1975), which a smeared picture has too:
    about 0.1 between two scenes, 0.4 to 1 in a pan, however fast. 0 if it does not slide.
    """
    one, other = first.ranks.astype(np.float32), second.ranks.astype(np.float32)
    edge = cv2.createHanningWindow((one.shape[1], one.shape[0]), cv2.CV_32F)
    (x, y), peak = cv2.phaseCorrelate(one, other, edge)
    if peak < _LEAST_PEAK or max(abs(x), abs(y)) < _LEAST_SLIDE:
        return 0.0
    return min(1.0, float(peak))


class Crossing(NamedTuple):
    """What motion does at a boundary; shares and paces as in `Motion`.

    share: carried over it. usual: carried on the better side of it. jump: pace over the boundary
    less that on the livelier side, in which a splice inside a shot shows.
    """

    share: float
    usual: float
    jump: float


def cross(window: Window, estimator: FlowEstimator) -> Crossing:
    """The motion over the boundary before the centre frame, and around it.

    Of the pairs over the boundary the best counts, so that one spoiled frame does not cut a shot in
    two.
    """
    over = [_pair(window, a, b, estimator) for a, b in ((-1, 0), (-2, 1))]
    sides = [_pair(window, a, a + 1, estimator) for a in (-3, -2, 0, 1)]
    share, usual = max(each.share for each in over), max(each.share for each in sides)
    return Crossing(share, usual, over[0].pace - max(each.pace for each in sides))


def carried_far(window: Window, reach: int, estimator: FlowEstimator) -> float:
    """Share that motion carries from `reach` frames before the centre to as many after."""
    return _pair(window, -reach, reach, estimator).share


def _pair(window: Window, first: int, second: int, estimator: FlowEstimator) -> Motion:
    one, other = window.at(first), window.at(second)
    if one is None or other is None:
        return Motion(0.0, 0.0)
    return carried(one, other, estimator)
