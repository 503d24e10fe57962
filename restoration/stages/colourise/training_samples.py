"""Photographs to learn colour from: which ones, crops of them, and hints simulated on the crops."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.decode import open_source
from restoration.imaging.colour import Lab, Plane, to_lab
from restoration.imaging.tones import to_srgb
from restoration.stages.colourise.field import Field
from restoration.stages.colourise.judging import network_planes
from restoration.stages.colourise.network import AB_UNIT
from restoration.stages.colourise.spread import Point, spread_points
from restoration.stages.contract import StageError
from restoration.stages.photographs import photographs

HELD_OUT_EVERY = 4
"""Every fourth photograph of each folder, by name, is never trained on."""
CLIPS = ("01_dog.mp4", "04_coffee.mp4")
"""Below `clean_video/`."""
FRAMES_OF_CLIP = 12
_LEAST_CHROMA = 5.0
_SIDE = 480

Photograph = npt.NDArray[np.uint8]
"""(H, W, 3) uint8, sRGB."""


class Sample(NamedTuple):
    """planes: (CHANNELS, H, W). ab: (2, H, W), the truth. All float32, a and b in AB_UNIT."""

    planes: npt.NDArray[np.float32]
    ab: npt.NDArray[np.float32]


def load_photograph(path: Path, side: int = _SIDE) -> Photograph:
    """The photograph with its shorter side at `side` pixels, by area.

    Raises: StageError if the file is no picture.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise StageError(f"{path} is no picture")
    return _shrunk(np.asarray(image[..., ::-1], np.uint8), side)


def _shrunk(rgb: Photograph, side: int) -> Photograph:
    scale = side / min(rgb.shape[:2])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    smaller = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8)


def clip_frames(data: Path, side: int = _SIDE) -> list[Photograph]:
    """Frames of the clips to train on, evenly spaced; the bench's clips are others."""
    found: list[Photograph] = []
    for name in CLIPS:
        path = data / "clean_video" / name
        if not path.is_file():
            continue
        with open_source(path) as source:
            places = np.linspace(0, len(source) - 1, FRAMES_OF_CLIP).round().astype(int)
            for place in places.tolist():
                picture = next(source.frames(place, place + 1))
                rgb = np.rint(to_srgb(picture, source.format) * 255).astype(np.uint8)
                found.append(_shrunk(rgb, side))
    return found


def training_pictures(data: Path, side: int = _SIDE) -> list[Photograph]:
    """Everything to train on that has any colour: photographs, then frames of clips.

    Raises: StageError if there are no photographs.
    """
    loaded = [
        load_photograph(path, side)
        for path in photographs(data, every=HELD_OUT_EVERY, held_out=False)
    ]
    return [each for each in (*loaded, *clip_frames(data, side)) if has_colour(each)]


def has_colour(photograph: Photograph) -> bool:
    """Whether there is anything to learn from."""
    ab = to_lab(photograph[::4, ::4].astype(np.float32) / np.float32(255))[..., 1:]
    return float(np.hypot(ab[..., 0], ab[..., 1]).mean()) >= _LEAST_CHROMA


def draw_sample(photograph: Photograph, crop: int, rng: np.random.Generator) -> Sample:
    """A crop at a random size, turned and lit at random, with hints drawn from its own colours."""
    count = _how_many(rng)
    lab = _light(_crop(photograph, crop, rng), rng)
    if rng.random() < _turned(count):
        lab = _turn_hue(lab, rng)
    lightness, ab = np.ascontiguousarray(lab[..., 0]), lab[..., 1:]
    hinted, mask = np.zeros_like(ab), np.zeros(lightness.shape, np.float32)
    points = []
    for _ in range(count):
        size = 6 if rng.random() < 0.5 else int(rng.integers(1, 10))
        y, x = (int(rng.integers(0, crop - size + 1)) for _ in range(2))
        box = slice(y, y + size), slice(x, x + size)
        colour = ab[box].reshape(-1, 2).mean(axis=0)
        hinted[box], mask[box] = colour, 1
        middle = (size - 1) / 2
        light = float(np.median(lightness[box]))
        points.append(Point(y + middle, x + middle, light, float(colour[0]), float(colour[1])))
    # A crop shows a part of a picture, whose hints are as dense as the whole's.
    spread = spread_points(
        lightness, points, side=crop * float(rng.uniform(1.0, 1.7)), learned=True
    )
    field = Field(spread.ab, spread.certainty, spread.nearest)
    planes = network_planes(lightness, field, [])
    planes[3:5], planes[5] = np.moveaxis(hinted, -1, 0) * mask / AB_UNIT, mask
    return Sample(planes, np.ascontiguousarray(np.moveaxis(ab, -1, 0)) / AB_UNIT)


def _turned(count: int) -> float:
    """How often all hues are turned: with that many hints, these must tell and not memory."""
    return 0.6 if count >= 5 else 0.25 if count else 0.0


def _turn_hue(lab: Lab, rng: np.random.Generator) -> Lab:
    angle = float(rng.uniform(0, 2 * np.pi))
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    a, b = lab[..., 1], lab[..., 2]
    return np.stack([lab[..., 0], cosine * a - sine * b, sine * a + cosine * b], axis=-1)


def _how_many(rng: np.random.Generator) -> int:
    drawn = rng.random()
    if drawn < 0.15:
        return 0
    return 150 if drawn > 0.96 else int(np.exp(rng.uniform(0, np.log(120))))


def _crop(photograph: Photograph, crop: int, rng: np.random.Generator) -> Lab:
    least = crop / min(photograph.shape[:2])
    scale = float(np.exp(rng.uniform(np.log(least), np.log(max(1.0, 1.2 * least)))))
    size = [max(crop, round(side * scale)) for side in photograph.shape[:2]]
    whole = cv2.resize(photograph, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    y, x = (int(rng.integers(0, side - crop + 1)) for side in size)
    part = whole[y : y + crop, x : x + crop]
    part = part[:, ::-1] if rng.random() < 0.5 else part
    return to_lab(np.ascontiguousarray(part).astype(np.float32) / np.float32(255))


def _light(lab: Lab, rng: np.random.Generator) -> Lab:
    """Old film's tone curve, grain and softness on L; other dyes on a and b."""
    light: Plane = np.asarray(lab[..., 0] / 100, np.float32)
    if rng.random() < 0.7:
        light = np.clip(light, 0, 1) ** float(np.exp(rng.normal(0, 0.2)))
        light = 0.5 + (light - 0.5) * float(rng.uniform(0.8, 1.15)) + float(rng.normal(0, 0.03))
    if rng.random() < 0.3:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.4, 1.2))))
    if rng.random() < 0.5:
        noise = rng.standard_normal(light.shape, np.float32) * float(rng.uniform(0, 0.04))
        light = light + noise
    made = lab.copy()
    made[..., 0] = np.clip(light * 100, 0, 100)
    made[..., 1:] *= float(rng.uniform(0.7, 1.2))
    return made
