"""Clean film made old, with the truth about it: what was damaged where, and by what.

For training and benches. The published recipes of this kind (RTN, Wan et al. 2022, and those after
it) write no mask and sharpen their target; this one writes the exact mask and the class of each
pixel, and its target is the film as it was, with its own grain, weave and flicker, never sharpened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from restoration.stages.repair.damage_lines import Crack, StandingLine, splice_bands
from restoration.stages.repair.damage_shapes import SHAPES, Alpha, Defect, from_texture

Mask = npt.NDArray[np.bool_]
Luma = npt.NDArray[np.float32]

VISIBLE = 2.0
"""8-bit codes from which a difference counts as damage."""
REFERENCE_AREA = 640 * 480
"""Pixels of the picture for which `Recipe.counts` holds."""

MEASURED_COUNTS: Mapping[Defect, float] = MappingProxyType(
    {
        Defect.DUST: 59.0,
        Defect.DIRT: 27.0,
        Defect.SHORT_HAIR: 13.0,
        Defect.LONG_HAIR: 3.0,
        Defect.LINT: 2.0,
        Defect.BLOTCH: 5.5,
        Defect.STAIN: 0.6,
        Defect.SCRATCH: 2.0,
    }
)
"""Expected objects in a frame of worn film; with a standing line about 2.1 % of the pixels."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How worn a clip is. Chances in [0, 1], light and place in 8-bit codes and pixels."""

    counts: Mapping[Defect, float] = field(default_factory=lambda: MEASURED_COUNTS)
    """Expected things fresh in each frame of 640 x 480; a strip of it holds its share of them."""
    density: float = 1.0
    """Times `counts`; 0 leaves the clip without fresh damage."""
    dark: float = 0.55
    """Chance of dark: dirt on a print is dark, dirt on the negative printed white."""
    translucent: float = 0.3
    """Chance that the picture shows through."""
    lines: float = 1.0
    """Expected standing scratches in the clip."""
    cracks: float = 0.25
    """Expected cracks in the clip."""
    splices: float = 0.0
    """Chance that the clip holds a join: bands at frame edges and a flash of light."""
    weave: float = 0.0
    """Standard deviation of the frame's place in the gate, pixels."""
    flicker: float = 0.0
    """Standard deviation of the gain from frame to frame."""
    grain: float = 0.0
    """Standard deviation of grain at middle grey; it belongs to the target."""
    scale: float | None = None
    """Size of everything; None: columns / 640, so that a wider scan shows the same film."""
    textures: Mapping[Defect, Sequence[Alpha]] = field(default_factory=dict)
    """Silhouettes of real damage by class; half of that class is cut from them if there are any."""


@dataclass(frozen=True, slots=True, eq=False)
class DamagedClip:
    """A damaged clip and the truth about it; one array a frame, all (H, W).

    frames, target: the dtype of what was given. target is the film without damage: with weave,
    flicker and grain where the recipe asks for them, else equal to the clean frames.
    masks: bool, where a frame differs from its target by more than 2 codes.
    classes: uint8, values of `Defect` in the mask, 0 elsewhere.
    opacity: float32, share of the film that damage hides; chroma loses its colour by as much.
    """

    frames: list[npt.NDArray[np.number]]
    masks: list[Mask]
    classes: list[npt.NDArray[np.uint8]]
    target: list[npt.NDArray[np.number]]
    opacity: list[Alpha]


def damage_clip(
    clean: Sequence[npt.NDArray[np.number]], rng: np.random.Generator, recipe: Recipe
) -> DamagedClip:
    """Damage consecutive frames.

    Args:
        clean: (H, W) uint8, or float32 in [0, 255]; at least 64 columns and rows.
    Returns: frames of the same dtype; uint8 is rounded.
    Raises: ValueError if the frames differ in shape or are too small.
    """
    shapes = {frame.shape for frame in clean}
    if len(shapes) != 1 or min(next(iter(shapes))) < 64:
        raise ValueError("damage needs frames of one shape, of at least 64 x 64 pixels")
    height, width = next(iter(shapes))
    flashes, bands = splice_bands(rng, len(clean), (height, width), recipe.splices)
    target = _age(clean, rng, recipe, flashes)
    scale = recipe.scale or width / 640
    lines = [StandingLine.draw(rng, width, scale) for _ in range(rng.poisson(recipe.lines))]
    cracks = [
        Crack.draw(rng, (height, width), scale, len(clean))
        for _ in range(rng.poisson(recipe.cracks))
    ]
    made = DamagedClip([], [], [], target, [])
    for index, film in enumerate(target):
        painter = _Painter(film.astype(np.float32), recipe, rng)
        painter.scatter(scale)
        for line in lines:
            painter.lay(line.step(rng, height, width), line.tone, Defect.LINE)
        for crack in cracks:
            painter.lay(crack.at(rng, index), crack.tone, Defect.CRACK)
        for opacity, tone in bands.get(index, []):
            painter.lay(opacity, tone, Defect.SPLICE)
        _add(made, painter, film)
    return made


def _add(made: DamagedClip, painter: _Painter, film: npt.NDArray[np.number]) -> None:
    frame = _as(painter.luma, film.dtype)
    mask = np.abs(frame.astype(np.float32) - film.astype(np.float32)) > VISIBLE
    made.frames.append(frame)
    made.masks.append(mask)
    made.classes.append(np.where(mask, painter.classes, np.uint8(0)))
    made.opacity.append(painter.opacity)


