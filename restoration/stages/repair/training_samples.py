"""Scenes made old and seen through the stage's own eyes, kept as files for the training.

One file holds one scene: (frames, PLANES, HEIGHT, WIDTH) int8. Its planes are the network's inputs,
then for each neighbour the error of what it shows, then what to learn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.imaging.flow_cells import CellEstimator
from restoration.stages.contract import StageError
from restoration.stages.material import MemoryClip
from restoration.stages.repair.damage import MEASURED_COUNTS, DamagedClip, Recipe, damage_clip
from restoration.stages.repair.damage_shapes import Alpha, Defect
from restoration.stages.repair.inputs import (
    CHANNELS,
    SLOTS,
    in_slots,
    network_inputs,
    settle_suspects,
)
from restoration.stages.repair.training_scenes import Material, draw_scene, load_material
from restoration.stages.repair.views import Motion, Surroundings
from restoration.stages.segments import Segment

Sample = npt.NDArray[np.int8]

ERRORS = CHANNELS
"""First of the planes of errors: codes, at most 127."""
CONTRAST = CHANNELS + SLOTS
"""Distance of the damaged code from the true one, at most 127."""
CLASS = CONTRAST + 1
"""Value of `Defect`, 0 where sound."""
PLANES = CLASS + 1

_FOLDERS: Mapping[Defect, tuple[str, ...]] = {
    Defect.DUST: ("spots",),
    Defect.DIRT: ("dirt", "spots"),
    Defect.SHORT_HAIR: ("hair-short",),
    Defect.LONG_HAIR: ("hair",),
    Defect.LINT: ("lint",),
    Defect.BLOTCH: ("smut", "dots"),
    Defect.STAIN: ("stain",),
    Defect.SCRATCH: ("scratches",),
}
BENCHED = 5
"""Of the silhouettes of a folder every fifth is the bench's (`bench_film`): never trained on."""
_MOST_FILES = 120
_LARGEST_FEW = 6
_OPAQUE = 40  # of 255


def load_textures(data: Path) -> dict[Defect, list[Alpha]]:
    """Silhouettes cut from FilmDamageSimulator's shapes and its annotated scans.

    Raises: StageError if the folder `damage` is not there.
    """
    folder = data / "damage"
    if not folder.is_dir():
        raise StageError(f"{folder} is missing; name the folder that holds it")
    found: dict[Defect, list[Alpha]] = {}
    for defect, names in _FOLDERS.items():
        paths = [path for name in names for path in _trained_on(folder / name)]
        found[defect] = [shape for path in paths[:_MOST_FILES] for shape in _cut_out(path)]
    for path in sorted((folder / "annotations").glob("*.json")):
        for defect, shape in _annotated(path):
            found[defect].append(shape)
    return found


def _trained_on(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.png"))
    return [path for number, path in enumerate(paths) if number % BENCHED]


def _cut_out(path: Path) -> list[Alpha]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise StageError(f"{path} is no picture")
    alpha = image[..., 3]
    solid = (alpha > _OPAQUE).astype(np.uint8)
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    largest = 1 + np.argsort(-boxes[1:, cv2.CC_STAT_AREA])[:_LARGEST_FEW]
    shapes = []
    for part in largest.tolist():
        x, y, width, height, area = (int(value) for value in boxes[part])
        if area >= 12:
            box = (slice(y, y + height), slice(x, x + width))
            shapes.append(np.where(parts[box] == part, alpha[box] / np.float32(255), 0))
    return [np.asarray(shape, np.float32) for shape in shapes]


_NAMES = {
    "dust": Defect.DUST,
    "dirt": Defect.DIRT,
    "short hair": Defect.SHORT_HAIR,
    "long hair": Defect.LONG_HAIR,
    "scratch": Defect.SCRATCH,
}


def _annotated(path: Path) -> list[tuple[Defect, Alpha]]:
    shapes: list[tuple[Defect, Alpha]] = []
    for figure in json.loads(path.read_text()).values():
        name = str(figure["label"]["name"]).lower().replace("_", " ").rstrip("s")
        defect = next((known for word, known in _NAMES.items() if word in name), None)
        points = np.array([(p["x"], p["y"]) for p in figure["points"]], np.float32)
        if defect is None or len(points) < 3 or defect is Defect.DUST:
            continue
        points -= points.min(axis=0) - 2
        width, height = (int(v) + 3 for v in points.max(axis=0))
        if max(width, height) > 400:
            continue
        canvas = np.zeros((height, width), np.uint8)
        cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], (255,))
        shapes.append((defect, np.asarray(canvas / np.float32(255), np.float32)))
    return shapes


