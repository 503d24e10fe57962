"""Printed letters in a picture, by PP-OCR v4 (Du et al. 2020, arXiv 2009.09941; Apache-2.0).

Its two networks come with the package rapidocr-onnxruntime. The package itself is not installed: it
brings a second OpenCV that overwrites the first. Finding rows is thresholding its map of letters,
reading them is the greedy decoding of connectionist temporal classification (Graves et al. 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration import weights
from restoration.stages.contract import StageError

Luma = npt.NDArray[np.uint8]
"""(H, W)."""

WEIGHTS = "ppocr-v4"
_SIDE = 480
"""Rows that a picture is scaled to, or columns if it is upright, before letters are looked for."""
_LETTERS, _SURE = 0.3, 0.6
"""Of the map of letters: what belongs to a row, and what some place of it must reach."""
_UNCLIP = 1.6
"""The network marks the core of a row; it is grown by this times its area over its perimeter."""
_SMALLEST = 4
_HEIGHT, _NARROWEST = 48, 320
"""Of the strip that a row is scaled to."""
_APART = 2.5
"""Heights of a row between two pieces that belong to different columns."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of writing, as it stands."""

    text: str
    confidence: float
    """Mean of its letters', in [0, 1]."""


@dataclass(frozen=True, slots=True)
class _Box:
    left: int
    top: int
    right: int
    bottom: int


class LetterReader:
    """Both networks, loaded once for a process."""

    def __init__(self, finder: Any, reader: Any) -> None:
        self._finder = finder
        self._reader = reader
        held = reader.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._letters = ["", *held, " "]

    def rows(self, picture: Luma) -> list[Row]:
        """Every row of writing, from above; pieces of one row are joined."""
        colours = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        found = []
        for boxes in _in_rows(self._boxes(colours)):
            read = [
                self._read(colours[box.top : box.bottom, box.left : box.right]) for box in boxes
            ]
            told = [row for row in read if row.text]
            if told:
                sure = sum(row.confidence * len(row.text) for row in told)
                letters = sum(len(row.text) for row in told)
                found.append(Row(" ".join(row.text for row in told), round(sure / letters, 3)))
        return found

    def _boxes(self, colours: npt.NDArray[Any]) -> list[_Box]:
        height, width = colours.shape[:2]
        scale = _SIDE / min(height, width)
        rows, columns = (max(32, round(side * scale / 32) * 32) for side in (height, width))
        found = _run(self._finder, _signed(cv2.resize(colours, (columns, rows))))[0, 0]
        _, _, parts, _ = cv2.connectedComponentsWithStats((found > _LETTERS).astype(np.uint8))
        boxes = []
        for left, top, across, down, _ in parts[1:].tolist():
            inside = found[top : top + down, left : left + across]
            if min(across, down) < _SMALLEST or inside.max() < _SURE:
                continue
            more = across * down * _UNCLIP / (2 * (across + down))
            boxes.append(
                _Box(
                    max(0, round((left - more) * width / columns)),
                    max(0, round((top - more) * height / rows)),
                    min(width, round((left + across + more) * width / columns)),
                    min(height, round((top + down + more) * height / rows)),
                )
            )
        return boxes

    def _read(self, strip: npt.NDArray[Any]) -> Row:
        across = max(1, round(_HEIGHT * strip.shape[1] / strip.shape[0]))
        held = np.zeros((1, 3, _HEIGHT, max(_NARROWEST, across)), np.float32)
        held[..., :across] = _signed(cv2.resize(strip, (across, _HEIGHT)))
        likely = _run(self._reader, held)[0]
        best, sure = likely.argmax(axis=1), likely.max(axis=1)
        kept = (best > 0) & np.concatenate([[True], best[1:] != best[:-1]])
        text = " ".join("".join(self._letters[number] for number in best[kept]).split())
        return Row(text, float(sure[kept].mean()) if text else 0.0)


def _signed(colours: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """(H, W, 3) codes as (1, 3, H, W) in [-1, 1]."""
    return np.ascontiguousarray((colours.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None])


def _run(network: Any, fed: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(network.run(None, {network.get_inputs()[0].name: fed})[0], np.float32)


def _in_rows(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """Boxes that stand beside each other, from the left; the rows from above."""
    rows: list[list[_Box]] = []
    for box in sorted(boxes, key=lambda box: box.left):
        beside = [row for row in rows if _beside(row[-1], box)]
        if beside:
            beside[0].append(box)
        else:
            rows.append([box])
    return sorted(rows, key=lambda row: min(box.top + box.bottom for box in row))


def _beside(one: _Box, other: _Box) -> bool:
    both = min(one.bottom, other.bottom) - max(one.top, other.top)
    least = min(one.bottom - one.top, other.bottom - other.top)
    return both > least / 2 and other.left - one.right < _APART * least


@lru_cache(maxsize=1)
def open_letter_reader() -> LetterReader:
    """The reader, from disk alone.

    Raises: StageError, WeightsError
    """
    import importlib.util

    if importlib.util.find_spec("onnxruntime") is None:
        raise StageError(
            "reading intertitles needs onnxruntime, which is not installed: "
            ".venv/bin/python -m pip install -c constraints.txt onnxruntime"
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    entry = weights.find(WEIGHTS)
    weights.require(WEIGHTS)
    finder, reader = (
        onnxruntime.InferenceSession(
            str(entry.place(part)), options, providers=["CPUExecutionProvider"]
        )
        for part in entry.parts
    )
    return LetterReader(finder, reader)
