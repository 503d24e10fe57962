"""Film for benches: clean clips in memory, and damage planted in them with its mask known.

Reads files, so it is no part of a stage; stages never import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat

Mask = npt.NDArray[np.bool_]
Alpha = npt.NDArray[np.float32]

CLEAN_CLIPS = ("01_dog.mp4", "04_coffee.mp4", "05_default_juggle.mp4", "bedroom.mp4")
SHAPES = ("dirt", "hair", "hair-short", "lint", "spots", "sprinkles", "dots")


class MemoryClip:
    """Pictures in a list as a stage's clip."""

    def __init__(
        self, pictures: Sequence[Picture], format: PictureFormat, marks: tuple[int, ...] = ()
    ) -> None:
        self.pictures = list(pictures)
        self.format = format
        self.start_frame = 0
        self.end_frame = len(self.pictures)
        self.marks = marks
        self.device = "cpu"

    def frames(self, start: int, stop: int) -> Iterator[Picture]:
        return iter(self.pictures[start:stop])

    def sound(self, rate_hz: int) -> None:
        """These clips are silent."""


def load_clip(
    path: Path, *, width: int, start: int, count: int, pixel_name: str = "gray"
) -> MemoryClip:
    """Frames [start, start + count) of a video file, scaled by area to `width`.

    Args:
        pixel_name: `gray` or `yuv420p`.
    """
    pictures = []
    pixel = PIXEL_FORMATS[pixel_name]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        if rate is None:
            raise ValueError(f"{path} has no frame rate")
        for number, frame in enumerate(container.decode(stream)):
            if number >= start + count:
                break
            if number >= start:
                planes = np.asarray(frame.reformat(format="yuv420p").to_ndarray(), np.uint8)
                pictures.append(_scale(planes, frame.width, frame.height, width, pixel_name))
    if not pictures:
        raise ValueError(f"{path} has no frames from {start} on")
    first = pictures[0]
    return MemoryClip(pictures, PictureFormat(first.width, first.height, pixel, rate))


