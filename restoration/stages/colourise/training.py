"""Train the colour network: a fixed number of steps, fixed seeds, resumable at any moment.

    python -m restoration train colourise --data DIR --out FILE --steps 6000 --work FOLDER

Each step's batch follows from the seed and the step's number alone. The loss is Huber's on a and b
with the distance as an eye sees it; nothing rewards colourfulness.
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
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW

from restoration.stages.colourise.network import AB_UNIT, ColourNetwork, Proposal
from restoration.stages.colourise.training_samples import (
    Photograph,
    draw_sample,
    training_pictures,
)
from restoration.stages.learning import Course

Told = Callable[[str], None]
BEGIN = "begin.safetensors"
_HUBER = 12.0
_EVEN = 0.6
"""Loss of the spread at which a sample counts half."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast."""

    steps: int = 1400
    batch: int = 5
    crop: int = 144
    rate: float = 5e-4
    warm_up: int = 50
    seed: int = 1
    keep_every: float = 120.0
    """Seconds between checkpoints."""
    look_every: int = 100
    """Steps between two points of the curve."""


def train(data: Path, out: Path, work: Path, schedule: Schedule, told: Told) -> dict[str, Any]:
    """Train, or go on training, and write the weights as safetensors.

    Args:
        work: folder for the checkpoint; a later call goes on from there. Weights that lie in it as
            `begin.safetensors` are begun with.
    Returns: the curve and the schedule, also kept in the file's metadata.
    Raises: StageError if there are no photographs.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pool = training_pictures(data)
    told(f"{len(pool)} photographs and frames of clips")
    run = _Run.begin(work / "checkpoint.pt", schedule)
    while run.step < schedule.steps:
        run.advance(pool)
        if run.step % schedule.look_every == 0 or run.step == schedule.steps:
            told(json.dumps(run.note()))
        run.keep_if_due()
    run.keep()
    report = {"schedule": asdict(schedule), "curve": run.curve}
    save_file(run.weights(), out, metadata={"training": json.dumps(report)})
    return report


def batch_of(pool: list[Photograph], schedule: Schedule, step: int) -> tuple[Tensor, Tensor]:
    """The batch of that step: planes and true a and b."""
    rng = np.random.default_rng((schedule.seed, step))
    samples = [
        draw_sample(pool[int(rng.integers(len(pool)))], schedule.crop, rng)
        for _ in range(schedule.batch)
    ]
    planes = torch.from_numpy(np.stack([sample.planes for sample in samples]))
    wanted = torch.from_numpy(np.stack([sample.ab for sample in samples]))
    return planes.contiguous(memory_format=torch.channels_last), wanted


def loss_of(given: Proposal, planes: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The loss with that of the doubt (Laplace's likelihood), and the spread's own loss.

    Where the spread is good already little is left to gain; a sample counts by what it leaves.
    """
    free = 1 - planes[:, 5:6]
    made = planes[:, 1:3] + given.residual
    error = _length((made - wanted).detach())[:, None]
    doubt = given.doubt.clamp(-5, 3)
    likely = (error * torch.exp(-doubt) + doubt) * free
    mine, plain = _lost(made, wanted, free), _lost(planes[:, 1:3], wanted, free)
    weight = 1 / (plain + _EVEN)
    return (mine * weight).mean() + 0.02 * likely.mean(), (plain * weight).mean()


def _lost(made: Tensor, wanted: Tensor, free: Tensor) -> Tensor:
    """Of each sample, (N,): Huber's loss, and the distance as an eye sees it.

    To an eye the same distance is less between strong colours: the scale is that of CIE94 (half
    of its weight, for hue counts less than chroma).
    """
    made, wanted = made * AB_UNIT, wanted * AB_UNIT
    huber = functional.huber_loss(made, wanted, reduction="none", delta=_HUBER).mean(1)
    seen = _length(made - wanted) / (1 + 0.03 * _length(wanted))
    return ((huber / 50 + seen / 6) * free[:, 0]).mean(dim=(1, 2))


def _length(ab: Tensor) -> Tensor:
    """(N, H, W) of (N, 2, H, W); never quite zero, where it would have no slope."""
    return torch.sqrt(ab[:, 0] ** 2 + ab[:, 1] ** 2 + 1e-6)


class _Run(Course[ColourNetwork]):
    """A run with the sums of its losses since the curve's last point."""

    def __init__(self, path: Path, schedule: Schedule) -> None:
        super().__init__(ColourNetwork, partial(AdamW, weight_decay=1e-4), path, schedule)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._schedule = schedule
        self._sums, self._since = [0.0, 0.0], 0

    @classmethod
    def begin(cls, path: Path, schedule: Schedule) -> _Run:
        """A new run, from weights that lie beside the checkpoint or none, or the one it holds."""
        run = cls(path, schedule)
        first = path.with_name(BEGIN)
        if first.is_file():
            for network in (run.network, run.mean):
                network.load_state_dict(load_file(first))
        return run.taken_up()

    def advance(self, pool: list[Photograph]) -> None:
        """One step."""
        planes, wanted = batch_of(pool, self._schedule, self.step)
        with torch.autocast("cpu", torch.bfloat16):
            given = self.network(planes)
        given = Proposal(given.residual.float(), given.doubt.float())
        loss, plain = loss_of(given, planes, wanted)
        self.learn(loss, longest=0.5)
        self._since += 1
        self._sums[0] += float(loss.detach())
        self._sums[1] += float(plain)

    def note(self) -> dict[str, float]:
        """A point of the curve: mean loss since the last, and that of the spread alone."""
        every = max(1, self._since)
        self.curve.append(
            {
                "step": self.step,
                "loss": round(self._sums[0] / every, 6),
                "spread": round(self._sums[1] / every, 6),
            }
        )
        self._sums, self._since = [0.0, 0.0], 0
        return self.curve[-1]
