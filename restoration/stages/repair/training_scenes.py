"""Clean moving pictures to train on: pieces of film, and photographs brought to life.

The split is fixed. Never used here: `05_default_juggle.mp4`, `bedroom.mp4` with its frames,
`big_buck_bunny_0_30.webm` (the bench measures on them), the old films, and the photographs of
scikit-image (the demo reel is made of them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from restoration.stages.repair.damage_shapes import curve, ragged

Luma = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8]

VIDEOS = (
    "clean_video/01_dog.mp4",
    "clean_video/04_coffee.mp4",
    "talking/grid",
    "talking/composite",
)
STILLS = ("stills/kodak", "stills/people", "stills/prokudin_gorskii", "stills/sklearn")
HELD_OUT = (
    "clean_video/05_default_juggle.mp4",
    "clean_video/bedroom.mp4",
    "clean_video/bedroom_frames",
    "clean_video/big_buck_bunny_0_30.webm",
    "old_film",
    "stills/skimage",
)

HEIGHT, WIDTH = 256, 320
FRAMES = 8
_WIDEST = 960  # columns; larger videos are made smaller once


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything that scenes are made from. films: each (N, H, W) uint8; stills: (H, W) uint8."""

    films: tuple[Codes, ...]
    stills: tuple[Codes, ...]


def load_material(data: Path) -> Material:
    """Read the sources below the folder into memory.

    Raises: ValueError naming a source that is not there.
    """
    films = [film for name in VIDEOS for film in map(_film, _files(data / name, _FILM))]
    stills = [_still(path) for name in STILLS for path in _files(data / name, _PICTURE)]
    return Material(tuple(films), tuple(still for still in stills if min(still.shape) >= 200))


_FILM = {".mp4", ".mpg", ".mkv"}
_PICTURE = {".png", ".jpg"}


def _files(place: Path, kinds: set[str]) -> list[Path]:
    found = sorted(place.iterdir()) if place.is_dir() else [place] * place.is_file()
    found = [path for path in found if path.suffix in kinds]
    if not found:
        raise ValueError(f"{place} is missing; training needs it (see the model card)")
    return found


def _film(path: Path) -> Codes:
    frames = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frames.append(_smaller(np.asarray(frame.reformat(format="gray").to_ndarray())))
    return np.stack(frames)


def _smaller(codes: Codes) -> Codes:
    height, width = codes.shape
    if width <= _WIDEST:
        return codes
    size = (_WIDEST, round(height * _WIDEST / width))
    return np.asarray(cv2.resize(codes, size, interpolation=cv2.INTER_AREA), np.uint8)


