"""A camera over stills, and what is no cut though much changes: whip pans, passers-by, light."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from restoration.stages.cuts.bench_shots import HEIGHT, WIDTH, Frame


def glide(still: Frame, count: int, rng: np.random.Generator) -> list[Frame]:
    """A slow pan and zoom over a still."""
    begin, end = _view(still, rng), _view(still, rng)
    way = rng.uniform(0.1, 0.5)
    return [_look(still, begin + (end - begin) * way * n / max(count - 1, 1)) for n in range(count)]


def parallax(still: Frame, count: int, rng: np.random.Generator) -> list[Frame]:
    """A sideways travel in which near things pass faster; depth is smooth noise."""
    view = _view(still, rng)
    frame = _look(still, view)
    noise = cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 24)
    depth = (noise - noise.min()) / max(float(np.ptp(noise)), 1e-6)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    speed = float(rng.uniform(0.15, 0.5)) * float(rng.choice([-1.0, 1.0]))
    made = []
    for n in range(count):
        shift = np.float32(speed * (n - count / 2)) * (0.4 + depth)
        made.append(_remap(frame, columns + shift, rows))
    return made


def whip_pan(still: Frame, rng: np.random.Generator) -> list[Frame]:
    """The camera stands, swings over most of the still within 5 to 10 frames, and stands again."""
    swing = int(rng.integers(5, 11))
    begin, end = _side_view(still, 0.0), _side_view(still, 1.0)
    if rng.random() < 0.5:
        begin, end = end, begin
    share = np.concatenate([np.zeros(24), _ease(swing), np.ones(24)])
    frames = []
    for n, at in enumerate(share):
        moved = abs(share[min(n + 1, len(share) - 1)] - share[max(n - 1, 0)]) / 4
        near = [at + moved * k / 4 for k in range(-4, 5)] if moved else [at]
        seen = [_look(still, begin + (end - begin) * a).astype(np.float32) for a in near]
        frames.append(np.asarray(np.rint(np.mean(seen, axis=0)), np.uint8))
    return frames


def pass_by(frames: Sequence[Frame], rng: np.random.Generator, *, start: int) -> list[Frame]:
    """Something out of focus crosses close to the lens within 8 to 20 frames and hides the view."""
    length = int(rng.integers(8, 21))
    width = float(rng.uniform(0.5, 1.3)) * WIDTH
    tone = float(rng.choice([rng.uniform(10, 50), rng.uniform(150, 220)]))
    columns = np.arange(WIDTH, dtype=np.float32)
    texture = cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)), (0, 0), 9)
    body = tone + 18.0 * texture / texture.std()
    made = list(frames)
    for n in range(start, min(start + length, len(made))):
        centre = -width / 2 + (WIDTH + width) * (n - start + 0.5) / length
        alpha = np.clip((width / 2 - np.abs(columns - centre)) / 12.0, 0.0, 1.0)[None, :]
        made[n] = _lay(made[n], body, np.broadcast_to(alpha, (HEIGHT, WIDTH)))
    return made


def switch_light(frames: Sequence[Frame], rng: np.random.Generator, *, start: int) -> list[Frame]:
    """Light falls or rises to another level within 1 to 6 frames and stays there."""
    length = int(rng.integers(1, 7))
    gain = float(rng.choice([rng.uniform(0.35, 0.6), rng.uniform(1.4, 1.7)]))
    made = []
    for n, frame in enumerate(frames):
        share = float(np.clip((n - start + 1) / length, 0.0, 1.0))
        lit = frame.astype(np.float32) * (1.0 + (gain - 1.0) * share)
        made.append(np.clip(np.rint(lit), 0, 255).astype(np.uint8))
    return made


def reframe(frames: Sequence[Frame], rng: np.random.Generator) -> list[Frame]:
    """The same scene from a camera that stands a little elsewhere: 10 to 30 % nearer and aside."""
    scale = float(rng.uniform(0.72, 0.9))
    x, y = rng.uniform(0, 1, 2) * (1 - scale)
    view = np.array([x * WIDTH, y * HEIGHT, scale * WIDTH])
    return [_look(frame, view) for frame in frames]


def _view(still: Frame, rng: np.random.Generator) -> np.ndarray:
    """Left, top and width of a 4:3 part."""
    height, width = still.shape[:2]
    most = min(width, height * 4 / 3)
    columns = most * float(rng.uniform(0.55, 0.9))
    return np.array(
        [rng.uniform(0, width - columns), rng.uniform(0, height - columns * 0.75), columns]
    )


def _side_view(still: Frame, side: float) -> np.ndarray:
    height, width = still.shape[:2]
    columns = min(width, height * 4 / 3) * 0.5
    return np.array([side * (width - columns), (height - columns * 0.75) / 2, columns])


def _look(still: Frame, view: np.ndarray) -> Frame:
    x, y, columns = (float(value) for value in view)
    scale = columns / WIDTH
    matrix = np.array([[scale, 0, x], [0, scale, y]], np.float32)
    seen = cv2.warpAffine(
        still,
        matrix,
        (WIDTH, HEIGHT),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(seen, np.uint8)


def _remap(frame: Frame, columns: np.ndarray, rows: np.ndarray) -> Frame:
    moved = cv2.remap(
        frame,
        columns.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.asarray(moved, np.uint8)


def _lay(frame: Frame, tone: np.ndarray, alpha: np.ndarray) -> Frame:
    if frame.ndim == 3:
        tone, alpha = tone[..., None], alpha[..., None]
    mixed = frame * (1 - alpha) + tone * alpha
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def _ease(count: int) -> np.ndarray:
    at = (np.arange(count) + 1.0) / (count + 1.0)
    return np.asarray(at * at * (3.0 - 2.0 * at))
