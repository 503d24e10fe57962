"""The films of the repair bench: clean clips, old film, and damage planted in both.

Reads files, so it is no part of the stage. The clips named here are for measuring only: nothing is
trained, fitted or tuned on them. What is tuned (a threshold of a peer) is tuned on TUNING.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.decode import open_source
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat, Plane
from restoration.imaging.luma import analysis_luma
from restoration.stages.contract import StageError
from restoration.stages.material import MemoryClip, Planted, load_clip
from restoration.stages.repair.damage import Recipe, damage_clip
from restoration.stages.repair.damage_shapes import Alpha, Defect

WIDTH, HEIGHT, FRAMES = 640, 480, 24
KINDS = tuple(defect.name.lower().replace("_", " ") for defect in Defect)
LINES = frozenset({"line", "crack"})
"""Kinds of damage that stand in many frames, so that no neighbour shows what they hide."""
SILHOUETTES = {
    Defect.DIRT: "dirt",
    Defect.SHORT_HAIR: "hair-short",
    Defect.LONG_HAIR: "hair",
    Defect.LINT: "lint",
}
"""Folders of silhouettes in `damage/`."""

BENCHED = (
    ("05_default_juggle.mp4", 20),
    ("bedroom.mp4", 20),
    ("big_buck_bunny_0_30.webm", 180),
    ("05_default_juggle.mp4", 100),
    ("bedroom.mp4", 90),
    ("big_buck_bunny_0_30.webm", 300),
    ("05_default_juggle.mp4", 190),
    ("bedroom.mp4", 160),
    ("big_buck_bunny_0_30.webm", 420),
    ("big_buck_bunny_0_30.webm", 600),
)
"""File and first frame of each run, clips in turn, no run across a cut."""
TUNING = (("01_dog.mp4", 40), ("04_coffee.mp4", 120))
OLD_FILM = (
    ("a_trip_down_market_street_before_the_fire", 0),
    ("the_great_train_robbery", 0),
    ("nosferatu_1922/nosferatu.mp4", 100),
)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Frames whose damage is known.

    clean: the film as it was. planted: the same, damaged, with the truth about it.
    """

    name: str
    clean: MemoryClip
    planted: Planted
    kinds: tuple[str, ...] = KINDS
    lines: frozenset[str] = LINES


def bench_runs(data: Path, count: int, *, frames: int = FRAMES) -> Iterator[Run]:
    """The first `count` runs at 640x480 in grey, each with its own fixed seed.

    Raises: StageError if the bench has not so many, or the folder lacks a clip.
    """
    if not 1 <= count <= len(BENCHED):
        raise StageError(f"--runs must lie in 1 to {len(BENCHED)}, not {count}")
    for seed, (name, start) in enumerate(BENCHED[:count]):
        yield clean_run(data, name, start, seed=seed, frames=frames)


def clean_run(
    data: Path, name: str, start: int, *, seed: int, frames: int = FRAMES, pixel_name: str = "gray"
) -> Run:
    """One run of a clean clip; `pixel_name` may ask for more bits or for colour.

    Raises: StageError if the folder lacks the clip.
    """
    path = data / "clean_video" / name
    if not path.is_file():
        raise StageError(f"{path} is missing: the bench wants clean_video/ with its clips")
    pixel = PIXEL_FORMATS[pixel_name]
    base = "gray" if pixel.model == "grey" else "yuv420p"
    loaded = load_clip(path, width=854, start=start, count=frames, pixel_name=base)
    clean = _crop(loaded)
    planted = plant(clean, data, seed=seed)
    if pixel.bits > 8:
        clean, damaged = _deepen(clean, pixel_name), _deepen(planted.clip, pixel_name)
        planted = Planted(damaged, planted.masks, planted.kinds)
    return Run(f"{Path(name).stem} {start}", clean, planted)


def plant(clean: MemoryClip, data: Path, *, seed: int) -> Planted:
    """The damage of worn film (`damage.MEASURED_COUNTS`): about 2 % of the pixels.

    Half of the dirt, hairs and lint is cut from real silhouettes that training leaves out.
    """
    recipe = Recipe(textures=held_out_silhouettes(data / "damage"))
    rng = np.random.default_rng(1000 + seed)
    made = damage_clip([picture.planes[0] for picture in clean.pictures], rng, recipe)
    pictures = [
        _damaged(picture, luma, opacity)
        for picture, luma, opacity in zip(clean.pictures, made.frames, made.opacity, strict=True)
    ]
    return Planted(MemoryClip(pictures, clean.format), made.masks, made.classes)


