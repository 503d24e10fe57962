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
from restoration.writing import (
    WEIGHTS,
    Box,
    Luma,
    can_run,
    find_rows,
    open_network,
    run_network,
    signed,
)

_SIDE = 480
"""Rows that a picture is scaled to, or columns if it is upright, before letters are looked for."""
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

    def _boxes(self, colours: npt.NDArray[Any]) -> list[Box]:
        height, width = colours.shape[:2]
        scale = _SIDE / min(height, width)
        rows, columns = (max(32, round(side * scale / 32) * 32) for side in (height, width))
        return find_rows(self._finder, colours, rows, columns)

    def _read(self, strip: npt.NDArray[Any]) -> Row:
        across = max(1, round(_HEIGHT * strip.shape[1] / strip.shape[0]))
        held = np.zeros((1, 3, _HEIGHT, max(_NARROWEST, across)), np.float32)
        held[..., :across] = signed(cv2.resize(strip, (across, _HEIGHT)))
        likely = run_network(self._reader, held)[0]
        best, sure = likely.argmax(axis=1), likely.max(axis=1)
        kept = (best > 0) & np.concatenate([[True], best[1:] != best[:-1]])
        text = " ".join("".join(self._letters[number] for number in best[kept]).split())
        return Row(text, float(sure[kept].mean()) if text else 0.0)


def _in_rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes that stand beside each other, from the left; the rows from above."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: box.left):
        beside = [row for row in rows if _beside(row[-1], box)]
        if beside:
            beside[0].append(box)
        else:
            rows.append([box])
    return sorted(rows, key=lambda row: min(box.top + box.bottom for box in row))


def _beside(one: Box, other: Box) -> bool:
    both = min(one.bottom, other.bottom) - max(one.top, other.top)
    least = min(one.bottom - one.top, other.bottom - other.top)
    return both > least / 2 and other.left - one.right < _APART * least


@lru_cache(maxsize=1)
def open_letter_reader() -> LetterReader:
    """The reader, from disk alone.

    Raises: StageError, WeightsError
    """
    if not can_run():
        raise StageError(
            "reading intertitles needs onnxruntime, which is not installed: "
            ".venv/bin/python -m pip install -c constraints.txt onnxruntime"
        )
    weights.require(WEIGHTS)
    finder, reader = (open_network(part) for part in weights.find(WEIGHTS).parts)
    return LetterReader(finder, reader)
