"""Where something that was seen in one picture is seen in another: matching a patch of luma.

Normalised cross-correlation at a few sizes, which a change of light by a factor and an offset does
not touch, weighed with how far apart the light is. A proposal for a person, not a measurement.
Source: Lewis, "Fast Normalized Cross-Correlation" (1995), as OpenCV has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restoration.imaging.luma import Luma

SIZES = (0.7, 0.84, 1.0, 1.19, 1.41)
"""At which the patch is looked for, as factors: things come nearer and go away."""
PLAIN = 2.0
"""Standard deviation, in 8-bit codes, below which a patch has nothing to be known by."""
_LIGHT = 80.0
"""Codes of difference in mean light at which a likeness counts for nothing."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Luma around a place, (h, w), and where in it the place is: row and column."""

    luma: Luma
    row: int
    column: int

    @classmethod
    def around(cls, picture: Luma, row: int, column: int, reach: int) -> Patch:
        """What lies up to `reach` pixels from a place; less at the picture's edge."""
        top, left = max(row - reach, 0), max(column - reach, 0)
        part = picture[top : row + reach + 1, left : column + reach + 1]
        return cls(np.ascontiguousarray(part), row - top, column - left)

    @property
    def is_plain(self) -> bool:
        return self.luma.size == 0 or float(self.luma.std()) < PLAIN


@dataclass(frozen=True, slots=True)
class Likeness:
    """Row and column of the place in the other picture; score from 0 to 1, the same."""

    row: int
    column: int
    score: float


def find(patch: Patch, picture: Luma, *, sizes: Sequence[float] = SIZES) -> Likeness | None:
    """The likest place of the picture; None for a plain patch, or one larger than the picture."""
    if patch.is_plain:
        return None
    found = [likeness for size in sizes if (likeness := _find_at(patch, picture, size)) is not None]
    return max(found, key=lambda likeness: likeness.score, default=None)


def _find_at(patch: Patch, picture: Luma, size: float) -> Likeness | None:
    height, width = (max(5, round(side * size)) for side in patch.luma.shape)
    if height > picture.shape[0] or width > picture.shape[1]:
        return None
    wanted = cv2.resize(patch.luma, (width, height), interpolation=cv2.INTER_AREA)
    scores = cv2.matchTemplate(picture, wanted, cv2.TM_CCOEFF_NORMED)
    # Where a picture is flat there is nothing to correlate, and rounding decides.
    scores = np.where(np.isfinite(scores) & (np.abs(scores) <= 1.001), scores, 0.0)
    light = cv2.boxFilter(picture, -1, (width, height), anchor=(0, 0), normalize=True)
    apart = np.abs(light[: scores.shape[0], : scores.shape[1]] - float(wanted.mean()))
    scores = np.clip(scores, 0, 1) * np.clip(1 - apart / _LIGHT, 0, 1)
    top, left = divmod(int(scores.argmax()), scores.shape[1])
    row = top + round(patch.row * height / patch.luma.shape[0])
    column = left + round(patch.column * width / patch.luma.shape[1])
    return Likeness(row, column, float(scores[top, left]))
