"""Small scans to enlarge, made by shrinking a picture that is known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.imaging.resample import resample
from restoration.stages.contract import StageFrame
from restoration.stages.material import MemoryClip
from restoration.stages.upscale.stage import STAGE
from tests.restoration.stages.films import scenery

WIDTH, HEIGHT = 41, 30


def small_clip(name: str = "gray", *, frames: int = 2, marks: tuple[int, ...] = ()) -> MemoryClip:
    """Frames of 41 x 30 pixels of a panning scenery, four times as large before."""
    pixel = PIXEL_FORMATS[name]
    wide = scenery(3, width=4 * WIDTH + 4 * frames, height=4 * HEIGHT)
    pictures = [
        _picture(wide[:, 4 * n : 4 * (n + WIDTH)].astype(np.float32), name) for n in range(frames)
    ]
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(18)), marks)


def _picture(light: np.ndarray, name: str) -> Picture:
    pixel = PIXEL_FORMATS[name]
    planes = []
    for place, shape in enumerate(pixel.plane_shapes(width=WIDTH, height=HEIGHT)):
        plane = resample(light, *shape) * (1.0, 0.8, 0.7)[place]
        planes.append(np.rint(np.clip(plane, 0, 1) * pixel.peak).astype(pixel.dtype))
    return Picture(pixel, tuple(planes))


def enlarge(clip: MemoryClip, **params: object) -> tuple[list[StageFrame], dict]:
    """What upscale makes of a clip, and its facts."""
    outcome = STAGE.run(clip, STAGE.params(**params), lambda done, total: None)
    return list(outcome.frames), outcome.facts


def shrunk(picture: Picture, like: Picture) -> list[np.ndarray]:
    """Every plane shrunk to the size of another picture's."""
    return [
        resample(large.astype(np.float32), *small.shape)
        for large, small in zip(picture.planes, like.planes, strict=True)
    ]


def worst_db(picture: Picture, source: Picture) -> float:
    """The lowest PSNR of a shrunk plane against the source's."""
    errors = [
        float(((plane - small) ** 2).mean()) / source.pixel.peak**2
        for plane, small in zip(shrunk(picture, source), source.planes, strict=True)
    ]
    return min(99.0, -10 * float(np.log10(max(max(errors), 1e-12))))
