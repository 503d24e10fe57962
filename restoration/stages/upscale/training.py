"""Train the compact network: a fixed number of steps, fixed seeds, resumable at any moment.

    python -m restoration train upscale --data DIR --out FILE --steps 5000 --work FOLDER

Each step's batch follows from the seed and the step's number alone. What is judged is the faithful
picture, which shrinks to the small one: the network is only asked for what the small
picture leaves open. A little is asked of the picture before that projection, for other uses of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Adam

from restoration.imaging.resample import axis_weights, way_back
from restoration.stages.learning import Course
from restoration.stages.photographs import photographs
from restoration.stages.upscale.faithful import LEFT
from restoration.stages.upscale.network import FACTOR, CompactNetwork, Detail
from restoration.stages.upscale.training_samples import (
    HELD_OUT_EVERY,
    Photograph,
    draw_sample,
    load_photograph,
)

Told = Callable[[str], None]
_SMOOTH = 1.5 / 255
"""Below this an error counts by its square."""
_RAW, _DOUBT = 0.3, 0.002
_LEFT = LEFT / 255
_MARGIN = 5
"""Pixels of the small picture at a crop's border that are not judged: half blind there."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast."""

    steps: int = 5000
    batch: int = 8
    crop: int = 48
    rate: float = 1.5e-3
    warm_up: int = 200
    seed: int = 1
    keep_every: float = 120.0
    """Seconds between checkpoints."""
    look_every: int = 250
    """Steps between two points of the curve."""


class Batch(NamedTuple):
    """small: (N, 1, crop, crop). large: (N, 1, factor * crop, ...). factor: 2 or 4."""

    small: Tensor
    large: Tensor
    factor: int


def train(data: Path, out: Path, work: Path, schedule: Schedule, told: Told) -> dict[str, Any]:
    """Train, or go on training, and write the weights as safetensors.

    Args:
        work: folder for the checkpoint; a later call goes on from there.
    Returns: the curve and the schedule, also kept in the file's metadata.
    Raises: StageError if there are no photographs.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pool = [
        load_photograph(path) for path in photographs(data, every=HELD_OUT_EVERY, held_out=False)
    ]
    told(f"{len(pool)} photographs")
    run = _Run(work / "checkpoint.pt", schedule).taken_up()
    while run.step < schedule.steps:
        run.advance(pool)
        if run.step % schedule.look_every == 0 or run.step == schedule.steps:
            told(json.dumps(run.note()))
        run.keep_if_due()
    run.keep()
    report = {"schedule": asdict(schedule), "curve": run.curve}
    save_file(run.weights(), out, metadata={"training": json.dumps(report)})
    return report


def batch_of(pool: list[Photograph], schedule: Schedule, step: int) -> Batch:
    """The batch of that step: two in five by two, the others by four; half of each as film."""
    rng = np.random.default_rng((schedule.seed, step))
    factor = 2 if rng.random() < 0.4 else FACTOR
    samples = [
        draw_sample(
            pool[int(rng.integers(len(pool)))], schedule.crop, factor, rng, film=rng.random() < 0.5
        )
        for _ in range(schedule.batch)
    ]
    small = torch.from_numpy(np.stack([sample.small for sample in samples]))[:, None]
    large = torch.from_numpy(np.stack([sample.large for sample in samples]))[:, None]
    return Batch(small, large, factor)


class Judged(NamedTuple):
    """loss: to be lessened. mine, plain: mean error of the faithful picture, of bicubic's."""

    loss: Tensor
    mine: Tensor
    plain: Tensor


def judge(given: Detail, halved: Tensor, batch: Batch) -> Judged:
    """How far the faithful picture is from the truth, and how well that was foreseen."""
    crop, side = batch.small.shape[-1], batch.large.shape[-1]
    detail, doubt = given.detail, given.doubt
    if batch.factor != FACTOR:
        detail = _resize(detail, side)
        doubt = torch.log(torch.nn.functional.avg_pool2d(torch.exp(doubt), 2)) + halved
    bicubic = _resize(batch.small, side)
    raw = bicubic + detail
    made, plain = (_project(each, batch.small) for each in (raw, bicubic))
    cut = slice(_MARGIN * side // crop, side - _MARGIN * side // crop)
    off, raw_off, plain_off, log = (
        each[..., cut, cut]
        for each in (made - batch.large, raw - batch.large, plain - batch.large, doubt)
    )
    log = log.clamp(-8, 1)
    likely = (off.detach().abs() * torch.exp(-log) + log).mean()
    loss = _charbonnier(off) + _RAW * _charbonnier(raw_off) + _DOUBT * likely
    return Judged(loss, off.detach().abs().mean(), plain_off.abs().mean())


def _charbonnier(off: Tensor) -> Tensor:
    return (torch.sqrt(off * off + _SMOOTH * _SMOOTH) - _SMOOTH).mean()


def _resize(planes: Tensor, side: int) -> Tensor:
    weights = torch.from_numpy(axis_weights(planes.shape[-1], side))
    return weights @ planes @ weights.T


def _project(large: Tensor, small: Tensor) -> Tensor:
    side, crop = large.shape[-1], small.shape[-1]
    back = torch.from_numpy(way_back(side, crop))
    off = small - _resize(large, crop)
    return large + back @ (off - off.clamp(-_LEFT, _LEFT)) @ back.T


class _Run(Course[CompactNetwork]):
    """A run with the sums of its errors since the curve's last point, by factor."""

    def __init__(self, path: Path, schedule: Schedule) -> None:
        super().__init__(CompactNetwork, Adam, path, schedule)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._schedule = schedule
        self._sums: dict[int, list[float]] = {}

    def advance(self, pool: list[Photograph]) -> None:
        """One step."""
        batch = batch_of(pool, self._schedule, self.step)
        with torch.autocast("cpu", torch.bfloat16):
            given = self.network(batch.small.contiguous(memory_format=torch.channels_last))
        judged = judge(
            Detail(given.detail.float(), given.doubt.float()), self.network.halved, batch
        )
        self.learn(judged.loss, longest=0.5)
        sums = self._sums.setdefault(batch.factor, [0.0, 0.0, 0.0])
        for index, value in enumerate((1.0, float(judged.mine), float(judged.plain))):
            sums[index] += value

    def note(self) -> dict[str, float]:
        """A point of the curve: mean error of each factor since the last, in 8-bit codes.

        `plain` is bicubic enlargement, made faithful too.
        """
        point: dict[str, float] = {"step": self.step}
        for factor, (count, mine, plain) in sorted(self._sums.items()):
            point[f"x{factor}"] = round(255 * mine / count, 4)
            point[f"x{factor} plain"] = round(255 * plain / count, 4)
        self.curve.append(point)
        self._sums = {}
        return point
