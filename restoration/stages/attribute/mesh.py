"""The points of a face, followed from frame to frame, and what they say of its mouth.

MediaPipe's face mesh (Kartynnik, Ablavatski, Grishchenko and Grundmann, 2019) through OpenCV. As
there, a face that was placed in one frame is looked for around the same points in the next, so that
faces have to be detected only now and then.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""(H, W, 3) uint8, RGB."""
Points = npt.NDArray[np.float32]
"""(468, 2) float32: x, y in pixels."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

PRESENT = 0.5
"""Certainty of the network, from 0 to 1, below which there is no face."""
_SIDE = 192
_AROUND_BOX, _AROUND_POINTS = 1.6, 1.5
"""Side of what the network sees, in sides of a detected box, or of the points' own box."""
_EYES = (33, 263)
"""Outer corners of the right and left eye."""
_INNER_LIPS = ((82, 87), (13, 14), (312, 317))
"""Upper and lower edge of the mouth's opening, in three places."""
_MOUTH = (61, 291)
_UPPER_LIP, _LOWER_LIP, _CHIN, _NOSE = 0, 17, 152, 2
FIVE = (263, 362, 33, 133, 2)
"""Corners of the left and right eye and the nose's base: dlib's five points, as it orders them."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One face in one frame."""

    points: Points
    certainty: float

    @property
    def box(self) -> Box:
        left, top = self.points.min(axis=0)
        right, bottom = self.points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


class Mesh:
    """The network; one for a process, not for threads."""

    def __init__(self, path: Path) -> None:
        self._network: Any = cv2.dnn.readNetFromTFLite(str(path))
        self._outputs = self._network.getUnconnectedOutLayersNames()

    def place(self, picture: Pixels, *, near: Placed | None, box: Box | None) -> Placed | None:
        """The face around the points of the last frame, or in a detected box; None if none is."""
        square = _around(near) if near is not None else _upright(box) if box is not None else None
        if square is None:
            return None
        there = cv2.warpAffine(picture, square, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
        self._network.setInput(cv2.dnn.blobFromImage(there, 1 / 255))
        found = [
            np.asarray(each, np.float32).ravel() for each in self._network.forward(self._outputs)
        ]
        points = next(each for each in found if each.size == 1404).reshape(468, 3)[:, :2]
        logit = next(float(each[0]) for each in found if each.size == 1)
        certainty = 1 / (1 + float(np.exp(-logit)))
        if certainty < PRESENT:
            return None
        back = cv2.invertAffineTransform(square)
        placed = points @ back[:, :2].T + back[:, 2]
        return Placed(placed.astype(np.float32), certainty)


def _upright(box: Box) -> npt.NDArray[np.float64]:
    left, top, right, bottom = box
    side = max(right - left, bottom - top) * _AROUND_BOX
    return _view((left + right) / 2, (top + bottom) / 2, side, 0.0)


def _around(placed: Placed) -> npt.NDArray[np.float64] | None:
    one, other = placed.points[_EYES[0]], placed.points[_EYES[1]]
    angle = float(np.arctan2(other[1] - one[1], other[0] - one[0]))
    left, top, right, bottom = placed.box
    side = max(right - left, bottom - top) * _AROUND_POINTS
    if not np.isfinite(side) or side < 8:
        return None
    return _view((left + right) / 2, (top + bottom) / 2, side, angle)


def _view(x: float, y: float, side: float, angle: float) -> npt.NDArray[np.float64]:
    """From picture to network: a square of that side and turn becomes upright."""
    scale = _SIDE / side
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * scale
    shift = np.array([_SIDE / 2, _SIDE / 2]) - turn @ np.array([x, y])
    return np.column_stack([turn, shift])


def eye_distance(points: Points) -> float:
    """Between the outer corners, in pixels."""
    return float(np.hypot(*(points[_EYES[1]] - points[_EYES[0]])))


def mouth(points: Points) -> tuple[float, float, float, float]:
    """Opening, height over both lips, width, and nose to chin, in outer eye distances."""
    scale = max(eye_distance(points), 1e-6)

    def apart(one: int, other: int) -> float:
        return float(np.hypot(*(points[one] - points[other]))) / scale

    opening = sum(apart(upper, lower) for upper, lower in _INNER_LIPS) / len(_INNER_LIPS)
    return opening, apart(_UPPER_LIP, _LOWER_LIP), apart(*_MOUTH), apart(_NOSE, _CHIN)


_CROP = 48
_MOUTH_WIDTH = 0.9
"""Side of the square around the mouth, in outer eye distances."""


def darkness(picture: Pixels, points: Points) -> float:
    """How much darker the middle of the mouth is than what is around it, in its deviations.

    An open mouth is dark inside: this sees openings that the points, drawn to the mean face, miss.
    """
    scale = max(eye_distance(points), 1e-6)
    along = (points[_EYES[1]] - points[_EYES[0]]) / scale
    turn = np.array([[along[0], along[1]], [-along[1], along[0]]])
    turn *= _CROP / (_MOUTH_WIDTH * scale)
    middle = (points[_MOUTH[0]] + points[_MOUTH[1]]) / 2
    shift = np.array([_CROP / 2, _CROP / 2]) - turn @ middle
    there = cv2.warpAffine(picture, np.column_stack([turn, shift]), (_CROP, _CROP))
    grey = cv2.cvtColor(there, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inside = grey[18:34, 12:36].mean()
    return float((grey.mean() - inside) / (grey.std() + 1e-3))
