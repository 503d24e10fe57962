"""What every training run here has: a network, its running mean, an optimiser, and a checkpoint.

The rate rises over the first steps and then falls by half a cosine. The mean of the weights over
the last steps is what is shipped (Polyak and Juditsky 1992): it wanders less than the weights do.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn

_MEAN = 0.998
"""How much of the running mean the next step leaves, at most."""
_FLOOR = 0.01
"""Of the rate, at the last step."""

Network = TypeVar("Network", bound=nn.Module)
Optimiser = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


class Pace(Protocol):
    """How long and how fast."""

    @property
    def steps(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def warm_up(self) -> int:
        """Steps until the rate is whole."""

    @property
    def seed(self) -> int: ...
    @property
    def keep_every(self) -> float:
        """Seconds between checkpoints."""


class Course(Generic[Network]):
    """One run of training, which can be ended at any moment and taken up again."""

    def __init__(
        self, make: Callable[[], Network], optimiser: Optimiser, path: Path, pace: Pace
    ) -> None:
        """Begin from weights that the seed draws.

        Args:
            path: of the checkpoint.
        """
        torch.manual_seed(pace.seed)
        self.network, self.mean = make(), make()
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = optimiser(self.network.parameters())
        self.step = 0
        self.curve: list[dict[str, float]] = []
        self._path, self._pace = path, pace
        self._kept = time.monotonic()

    def taken_up(self) -> Self:
        """Itself, as the checkpoint holds it, if there is one."""
        if self._path.is_file():
            held = torch.load(self._path, weights_only=True)
            self.network.load_state_dict(held["network"])
            self.mean.load_state_dict(held["mean"])
            self.optimiser.load_state_dict(held["optimiser"])
            self.step, self.curve = held["step"], held["curve"]
        return self

    def learn(self, loss: Tensor, *, longest: float) -> None:
        """One step down that loss.

        Args:
            longest: a gradient longer than this (Euclid's norm) is shortened to it.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), longest)
        self.optimiser.step()
        self.step += 1
        decay = min(_MEAN, 1 - 1 / (1 + self.step))
        with torch.no_grad():
            for mean, new in zip(self.mean.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(new, 1 - decay)

    def _rate(self) -> float:
        pace = self._pace
        warm = min(1.0, (self.step + 1) / pace.warm_up)
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / pace.steps)))
        return pace.rate * warm * (_FLOOR + (1 - _FLOOR) * cosine)

    def weights(self) -> dict[str, Tensor]:
        """The running mean, as it is shipped."""
        return {name: value.contiguous() for name, value in self.mean.state_dict().items()}

    def keep_if_due(self) -> None:
        if time.monotonic() - self._kept >= self._pace.keep_every:
            self.keep()

    def keep(self) -> None:
        """Write the checkpoint, whole or not at all."""
        partial = self._path.with_suffix(".partial")
        torch.save(
            {
                "network": self.network.state_dict(),
                "mean": self.mean.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "curve": self.curve,
            },
            partial,
        )
        partial.replace(self._path)
        self._kept = time.monotonic()