def _still(path: Path) -> Codes:
    codes = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if codes is None:
        raise ValueError(f"{path} is no picture")
    whole = np.asarray(codes, np.uint8)
    if "prokudin" in str(path):
        return whole[: whole.shape[0] // 3]  # three exposures one above another
    return whole


def draw_scene(material: Material, rng: np.random.Generator) -> list[Luma]:
    """FRAMES consecutive clean frames, (HEIGHT, WIDTH) float32 in [0, 255]."""
    make: Callable[[Material, np.random.Generator], list[Luma]]
    make = _from_film if rng.random() < 0.6 else _from_stills
    frames = make(material, rng)
    if rng.random() < 0.5:
        frames = [np.ascontiguousarray(frame[:, ::-1]) for frame in frames]
    if rng.random() < 0.5:
        frames = frames[::-1]
    frames = _fly(frames, rng) if rng.random() < 0.35 else frames
    gain, lift, gamma = rng.uniform(0.6, 1.15), rng.uniform(0, 25), rng.uniform(0.7, 1.5)
    return [_develop(frame, float(gain), float(lift), float(gamma)) for frame in frames]


def _develop(luma: Luma, gain: float, lift: float, gamma: float) -> Luma:
    tone = np.power(np.clip(luma, 0, 255) / np.float32(255.0), np.float32(gamma))
    return np.asarray(np.clip(tone * (255.0 * gain) + lift, 0, 255), np.float32)


def _from_film(material: Material, rng: np.random.Generator) -> list[Luma]:
    # The two outdoor films come first and hold most of the motion.
    index = int(rng.integers(2)) if rng.random() < 0.6 else int(rng.integers(len(material.films)))
    film = material.films[index]
    longest = (len(film) - 1) // (FRAMES - 1)
    stride = min(int(rng.choice([1, 1, 1, 2, 2, 3, 4])), longest)
    start = int(rng.integers(0, len(film) - stride * (FRAMES - 1)))
    height, width = film.shape[1:]
    most = min(height / HEIGHT, width / WIDTH)
    zoom = float(rng.uniform(min(1.0, most) * 0.75, min(most, 2.0)))
    rows, columns = int(HEIGHT * zoom), int(WIDTH * zoom)
    y = int(rng.integers(0, height - rows + 1))
    x = int(rng.integers(0, width - columns + 1))
    method = cv2.INTER_AREA if zoom > 1 else cv2.INTER_CUBIC
    return [
        np.asarray(
            cv2.resize(
                film[start + stride * n, y : y + rows, x : x + columns],
                (WIDTH, HEIGHT),
                interpolation=method,
            ),
            np.float32,
        )
        for n in range(FRAMES)
    ]


def _from_stills(material: Material, rng: np.random.Generator) -> list[Luma]:
    """A photograph under a moving camera, with other things moving before it."""
    ground = _camera(_pick(material, rng), rng, speed=float(rng.choice([0.3, 2.0, 6.0])))
    for _ in range(int(rng.integers(0, 4))):
        ground = _pass_before(ground, material, rng)
    return ground


def _pick(material: Material, rng: np.random.Generator) -> Luma:
    still = material.stills[int(rng.integers(len(material.stills)))]
    return np.asarray(still, np.float32)


def _camera(still: Luma, rng: np.random.Generator, *, speed: float) -> list[Luma]:
    """Pan, zoom, turn and tremble, (HEIGHT, WIDTH) each."""
    least = max(WIDTH / still.shape[1], HEIGHT / still.shape[0])
    zoom = float(rng.uniform(least, max(1.3, 1.4 * least)))
    if zoom < 1.0:
        still = np.asarray(cv2.GaussianBlur(still, (0, 0), 0.5 / zoom), np.float32)
    middle = np.array([still.shape[1], still.shape[0]]) / 2 + rng.normal(0, 20, 2)
    step, bend = rng.normal(0, speed, 2) / zoom, rng.normal(0, 0.1 * speed, 2)
    turn, spin, growth = 0.0, float(rng.normal(0, 0.003)), float(rng.normal(1, 0.004))
    made = []
    for _ in range(FRAMES):
        move = cv2.getRotationMatrix2D((0.0, 0.0), float(np.degrees(turn)), zoom)
        move[:, 2] = np.array([WIDTH, HEIGHT]) / 2 - move[:, :2] @ middle
        made.append(
            np.asarray(
                cv2.warpAffine(
                    still,
                    move,
                    (WIDTH, HEIGHT),
                    flags=cv2.INTER_CUBIC,
                    borderMode=cv2.BORDER_REFLECT_101,
                ),
                np.float32,
            )
        )
        middle, step = middle + step + rng.normal(0, 0.15, 2), step + bend
        turn, zoom = turn + spin, zoom * growth
    return made


def _pass_before(ground: list[Luma], material: Material, rng: np.random.Generator) -> list[Luma]:
    """Something cut out of another photograph crosses the scene, perhaps fast and smeared."""
    texture = _camera(_pick(material, rng), rng, speed=0.5)
    limb = rng.random() < 0.4
    shape = (
        cv2.GaussianBlur(
            curve(rng, length=float(rng.uniform(30, 110)), bend=0.03, scale=6), (0, 0), 2
        )
        if limb
        else ragged(rng, radius=float(rng.uniform(6, 60)), corners=11)
    )
    shape = np.asarray(cv2.GaussianBlur(np.pad(shape, 4), (0, 0), 0.8), np.float32)
    speed = float(rng.choice([1.0, 5.0, 12.0, 22.0]))
    step = rng.normal(0, speed, 2)
    place = rng.uniform((0, 0), (WIDTH, HEIGHT)) - step * rng.uniform(0, FRAMES)
    spin = float(rng.normal(0, 4.0))
    centre = (shape.shape[1] / 2, shape.shape[0] / 2)
    made = []
    for index, frame in enumerate(ground):
        move = cv2.getRotationMatrix2D(centre, spin * index, 1.0)
        move[:, 2] += place - centre
        cover = cv2.warpAffine(shape, move, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
        cover = _smear(np.asarray(cover, np.float32), 0.5 * step)
        made.append(np.asarray(frame + cover * (texture[index] - frame), np.float32))
        place = place + step
    return made


def _smear(cover: Luma, step: npt.NDArray[np.float64]) -> Luma:
    """The shutter stood open over `step` pixels."""
    long = int(max(abs(step[0]), abs(step[1])))
    if long < 2:
        return cover
    kernel = np.zeros((2 * long + 1, 2 * long + 1), np.float32)
    ends = np.rint(np.array([long - step / 2, long + step / 2])).astype(int)
    cv2.line(kernel, tuple(ends[0].tolist()), tuple(ends[1].tolist()), (1.0,), 1)
    return np.asarray(cv2.filter2D(cover, -1, kernel / kernel.sum()), np.float32)


def _fly(frames: list[Luma], rng: np.random.Generator) -> list[Luma]:
    """Birds, sparks, drops: small things that fly on and belong to the scene."""
    made = [frame.copy() for frame in frames]
    light = rng.random() < 0.5
    fall = rng.normal(0, 4.0, 2)
    for _ in range(int(rng.integers(1, 12))):
        shape = ragged(rng, radius=float(rng.uniform(0.8, 5.0)), corners=8)
        tone = float(rng.uniform(180, 250) if light else rng.uniform(5, 70))
        # A speck that jumps farther than it is large cannot be told from dust.
        step = fall + rng.normal(0, 1.0 + 1.5 * shape.shape[0] / 4, 2)
        place = rng.uniform((0, 0), (WIDTH, HEIGHT)) - step * FRAMES / 2
        for frame in made:
            move = np.array([[1.0, 0.0, place[0]], [0.0, 1.0, place[1]]])
            cover = cv2.warpAffine(shape, move, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
            frame += cover * (tone - frame)
            place = place + step + rng.normal(0, 0.4, 2)
    return made
