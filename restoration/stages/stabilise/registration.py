"""How far the whole picture moved and turned from one frame to the next, robustly.

Corners (Shi and Tomasi 1994) are followed by pyramids of Lucas and Kanade (Bouguet 2000), there and
back; what does not come back is left out. RANSAC keeps what moves as one: whatever moves against
the picture falls out. From those points the rigid motion is fitted in closed form (Arun et al.
1987).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

_CORNERS, _FEWEST = 400, 12
_BACK = 0.15
"""Pixels by which a point may miss where it came from."""
_INLIER = 0.6
"""Pixels by which a point may depart from what moves as one."""
_LEAST_SHARE = 0.35
"""Of the points that were followed; below it nothing moves as one."""


class Step(NamedTuple):
    """Motion of the picture from the frame before: pixels, and radians about its middle.

    sure: whether enough of the picture moved as one; if not, the motion is told as none.
    """

    x: float
    y: float
    turn: float
    sure: bool


NO_STEP = Step(0.0, 0.0, 0.0, sure=False)


def register(before: Grey, after: Grey) -> Step:
    """The motion from one picture to the next, (H, W) uint8 both, in their pixels."""
    corners = cv2.goodFeaturesToTrack(before, _CORNERS, 0.005, 7, blockSize=5)
    if corners is None or len(corners) < _FEWEST:
        return NO_STEP
    start, end = _follow(before, after, np.asarray(corners, np.float32))
    if len(start) < _FEWEST:
        return NO_STEP
    cv2.setRNGSeed(1)  # the same points, the same choice
    _, kept = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=_INLIER, maxIters=500
    )
    if kept is None:
        return NO_STEP
    inside = kept.ravel().astype(bool)
    if inside.sum() < max(_FEWEST, _LEAST_SHARE * len(start)):
        return NO_STEP
    middle = (np.array(before.shape[::-1]) - 1) / 2
    return _rigid(start[inside] - middle, end[inside] - middle)


def _follow(
    before: Grey, after: Grey, corners: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The corners that are found in the next picture and from there again, (N, 2) both."""
    end, found = _track(before, after, corners)
    back, again = _track(after, before, end)
    off = np.abs(back - corners).reshape(-1, 2).max(axis=1)
    sound = found & again & (off < _BACK)
    return corners.reshape(-1, 2)[sound], end.reshape(-1, 2)[sound]


def _track(
    here: Grey, there: Grey, points: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Where the points of one picture lie in the other, and which were found."""
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 0.003)
    found, state, _ = cv2.calcOpticalFlowPyrLK(
        here, there, points, np.zeros_like(points), winSize=(15, 15), maxLevel=3, criteria=stop
    )
    return np.asarray(found, np.float32), np.asarray(state).ravel() == 1


def _rigid(start: npt.NDArray[np.floating], end: npt.NDArray[np.floating]) -> Step:
    """Least squares over points about the middle, no scale."""
    from_mean, to_mean = start.mean(axis=0), end.mean(axis=0)
    a, b = start - from_mean, end - to_mean
    turn = float(np.arctan2((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(), (a * b).sum()))
    cos, sin = np.cos(turn), np.sin(turn)
    moved = np.array([[cos, -sin], [sin, cos]]) @ from_mean
    x, y = to_mean - moved
    return Step(float(x), float(y), turn, sure=True)