def _damaged(picture: Picture, luma: npt.NDArray[np.number], opacity: Alpha) -> Picture:
    """With the damaged luma, and chroma as much nearer to no colour as damage hides it."""
    planes: list[Plane] = [luma.astype(np.uint8)]
    for plane in picture.planes[1:]:
        size = (plane.shape[1], plane.shape[0])
        hidden = cv2.resize(opacity, size, interpolation=cv2.INTER_AREA)
        planes.append(np.rint(plane + hidden * (128.0 - plane)).astype(np.uint8))
    return Picture(picture.pixel, tuple(planes))


@cache
def held_out_silhouettes(folder: Path) -> dict[Defect, list[Alpha]]:
    """Every fifth silhouette of each kind that the folder holds, (h, w) float32 in [0, 1]."""
    found: dict[Defect, list[Alpha]] = {}
    for defect, name in SILHOUETTES.items():
        for path in sorted((folder / name).glob("*.png"))[::5]:
            image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if image is not None and image.ndim == 3 and image.shape[2] == 4:
                alpha = np.asarray(image[..., 3], np.float32) / np.float32(255.0)
                found.setdefault(defect, []).append(_trimmed(alpha))
    return found


def _trimmed(alpha: Alpha) -> Alpha:
    rows, columns = np.nonzero(alpha > 0.05)
    if not rows.size:
        return alpha
    return alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _crop(clip: MemoryClip) -> MemoryClip:
    """The middle 640 columns and 480 rows, at even places."""
    pixel = clip.format.pixel
    left = (clip.format.width - WIDTH) // 4 * 2
    top = (clip.format.height - HEIGHT) // 4 * 2
    pictures = []
    for picture in clip.pictures:
        planes: list[Plane] = []
        for index, plane in enumerate(picture.planes):
            y = pixel.chroma_shift_y if index else 0
            x = pixel.chroma_shift_x if index else 0
            rows = slice(top >> y, (top + HEIGHT) >> y)
            planes.append(plane[rows, left >> x : (left + WIDTH) >> x].copy())
        pictures.append(Picture(pixel, tuple(planes)))
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, clip.format.rate))


def _deepen(clip: MemoryClip, pixel_name: str) -> MemoryClip:
    """More bits a sample, the new ones filled with noise that does not depend on the damage."""
    pixel = PIXEL_FORMATS[pixel_name]
    factor = 1 << (pixel.bits - 8)
    pictures = []
    for number, picture in enumerate(clip.pictures):
        rng = np.random.default_rng(number)
        planes = tuple(
            (plane.astype(np.uint16) * factor + rng.integers(0, factor, plane.shape)).astype(
                np.uint16
            )
            for plane in picture.planes
        )
        pictures.append(Picture(pixel, planes))
    form = PictureFormat(clip.format.width, clip.format.height, pixel, clip.format.rate)
    return MemoryClip(pictures, form)


def old_runs(data: Path, *, frames: int = FRAMES) -> Iterator[Run]:
    """Known damage on film that has its own: what is there already counts as the film."""
    for seed, (name, start) in enumerate(OLD_FILM):
        path = data / "old_film" / name
        if path.exists():
            clean = load_grey(path, start=start, count=frames)
            yield Run(Path(name).parts[0], clean, plant(clean, data, seed=100 + seed))


def load_grey(path: Path, *, start: int, count: int) -> MemoryClip:
    """Luma of frames [start, start + count) of a film file or folder, 8 bits."""
    if path.is_file():
        return load_clip(path, width=WIDTH, start=start, count=count)
    pictures = []
    with open_source(path, rate=Fraction(16)) as source:
        for picture in source.frames(start, min(start + count, len(source))):
            luma = np.clip(np.rint(analysis_luma(picture)), 0, 255).astype(np.uint8)
            pictures.append(Picture(PIXEL_FORMATS["gray"], (luma,)))
    first = pictures[0]
    form = PictureFormat(first.width, first.height, first.pixel, Fraction(16))
    return MemoryClip(pictures, form)


def described(runs: list[Run]) -> dict[str, float]:
    """How heavy the damage is: share of the pixels in per cent, connected objects a frame."""
    shares, objects = [], []
    for run in runs:
        for mask in run.planted.masks:
            shares.append(float(mask.mean()))
            objects.append(cv2.connectedComponents(mask.astype(np.uint8))[0] - 1)
    return {
        "damaged_percent": 100.0 * float(np.mean(shares)),
        "objects_a_frame": float(np.mean(objects)),
    }
