"""Small pictures in which only the scene counts: light, dirt and grain normalised away."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture
from restoration.imaging.luma import analysis_luma, eight_bit, shrink

WIDTH = 96
REACH = 24
"""Frames to each side that are looked at together; half the longest dissolve that is found."""

_CLEANING_WIDTH = 384
_COARSE = (32, 24)
_FLAT = 6.0  # standard deviation in codes below which a frame shows nothing

Small = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """One frame as the detectors see it.

    luma: (h, w) uint8, as scanned. ranks: (h, w) uint8, each value replaced by its rank in its own
    frame, so that any change of light that keeps the order of tones changes nothing.
    coarse: (768,) float64, luma of 24 x 32 cells.
    """

    frame: int
    luma: Small
    ranks: Small
    coarse: npt.NDArray[np.float64]
    mean: float
    spread: float

    @property
    def is_flat(self) -> bool:
        return self.spread < _FLAT


def make_thumbnail(frame: int, picture: Picture) -> Thumbnail:
    """Shrink, take out dirt, and rank."""
    smaller = shrink(analysis_luma(picture), width=_CLEANING_WIDTH)
    # The median takes dust and hairs out before the area average could smear them.
    clean = np.asarray(cv2.medianBlur(eight_bit(smaller), 3), np.float32)
    luma = eight_bit(shrink(clean, width=WIDTH))
    mean, spread = float(luma.mean()), float(luma.std())
    if spread < _FLAT:
        # A frame without contrast has no order of tones, only noise; ranks would blow that up.
        ranks = np.full_like(luma, 128)
    else:
        ranks = np.asarray(cv2.GaussianBlur(cv2.equalizeHist(luma), (0, 0), 1.5), np.uint8)
    coarse = cv2.resize(luma, _COARSE, interpolation=cv2.INTER_AREA).astype(np.float64).ravel()
    return Thumbnail(frame, luma, ranks, coarse, mean, spread)


def difference(first: Thumbnail, second: Thumbnail) -> float:
    """Mean absolute difference of ranks, 0 to 255; two unrelated scenes have 60 to 90."""
    return float(cv2.absdiff(first.ranks, second.ranks).mean())


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A frame among its neighbours: up to REACH on each side, fewer at the ends."""

    frames: list[Thumbnail]
    centre: int

    def at(self, offset: int) -> Thumbnail | None:
        """The frame so far from the centre, or None beyond the ends."""
        index = self.centre + offset
        return self.frames[index] if 0 <= index < len(self.frames) else None

    @property
    def here(self) -> Thumbnail:
        return self.frames[self.centre]


def windows(thumbnails: Iterable[Thumbnail]) -> Iterator[Window]:
    """Every frame in turn with those around it; holds 2 * REACH + 1 thumbnails at most."""
    held: deque[Thumbnail] = deque(maxlen=2 * REACH + 1)
    seen = given = 0
    for thumbnail in thumbnails:
        held.append(thumbnail)
        seen += 1
        if seen > REACH:
            yield Window(list(held), len(held) - 1 - REACH)
            given += 1
    for remaining in range(seen - given, 0, -1):
        yield Window(list(held), len(held) - remaining)
