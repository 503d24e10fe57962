"""A picture sheet of the bench: whole frames and the worst objects, before, after, truth, map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.luma import Luma, eight_bit
from restoration.provenance import Label
from restoration.stages.contract import StageError

Colour = npt.NDArray[np.uint8]
"""(H, W, 3) uint8, blue, green, red as OpenCV writes them."""

_INKS = {
    Label.ADJUSTED: (220, 143, 79),
    Label.RECOVERED: (138, 165, 18),
    Label.HUMAN: (31, 194, 230),
    Label.SYNTHESISED: (151, 60, 214),
}
_GAP = 6
_TITLE = 18
_CROP = 24  # pixels around a worst object
_GROUND = 28


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One frame, or a part of one, in four states. labels: (H, W) uint8, the structure plane."""

    words: str
    before: Luma
    after: Luma
    truth: Luma
    labels: npt.NDArray[np.uint8]

    def part(self, words: str, box: tuple[int, int, int, int]) -> Shown:
        """The surroundings of (left, top, width, height)."""
        height, width = self.before.shape
        left, top, wide, high = box
        side = min(max(wide, high) + 2 * _CROP, 96)
        x = min(max(left + wide // 2 - side // 2, 0), width - side)
        y = min(max(top + high // 2 - side // 2, 0), height - side)
        place = (slice(y, y + side), slice(x, x + side))
        return Shown(
            words, self.before[place], self.after[place], self.truth[place], self.labels[place]
        )


def write_sheet(path: Path, frames: Sequence[Shown], worst: Sequence[Shown]) -> None:
    """Write the sheet as PNG: a row for each frame, then the worst objects, two to a row.

    Raises: StageError if the file cannot be written.
    """
    rows = [_row(shown, height=300, nearest=False) for shown in frames]
    small = [_row(shown, height=144, nearest=True) for shown in worst]
    rows += [
        np.hstack(pair) for pair in zip(small[::2], small[1::2] or small[:1], strict=False) if pair
    ]
    if not rows:
        return
    wide = max(row.shape[1] for row in rows)
    sheet = np.vstack([_padded(row, wide) for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), sheet):
        raise StageError(f"{path} cannot be written; name a .png in a folder that you may write")


def _row(shown: Shown, *, height: int, nearest: bool) -> Colour:
    way = cv2.INTER_NEAREST if nearest else cv2.INTER_AREA
    factor = height / shown.before.shape[0]
    size = (round(shown.before.shape[1] * factor), height)
    pictures = [_grey(shown.before), _grey(shown.after), _grey(shown.truth), _map(shown)]
    cells = [
        _padded(np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8), size[0] + _GAP)
        for picture in pictures
    ]
    row = np.hstack(cells)
    title = np.full((_TITLE, row.shape[1], 3), _GROUND, np.uint8)
    words = f"{shown.words}: before, after, truth, map"
    cv2.putText(title, words, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (210, 210, 210), 1)
    return np.asarray(np.vstack([title, row]), np.uint8)


def _grey(luma: Luma) -> Colour:
    return np.asarray(cv2.cvtColor(eight_bit(luma), cv2.COLOR_GRAY2BGR), np.uint8)


def _map(shown: Shown) -> Colour:
    """The labels in their colours over the darkened picture."""
    picture = (_grey(shown.before).astype(np.float32) * 0.45).astype(np.uint8)
    for label, ink in _INKS.items():
        picture[shown.labels == label] = ink
    return picture


def _padded(picture: Colour, width: int) -> Colour:
    missing = width - picture.shape[1]
    return cv2.copyMakeBorder(
        picture, 0, _GAP, 0, missing, cv2.BORDER_CONSTANT, value=(_GROUND, _GROUND, _GROUND)
    ).astype(np.uint8)
