"""Reels whose shots lack frames: 2 to 12 at a joint, on what moves, pans or hardly moves.

Drawn figures may be held for two frames each, the picture may sit elsewhere in the gate after the
joint, and the first frame after it may glare. A splice counts as seen if the step over it is twice
as large as those around; where nothing moves it cannot be found.
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

_LEAST_STEP, _LEAST_RATIO = 2.0, 2.0  # codes; against the steps around
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
    shot = [frame.astype(np.float32) for frame in library.shot(int(rng.integers(44, 90)), rng)]
    if rng.random() < 0.25:
        return [shot[n - n % 2] for n in range(len(shot))]
    return shot


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
    return across > _LEAST_STEP and across > _LEAST_RATIO * float(np.median(steps))
