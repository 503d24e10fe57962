"""Train the repair network: a fixed number of steps, fixed seeds, resumable at any moment.

    python -m restoration train repair --data DIR --out FILE --steps 6000 --work FOLDER

Each step's batch follows from the seed and the step's number alone, so that a run that was ended
and one that was not see the same batches. Checkpoints are written every few minutes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW

from restoration.stages.learning import Course
from restoration.stages.repair.inputs import CHANNELS, SCALES, SLOTS
from restoration.stages.repair.network import RepairNetwork, keep_channels_last
from restoration.stages.repair.training_samples import (
    CLASS,
    CONTRAST,
    ERRORS,
    PLANES,
    Sample,
    write_samples,
)

Batch = npt.NDArray[np.int8]
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast."""

    steps: int = 6000
    scenes: int = 1200
    batch: int = 16
    crop: int = 160
    rate: float = 2e-3
    warm_up: int = 200
    seed: int = 1
    held_back: int = 40
    """Scenes at the end of the list that are only looked at, for the curve."""
    keep_every: float = 180.0
    """Seconds between checkpoints."""
    look_every: int = 500
    """Steps between two points of the curve."""


def train(data: Path, out: Path, work: Path, schedule: Schedule, told: Told) -> dict[str, Any]:
    """Train, or go on training, and write the weights as safetensors.

    Args:
        work: folder for samples and the checkpoint; a later call goes on from there.
    Returns: the curve and the schedule, also kept in the file's metadata.
    Raises: StageError if a source of the samples is missing.
    """
    torch.set_num_threads(1)
    paths = write_samples(
        data,
        work / "samples",
        count=schedule.scenes,
        seed=schedule.seed,
        told=lambda done, total: told(f"scene {done} of {total}") if done % 50 == 0 else None,
    )
    pool = Pool([np.load(path, mmap_mode="r") for path in paths], schedule)
    run = _Run(work / "checkpoint.pt", schedule).taken_up()
    while run.step < schedule.steps:
        loss = run.advance(pool)
        if run.step % schedule.look_every == 0 or run.step == schedule.steps:
            run.curve.append({"step": run.step, "loss": loss, **run.look(pool)})
            told(json.dumps(run.curve[-1]))
        run.keep_if_due()
    run.keep()
    report = {"schedule": asdict(schedule), "curve": run.curve}
    save_file(run.weights(), out, metadata={"training": json.dumps(report)})
    return report


class Pool:
    """All samples, and the batches drawn from them."""

    def __init__(self, scenes: list[Sample], schedule: Schedule) -> None:
        places = [
            (number, frame) for number, scene in enumerate(scenes) for frame in range(len(scene))
        ]
        first_held = len(scenes) - schedule.held_back
        self._scenes = scenes
        self._schedule = schedule
        self._places = [place for place in places if place[0] < first_held]
        self.held_back = [place for place in places if place[0] >= first_held]

    def batch(self, step: int) -> Batch:
        """The batch of that step, (batch, PLANES, crop, crop)."""
        schedule = self._schedule
        rng = np.random.default_rng((schedule.seed, step))
        made = np.empty((schedule.batch, PLANES, schedule.crop, schedule.crop), np.int8)
        for index in range(schedule.batch):
            scene, frame = self._places[int(rng.integers(len(self._places)))]
            whole = self._scenes[scene][frame]
            y = int(rng.integers(0, whole.shape[1] - schedule.crop + 1))
            x = int(rng.integers(0, whole.shape[2] - schedule.crop + 1))
            part = whole[:, y : y + schedule.crop, x : x + schedule.crop]
            part = part[:, ::-1] if rng.random() < 0.5 else part
            made[index] = part[:, :, ::-1] if rng.random() < 0.5 else part
        return made

    def held(self, index: int) -> Batch:
        scene, frame = self.held_back[index]
        return np.array(self._scenes[scene][frame][None])


def planes_of(batch: Batch) -> Tensor:
    """The network's inputs of a batch, as it saw them up to rounding."""
    steps = torch.from_numpy(1.0 / SCALES)[None, :, None, None]
    planes = torch.from_numpy(np.ascontiguousarray(batch[:, :CHANNELS])).float() * steps
    return planes.contiguous(memory_format=torch.channels_last)


