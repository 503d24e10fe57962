"""Reels whose shots pass through blank frames, with and without a change of scene.

Fades, irises and cuts into black; beside them what is no change: a fade that comes back to the
same shot, light that goes out and on, something with a hard edge that covers the lens.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.synthesis import (
    HEIGHT,
    WIDTH,
    Draw,
    Frame,
    Library,
    Reel,
    as_clip,
    empty_reel,
    spoil_frames,
)

KINDS = ("fade", "iris", "black", "cover")
_DRAWN = (0.4, 0.1, 0.15, 0.35)
_CHANGES = {"fade": 0.7, "iris": 0.85, "black": 0.6, "cover": 0.1}
"""How often another scene follows."""
_SHOT, _PAUSE = 200, 48
_CALM = 22.0  # codes between frames that far apart

Shape = npt.NDArray[np.float32]
"""(240, 320) float32: share of the frame at which a place is covered, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Blank:
    """A passage through blank frames: first and last frame that it touches."""

    start: int
    end: int
    kind: str
    changes: bool
    """Another scene follows."""


def make_blank_reel(library: Library, rng: Draw, *, passages: int = 6) -> tuple[Reel, list[Blank]]:
    """Shots joined by passages through blank frames, then spoiled like old film or not."""
    found: list[Blank] = []
    left = _shot(library, rng)
    frames, left = left[:40], left[40:]
    for _ in range(passages):
        kind = str(rng.choice(KINDS, p=_DRAWN))
        changes = len(left) < 110 or bool(rng.random() < _CHANGES[kind])
        tone = np.float32(rng.uniform(5, 60) if kind == "cover" else rng.choice([2, 2, 250]))
        start = len(frames)
        gone, left = _take(left, _length(kind, rng))
        frames += _closing(gone, kind, tone, rng)
        pause = int(rng.integers(0 if kind == "fade" else 3, 12))
        frames += [np.full_like(frames[0], tone)] * pause
        left = _shot(library, rng) if changes else left[pause:]
        kind_after = "fade" if kind == "iris" and rng.random() < 0.5 else kind
        come, left = _take(left, _length(kind_after, rng))
        frames += _closing(come[::-1], kind_after, tone, rng)[::-1]
        found.append(Blank(start, len(frames) - 1, kind, changes))
        kept, left = _take(left, int(rng.integers(24, 40)))
        frames += kept
    reel = empty_reel()
    if rng.random() < 0.6:
        frames = spoil_frames(reel, frames, rng)
    reel.clip = as_clip(frames, rng)
    return reel, found


def _shot(library: Library, rng: Draw) -> list[Frame]:
    """One that is calm enough to be known again after a pause."""
    for _ in range(12):
        shot = library.shot(_SHOT, rng)
        if all(_distance(shot[n], shot[n + _PAUSE]) < _CALM for n in range(0, _SHOT - _PAUSE, 16)):
            break
    return [frame.astype(np.float32) for frame in shot]


def _distance(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    return float(cv2.absdiff(one, other).mean())


def _take(frames: list[Frame], count: int) -> tuple[list[Frame], list[Frame]]:
    return frames[:count], frames[count:]


def _length(kind: str, rng: Draw) -> int:
    """Frames that it takes to cover the picture, or to uncover it."""
    if kind == "black":
        return 0
    return int(rng.integers(2, 8) if kind == "cover" else rng.integers(5, 30))


def _closing(frames: list[Frame], kind: str, tone: np.float32, rng: Draw) -> list[Frame]:
    """The picture going into the tone, frame by frame, by its kind."""
    count = len(frames)
    shape = _circle() if kind == "iris" else _edge(rng)
    made = []
    for n, frame in enumerate(frames):
        share = np.float32((n + 1) / (count + 1))
        if kind != "fade":
            soft = 0.01 if kind == "cover" else 0.03
            covered = np.clip((share * 1.1 - shape) / soft, 0, 1)[..., None]
        else:
            covered = share
        made.append(frame + covered * (tone - frame))
    return made


def _circle() -> Shape:
    """Covered from the corners to the middle."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    far = np.hypot(rows - HEIGHT / 2, columns - WIDTH / 2)
    return np.asarray(1 - far / far.max(), np.float32)


def _edge(rng: Draw) -> Shape:
    """Covered from one side by something with teeth, such as a wing."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    along = np.cos(turn) * columns + np.sin(turn) * rows
    across = -np.sin(turn) * columns + np.cos(turn) * rows
    teeth = float(rng.choice([0.0, 10.0, 50.0])) * np.sin(across / rng.uniform(6, 30))
    noise = cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 20)
    front = along + teeth + 200 * noise
    return np.asarray((front - front.min()) / np.ptp(front), np.float32)
