"""What old film suffers, laid over a reel whose truth is known; the truth is carried along.

Each function takes a clean reel and gives a new one. Gains are of code values. Positions are drawn
by the generator that is handed in, so equal seeds give equal reels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.bench_reels import Reel, Truth
from restoration.stages.cuts.bench_shots import HEIGHT, WIDTH, Frame
from restoration.stages.material import plant_damage

Gains = npt.NDArray[np.float64]
Damage = Callable[[Reel, np.random.Generator], Reel]

FLASH_EVERY = 45
"""Frames from one foreign frame to the next, on average."""
_AT_THE_ENDS = 6


def even_flicker(reel: Reel, rng: np.random.Generator, *, depth: float = 0.3) -> Reel:
    """One gain a frame, drawn evenly from 1 - depth to 1 + depth, each for itself."""
    return _lit(reel, rng.uniform(1 - depth, 1 + depth, len(reel.frames)))


def wandering_flicker(reel: Reel, rng: np.random.Generator) -> Reel:
    """Gains that wander (AR(1), 0.8, deviation 15 %) with impulses of 25 to 45 % now and then."""
    gains, level = np.ones(len(reel.frames)), 0.0
    for n in range(len(gains)):
        level = 0.8 * level + rng.normal(0.0, 0.15 * 0.6)
        impulse = rng.choice([-1, 1]) * rng.uniform(0.25, 0.45) if rng.random() < 0.05 else 0.0
        gains[n] = np.clip(1.0 + level + impulse, 0.45, 1.7)
    return _lit(reel, gains)


def uneven_flicker(reel: Reel, rng: np.random.Generator) -> Reel:
    """Gains of 0.7 to 1.3 that differ over the frame: a fresh slope in every frame."""
    rows, columns = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    frames = []
    for frame in reel.frames:
        down, across = rng.uniform(-0.2, 0.2, 2)
        gain = np.clip(rng.uniform(0.8, 1.2) + down * rows + across * columns, 0.6, 1.4)
        frames.append(_times(frame, gain))
    return replace(reel, frames=frames)


def flashes(reel: Reel, rng: np.random.Generator) -> Reel:
    """Single frames that are white, glaring, or glaring in one part of the picture."""
    frames, marks = list(reel.frames), []
    for n in _places(reel, rng, FLASH_EVERY):
        kind = int(rng.integers(3))
        if kind == 0:
            frames[n] = np.full_like(frames[n], int(rng.integers(235, 256)))
        elif kind == 1:
            gain = np.float64(rng.uniform(1.6, 2.4))
            frames[n] = _times(frames[n], gain, lift=float(rng.uniform(20, 60)))
        else:
            frames[n] = _glare(frames[n], rng)
        marks.append((n, "white" if kind == 0 else "flash"))
    return _marked(replace(reel, frames=frames), marks)


def black_frames(reel: Reel, rng: np.random.Generator) -> Reel:
    """One or two frames without a picture, as where slug was spliced in."""
    frames, marks = list(reel.frames), []
    for n in _places(reel, rng, FLASH_EVERY):
        for k in range(int(rng.integers(1, 3))):
            frames[n + k] = np.full_like(frames[n], int(rng.integers(0, 20)))
            marks.append((n + k, "black"))
    return _marked(replace(reel, frames=frames), marks)


def dirt(shapes: Path) -> Damage:
    """Dust, hairs, blotches in every frame, and two scratches that stay."""

    def spoil(reel: Reel, rng: np.random.Generator) -> Reel:
        seed = int(rng.integers(1 << 30))
        planted = plant_damage(
            reel.clip(), shapes, seed=seed, scratches=2, dust=80.0, scale=WIDTH / 480
        ).clip
        frames = [_from_planes(picture.planes) for picture in planted.pictures]
        return replace(reel, frames=frames)

    return spoil


def weave(reel: Reel, rng: np.random.Generator) -> Reel:
    """The gate lets the film swing by about 1 % of the width, and jump by 3 % now and then."""
    place = np.zeros(2)
    frames = []
    for frame in reel.frames:
        place = 0.7 * place + rng.normal(0.0, 0.007 * WIDTH, 2)
        jump = rng.normal(0.0, 0.03 * WIDTH, 2) if rng.random() < 0.02 else 0.0
        frames.append(_shifted(frame, place + jump))
    return replace(reel, frames=frames)


def splices(reel: Reel, rng: np.random.Generator, *, flash: bool = False) -> Reel:
    """Two to eight frames are lost inside shots, joined roughly; with a light leak or without.

    Where the picture hardly moves a loss cannot be seen: such a place counts neither way.
    """
    gone: set[int] = set()
    joints = []
    for n in _places(reel, rng, 50):
        lost = range(n, n + int(rng.integers(2, 9)))
        if not _touches(reel.truth, lost.start - 8, lost.stop + 8):
            gone |= set(lost)
            joints.append(lost.stop)
    visible = {n: _visible_jump(reel.frames, n, gone) for n in joints}
    spliced, number = _without(reel, gone)
    shown = [(number[n], "splice") for n in joints if visible[n]]
    hidden = frozenset(number[n] for n in joints if not visible[n])
    truth = replace(spliced.truth, unjudged=spliced.truth.unjudged | hidden)
    made = _marked(replace(spliced, truth=truth), shown)
    return _leaking(made, [number[n] for n in joints], rng) if flash else made


def duplicates(reel: Reel, rng: np.random.Generator) -> Reel:
    """Single frames are shown twice inside shots that move."""
    repeated = {
        n
        for n in _places(reel, rng, 40)
        if not _touches(reel.truth, n - 3, n + 3)
        and not {n + k for k in range(-2, 4)} & reel.truth.unjudged
    }
    order = [n for n in range(len(reel.frames)) for _ in range(2 if n in repeated else 1)]
    first = {n: k for k, n in reversed(list(enumerate(order)))}
    truth = _moved(reel.truth, first)
    made = replace(reel, frames=[reel.frames[n] for n in order], truth=truth)
    return _marked(made, [(first[n] + 1, "duplicate") for n in sorted(repeated)])


def everything(shapes: Path) -> Damage:
    """Milder forms of all of it at once."""

    def spoil(reel: Reel, rng: np.random.Generator) -> Reel:
        reel = weave(splices(reel, rng), rng)
        reel = black_frames(flashes(even_flicker(reel, rng, depth=0.2), rng), rng)
        return dirt(shapes)(reel, rng)

    return spoil


def all_kinds(shapes: Path) -> dict[str, Damage]:
    """Every kind by its name."""
    return {
        "flicker": even_flicker,
        "wandering flicker": wandering_flicker,
        "uneven flicker": uneven_flicker,
        "flashes": flashes,
        "black frames": black_frames,
        "dirt": dirt(shapes),
        "weave": weave,
        "splices": splices,
        "splices that flash": lambda reel, rng: splices(reel, rng, flash=True),
        "duplicates": duplicates,
        "everything": everything(shapes),
    }


def spoil(reel: Reel, kind: str, damage: Damage, *, seed: int) -> Reel:
    """The reel after that damage, named by it."""
    number = sum(ord(letter) for letter in kind)
    made = damage(reel, np.random.default_rng([seed, number]))
    return replace(made, name=f"{kind}: {reel.name}", kind=kind)


def _lit(reel: Reel, gains: Gains) -> Reel:
    frames = [_times(frame, gain) for frame, gain in zip(reel.frames, gains, strict=True)]
    return replace(reel, frames=frames)


def _times(frame: Frame, gain: Gains | np.float64, *, lift: float = 0.0) -> Frame:
    if frame.ndim == 3 and np.ndim(gain) == 2:
        gain = np.asarray(gain)[..., None]
    lit = frame.astype(np.float32) * np.asarray(gain, np.float32) + np.float32(lift)
    return np.asarray(np.clip(np.rint(lit), 0, 255), np.uint8)


def _glare(frame: Frame, rng: np.random.Generator) -> Frame:
    """Light from one side over a third to two thirds of the width."""
    reach = float(rng.uniform(0.35, 0.65))
    share = np.clip((reach - np.linspace(0, 1, WIDTH)) / 0.2 + 0.5, 0, 1)
    if rng.random() < 0.5:
        share = share[::-1]
    alpha = np.broadcast_to(share[None, :], (HEIGHT, WIDTH)) * float(rng.uniform(0.7, 0.95))
    if frame.ndim == 3:
        alpha = alpha[..., None]
    return np.asarray(np.rint(frame * (1 - alpha) + 250.0 * alpha), np.uint8)


def _shifted(frame: Frame, by: npt.NDArray[np.float64]) -> Frame:
    matrix = np.array([[1, 0, by[0]], [0, 1, by[1]]], np.float32)
    return np.asarray(
        cv2.warpAffine(frame, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _from_planes(planes: Sequence[npt.NDArray[np.uint8] | npt.NDArray[np.uint16]]) -> Frame:
    if len(planes) == 1:
        return np.asarray(planes[0], np.uint8)
    stacked = np.concatenate([np.asarray(plane, np.uint8).reshape(-1) for plane in planes])
    stacked = stacked.reshape(HEIGHT * 3 // 2, WIDTH)
    return np.asarray(cv2.cvtColor(stacked, cv2.COLOR_YUV2BGR_I420), np.uint8)


def _places(reel: Reel, rng: np.random.Generator, every: int) -> list[int]:
    """Frames drawn by chance, one in each stretch of `every`, away from both ends."""
    last = len(reel.frames) - _AT_THE_ENDS - 10
    starts = range(_AT_THE_ENDS, last - every // 2, every)
    return [min(start + int(rng.integers(4, every - 12)), last) for start in starts]


def _touches(truth: Truth, start: int, stop: int) -> bool:
    """Whether a change of scene lies in frames [start, stop)."""
    return any(start <= cut < stop for cut in truth.cuts) or any(
        first < stop and start <= last for first, last, _ in truth.gradual
    )


def _visible_jump(frames: Sequence[Frame], joint: int, gone: set[int]) -> bool:
    before = joint - 1
    while before in gone:
        before -= 1
    across = _distance(frames[before], frames[joint])
    around = [joint + 1, joint + 2, joint + 3, before - 1, before]
    usual = [_distance(frames[n - 1], frames[n]) for n in around if 0 < n < len(frames)]
    return across > 2.0 and across > 2.0 * float(np.median(usual))


def _distance(first: Frame, second: Frame) -> float:
    return float(cv2.absdiff(first, second).mean())


def _without(reel: Reel, gone: set[int]) -> tuple[Reel, dict[int, int]]:
    """The reel without those frames, and the new number of each frame that is left."""
    left = [n for n in range(len(reel.frames)) if n not in gone]
    number = {n: k for k, n in enumerate(left)}
    frames = [reel.frames[n] for n in left]
    return replace(reel, frames=frames, truth=_moved(reel.truth, number)), number


def _moved(truth: Truth, number: dict[int, int]) -> Truth:
    """The truth in new frame numbers; borders of shots and mixed frames are never lost."""
    after = max(number) + 1
    stops = number | {after: max(number.values()) + 1}
    return Truth(
        cuts=tuple(number[cut] for cut in truth.cuts),
        gradual=tuple((number[a], number[b], kind) for a, b, kind in truth.gradual),
        marks=tuple((number[frame], kind) for frame, kind in truth.marks),
        intertitles=tuple((number[a], stops[b]) for a, b in truth.intertitles),
        unjudged=frozenset(number[n] for n in truth.unjudged if n in number),
    )


def _marked(reel: Reel, marks: Sequence[tuple[int, str]]) -> Reel:
    truth = replace(reel.truth, marks=tuple(sorted({*reel.truth.marks, *marks})))
    return replace(reel, truth=truth)


def _leaking(reel: Reel, joints: Sequence[int], rng: np.random.Generator) -> Reel:
    """Light at the joint: the first frame after it glares."""
    frames = list(reel.frames)
    for n in joints:
        frames[n] = _times(frames[n], np.float64(rng.uniform(1.4, 2.0)), lift=30.0)
    truth = replace(reel.truth, unjudged=reel.truth.unjudged | {n for n in joints})
    return replace(reel, frames=frames, truth=truth)
