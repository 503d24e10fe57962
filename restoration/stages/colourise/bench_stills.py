"""Stills: how near colour comes to the truth from k hints, beside simpler ways."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Lab, Plane, ciede2000, fit_gamut, grey_lightness, to_lab
from restoration.imaging.metrics import psnr
from restoration.stages.colourise.peers import (
    Colours,
    LumaPrior,
    grey,
    levin,
    mean_of_hints,
    plain_rbf,
)
from restoration.stages.colourise.spread import Point

PATCH = 6
"""Pixels to the side of a hint."""
Method = Callable[[Plane, Sequence[Point]], Colours]
Ours = Callable[[Plane, Sequence[Point]], tuple[Colours, Plane]]
"""Also says how certain each pixel is."""
_ALL_SEEDS = ("plain RBF",)
"""Peers that bars are set by; the others are measured with the first seed."""


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A photograph, what a grey scan of it shows, and the truth.

    rgb: (H, W, 3) uint8. lightness: (H, W), L of the scan's 8-bit grey. lab: (H, W, 3).
    """

    name: str
    rgb: npt.NDArray[np.uint8]
    lightness: Plane
    lab: Lab

    @classmethod
    def of(cls, path: Path, rgb: npt.NDArray[np.uint8]) -> Still:
        """Its scan holds grey codes of the same L."""
        lab = to_lab(rgb.astype(np.float32) / np.float32(255))
        flat = lab.copy()
        flat[..., 1:] = 0
        codes = np.rint(fit_gamut(flat)[0][..., 0] * 255).astype(np.float32)
        return cls(path.name, rgb, grey_lightness(codes / np.float32(255)), lab)


def square(photograph: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """The middle square, `side` pixels wide."""
    height, width = photograph.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    part = np.ascontiguousarray(photograph[top : top + short, left : left + short])
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def draw_points(still: Still, count: int, seed: int) -> list[Point]:
    """Random patches of the truth, as a person's 8-bit colours."""
    rng = np.random.default_rng((seed, count))
    height, width = still.lightness.shape
    points = []
    for _ in range(count):
        y, x = int(rng.integers(height - PATCH + 1)), int(rng.integers(width - PATCH + 1))
        box = slice(y, y + PATCH), slice(x, x + PATCH)
        mean = still.rgb[box].reshape(-1, 3).mean(axis=0)
        ab = to_lab(np.rint(mean).astype(np.float32) / np.float32(255))[1:]
        light = float(np.median(still.lightness[box]))
        points.append(Point(y + 2.5, x + 2.5, light, float(ab[0]), float(ab[1])))
    return points


def free_of(points: Sequence[Point], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Where no hint lies."""
    free = np.ones(shape, bool)
    for point in points:
        top, left = round(point.y - 2.5), round(point.x - 2.5)
        free[top : top + PATCH, left : left + PATCH] = False
    return free


@dataclass(slots=True)
class Sums:
    """Figures of one method at one k, a number for each picture and seed."""

    psnr: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    median: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    colourful: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    certain: list[float] = field(default_factory=list)
    error_certain: list[float] = field(default_factory=list)
    error_open: list[float] = field(default_factory=list)

    def add(self, row: Mapping[str, float]) -> None:
        for name, value in row.items():
            getattr(self, name).append(value)

    def means(self) -> dict[str, float]:
        """Of everything that was measured."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {name: round(float(np.mean(values)), 4) for name, values in told.items() if values}


Table = dict[str, dict[int, Sums]]
Figures = dict[str, dict[str, Any]]
"""By method and k."""


def measure_stills(
    stills: Sequence[Still],
    ours: Mapping[str, Ours],
    prior: LumaPrior,
    ks: Sequence[int],
    seeds: int,
    *,
    all_peers: bool = True,
) -> Figures:
    """Figures by method and k.

    Args:
        all_peers: False leaves out Levin's, which takes as long as all others together.
    """
    peers: dict[str, Method] = {
        "grey": grey,
        "luma prior": prior,
        "mean of hints": mean_of_hints,
        "plain RBF": plain_rbf,
        **({"Levin": levin} if all_peers else {}),
    }
    table: Table = {name: {k: Sums() for k in ks} for name in (*peers, *ours)}
    for still in stills:
        for k in ks:
            # Without hints every seed is the same.
            for seed in range(seeds if k else 1):
                points = draw_points(still, k, seed)
                for name, row in _rows(still, points, peers, ours, first=not seed):
                    table[name][k].add(row)
    return {
        name: {str(k): sums.means() for k, sums in by_k.items()} for name, by_k in table.items()
    }


def _rows(
    still: Still,
    points: Sequence[Point],
    peers: Mapping[str, Method],
    ours: Mapping[str, Ours],
    *,
    first: bool,
) -> Iterator[tuple[str, dict[str, float]]]:
    """What each method makes of one still and one set of hints."""
    for name, method in peers.items():
        if first or name in _ALL_SEEDS:
            began = time.process_time()
            made = method(still.lightness, points)
            yield name, _score(still, points, made, time.process_time() - began)
    for name, own in ours.items():
        began = time.process_time()
        made, certainty = own(still.lightness, points)
        yield name, _score(still, points, made, time.process_time() - began, certainty)


def _score(
    still: Still,
    points: Sequence[Point],
    made: Colours,
    seconds: float,
    certainty: Plane | None = None,
) -> dict[str, float]:
    rgb, _ = fit_gamut(np.dstack([still.lightness, made]).astype(np.float32))
    codes = np.rint(rgb * 255).astype(np.float32)
    free = free_of(points, still.lightness.shape)
    error = ciede2000(to_lab(codes / np.float32(255)), still.lab)
    squared = (codes - still.rgb.astype(np.float32)) ** 2
    row = {
        "psnr": psnr(float(squared[free].mean())),
        "mean": float(error[free].mean()),
        "median": float(np.median(error[free])),
        "p95": float(np.quantile(error[free], 0.95)),
        "colourful": colourfulness(codes) / max(1e-6, colourfulness(still.rgb)),
        "seconds": seconds,
    }
    if certainty is not None:
        sure = free & (certainty >= 0.5)
        row["certain"] = float(sure.sum() / max(1, free.sum()))
        for name, where in (("error_certain", sure), ("error_open", free & ~sure)):
            if where.sum() > 50:
                row[name] = float(error[where].mean())
    return row


def colourfulness(rgb: npt.NDArray[Any]) -> float:
    """Hasler and Suesstrunk 2003, of (H, W, 3) codes."""
    red, green, blue = (rgb[..., n].astype(np.float64) for n in range(3))
    one, two = red - green, (red + green) / 2 - blue
    spread = float(np.hypot(one.std(), two.std()))
    return spread + 0.3 * float(np.hypot(one.mean(), two.mean()))
