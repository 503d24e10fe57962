"""Faces as points: what is near looks like the same person. Biometric.

dlib's residual network (King, "High Quality Face Recognition with Deep Metric Learning", 2017), on
chips of 150 x 150 that dlib cuts out by five points of the face. Its authors take faces less than
0.6 apart for the same person.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.stages.attribute.mesh import FIVE, Pixels, Points
from restoration.stages.contract import StageError

_SIDE, _MARGIN = 150, 0.25
Floats = npt.NDArray[np.float32]


class Faces:
    """The network."""

    def __init__(self, path: Path) -> None:
        need_dlib()
        import dlib

        self._dlib: Any = dlib
        self._network = dlib.face_recognition_model_v1(str(path))

    def chip(self, picture: Pixels, points: Points) -> Pixels:
        """The face upright and of one size."""
        return cut_out(picture, points)

    def embed(self, chips: list[Pixels]) -> Floats:
        """(n, 128) float32."""
        if not chips:
            return np.zeros((0, 128), np.float32)
        found = self._network.compute_face_descriptor(chips)
        return np.asarray([np.asarray(each, np.float32) for each in found], np.float32)


def cut_out(picture: Pixels, points: Points, *, side: int = _SIDE) -> Pixels:
    """A face as a square chip, as dlib's network wants it."""
    import dlib

    five = [dlib.point(round(float(x)), round(float(y))) for x, y in points[list(FIVE)]]
    left, top = (int(value) for value in points.min(axis=0))
    right, bottom = (int(value) for value in points.max(axis=0))
    shape = dlib.full_object_detection(dlib.rectangle(left, top, right, bottom), five)
    whole = np.ascontiguousarray(picture)
    return np.asarray(dlib.get_face_chip(whole, shape, size=side, padding=_MARGIN), np.uint8)


def need_dlib() -> None:
    """Raises: StageError saying what to install."""
    if importlib.util.find_spec("dlib") is None:
        raise StageError(
            "telling faces apart needs dlib, which is not installed (4 MB to fetch): "
            ".venv/bin/python -m pip install -c constraints.txt dlib-bin; or say biometrics=no, "
            "and nobody is named"
        )