def draw_recipe(rng: np.random.Generator, textures: Mapping[Defect, list[Alpha]]) -> Recipe:
    """How worn one scene is; a quarter of them not at all."""
    worn = rng.random() >= 0.25
    strength = float(np.clip(rng.lognormal(0.25, 0.6), 0.3, 4.0)) if worn else 0.0
    counts = {kind: usual * float(rng.lognormal(0, 0.5)) for kind, usual in MEASURED_COUNTS.items()}
    return Recipe(
        counts=counts,
        density=strength,
        dark=float(rng.uniform(0.15, 0.85)),
        translucent=float(rng.uniform(0.1, 0.5)),
        lines=1.2 if worn else 0.0,
        cracks=0.4 if worn else 0.0,
        splices=0.08 if worn else 0.0,
        weave=float(rng.uniform(0.0, 1.0)) if rng.random() < 0.5 else 0.0,
        flicker=float(rng.uniform(0.0, 0.03)) if rng.random() < 0.5 else 0.0,
        grain=float(rng.uniform(0.0, 3.0) if rng.random() < 0.7 else rng.uniform(3.0, 9.0)),
        scale=float(rng.uniform(0.7, 1.4)),
        textures=textures,
    )


def make_sample(
    material: Material, textures: Mapping[Defect, list[Alpha]], rng: np.random.Generator
) -> Sample:
    """One scene, damaged and looked at. (frames, PLANES, HEIGHT, WIDTH)."""
    scene = draw_scene(material, rng)
    codes = [np.rint(frame).astype(np.uint8) for frame in scene]
    made = damage_clip(codes, rng, draw_recipe(rng, textures))
    pixel = PIXEL_FORMATS["gray"]
    pictures = [Picture(pixel, (np.asarray(frame, np.uint8),)) for frame in made.frames]
    height, width = codes[0].shape
    clip = MemoryClip(pictures, PictureFormat(width, height, pixel, Fraction(24)))
    # Scenes begin and end: there a frame has neighbours on one side only.
    edge = rng.random()
    segment = Segment(2 if edge < 0.15 else 0, 6 if edge > 0.85 else len(codes))
    around = Surroundings(clip, Segment(0, len(codes)), 0, CellEstimator())
    around.segment = segment
    seen = [_look(around, made, frame) for frame in range(2, 6) if around.offsets(frame)]
    return np.stack(seen) if seen else np.zeros((0, PLANES, height, width), np.int8)


def _look(around: Surroundings, made: DamagedClip, frame: int) -> Sample:
    here = around.view(frame)
    offsets = around.offsets(frame)
    views = {offset: around.view(frame + offset) for offset in offsets}
    motions = settle_suspects(here, [around.motion(frame, offset) for offset in offsets], views)
    planes = np.empty((PLANES, *here.luma.shape), np.int8)
    planes[:CHANNELS] = network_inputs(here, motions)
    truth = made.target[frame].astype(np.float32)
    for index, motion in enumerate(in_slots(motions)):
        planes[ERRORS + index] = _error(motion, truth)
    apart = np.abs(here.luma - truth)
    planes[CONTRAST] = np.minimum(np.where(made.masks[frame], apart, 0), 127)
    planes[CLASS] = made.classes[frame]
    return planes


def _error(motion: Motion | None, truth: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
    if motion is None:
        return np.full(truth.shape, 127, np.float32)
    return np.asarray(np.minimum(np.rint(np.abs(motion.seen - truth)), 127))


def write_samples(
    data: Path, folder: Path, *, count: int, seed: int, told: Callable[[int, int], None]
) -> list[Path]:
    """Make the scenes that are not there yet; each depends on its number and the seed alone.

    Raises: StageError if a source is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [folder / f"scene-{seed}-{number:05d}.npy" for number in range(count)]
    if all(path.is_file() for path in wanted):
        return wanted
    try:
        material = load_material(data)
    except ValueError as error:
        raise StageError(str(error)) from error
    textures = load_textures(data)
    for number, path in enumerate(wanted):
        if not path.is_file():
            sample = make_sample(material, textures, np.random.default_rng((seed, number)))
            partial = path.with_suffix(".partial")
            with partial.open("wb") as file:
                np.save(file, sample)
            partial.replace(path)
        told(number + 1, count)
    return wanted
