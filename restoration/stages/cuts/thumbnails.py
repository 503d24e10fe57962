"""Small pictures in which only the scene counts: light, dirt and grain normalised away."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture
from restoration.imaging.luma import analysis_luma, eight_bit, shrink

WIDTH = 96

_FLAT = 6.0  # standard deviation in codes below which a frame shows nothing


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """One frame as the detectors see it.

    luma: (h, w) uint8, as scanned. ranks: (h, w) uint8, each value replaced by its rank in its own
    frame, so that any change of light that keeps the order of tones changes nothing.
    """

    frame: int
    luma: npt.NDArray[np.uint8]
    ranks: npt.NDArray[np.uint8]
    mean: float
    spread: float

    @property
    def is_flat(self) -> bool:
        return self.spread < _FLAT


def make_thumbnail(frame: int, picture: Picture) -> Thumbnail:
    # The median takes dust and hairs out before the area average could smear them.
    clean = cv2.medianBlur(eight_bit(analysis_luma(picture)), 3)
    luma = eight_bit(shrink(clean.astype(np.float32), width=WIDTH))
    mean, spread = float(luma.mean()), float(luma.std())
    # A frame without contrast has no order of tones, only noise; ranks would blow that up.
    ranks = cv2.equalizeHist(luma) if spread >= _FLAT else np.full_like(luma, 128)
    return Thumbnail(frame, luma, ranks, mean, spread)


def difference(first: Thumbnail, second: Thumbnail) -> float:
    """Mean absolute difference of ranks, 0 to 255."""
    return float(cv2.absdiff(first.ranks, second.ranks).mean())
