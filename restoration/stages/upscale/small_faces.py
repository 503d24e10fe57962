"""Faces so small that whatever an enlargement shows of them is invented: who it is, above all.

They are looked for in the source, enlarged by resampling alone, in one frame of twelve; the frame's
own pictures are not touched. Without the detector's weights nothing is looked for, and it is said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restoration import weights
from restoration.imaging.resample import Plane
from restoration.stages import kept

WEIGHTS = "mtcnn"
SMALL = 24.0
"""Pixels of the source, from brow to chin or ear to ear: below it identities are invented."""
_LEAST = 10.0
"""Pixels of the source below which no face is told from anything else."""
_SHOWN = 2
"""Times the source's size at which it is looked at: the detector wants twenty pixels."""


class Finder(Protocol):
    """What `faces_network.FaceFinder` is."""

    def find(
        self, picture: npt.NDArray[np.uint8], *, least: float, most: float
    ) -> npt.NDArray[np.float32]: ...


class SmallFace(NamedTuple):
    """In pixels of the source."""

    left: int
    top: int
    width: int
    height: int


def open_finder() -> Finder | None:
    """The detector; None without its weights.

    Raises: ModuleNotFoundError without torch, WeightsError if the weights are not the pinned ones.
    """
    if weights.find(WEIGHTS).state() == "missing":
        return None
    return kept.network(WEIGHTS, _read_finder)


def _read_finder(path: Path) -> Finder:
    from restoration.stages.upscale.faces_network import FaceFinder

    entry = weights.find(WEIGHTS)
    places = {part.name: entry.place(part) for part in entry.parts}
    return FaceFinder(places["pnet.pt"], places["rnet.pt"], places["onet.pt"])


def small_faces(finder: Finder, luma: Plane) -> list[SmallFace]:
    """Those of a frame, (rows, columns) in [0, 1]."""
    codes = np.clip(np.rint(luma * 255), 0, 255).astype(np.uint8)
    size = (_SHOWN * codes.shape[1], _SHOWN * codes.shape[0])
    shown = cv2.resize(codes, size, interpolation=cv2.INTER_CUBIC)
    found = finder.find(np.asarray(shown, np.uint8), least=_SHOWN * _LEAST, most=_SHOWN * SMALL)
    faces = []
    for left, top, right, bottom in (found / _SHOWN).tolist():
        if max(right - left, bottom - top) < SMALL:
            faces.append(
                SmallFace(round(left), round(top), round(right - left), round(bottom - top))
            )
    return faces


def words(frames: list[dict[str, Any]]) -> str:
    """What a reviewer is told; empty if there is nothing to tell.

    Args:
        frames: entries of `facts["small_faces"]`, with `frame` and `faces`.
    """
    most = max(frames, key=lambda entry: len(entry["faces"]), default=None)
    if most is None:
        return ""
    count = len(most["faces"])
    which = "1 face under {} px was" if count == 1 else f"{count} faces under {{}} px were"
    told = f"{which.format(round(SMALL))} enlarged in frame {most['frame']}: details are invented"
    if len(frames) > 1:
        told += f" ({len(frames)} of the frames looked at have such)"
    return told
