"""Does the motion before explain the frame after? What flow carries across a boundary.

Between two frames of one shot most of the picture can be followed there and back; between two shots
flow finds chance likenesses that do not lead back.
"""

from __future__ import annotations

import cv2
import numpy as np

from restoration.imaging.flow import FlowEstimator, follow, leaves_picture, round_trip_error
from restoration.stages.cuts.thumbnails import Small, Thumbnail, Window

_TRIP = 1.5  # pixels of a 96-column picture
_MISFIT = 28.0  # levels of the equalised picture


def carried(first: Thumbnail, second: Thumbnail, estimator: FlowEstimator) -> float:
    """Share of the first frame that motion carries into the second, 0 to 1."""
    one, other = _equalised(first), _equalised(second)
    there, back = estimator.between(one, other), estimator.between(other, one)
    misfit = np.abs(follow(other.astype(np.float32), there) - one)
    good = (round_trip_error(there, back) < _TRIP) & (misfit < _MISFIT) & ~leaves_picture(there)
    return float(good.mean())


def carried_across(window: Window, estimator: FlowEstimator) -> tuple[float, float]:
    """What is carried over the boundary before the centre frame, and usually around it.

    Of the pairs over the boundary the best counts, so that one spoiled frame does not cut a shot in
    two; of those around, the better side's.
    """
    over = [_pair(window, a, b, estimator) for a, b in ((-1, 0), (-2, 1))]
    sides = [_pair(window, -2, -1, estimator), _pair(window, 0, 1, estimator)]
    return max(over), max(sides)


def _pair(window: Window, first: int, second: int, estimator: FlowEstimator) -> float:
    one, other = window.at(first), window.at(second)
    return carried(one, other, estimator) if one is not None and other is not None else 0.0


def _equalised(thumbnail: Thumbnail) -> Small:
    return np.asarray(cv2.equalizeHist(thumbnail.luma), np.uint8)