def _as(luma: Luma, dtype: np.dtype[np.generic]) -> npt.NDArray[np.number]:
    held = np.clip(luma, 0.0, 255.0)
    return np.rint(held).astype(np.uint8) if dtype == np.uint8 else held.astype(np.float32)


def _age(
    clean: Sequence[npt.NDArray[np.number]],
    rng: np.random.Generator,
    recipe: Recipe,
    flashes: Mapping[int, float],
) -> list[npt.NDArray[np.number]]:
    """Weave, flicker, flashes and grain: what belongs to the film and is no damage to mend."""
    if not (recipe.weave or recipe.flicker or recipe.grain or flashes):
        return list(clean)
    aged = []
    place, light = np.zeros(2), 0.0
    coarse = float(rng.uniform(0.35, 0.8))
    for index, frame in enumerate(clean):
        luma = frame.astype(np.float32)
        place = 0.6 * place + rng.normal(0.0, recipe.weave * 0.8, 2)
        if recipe.weave:
            luma = _shift(luma, place)
        # AR(1) with impulses: lamps and hand cranks drift, and sometimes jump.
        light = 0.7 * light + float(rng.normal(0.0, recipe.flicker * 0.7))
        jump = float(rng.normal(0.0, 4 * recipe.flicker)) if rng.random() < 0.03 else 0.0
        luma = luma * np.float32(max(0.2, (1.0 + light + jump) * flashes.get(index, 1.0)))
        if recipe.grain:
            luma = luma + _grain(rng, luma, recipe.grain, coarse)
        aged.append(_as(np.asarray(luma, np.float32), frame.dtype))
    return aged


def _shift(luma: Luma, place: npt.NDArray[np.float64]) -> Luma:
    move = np.array([[1.0, 0.0, place[0]], [0.0, 1.0, place[1]]])
    size = (luma.shape[1], luma.shape[0])
    return np.asarray(
        cv2.warpAffine(luma, move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101),
        np.float32,
    )


def _grain(rng: np.random.Generator, luma: Luma, strength: float, coarse: float) -> Luma:
    """Noise as silver makes it: strongest in the middle tones, a little wider than a pixel."""
    white = rng.standard_normal(luma.shape).astype(np.float32)
    noise = np.asarray(cv2.GaussianBlur(white, (0, 0), coarse), np.float32)
    noise /= np.float32(max(float(noise.std()), 1e-6))
    tone = np.clip(luma / 255.0, 0.0, 1.0)
    return np.asarray(noise * strength * (0.4 + 2.4 * tone * (1.0 - tone)), np.float32)


class _Painter:
    """Lays damage over one frame and keeps the account of it."""

    def __init__(self, luma: Luma, recipe: Recipe, rng: np.random.Generator) -> None:
        self.luma = luma
        self.classes = np.zeros(luma.shape, np.uint8)
        self.opacity = np.zeros(luma.shape, np.float32)
        self._recipe = recipe
        self._rng = rng

    def scatter(self, scale: float) -> None:
        """Everything that is fresh in this frame."""
        recipe, rng = self._recipe, self._rng
        share = recipe.density * self.luma.size / (REFERENCE_AREA * scale**2)
        for defect, expected in recipe.counts.items():
            for _ in range(rng.poisson(expected * share)):
                shape = SHAPES[defect](rng, scale)
                textures = recipe.textures.get(defect, ())
                if textures and rng.random() < 0.5:
                    shape = from_texture(rng, textures, shape)
                if rng.random() < 0.4:
                    soft = float(rng.uniform(0.4, 0.9)) * scale
                    shape = np.asarray(cv2.GaussianBlur(np.pad(shape, 2), (0, 0), soft), np.float32)
                self._place(shape, defect)

    def _place(self, shape: Alpha, defect: Defect) -> None:
        """Put a shape anywhere, over the frame's edge too."""
        rng = self._rng
        height, width = self.luma.shape
        y = int(rng.integers(-(shape.shape[0] // 2), height - shape.shape[0] // 2))
        x = int(rng.integers(-(shape.shape[1] // 2), width - shape.shape[1] // 2))
        top, left = max(y, 0), max(x, 0)
        bottom, right = min(y + shape.shape[0], height), min(x + shape.shape[1], width)
        if bottom <= top or right <= left:
            return
        part = shape[top - y : bottom - y, left - x : right - x]
        thin = rng.random() < self._recipe.translucent or defect is Defect.STAIN
        part = part * np.float32(rng.uniform(0.15, 0.65) if thin else rng.uniform(0.75, 1.0))
        self._lay(part, self._tone(part.shape), defect, (slice(top, bottom), slice(left, right)))

    def _tone(self, shape: tuple[int, ...]) -> Luma:
        rng = self._rng
        dark = rng.random() < self._recipe.dark
        level = float(rng.uniform(3, 55) if dark else rng.uniform(200, 252))
        rough = float(rng.uniform(0.0, 7.0))
        return np.asarray(level + rough * rng.standard_normal(shape), np.float32)

    def lay(self, opacity: Alpha, tone: float, defect: Defect) -> None:
        """Opacity over the whole frame, (H, W)."""
        whole = (slice(0, self.luma.shape[0]), slice(0, self.luma.shape[1]))
        self._lay(opacity, np.float32(tone), defect, whole)

    def _lay(
        self, opacity: Alpha, tone: Luma | np.float32, defect: Defect, box: tuple[slice, slice]
    ) -> None:
        self.luma[box] += opacity * (tone - self.luma[box])
        self.classes[box][opacity > 0.0] = defect
        self.opacity[box] = 1.0 - (1.0 - self.opacity[box]) * (1.0 - opacity)
