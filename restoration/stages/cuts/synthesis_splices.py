"""Reels whose shots lack frames: 2 to 12 at a joint, on what moves, pans or hardly moves.

The picture may sit elsewhere in the gate after the joint, and the first frame after it may glare. A
splice counts as seen if the step over it is twice as large as those around, and larger than any of
them; where nothing moves it cannot be found.
"""

from __future__ import annotations

import cv2
import numpy as np

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

_LEAST_STEP = 2.0  # codes
_LEAST_RATIO, _LEAST_BEYOND = 2.0, 1.2  # of the median of the steps around, and of the largest
_AWAY = 10  # frames from a cut


def make_splice_reel(library: Library, rng: Draw, *, shots: int = 5, damage: str = "mixed") -> Reel:
    """Shots joined by cuts, most with a splice inside. damage: `none` or `mixed`."""
    reel, frames = empty_reel(), list[Frame]()
    for _ in range(shots):
        shot = _shot(library, rng)
        at = int(rng.integers(_AWAY, len(shot) - 12 - _AWAY))
        if rng.random() < 0.75:
            joint = len(frames) + at
            shot = _spliced(shot, at, rng)
            (reel.splices if _is_seen(shot, at) else reel.unseen).append(joint)
        if frames:
            reel.cuts.append(len(frames))
        frames += shot
    for joint in reel.splices + reel.unseen:
        if rng.random() < 0.25:
            frames[joint] = frames[joint] * np.float32(rng.uniform(1.4, 2.0)) + 30
            reel.foreign.append(joint)
    if damage != "none":
        frames = spoil_frames(reel, frames, rng, share=0.3)
    reel.clip = as_clip(frames, rng)
    return reel


def _shot(library: Library, rng: Draw) -> list[Frame]:
    """Filmed evenly, cranked by hand, or drawn: each drawing held for two frames, or 1 to 4."""
    count = int(rng.integers(44, 90))
    shot = [frame.astype(np.float32) for frame in library.shot(2 * count, rng)]
    kind = rng.choice(["even", "cranked", "on twos", "held"], p=[0.5, 0.2, 0.15, 0.15])
    if kind == "cranked":
        at = np.cumsum(rng.choice([1, 1, 2], count))
    elif kind == "on twos":
        at = np.arange(count) // 2 * 2
    elif kind == "held":
        at = np.repeat(np.arange(count), rng.integers(1, 5, count))[:count]
    else:
        at = np.arange(count)
    return [shot[n] for n in at[at < len(shot)]]


def _spliced(shot: list[Frame], at: int, rng: Draw) -> list[Frame]:
    """The shot without 2 to 12 frames; what follows may be shifted in the gate."""
    left = shot[:at] + shot[at + int(rng.integers(2, 13)) :]
    if rng.random() < 0.25:
        x, y = rng.normal(0, 1, 2) * (2, 5)
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
        edge = cv2.BORDER_REPLICATE
        left[at:] = [
            np.asarray(cv2.warpAffine(frame, matrix, (WIDTH, HEIGHT), borderMode=edge), np.float32)
            for frame in left[at:]
        ]
    return left


def _is_seen(shot: list[Frame], at: int) -> bool:
    steps = [float(cv2.absdiff(shot[n - 1], shot[n]).mean()) for n in range(at - 2, at + 4)]
    across = steps.pop(2)
    usual = max(_LEAST_RATIO * float(np.median(steps)), _LEAST_BEYOND * max(steps))
    return across > max(_LEAST_STEP, usual)