def loss_of(network: RepairNetwork, batch: Batch) -> Tensor:
    """Binary cross-entropy and Dice on damage, and the expected error of the choice inside it."""
    with torch.autocast("cpu", torch.bfloat16):
        damage, choice = network(planes_of(batch))
    damage, choice = damage.float(), choice.float()
    wanted = torch.from_numpy(batch[:, CLASS : CLASS + 1] > 0).float()
    weight = _weights(batch, wanted, planes_of(batch))
    entropy = functional.binary_cross_entropy_with_logits(damage, wanted, weight=weight)
    chance = torch.sigmoid(damage)
    both = (chance * wanted).sum((1, 2, 3))
    dice = 1 - (2 * both + 20) / (chance.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 20)
    return entropy + 0.3 * dice.mean() + 0.1 * _regret(choice, batch, wanted)


def _weights(batch: Batch, wanted: Tensor, planes: Tensor) -> Tensor:
    """Faint rims count less, and so does the pixel around; dust counts more, being so small.

    Of what is sound, that which looks like damage counts more: rank-ordered difference, ridges.
    """
    contrast = torch.from_numpy(batch[:, CONTRAST : CONTRAST + 1].astype(np.float32))
    near = functional.max_pool2d(wanted, 3, stride=1, padding=1)
    faint = 0.4 + 0.6 * torch.clamp((contrast - 2) / 6, 0, 1)
    small = torch.from_numpy(np.stack([_small(mask[0] > 0) for mask in wanted.numpy()]))[:, None]
    hard = (planes[:, 8:9].abs() > 0.3).float() + (planes[:, 9:10].abs() > 1.0).float()
    sound = torch.where(near > 0, 0.4, 1.0 + 2.0 * hard)
    return torch.where(wanted > 0, 2.0 * faint * (1.0 + 2.0 * small), sound)


def _small(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """1 in the smallest defects, falling to 0 in those of 40 pixels. (H, W)."""
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    share = np.clip((40.0 - boxes[:, cv2.CC_STAT_AREA]) / 30.0, 0.0, 1.0).astype(np.float32)
    share[0] = 0.0
    return np.asarray(share[parts])


def _regret(choice: Tensor, batch: Batch, wanted: Tensor) -> Tensor:
    """Mean over damage of the error of each choice by its probability, Charbonnier, in 16 codes."""
    errors = torch.from_numpy(batch[:, ERRORS : ERRORS + SLOTS].astype(np.float32)) / 16.0
    costs = torch.sqrt(torch.clamp(errors, max=4.0) ** 2 + 0.01)
    invented = torch.full_like(costs[:, :1], 14 / 16)
    costs = torch.cat([costs, invented], dim=1)
    chance = torch.softmax(functional.interpolate(choice, scale_factor=2.0, mode="nearest"), dim=1)
    risk = (chance * costs).sum(1, keepdim=True) * wanted
    return risk.sum() / (wanted.sum() + 1.0)


class _Run(Course[RepairNetwork]):
    """A run that is looked at on scenes held back."""

    def __init__(self, path: Path, schedule: Schedule) -> None:
        super().__init__(RepairNetwork, partial(AdamW, weight_decay=1e-4), path, schedule)
        keep_channels_last(self.network)

    def advance(self, pool: Pool) -> float:
        """One step; returns its loss."""
        self.network.train()
        loss = loss_of(self.network, pool.batch(self.step))
        self.learn(loss, longest=1.0)
        return float(loss.detach())

    @torch.no_grad()
    def look(self, pool: Pool) -> dict[str, float]:
        """Precision, recall and F1 of single pixels at even odds, and mean error of the choice."""
        hits = claimed = true = 0.0
        regret = []
        for index in range(0, len(pool.held_back), 3):
            batch = pool.held(index)
            damage, choice = self.mean(planes_of(batch))
            wanted = torch.from_numpy(batch[:, CLASS : CLASS + 1] > 0)
            found = damage > 0
            hits += float((found & wanted).sum())
            claimed += float(found.sum())
            true += float(wanted.sum())
            regret.append(float(_regret(choice, batch, wanted.float())))
        precision, recall = hits / max(1.0, claimed), hits / max(1.0, true)
        return {
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / max(1e-9, precision + recall),
            "regret": float(np.mean(regret)),
        }
