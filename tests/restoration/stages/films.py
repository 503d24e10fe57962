"""Small moving pictures with known faults, made in code."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.provenance import FrameMap, check_frame, check_sources
from restoration.stages.contract import Stage, StageFrame
from restoration.stages.material import MemoryClip

WIDTH, HEIGHT = 160, 120
FORMATS = ("gray", "gray10le", "gray16le", "yuv420p", "yuv422p10le", "gbrp", "gbrp16le")

Light = npt.NDArray[np.float64]


def scenery(seed: int = 1, *, width: int = 320, height: int = 200) -> Light:
    """A smooth picture with edges and grain, (height, width) in [0, 1]."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width))
    for sigma, weight in ((24, 1.0), (8, 0.5), (3, 0.25)):
        noise = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), sigma)
        picture += weight * noise / noise.std()
    for _ in range(12):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(picture, (x, y), int(rng.integers(6, 22)), float(rng.uniform(-2, 2)), -1)
    picture = (picture - picture.min()) / np.ptp(picture)
    return np.clip(0.15 + 0.65 * picture + 0.008 * rng.standard_normal(picture.shape), 0, 1)


def moving(count: int, *, seed: int = 1, step: float = 1.5) -> list[Light]:
    """The scenery under a camera that pans by `step` columns a frame."""
    wide = scenery(seed, width=WIDTH + int(abs(step) * count) + 8, height=HEIGHT)
    shifts = [np.float32([[1, 0, -step * n], [0, 1, 0]]) for n in range(count)]
    return [cv2.warpAffine(wide, shift, (WIDTH, HEIGHT)) for shift in shifts]


def picture_of(light: Light, name: str = "gray") -> Picture:
    """Code values of that light; chroma is a gentle slope so that copies of it can be told."""
    pixel = PIXEL_FORMATS[name]
    planes = []
    for index, (rows, columns) in enumerate(pixel.plane_shapes(width=WIDTH, height=HEIGHT)):
        plane = cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA)
        if pixel.model == "yuv" and index:
            plane = 0.4 + 0.2 * plane if index == 1 else 0.6 - 0.2 * plane
        if pixel.model == "rgb":
            plane = plane * (1.0, 0.9, 0.8)[index]
        codes = np.rint(np.clip(plane, 0, 1) * pixel.peak)
        planes.append(np.ascontiguousarray(codes.astype(pixel.dtype)))
    return Picture(pixel, tuple(planes))


def clip_of(lights: list[Light], name: str = "gray", marks: tuple[int, ...] = ()) -> MemoryClip:
    pixel = PIXEL_FORMATS[name]
    pictures = [picture_of(light, name) for light in lights]
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(18)), marks)


def blot(light: Light, y: int, x: int, size: int, tone: float) -> Light:
    """The picture with a round opaque blotch."""
    spoiled = light.copy()
    cv2.circle(spoiled, (x, y), size, tone, -1)
    return spoiled


def run_stage(stage: Stage, clip: MemoryClip, **params: object) -> tuple[list[StageFrame], dict]:
    """Every frame that the stage makes, and its facts."""
    outcome = stage.run(clip, stage.params(**params), lambda done, total: None)
    return list(outcome.frames), outcome.facts


def problems(clip: MemoryClip, made: list[StageFrame]) -> list[str]:
    """What the hard gate has against it."""
    found = []
    for number, frame in enumerate(made):
        labels = FrameMap(frame.structure, frame.colour, frame.sources)
        found += check_frame(clip.pictures[number], frame.picture, labels)
        found += check_sources(
            frame.picture, labels, lambda offset, at=number: clip.pictures[at + offset]
        )
    return found