def _scale(
    stacked: npt.NDArray[np.uint8], full_width: int, full_height: int, width: int, name: str
) -> Picture:
    pixel = PIXEL_FORMATS[name]
    # PyAV stacks the planes of 4:2:0 in one array, chroma rows side by side in pairs.
    luma_size = full_width * full_height
    flat = stacked.reshape(-1)
    half = (full_height // 2, full_width // 2)
    quarter = half[0] * half[1]
    whole = [
        flat[:luma_size].reshape(full_height, full_width),
        flat[luma_size : luma_size + quarter].reshape(half),
        flat[luma_size + quarter : luma_size + 2 * quarter].reshape(half),
    ]
    height = 2 * round(full_height * width / full_width / 2)
    shapes = pixel.plane_shapes(width=width, height=height)
    planes = tuple(
        np.ascontiguousarray(cv2.resize(plane, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
        for plane, (h, w) in zip(whole, shapes, strict=False)
    )
    return Picture(pixel, planes)


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """A damaged clip and the truth about it.

    masks: one (H, W) bool a frame, where luma differs from the clean clip by more than 2 codes.
    kinds: one (H, W) uint8 a frame, index into KINDS + 1 of the damage there, 0 none.
    """

    clip: MemoryClip
    masks: list[Mask]
    kinds: list[npt.NDArray[np.uint8]]


KINDS = ("dust", "shape", "blotch", "scratch")


def plant_damage(
    clean: MemoryClip,
    shapes_folder: Path,
    *,
    seed: int,
    scratches: int = 0,
    dust: float = 25.0,
    scale: float = 1.0,
) -> Planted:
    """Dust, hairs, dirt and blotches fresh in each frame, and scratches that stay.

    Sizes follow the annotated 35 mm scans of FilmDamageSimulator, shrunk with the picture, with
    larger shapes and blotches added since fine dust alone would be an easy test.

    Args:
        dust: specks a frame of 480x360. scale: size of shapes and blotches; 1 suits 480 columns.
    """
    rng = np.random.default_rng(seed)
    textures = [
        path for kind in SHAPES for path in sorted((shapes_folder / kind).glob("*.png"))[:40]
    ]
    lines = [_Line.draw(rng, clean.format.width, clean.format.height) for _ in range(scratches)]
    pictures, masks, kinds = [], [], []
    for picture in clean.pictures:
        painter = _Painter(picture)
        for _ in range(int(rng.poisson(dust * painter.area / 172_800))):
            painter.paint(_speck(rng), 0, rng)
        for _ in range(int(rng.integers(1, 4))):
            painter.paint(_shape(textures[int(rng.integers(len(textures)))], rng, scale), 1, rng)
        for _ in range(int(rng.integers(0, 3))):
            painter.paint(_blotch(rng, scale), 2, rng)
        for line in lines:
            line.step(rng)
            painter.lay(line.alpha(painter.shape), line.tone, 3)
        made = painter.picture()
        truth = np.abs(made.planes[0].astype(int) - picture.planes[0].astype(int)) > 2
        pictures.append(made)
        masks.append(truth)
        kinds.append(np.where(truth, painter.kinds, np.uint8(0)))
    return Planted(MemoryClip(pictures, clean.format), masks, kinds)


class _Painter:
    """Lays opaque and half-opaque damage over one 8-bit picture, chroma towards no colour."""

    def __init__(self, picture: Picture) -> None:
        self._pixel = picture.pixel
        self._planes = [plane.astype(np.float32) for plane in picture.planes]
        self.shape = (picture.height, picture.width)
        self.area = picture.height * picture.width
        self.kinds = np.zeros(self.shape, np.uint8)

    def paint(self, alpha: Alpha, kind: int, rng: np.random.Generator) -> None:
        height, width = alpha.shape
        y = int(rng.integers(-height // 2, self.shape[0] - height // 2))
        x = int(rng.integers(-width // 2, self.shape[1] - width // 2))
        whole = np.zeros(self.shape, np.float32)
        top, left = max(y, 0), max(x, 0)
        bottom, right = min(y + height, self.shape[0]), min(x + width, self.shape[1])
        whole[top:bottom, left:right] = alpha[top - y : bottom - y, left - x : right - x]
        tone = float(rng.uniform(215, 250)) if rng.random() < 0.5 else float(rng.uniform(5, 40))
        self.lay(whole * float(rng.uniform(0.7, 1.0)), tone, kind)

    def lay(self, alpha: Alpha, tone: float, kind: int) -> None:
        self._planes[0] += alpha * (tone - self._planes[0])
        self.kinds[alpha > 0.05] = kind + 1
        for index in range(1, len(self._planes)):
            plane = self._planes[index]
            size = (plane.shape[1], plane.shape[0])
            plane += cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) * (128.0 - plane)

    def picture(self) -> Picture:
        planes = [np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in self._planes]
        return Picture(self._pixel, tuple(planes))


def _speck(rng: np.random.Generator) -> Alpha:
    across = float(rng.gamma(4.0, 0.5)) + 0.8
    size = int(np.ceil(across)) + 3
    alpha = np.zeros((size * 8, size * 8), np.uint8)
    axes = (max(2, int(across * 4)), max(2, int(across * 4 * rng.uniform(0.5, 1.0))))
    turn = float(rng.uniform(0, 180))
    cv2.ellipse(alpha, (size * 4, size * 4), axes, turn, 0, 360, 255, -1)
    return np.asarray(cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA) / 255.0)


def _shape(path: Path, rng: np.random.Generator, scale: float) -> Alpha:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError(f"{path} is no picture")
    size = round(int(rng.integers(50, 160)) * scale)
    turned = np.rot90(image[..., 3], int(rng.integers(4)))
    small = cv2.resize(np.ascontiguousarray(turned), (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / 255.0)


def _blotch(rng: np.random.Generator, scale: float) -> Alpha:
    size = round(int(rng.integers(14, 48)) * scale)
    noise = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), size / 8)
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    field = noise / noise.std() * 0.35 + 0.9 - 1.6 * np.hypot(rows, columns)
    return np.asarray(cv2.GaussianBlur((field > 0).astype(np.float32), (0, 0), 0.7), np.float32)


class _Line:
    """A scratch that runs through all frames and sways a little."""

    def __init__(self, x: float, lean: float, width: float, depth: float, tone: float) -> None:
        self.x, self.lean, self.width, self.depth, self.tone = x, lean, width, depth, tone

    @classmethod
    def draw(cls, rng: np.random.Generator, width: int, height: int) -> _Line:
        tone = float(rng.uniform(215, 250)) if rng.random() < 0.6 else float(rng.uniform(5, 40))
        lean = float(rng.uniform(-0.01, 0.01))
        x = float(rng.uniform(0.1, 0.9)) * width
        return cls(x, lean, float(rng.uniform(0.8, 2.2)), float(rng.uniform(0.35, 0.9)), tone)

    def step(self, rng: np.random.Generator) -> None:
        self.x += float(rng.normal(0.0, 0.5))

    def alpha(self, shape: tuple[int, int]) -> Alpha:
        rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        away = np.abs(columns - self.x - self.lean * rows)
        return np.asarray(self.depth * np.clip(self.width / 2 + 0.5 - away, 0, 1), np.float32)
