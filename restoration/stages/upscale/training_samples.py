"""Pairs to learn enlargement from: photographs, shrunk as the bench's films are, and as film is.

Two kinds of small picture: shrunk cleanly; and as from film, softened first, then shrunk, then with
grain and a little flicker. Grain is put on the small picture alone: the large one is what is to be
learnt, and no grain is in it to be sharpened.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.resample import Plane, resample
from restoration.stages.contract import StageError

HELD_OUT_EVERY = 8
"""Every eighth photograph of each folder, by name, is never trained on."""
_LARGEST = 1800
_MILD_GRAIN, _STRONG_GRAIN = 0.5, 5.0

Photograph = npt.NDArray[np.uint8]
"""(H, W) uint8, luma."""


class Sample(NamedTuple):
    """small: (crop, crop). large: (factor * crop, factor * crop), what it was made of. [0, 1]."""

    small: Plane
    large: Plane


def load_photograph(path: Path) -> Photograph:
    """Luma of a photograph, its longer side at most 1800 pixels.

    A JPEG is halved at least a little, so that its blocks are not learnt.
    Raises: StageError if the file is no picture.
    """
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise StageError(f"{path} is no picture")
    scale = min(1.0, _LARGEST / max(image.shape), 1.0 if path.suffix == ".png" else 0.7)
    if scale < 1.0:
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image, np.uint8)


def draw_sample(
    photograph: Photograph, crop: int, factor: int, rng: np.random.Generator, *, film: bool
) -> Sample:
    """A crop at a random size, turned and lit at random, and the small picture made of it."""
    large = _light(_crop(photograph, crop * factor, rng), rng)
    return Sample(shrink_as(large, factor, rng, film=film), large)


def shrink_as(large: Plane, factor: int, rng: np.random.Generator, *, film: bool) -> Plane:
    """The small picture, as 8-bit codes would hold it. large: (H, W) in [0, 1]."""
    rows, columns = large.shape[0] // factor, large.shape[1] // factor
    if film:
        softness = float(rng.uniform(0.05, 0.45)) * factor
        large = np.asarray(cv2.GaussianBlur(large, (0, 0), softness), np.float32)
    small = resample(large, rows, columns)
    if film:
        small = small * float(rng.normal(1.0, 0.006)) + _grain(small, rng)
    return np.asarray(np.rint(np.clip(small, 0, 1) * 255) / 255, np.float32)


def _grain(small: Plane, rng: np.random.Generator) -> Plane:
    """Grain as densities have it: strongest in the middle tones, sometimes soft."""
    noise = rng.standard_normal(small.shape, np.float32)
    if rng.random() < 0.6:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.35, 0.7))))
        noise /= max(float(noise.std()), 1e-6)
    strength = float(rng.uniform(_MILD_GRAIN, _STRONG_GRAIN)) / 255
    middle = 0.5 + 2.0 * np.clip(small, 0, 1) * (1 - np.clip(small, 0, 1))
    return np.asarray(noise * strength * middle, np.float32)


def _crop(photograph: Photograph, side: int, rng: np.random.Generator) -> Plane:
    least = min(1.0, side / min(photograph.shape))
    scale = float(np.exp(rng.uniform(np.log(max(least, 0.4)), 0.0)))
    if min(photograph.shape) < side:
        scale = side / min(photograph.shape)
    need = min(round(side / scale), *photograph.shape)
    y, x = (int(rng.integers(0, whole - need + 1)) for whole in photograph.shape)
    part = photograph[y : y + need, x : x + need]
    if need != side:
        way = cv2.INTER_AREA if need > side else cv2.INTER_CUBIC
        part = np.asarray(cv2.resize(part, (side, side), interpolation=way))
    part = np.rot90(part, int(rng.integers(4)))
    part = part[:, ::-1] if rng.random() < 0.5 else part
    return np.ascontiguousarray(part, np.float32) / np.float32(255)


def _light(large: Plane, rng: np.random.Generator) -> Plane:
    """Another tone curve, and sometimes the picture turned to its negative."""
    if rng.random() < 0.5:
        large = large ** np.float32(np.exp(rng.normal(0, 0.25)))
        large = 0.5 + (large - 0.5) * np.float32(rng.uniform(0.6, 1.15))
    if rng.random() < 0.1:
        large = 1 - large
    return np.asarray(np.clip(large, 0, 1), np.float32)
