"""Silhouettes of what settles on film or is torn from it, as small opacity pictures.

Sizes are in pixels of a picture 640 columns wide and grow with `scale` = columns / 640. They follow
the eight annotated 35 mm scans of FilmDamageSimulator (Ivanova et al. 2022), made smaller with the
picture, and the larger things that projection leaves: lint, blotches and stains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum

import cv2
import numpy as np
import numpy.typing as npt

Alpha = npt.NDArray[np.float32]
"""(h, w) float32 in [0, 1], how much of the film a defect hides."""

_FINE = 8
"""Outlines are drawn in eighths of a pixel."""
_SUPER = 4
"""Small shapes are drawn this many times larger and averaged."""


class Defect(IntEnum):
    """Values of a mask of classes; 0 is sound film."""

    DUST = 1
    DIRT = 2
    SHORT_HAIR = 3
    LONG_HAIR = 4
    LINT = 5
    BLOTCH = 6
    STAIN = 7
    SCRATCH = 8
    """A short scratch in one frame."""
    LINE = 9
    """A scratch that runs down the film through many frames."""
    CRACK = 10
    """Torn emulsion, jagged and broken, that stays for some frames."""
    SPLICE = 11
    """The edge of tape or cement at a join."""


def dust(rng: np.random.Generator, scale: float) -> Alpha:
    """A speck, one to three pixels across."""
    return ragged(rng, radius=scale * min(float(rng.lognormal(-0.35, 0.45)), 2.4), corners=7)


def dirt(rng: np.random.Generator, scale: float) -> Alpha:
    """A grain, two to ten pixels across."""
    return ragged(rng, radius=scale * min(float(rng.lognormal(0.55, 0.5)), 6.0), corners=9)


def short_hair(rng: np.random.Generator, scale: float) -> Alpha:
    """A bent fibre of five to twenty-five pixels."""
    return curve(rng, length=scale * float(rng.gamma(4.0, 3.0) + 4), bend=0.08, scale=scale)


def long_hair(rng: np.random.Generator, scale: float) -> Alpha:
    """A hair of thirty to a hundred and sixty pixels."""
    return curve(rng, length=scale * float(rng.uniform(30, 160)), bend=0.02, scale=scale)


def lint(rng: np.random.Generator, scale: float) -> Alpha:
    """A tangle of a few fibres."""
    fibres = [
        curve(rng, length=scale * float(rng.uniform(14, 45)), bend=0.14, scale=scale)
        for _ in range(int(rng.integers(2, 5)))
    ]
    height = max(fibre.shape[0] for fibre in fibres)
    width = max(fibre.shape[1] for fibre in fibres)
    whole = np.zeros((height, width), np.float32)
    for fibre in fibres:
        y = int(rng.integers(0, height - fibre.shape[0] + 1))
        x = int(rng.integers(0, width - fibre.shape[1] + 1))
        part = whole[y : y + fibre.shape[0], x : x + fibre.shape[1]]
        np.maximum(part, fibre, out=part)
    return whole


def blotch(rng: np.random.Generator, scale: float) -> Alpha:
    """Emulsion gone or grown over: a ragged island with smaller ones beside it."""
    radius = scale * min(float(rng.lognormal(1.9, 0.5)), 22.0)
    return _cloud(rng, radius, roughness=0.35, edge=0.7)


def stain(rng: np.random.Generator, scale: float) -> Alpha:
    """A drop that dried: large, soft, darker at its rim."""
    whole = _cloud(rng, scale * float(rng.uniform(10, 30)), roughness=0.3, edge=1.5)
    inner = cv2.GaussianBlur(whole, (0, 0), 3.0 * scale)
    return np.asarray(whole * np.clip(1.25 - 0.6 * inner, 0.0, 1.0), np.float32)


def scratch(rng: np.random.Generator, scale: float) -> Alpha:
    """A short scratch, mostly upright."""
    length = float(rng.uniform(15, 130)) * scale
    lean = float(rng.normal(0.0, 0.05)) if rng.random() < 0.8 else float(rng.normal(0.0, 0.8))
    across = lean * length
    height, width = int(length) + 5, int(abs(across)) + 7
    start = (width - 1) / 2.0 - across / 2.0
    points = np.array([(start, 2.0), (start + across, length + 2.0)])
    return _stroke((height, width), points, scale * float(rng.uniform(0.6, 1.8)))


SHAPES: Mapping[Defect, Callable[[np.random.Generator, float], Alpha]] = {
    Defect.DUST: dust,
    Defect.DIRT: dirt,
    Defect.SHORT_HAIR: short_hair,
    Defect.LONG_HAIR: long_hair,
    Defect.LINT: lint,
    Defect.BLOTCH: blotch,
    Defect.STAIN: stain,
    Defect.SCRATCH: scratch,
}


def from_texture(rng: np.random.Generator, textures: Sequence[Alpha], drawn: Alpha) -> Alpha:
    """One of the textures, turned at random, at the size of a drawn shape."""
    texture = textures[int(rng.integers(len(textures)))]
    turned = np.rot90(texture, int(rng.integers(4)))
    if rng.random() < 0.5:
        turned = turned[:, ::-1]
    ratio = max(drawn.shape) / max(turned.shape)
    size = (max(2, round(turned.shape[1] * ratio)), max(2, round(turned.shape[0] * ratio)))
    method = cv2.INTER_AREA if ratio < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(turned), size, interpolation=method))


def ragged(rng: np.random.Generator, *, radius: float, corners: int) -> Alpha:
    """An uneven polygon at an uneven place within the pixel grid."""
    size = int(np.ceil(2.6 * radius)) + 4
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    if radius < 1.5:
        angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = radius * rng.uniform(0.75, 1.2, corners)
    squeeze = float(rng.uniform(0.55, 1.0))
    turn = float(rng.uniform(0, np.pi))
    points = np.column_stack((np.cos(angles), squeeze * np.sin(angles))) * reach[:, None]
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = size / 2 + rng.uniform(-0.5, 0.5, 2)
    canvas = np.zeros((size * _SUPER, size * _SUPER), np.uint8)
    places = np.rint((points @ rotation.T + centre) * _SUPER * _FINE).astype(np.int32)
    cv2.fillPoly(canvas, [places], (255,), cv2.LINE_8, 3)
    small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255.0)


def curve(rng: np.random.Generator, *, length: float, bend: float, scale: float) -> Alpha:
    """A line that wanders, as a hair lies."""
    steps = max(3, int(length))
    turning = np.cumsum(rng.normal(0.0, bend / 2.5, steps)) + rng.normal(0.0, bend)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(turning)
    points = np.cumsum(np.column_stack((np.cos(heading), np.sin(heading))), axis=0)
    points -= points.min(axis=0) - 3.0
    height, width = (int(v) + 4 for v in points.max(axis=0)[::-1])
    return _stroke((height, width), points, scale * float(rng.uniform(0.7, 2.2)))


def draw_line(
    canvas: npt.NDArray[np.uint8], places: npt.NDArray[np.int32], thick: int, kind: int
) -> None:
    """Draw through places given in eighths of a pixel, white."""
    cv2.polylines(
        canvas, [places], isClosed=False, color=(255,), thickness=thick, lineType=kind, shift=3
    )


def _stroke(shape: tuple[int, int], points: npt.NDArray[np.floating], width: float) -> Alpha:
    """A line through the points, `width` pixels wide, smooth at its edges."""
    canvas = np.zeros((shape[0] * _SUPER, shape[1] * _SUPER), np.uint8)
    places = np.rint(points * _SUPER * _FINE).astype(np.int32)
    thick = max(1, round(width * _SUPER))
    draw_line(canvas, places, thick, cv2.LINE_8)
    small = cv2.resize(canvas, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255.0)


def _cloud(rng: np.random.Generator, radius: float, *, roughness: float, edge: float) -> Alpha:
    size = int(np.ceil(radius * 2.8)) + 4
    grain = rng.standard_normal((size, size)).astype(np.float32)
    noise = cv2.GaussianBlur(grain, (0, 0), max(0.8, size / 9))
    rows, columns = np.mgrid[-1.4 : 1.4 : size * 1j, -1.4 : 1.4 : size * 1j]
    stretch = float(rng.uniform(0.6, 1.0))
    field = noise / max(float(noise.std()), 1e-6) * roughness + 1.0
    field -= np.hypot(rows / stretch, columns)
    return np.asarray(cv2.GaussianBlur((field > 0).astype(np.float32), (0, 0), edge), np.float32)
