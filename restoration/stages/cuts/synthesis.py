"""Reels with every change of shot known, to fit the evidence's weights on; no part of the stage.

Shots are filmed (three clean clips, people talking) or stills under a moving camera with something
passing in front. They are joined by cuts, dissolves, fades and splices, then spoiled like old film:
flicker, foreign and repeated frames, dirt, weave, joins that show. None of it is in the bench's
reels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.stages.material import MemoryClip

WIDTH, HEIGHT = 320, 240
FILMED = ("01_dog.mp4", "04_coffee.mp4", "bedroom.mp4")
STILLS = ("kodak", "skimage", "sklearn", "wallpapers", "prokudin_gorskii")

Shot = npt.NDArray[np.uint8]
"""(n, 240, 320, 3) uint8, RGB."""
Frame = npt.NDArray[np.float32]
Draw = np.random.Generator


@dataclass(slots=True)
class Reel:
    """A spoiled reel and the truth about it; `gradual` spans are closed."""

    clip: MemoryClip
    cuts: list[int] = field(default_factory=list)
    gradual: list[tuple[int, int]] = field(default_factory=list)
    splices: list[int] = field(default_factory=list)
    unseen: list[int] = field(default_factory=list)
    """Splices that leave no trace, since nothing moves there."""
    foreign: list[int] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    spoiled: tuple[str, ...] = ()


class Library:
    """The shots that reels are made of."""

    def __init__(self, data: Path) -> None:
        films = [data / "clean_video" / name for name in FILMED]
        films += sorted((data / "talking/grid").glob("*.mpg"))
        self.filmed = [_read(path) for path in films]
        found = [
            cv2.imread(str(path))
            for folder in STILLS
            for path in sorted((data / "stills" / folder).rglob("*.*"))
            if path.suffix in {".png", ".jpg", ".jpeg"}
        ]
        self.stills: list[Shot] = [
            np.asarray(cv2.resize(still[..., ::-1], (480, 360), interpolation=cv2.INTER_AREA))
            for still in found
            if still is not None and min(still.shape[:2]) >= 240
        ]

    def shot(self, count: int, rng: Draw) -> Shot:
        """`count` frames that hold together."""
        return self.take(count, rng)[:count]

    def take(self, count: int, rng: Draw) -> Shot:
        """A shot of `count` frames or one and a half times as many."""
        longer = count * 3 // 2
        if rng.random() < 0.5 and (found := self._film(longer, rng)) is not None:
            return found
        return self._still(longer, rng)

    def _film(self, count: int, rng: Draw) -> Shot | None:
        film = self.filmed[int(rng.integers(len(self.filmed)))]
        step = int(rng.integers(1, 3)) if len(film) > 2 * count + 2 else 1
        if len(film) <= step * count:
            return None
        start = int(rng.integers(len(film) - step * count))
        return film[start : start + step * count : step]

    def scene(self, first: int, second: int, rng: Draw) -> tuple[Shot, Shot]:
        """Two takes of one scene, the camera nearer or elsewhere in the second."""
        whole = self.take(first + second, rng)[: first + second]
        nearer = float(rng.uniform(1.25, 1.9))
        width, height = int(WIDTH / nearer), int(HEIGHT / nearer)
        x, y = int(rng.integers(WIDTH - width + 1)), int(rng.integers(HEIGHT - height + 1))
        again = [
            cv2.resize(frame[y : y + height, x : x + width], (WIDTH, HEIGHT))
            for frame in whole[first:]
        ]
        return whole[:first], np.stack(again)

    def _still(self, count: int, rng: Draw) -> Shot:
        still = self.stills[int(rng.integers(len(self.stills)))]
        speed = float(rng.choice([0.0, 0.5, 2.0, 6.0])) * rng.normal(0, 1, 2)
        zoom = float(rng.choice([1.0, 1.0, 1.004, 0.996]))
        shake = float(rng.choice([0.0, 0.3, 1.5]))
        other = self.stills[int(rng.integers(len(self.stills)))]
        size = int(rng.integers(20, 90))
        thing: Shot = other[100 : 100 + 2 * size, 100 : 100 + size]
        whip = _whip(count, rng) if rng.random() < 0.12 else np.zeros((count, 2))
        passing = rng.random() < 0.6
        x, y, pace = rng.uniform(-80, 320), rng.uniform(0, 200), float(rng.normal(0, 5))
        made = []
        for n in range(count):
            at = np.array([240.0, 180.0]) + speed * (n - count / 2) + rng.normal(0, shake, 2)
            at += whip[n]
            scale = 0.9 / zoom ** (n - count / 2)
            turn = np.array([[scale, 0, at[0] - scale * 160], [0, scale, at[1] - scale * 120]])
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            size_2d, edge = (WIDTH, HEIGHT), cv2.BORDER_REFLECT
            warped = cv2.warpAffine(still, turn, size_2d, flags=flags, borderMode=edge)
            frame = _blurred(np.asarray(warped, np.uint8), whip, n)
            if passing:
                left, top = int(x + pace * n), int(y + 8 * np.sin(n / 6))
                _paste(frame, thing, left, top)
            made.append(frame)
        shot = np.stack(made)
        return _passed(shot, thing, rng) if rng.random() < 0.12 else shot


def _whip(count: int, rng: Draw) -> npt.NDArray[np.float64]:
    """Places (count, 2) of a camera that swings to another part of the scene in a few frames."""
    length, start = int(rng.integers(5, 15)), int(rng.integers(4, count - 4))
    share = np.clip((np.arange(count) - start) / length, 0, 1)
    eased = share * share * (3 - 2 * share)
    return np.asarray(eased[:, None] * rng.choice([-1, 1]) * np.array([[rng.uniform(250, 600), 0]]))


def _blurred(frame: Shot, places: npt.NDArray[np.float64], n: int) -> Shot:
    """The frame smeared along the way that the camera goes while the shutter is open."""
    way = int(abs(places[n, 0] - places[max(n - 1, 0), 0]) / 2)
    return np.asarray(cv2.blur(frame, (way, 1)), np.uint8) if way > 1 else frame


def _passed(shot: Shot, thing: Shot, rng: Draw) -> Shot:
    """The shot while something out of focus crosses close to the lens, from one side to the other.

    It hides the view for a few frames, or most of it.
    """
    count, wide = int(rng.integers(8, 22)), int(rng.uniform(0.4, 1.4) * WIDTH)
    first = int(rng.integers(2, max(3, len(shot) - count)))
    body = cv2.blur(cv2.resize(thing, (wide, HEIGHT)), (25, 25)).astype(np.float32)
    soft = float(rng.uniform(2, 40))
    near = np.minimum(np.arange(wide), np.arange(wide)[::-1]) / soft
    alpha = np.clip(near, 0, 1)[None, :, None].astype(np.float32)
    made, backwards = shot.copy(), bool(rng.random() < 0.5)
    for n, frame in enumerate(made[first : first + count]):
        share = (n + 1) / (count + 1)
        left = round(-wide + (1 - share if backwards else share) * (WIDTH + wide))
        shown, hidden = slice(max(left, 0), max(left + wide, 0)), slice(max(-left, 0), WIDTH - left)
        covered = alpha[:, hidden]
        part = frame[:, shown] * (1 - covered) + covered * body[:, hidden]
        frame[:, shown] = part.astype(np.uint8)
    return made


def _paste(frame: npt.NDArray[np.uint8], thing: npt.NDArray[np.uint8], x: int, y: int) -> None:
    top, left = max(y, 0), max(x, 0)
    part = thing[top - y : HEIGHT - y, left - x : max(WIDTH - x, 0)]
    if part.size:
        frame[top : top + part.shape[0], left : left + part.shape[1]] = part


def _read(path: Path) -> Shot:
    frames = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            rgb = frame.to_ndarray(format="rgb24")
            frames.append(cv2.resize(rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
    return np.stack(frames)


def make_reel(library: Library, rng: Draw, *, shots: int = 9, damage: str = "mixed") -> Reel:
    """Join shots, then spoil them. damage: `none`, or `mixed` for a draw of what old film has."""
    first = library.shot(int(rng.integers(25, 70)), rng)
    frames: list[Frame] = [frame.astype(np.float32) for frame in first]
    reel = empty_reel()
    since = 0
    for _ in range(shots - 1):
        count = int(rng.integers(16, 70))
        if rng.random() < 0.85:
            since = _join(reel, frames, library.shot(count, rng), rng, since)
            continue
        for shot in library.scene(count, int(rng.integers(16, 50)), rng):
            since = _cut(reel, frames, [frame.astype(np.float32) for frame in shot])
    spans = [(a, b) for a, b in reel.gradual]
    for start, stop in _between([0, *reel.cuts, *np.ravel(spans).astype(int), len(frames)]):
        if (start, stop) not in spans and stop - start > 30 and rng.random() < 0.4:
            _splice(reel, frames, int(rng.integers(start + 10, stop - 18)), rng)
    if damage != "none":
        frames = spoil_frames(reel, frames, rng)
    reel.clip = as_clip(frames, rng)
    return reel


def empty_reel() -> Reel:
    return Reel(MemoryClip([], PictureFormat(WIDTH, HEIGHT, PIXEL_FORMATS["gray"], Fraction(24))))


def _between(edges: list[int]) -> list[tuple[int, int]]:
    # From the end, so that frames taken out do not move the places still to come.
    ordered = sorted(edges)
    return list(zip(ordered[-2::-1], ordered[:0:-1], strict=True))


def _join(reel: Reel, frames: list[Frame], shot: Shot, rng: Draw, since: int) -> int:
    new = [frame.astype(np.float32) for frame in shot]
    kind = rng.choice(["cut", "dissolve", "fade"], p=[0.65, 0.27, 0.08])
    length = int(rng.integers(5, 40))
    room = min(len(frames) - since - 6, len(new) - 6)
    if kind == "cut" or room < 8:
        return _cut(reel, frames, new)
    length = min(length, room)
    start = len(frames) - length
    if kind == "dissolve":
        for k in range(length):
            share = np.float32((k + 1) / (length + 1))
            frames[start + k] = (1 - share) * frames[start + k] + share * new[k]
        frames += new[length:]
        reel.gradual.append((start, start + length))
        return start + length
    tone = np.float32(rng.choice([0.0, 0.0, 0.0, 255.0]))
    for k in range(length):
        share = np.float32((k + 1) / length)
        frames[start + k] += share * (tone - frames[start + k])
        new[k] = tone + share * (new[k] - tone)
    pause = int(rng.integers(0, 8))
    frames += [np.full_like(new[0], tone)] * pause + new
    reel.gradual.append((start, start + 2 * length + pause))
    return start + 2 * length + pause


def _cut(reel: Reel, frames: list[Frame], new: list[Frame]) -> int:
    reel.cuts.append(len(frames))
    frames += new
    return len(frames) - len(new)


def _splice(reel: Reel, frames: list[Frame], at: int, rng: Draw) -> None:
    missing = int(rng.integers(2, 9))
    del frames[at : at + missing]
    reel.cuts = [cut - missing if cut > at else cut for cut in reel.cuts]
    reel.gradual = [(a - missing, b - missing) if a > at else (a, b) for a, b in reel.gradual]
    reel.splices = [s - missing if s > at else s for s in reel.splices] + [at]


def spoil_frames(reel: Reel, frames: list[Frame], rng: Draw, *, share: float = 0.55) -> list[Frame]:
    """What old film has, each kind with a chance of `share`."""
    kinds = ("flicker", "foreign", "dirt", "weave", "joins", "grain", "repeats")
    reel.spoiled = tuple(kind for kind in kinds if rng.random() < share)
    steps: dict[str, Callable[[Reel, list[Frame], Draw], None]] = {
        "flicker": _flicker,
        "foreign": _foreign,
        "dirt": _dirt,
        "weave": _weave,
        "joins": _joins,
        "grain": _grain,
        "repeats": _repeats,
    }
    # Light falls on the film with its dirt, so it comes last.
    for kind in ("weave", "grain", "dirt", "joins", "flicker", "foreign", "repeats"):
        if kind in reel.spoiled:
            steps[kind](reel, frames, rng)
    return frames


def _flicker(reel: Reel, frames: list[Frame], rng: Draw) -> None:
    width = float(rng.uniform(0.1, 0.35))
    local = rng.random() < 0.3
    for n in range(len(frames)):
        gain = np.float32(rng.uniform(1 - width, 1 + width))
        frames[n] = frames[n] * gain
        if local:
            slope = np.linspace(1 - width / 3, 1 + width / 3, WIDTH, dtype=np.float32)
            frames[n] *= (slope if rng.random() < 0.5 else slope[::-1])[None, :, None]


def _foreign(reel: Reel, frames: list[Frame], rng: Draw) -> None:
    for at in np.flatnonzero(rng.random(len(frames)) < 0.02):
        if any(abs(int(at) - other) < 4 for other in reel.foreign):
            continue
        kind = rng.choice(["black", "white", "flash"])
        if kind == "flash":
            frames[at] = frames[at] * np.float32(rng.uniform(1.5, 2.5)) + 30
        else:
            tone = rng.uniform(0, 18) if kind == "black" else rng.uniform(235, 255)
            frames[at] = np.full_like(frames[at], tone)
        reel.foreign.append(int(at))


def _repeats(reel: Reel, frames: list[Frame], rng: Draw) -> None:
    """A frame is shown again in place of the next one, not quite the same after compression."""
    for at in np.flatnonzero(rng.random(len(frames)) < 0.03):
        near = [*reel.cuts, *reel.splices, *reel.foreign, *reel.repeats]
        if 3 < at < len(frames) - 3 and not any(abs(int(at) - other) < 4 for other in near):
            noise = rng.standard_normal(frames[at].shape) * rng.uniform(0, 1.5)
            frames[at] = frames[at - 1] + noise.astype(np.float32)
            reel.repeats.append(int(at))


def _dirt(reel: Reel, frames: list[Frame], rng: Draw) -> None:
    rate = float(rng.uniform(2, 12))
    for frame in frames:
        for _ in range(int(rng.poisson(rate))):
            tone = float(rng.choice([10, 245]))
            centre = (int(rng.integers(WIDTH)), int(rng.integers(HEIGHT)))
            size = int(rng.gamma(1.2, 3)) + 1
            axes = (size, max(1, int(size * rng.uniform(0.3, 1))))
            turn = float(rng.uniform(0, 180))
            cv2.ellipse(frame, centre, axes, turn, 0, 360, (tone,) * 3, -1, cv2.LINE_AA)


def _weave(reel: Reel, frames: list[Frame], rng: Draw) -> None:
    size = float(rng.uniform(0.3, 1.5))
    for n in range(len(frames)):
        x, y = rng.normal(0, size, 2)
        shift = np.array([[1, 0, x], [0, 1, y]], np.float32)
        moved = cv2.warpAffine(frames[n], shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        frames[n] = np.asarray(moved, np.float32)


def _joins(reel: Reel, frames: list[Frame], rng: Draw) -> None:
    """Cement joins show as a bar across the frames on both sides."""
    for at in [*reel.cuts, *reel.splices]:
        height = int(rng.integers(4, 16))
        for frame, rows in ((frames[at - 1], slice(-height, None)), (frames[at], slice(0, height))):
            if rng.random() < 0.7:
                frame[rows] = rng.uniform(150, 255)


def _grain(reel: Reel, frames: list[Frame], rng: Draw) -> None:
    size = float(rng.uniform(3, 14))
    for n in range(len(frames)):
        noise = rng.standard_normal((HEIGHT, WIDTH, 1)).astype(np.float32)
        frames[n] = frames[n] + size * cv2.GaussianBlur(noise, (0, 0), 0.7)[..., None] * 2


def as_clip(frames: list[Frame], rng: Draw) -> MemoryClip:
    name = "gray" if rng.random() < 0.5 else "gbrp"
    pixel = PIXEL_FORMATS[name]
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    pictures = []
    for frame in frames:
        codes = np.clip(np.rint(frame), 0, 255).astype(np.uint8)
        if name == "gray":
            grey = np.clip(np.rint(frame @ weights), 0, 255).astype(np.uint8)
            pictures.append(Picture(pixel, (grey,)))
        else:
            planes = tuple(np.ascontiguousarray(codes[..., k]) for k in range(3))
            pictures.append(Picture(pixel, planes))
    rate = Fraction(int(rng.choice([16, 18, 24, 25, 30])))
    return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, rate))
