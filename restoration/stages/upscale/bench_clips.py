"""Films that nothing was trained on, shrunk for the bench cleanly and as film is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.imaging.resample import Plane, resample
from restoration.stages.contract import StageError
from restoration.stages.material import MemoryClip, load_clip

FRAMES = 8
HEIGHT, WIDTH = 240, 320
CLIPS = (
    ("01_dog.mp4", 960, 40),
    ("05_default_juggle.mp4", 960, 30),
    ("04_coffee.mp4", 960, 60),
    ("bedroom.mp4", 720, 50),
)
"""File below `clean_video/`, width it is scaled to, first frame; the middle is cut out."""
OLD_FILM = "old_film/the_great_train_robbery"
_SOFT, _GRAIN, _FLICKER = 0.25, 1.5, 0.006
"""Softness in source pixels, grain in 8-bit codes of middle grey, flicker as a share of light.

So weak that back-projection alone gains by it what it is known to gain: 0.6 dB by four, 0.8 by two.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Frames as they were, and the small ones made of them."""

    name: str
    factor: int
    truth: list[Plane]
    """(H, W) float32, codes."""
    small: MemoryClip


def load_cases(data: Path, condition: str, factor: int, count: int) -> list[Case]:
    """The clips of one condition: `clean`, `film` or `old film`.

    Raises: StageError if they are not there.
    """
    if condition == "old film":
        truths = [("great_train_robbery", _old_film(data))]
    else:
        truths = [(name, _modern(data, name, width, first)) for name, width, first in CLIPS[:count]]
    return [_shrink(name, truth, factor, film=condition == "film") for name, truth in truths]


def _modern(data: Path, name: str, width: int, first: int) -> list[Plane]:
    path = data / "clean_video" / name
    if not path.is_file():
        raise StageError(f"{path} is not there; name the folder that holds clean_video/")
    clip = load_clip(path, width=width, start=first, count=FRAMES)
    return [_middle(picture.planes[0]) for picture in clip.pictures]


def _old_film(data: Path) -> list[Plane]:
    paths = sorted((data / OLD_FILM).glob("*.png"))[:FRAMES]
    if not paths:
        raise StageError(f"{data / OLD_FILM} holds no frames; name the folder that holds it")
    frames = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths]
    return [_middle(np.asarray(frame)) for frame in frames]


def _middle(frame: np.ndarray) -> Plane:
    y, x = (frame.shape[0] - HEIGHT) // 2, (frame.shape[1] - WIDTH) // 2
    return np.ascontiguousarray(frame[y : y + HEIGHT, x : x + WIDTH], np.float32)


def _shrink(name: str, truth: list[Plane], factor: int, *, film: bool) -> Case:
    rng = np.random.default_rng((len(name), factor))
    pixel = PIXEL_FORMATS["gray"]
    pictures = []
    for large in truth:
        small = _film(large, factor, rng) if film else _clean(large, factor)
        codes = np.clip(np.rint(small), 0, 255).astype(np.uint8)
        pictures.append(Picture(pixel, (codes,)))
    rows, columns = pictures[0].planes[0].shape
    form = PictureFormat(columns, rows, pixel, Fraction(24))
    return Case(name, factor, truth, MemoryClip(pictures, form))


def _clean(large: Plane, factor: int) -> Plane:
    return resample(large, large.shape[0] // factor, large.shape[1] // factor)


def _film(large: Plane, factor: int, rng: np.random.Generator) -> Plane:
    soft = np.asarray(cv2.GaussianBlur(large, (0, 0), _SOFT * factor), np.float32)
    small = _clean(soft, factor)
    noise = cv2.GaussianBlur(rng.standard_normal(small.shape).astype(np.float32), (0, 0), 0.5)
    middle = 4 * np.clip(small / 255, 0, 1) * (1 - np.clip(small / 255, 0, 1))
    grain = noise / noise.std() * _GRAIN * (0.5 + 0.5 * middle)
    return np.asarray(small * float(rng.normal(1, _FLICKER)) + grain, np.float32)
