"""Optical flow between two frames and what follows from it: warping and consistency.

Method: dense inverse search (Kroeger et al., ECCV 2016) as OpenCV has it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.luma import Luma

Flow = npt.NDArray[np.float32]
"""(H, W, 2) float32: (dx, dy) in pixels. `flow_ab[y, x]` leads from place (y, x) of frame a to the
place in frame b that shows the same thing."""

Preset = Literal["ultrafast", "fast", "medium"]

_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
_SMALLEST_SIDE = 24
_NO_MAP = np.empty(0, np.float32)  # the first map holds both coordinates


class FlowSearch(Protocol):
    """What finds flow, by whatever method."""

    def between(self, first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> Flow:
        """Flow from `first` to `second`; both (H, W) uint8 of one shape. (H, W, 2) float32."""
        ...


class FlowEstimator:
    """Estimates flow between 8-bit pictures of one size."""

    def __init__(self, preset: Preset = "fast") -> None:
        self._search = cv2.DISOpticalFlow.create(_PRESETS[preset])

    def between(self, first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> Flow:
        """Flow from `first` to `second`; both (H, W) uint8 of one shape."""
        # The search walks the picture in one stripe a thread and hands results on within a
        # stripe, so with more threads the same pictures would give other vectors.
        if cv2.getNumThreads() != 1:
            cv2.setNumThreads(1)
        height, width = first.shape
        if min(height, width) < _SMALLEST_SIDE:
            return np.zeros((height, width, 2), np.float32)
        return np.asarray(
            self._search.calc(first, second, np.zeros((height, width, 2), np.float32)),
            dtype=np.float32,
        )


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> Flow:
    """The place of each pixel, (H, W, 2) as (x, y)."""
    places = np.empty((height, width, 2), np.float32)
    places[..., 0] = np.arange(width, dtype=np.float32)
    places[..., 1] = np.arange(height, dtype=np.float32)[:, None]
    places.setflags(write=False)
    return places


def follow(picture: npt.NDArray[np.float32], flow: Flow) -> npt.NDArray[np.float32]:
    """What frame b shows at the end of each vector of `flow_ab`, bilinear, edges repeated.

    Args:
        picture: (H, W) or (H, W, C) float32, frame b.
        flow: (H, W, 2), from a to b.
    Returns: same shape as `picture`, in the geometry of frame a.
    """
    places = flow + _grid(flow.shape[0], flow.shape[1])
    return np.asarray(
        cv2.remap(picture, places, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.float32,
    )


def round_trip_error(there: Flow, back: Flow) -> Luma:
    """Distance in pixels by which going there and back misses the starting place. (H, W)."""
    missed = there + follow(back, there)
    return np.asarray(cv2.magnitude(missed[..., 0], missed[..., 1]), dtype=np.float32)


def leaves_picture(flow: Flow) -> npt.NDArray[np.bool_]:
    """Where the vector ends outside the other frame. (H, W) bool."""
    height, width = flow.shape[:2]
    ends = flow + _grid(height, width)
    shown = cv2.inRange(ends, (-0.5, -0.5, 0.0, 0.0), (width - 0.5, height - 0.5, 0.0, 0.0))
    return np.asarray(shown == 0)
