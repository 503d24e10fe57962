"""Damage that stays: scratches down the film, cracks, and the bands of a splice."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.stages.repair.damage_shapes import Alpha, draw_line


def _tone(rng: np.random.Generator, *, light: float) -> float:
    return float(rng.uniform(205, 252)) if rng.random() < light else float(rng.uniform(4, 45))


@dataclass(slots=True)
class StandingLine:
    """A scratch from a burr: there in every frame, drifting, tilting, broken in places.

    x: column of its middle. lean: columns a row. width: pixels. depth: opacity at its middle.
    """

    x: float
    lean: float
    width: float
    depth: float
    tone: float
    drift: float
    broken: float
    """Share of the rows where it fails to touch."""
    run: float = 0.0
    """Rows of film that went by, so that its breaks run through the frames."""

    @classmethod
    def draw(cls, rng: np.random.Generator, columns: int, scale: float) -> StandingLine:
        return cls(
            x=float(rng.uniform(0.03, 0.97)) * columns,
            lean=float(rng.normal(0.0, 0.008)),
            width=scale * float(rng.uniform(0.8, 3.0)),
            depth=float(rng.uniform(0.12, 0.9)),
            tone=_tone(rng, light=0.6),
            drift=float(rng.normal(0.0, 0.15)),
            broken=float(rng.uniform(0.05, 0.5)) if rng.random() < 0.4 else 0.0,
        )

    def step(self, rng: np.random.Generator, height: int, width: int) -> Alpha:
        """Its opacity in the next frame, (height, width)."""
        self.x += self.drift
        if rng.random() < 0.3:
            self.x += float(rng.normal(0.0, 0.7))
        self.lean += float(rng.normal(0.0, 0.0005))
        rows = np.arange(height, dtype=np.float32)
        run = self.run + rows
        self.run += height
        sway = 0.8 * np.sin(run / 310.0 + self.depth * 20) + 0.4 * np.sin(run / 97.0)
        centre = self.x + self.lean * (rows - height / 2) + sway
        away = np.abs(np.arange(width, dtype=np.float32)[None] - centre[:, None])
        profile = np.clip(self.width / 2 + 0.5 - away, 0.0, 1.0)
        touch = 0.8 + 0.2 * np.sin(run / 61.0 + self.tone)
        if self.broken:
            gaps = cv2.GaussianBlur(rng.standard_normal((height, 1)).astype(np.float32), (1, 41), 9)
            least = float(np.quantile(gaps, self.broken))
            touch = touch * np.clip((gaps[:, 0] - least) * 40.0 + 0.5, 0.0, 1.0)
        return np.asarray(self.depth * profile * touch[:, None], np.float32)


@dataclass(slots=True)
class Crack:
    """A jagged tear that stays for some frames and trembles."""

    points: npt.NDArray[np.float64]
    shape: tuple[int, int]
    first: int
    last: int
    width: float
    depth: float
    tone: float

    @classmethod
    def draw(
        cls, rng: np.random.Generator, shape: tuple[int, int], scale: float, frames: int
    ) -> Crack:
        height, width = shape
        count = int(rng.integers(6, 24))
        tall = float(rng.uniform(0.15, 0.9)) * height
        top = float(rng.uniform(-0.2, 0.8)) * height
        rows = top + np.linspace(0, tall, count)
        columns = rng.uniform(0.05, 0.95) * width + np.cumsum(rng.normal(0, 4.0 * scale, count))
        first = int(rng.integers(0, max(1, frames)))
        return cls(
            points=np.column_stack((columns, rows)),
            shape=shape,
            first=first,
            last=first + int(rng.integers(2, 12)),
            width=scale * float(rng.uniform(0.7, 2.0)),
            depth=float(rng.uniform(0.3, 0.95)),
            tone=_tone(rng, light=0.5),
        )

    def at(self, rng: np.random.Generator, frame: int) -> Alpha:
        """Its opacity in that frame of the clip, (H, W); zeros where it is not."""
        canvas = np.zeros(self.shape, np.uint8)
        if self.first <= frame <= self.last:
            shaken = self.points + rng.normal(0.0, 0.5, 2) + rng.normal(0.0, 0.3, self.points.shape)
            places = np.rint(shaken * 8).astype(np.int32)
            starts = [0, *(int(at) for at in np.flatnonzero(rng.random(len(places)) < 0.06)), None]
            for begin, end in itertools.pairwise(starts):
                part = places[begin:end]
                if len(part) > 1:
                    thick = max(1, round(self.width))
                    draw_line(canvas, part, thick, cv2.LINE_AA)
        return np.asarray(canvas, np.float32) / np.float32(255.0) * np.float32(self.depth)


def splice_bands(
    rng: np.random.Generator, frames: int, shape: tuple[int, int], chance: float
) -> tuple[dict[int, float], dict[int, list[tuple[Alpha, float]]]]:
    """A join somewhere in the clip.

    Returns: the gain of light by frame, which is no damage, and by frame the opacity (H, W) and
        tone of each band of tape or cement at the frame's edge, which is.
    """
    if frames < 3 or rng.random() >= chance:
        return {}, {}
    at = int(rng.integers(1, frames - 1))
    flashes = {at: float(rng.uniform(1.08, 1.5))}
    if rng.random() < 0.5:
        flashes[at + 1] = 1.0 + (flashes[at] - 1.0) * float(rng.uniform(0.2, 0.6))
    tone = _tone(rng, light=0.7)
    bands: dict[int, list[tuple[Alpha, float]]] = {}
    for frame, below in ((at - 1, True), (at, False)):
        deep = float(rng.uniform(1.5, 0.02 * shape[0] + 2.5))
        rows = np.arange(shape[0], dtype=np.float32)
        away = shape[0] - 1 - rows if below else rows
        profile = np.clip(deep - away + 0.5, 0.0, 1.0) * float(rng.uniform(0.5, 0.95))
        bands[frame] = [(np.repeat(profile[:, None], shape[1], axis=1).astype(np.float32), tone)]
    return flashes, bands
