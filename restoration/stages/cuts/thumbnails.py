"""Small pictures in which only the scene counts: light, dirt and grain normalised away."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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
TINY = (48, 27)
_SOFT = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0  # codes over which a count is spread
_FLAT = 6.0  # standard deviation in codes below which a frame shows nothing

Small = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """One frame as the detectors see it.

    luma: (h, w) uint8, as scanned. ranks: (h, w) uint8, each value replaced by its rank in its own
    frame, so that any change of light that keeps the order of tones changes nothing.
    coarse: (768,) float64, luma of 24 x 32 cells. fine: (2 h, 192) uint8, luma in which writing can
    be seen. colour: (27, 48, 3) uint8, R'G'B', as scanned.
    """

    frame: int
    luma: Small
    ranks: Small
    coarse: npt.NDArray[np.float64]
    fine: Small
    colour: Small
    mean: float
    spread: float

    @property
    def is_flat(self) -> bool:
        return self.spread < _FLAT


def make_thumbnail(frame: int, picture: Picture) -> Thumbnail:
    """Shrink, take out dirt, and rank."""
    # The median takes dust and hairs out before the area average could smear them.
    clean = np.asarray(cv2.medianBlur(_smaller_luma(picture), 3), np.float32)
    fine = eight_bit(shrink(clean, width=2 * WIDTH))
    luma = eight_bit(shrink(clean, width=WIDTH))
    mean, spread = float(luma.mean()), float(luma.std())
    if spread < _FLAT:
        # A frame without contrast has no order of tones, only noise; ranks would blow that up.
        ranks = np.full_like(luma, 128)
    else:
        ranks = np.asarray(cv2.GaussianBlur(ranked(luma), (0, 0), 1.5), np.uint8)
    colour = _colour(picture, clean)
    return Thumbnail(frame, luma, ranks, coarse_luma(luma), fine, colour, mean, spread)


def _smaller_luma(picture: Picture) -> Small:
    """Luma to be cleaned; a plane that is its own analysis luma is scaled as it is."""
    luma = picture.planes[0]
    if picture.pixel.model == "rgb" or luma.dtype != np.uint8:
        return eight_bit(shrink(analysis_luma(picture), width=_CLEANING_WIDTH))
    height, width = luma.shape
    if width <= _CLEANING_WIDTH:
        return np.asarray(luma, np.uint8)
    size = (_CLEANING_WIDTH, max(1, round(height * _CLEANING_WIDTH / width)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def ranked(luma: Small) -> Small:
    """Each code replaced by the share of the frame that is darker, and half of what is as dark.

    `cv2.equalizeHist` takes the darkest code for zero: one speck darker than a black border moves
    every other rank. Counts are spread over neighbouring codes, lest the noise of an even
    area be blown up.
    """
    counts = np.bincount(luma.ravel(), minlength=256).astype(np.float64)
    counts = np.convolve(np.pad(counts, _SOFT.size // 2), _SOFT, mode="valid")
    below = np.cumsum(counts) - counts / 2
    return np.asarray(np.rint(below * (255.0 / counts.sum())), np.uint8)[luma]


def coarse_luma(luma: Small) -> npt.NDArray[np.float64]:
    """(768,) luma of 24 x 32 cells."""
    return cv2.resize(luma, _COARSE, interpolation=cv2.INTER_AREA).astype(np.float64).ravel()


def _colour(picture: Picture, clean_luma: npt.NDArray[np.float32]) -> Small:
    """The whole frame in 48 x 27, in colour if it has any; YUV by BT.601, its codes as they are."""
    luma = _tiny(clean_luma)
    pixel = picture.pixel
    if pixel.model == "grey":
        return np.repeat(eight_bit(luma)[..., None], 3, axis=2)
    scale = np.float32(255.0 / pixel.peak)
    if pixel.model == "rgb":
        return eight_bit(np.dstack([_tiny(plane) * scale for plane in picture.planes]))
    blue, red = (_tiny(plane) * scale - 128.0 for plane in picture.planes[1:])
    green = luma - 0.344 * blue - 0.714 * red
    return eight_bit(np.dstack([luma + 1.402 * red, green, luma + 1.772 * blue]))


def _tiny(plane: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.resize(plane, TINY, interpolation=cv2.INTER_AREA), np.float32)


def difference(first: Thumbnail, second: Thumbnail) -> float:
    """Mean absolute difference of ranks, 0 to 255; two unrelated scenes have 60 to 90."""
    return mean_difference(first.ranks, second.ranks)


def mean_difference(first: Small, second: Small) -> float:
    """Mean absolute difference of two pictures of one shape, in codes."""
    return float(cv2.norm(first, second, cv2.NORM_L1)) / first.size


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


def windows(thumbnails: Iterable[Thumbnail], reach: int = REACH) -> Iterator[Window]:
    """Every frame in turn with those around it; holds 2 * reach + 1 thumbnails at most."""
    held: deque[Thumbnail] = deque(maxlen=2 * reach + 1)
    seen = given = 0
    for thumbnail in thumbnails:
        held.append(thumbnail)
        seen += 1
        if seen > reach:
            yield Window(list(held), len(held) - 1 - reach)
            given += 1
    for remaining in range(seen - given, 0, -1):
        yield Window(list(held), len(held) - remaining)
