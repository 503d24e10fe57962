"""Where writing stands in a picture, by the network of PP-OCR v4 that finds rows of it.

Du et al. 2020, arXiv 2009.09941; Apache-2.0. Its networks come with the package
rapidocr-onnxruntime. The package itself is not installed: it brings a second OpenCV that overwrites
the first. Finding rows is thresholding the network's map of letters.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration import weights

Luma = npt.NDArray[np.uint8]
"""(H, W)."""

WEIGHTS = "ppocr-v4"
_LETTERS, _SURE = 0.3, 0.6
"""Of the map of letters: what belongs to a row, and what some place of it must reach."""
_UNCLIP = 1.6
"""The network marks the core of a row; it is grown by this times its area over its perimeter."""
_SMALLEST = 4


@dataclass(frozen=True, slots=True)
class Box:
    """Where a row of writing, or a piece of one, lies in a picture."""

    left: int
    top: int
    right: int
    bottom: int
    sure: float
    """Mean of the map of letters over what belongs to the row, in [0, 1]."""


def find_rows(finder: Any, colours: npt.NDArray[Any], rows: int, columns: int) -> list[Box]:
    """Rows of writing in a picture, (H, W, 3) codes, in its own pixels.

    Args:
        rows, columns: the size at which it is shown to the network, multiples of 32.
    """
    height, width = colours.shape[:2]
    found = run_network(finder, signed(cv2.resize(colours, (columns, rows))))[0, 0]
    _, parts, places, _ = cv2.connectedComponentsWithStats((found > _LETTERS).astype(np.uint8))
    boxes = []
    for part, (left, top, across, down, _) in enumerate(places[1:].tolist(), start=1):
        inside = found[top : top + down, left : left + across]
        if min(across, down) < _SMALLEST or inside.max() < _SURE:
            continue
        more = across * down * _UNCLIP / (2 * (across + down))
        boxes.append(
            Box(
                max(0, round((left - more) * width / columns)),
                max(0, round((top - more) * height / rows)),
                min(width, round((left + across + more) * width / columns)),
                min(height, round((top + down + more) * height / rows)),
                float(inside[parts[top : top + down, left : left + across] == part].mean()),
            )
        )
    return boxes


def signed(colours: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """(H, W, 3) codes as (1, 3, H, W) in [-1, 1]."""
    return np.ascontiguousarray((colours.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None])


def run_network(network: Any, fed: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a network, opened by `open_network`, gives for (1, 3, H, W)."""
    return np.asarray(network.run(None, {network.get_inputs()[0].name: fed})[0], np.float32)


@lru_cache(maxsize=1)
def open_letter_finder() -> Any:
    """The network that finds rows alone, for `find_rows`; needs what `can_run` asks for.

    Raises: WeightsError
    """
    weights.require(WEIGHTS)
    return open_network(weights.find(WEIGHTS).parts[0])


def can_run() -> bool:
    """Whether what runs the networks is installed."""
    return importlib.util.find_spec("onnxruntime") is not None


def open_network(part: weights.Part) -> Any:
    """One of the two networks, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    place = weights.find(WEIGHTS).place(part)
    return onnxruntime.InferenceSession(str(place), options, providers=["CPUExecutionProvider"])
