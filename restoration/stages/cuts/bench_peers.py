"""Others' detectors on the same pictures: PySceneDetect as it comes, TransNetV2 alone, no cuts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scenedetect.common import FrameTimecode
from scenedetect.detector import SceneDetector
from scenedetect.detectors import AdaptiveDetector, ContentDetector

from archive.media.pixels import Picture
from restoration.stages.material import MemoryClip

Finder = Callable[[MemoryClip], list[int]]

NETWORK = "TransNetV2"
_NETWORK_SIZE = (48, 27)


def find_peers(*, network: bool = True) -> dict[str, Finder]:
    """Every peer that can run here; TransNetV2 needs torch and its weights."""
    peers: dict[str, Finder] = {
        "ContentDetector": lambda clip: _scenedetect(ContentDetector, clip),
        "AdaptiveDetector": lambda clip: _scenedetect(AdaptiveDetector, clip),
        "no cuts": lambda clip: [],
    }
    alone = _load_network() if network else None
    return peers if alone is None else {NETWORK: alone} | peers


def _scenedetect(
    detector: type[ContentDetector] | type[AdaptiveDetector], clip: MemoryClip
) -> list[int]:
    """Its defaults; on grey film by luma alone, without which two thirds of its score are 0."""
    grey = clip.format.pixel.model == "grey"
    working: SceneDetector = detector(luma_only=grey)
    found: list[int] = []
    last = FrameTimecode(0, clip.format.rate)
    for number, shown in enumerate(_shown(clip)):
        last = FrameTimecode(number, clip.format.rate)
        found += [int(cut.frame_num) for cut in working.process_frame(last, shown)]
    found += [int(cut.frame_num) for cut in working.post_process(last)]
    return sorted(set(found))


def _shown(clip: MemoryClip) -> Iterator[npt.NDArray[np.uint8]]:
    """Every frame as BGR."""
    for picture in clip.pictures:
        yield bgr_of(picture)


def bgr_of(picture: Picture) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 of an 8-bit grey or 4:2:0 picture, BT.601."""
    if len(picture.planes) == 1:
        return np.asarray(cv2.cvtColor(picture.planes[0], cv2.COLOR_GRAY2BGR), np.uint8)
    stacked = np.concatenate([plane.reshape(-1) for plane in picture.planes])
    stacked = stacked.reshape(picture.height * 3 // 2, picture.width)
    return np.asarray(cv2.cvtColor(stacked, cv2.COLOR_YUV2BGR_I420), np.uint8)


@cache
def _load_network() -> Finder | None:
    try:
        from restoration.stages.cuts.network import probabilities
        from restoration.weights import WeightsError
    except ImportError:
        return None
    try:
        probabilities(np.zeros((4, _NETWORK_SIZE[1], _NETWORK_SIZE[0], 3), np.uint8))
    except WeightsError:
        return None
    return lambda clip: _transitions(probabilities, clip)


def _transitions(probabilities: Callable[..., Any], clip: MemoryClip) -> list[int]:
    """One cut for each run of frames whose probability is above the authors' threshold of 0.5."""
    small = [
        cv2.resize(shown, _NETWORK_SIZE, interpolation=cv2.INTER_AREA)[..., ::-1]
        for shown in _shown(clip)
    ]
    single, _ = probabilities(np.ascontiguousarray(np.stack(small)))
    above = np.flatnonzero(np.diff(np.concatenate([[0], single > 0.5, [0]])))
    # The probability says that a frame is the last of its shot, so the cut is one later.
    runs = above.reshape(-1, 2)
    return [int((first + stop - 1) // 2 + 1) for first, stop in runs if stop < len(small)]
