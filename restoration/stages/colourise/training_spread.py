"""Fit how hints are spread (`spread.py`, `kriging.py`): a few numbers, on photographs and clips.

    .venv/bin/python -m restoration.stages.colourise.training_spread DIR

Prints the numbers that stand in the two modules. Each step draws hints at random from pictures, as
many as a person might paint, and asks for the colours of other pixels of the same picture. The loss
is that of the network's training (`training.py`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from restoration.imaging.colour import to_lab
from restoration.stages.colourise import kriging
from restoration.stages.colourise.kriging import LOOKS, looks_of
from restoration.stages.colourise.training_samples import Photograph, training_pictures

_SIDE = 256
_STEPS, _SAMPLES, _ASKED, _RATE = 1200, 6, 700, 0.03
_PATCH = 6


class _Picture(NamedTuple):
    looks: Tensor
    ab: Tensor


class _Spreading(nn.Module):
    """Both ways to spread, and how they are mixed."""

    def __init__(self) -> None:
        super().__init__()
        fitted = kriging.FITTED
        self.strengths = _logarithm(fitted.strengths)
        self.scales = _logarithm([scale[1:] for scale in fitted.scales])
        self.everywhere, self.noise = _logarithm([fitted.everywhere]), _logarithm([fitted.noise])
        self.reach = _logarithm([1.0, 1.1, 0.05, 0.05, 0.02])
        self.neutral = _logarithm([30.0])
        self.share = nn.Parameter(torch.zeros(1))

    def covariance(self, first: Tensor, second: Tensor) -> Tensor:
        found = self.everywhere.exp()
        for strength, scale in zip(self.strengths.exp(), self.scales.exp(), strict=True):
            squared = _squared(first, second, scale)
            found = found + strength * torch.exp(-torch.sqrt(squared + 1e-4))
        return found

    def forward(self, hints: Tensor, ab: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """Colours of the asked (n, 2), and the variance left (n,)."""
        known = self.covariance(hints, hints) + torch.eye(len(hints)) * self.noise.exp()
        near = self.covariance(asked, hints)
        lower = torch.linalg.cholesky(known)
        kriged = near @ torch.cholesky_solve(ab, lower)
        turned = torch.linalg.solve_triangular(lower, near.T, upper=False)
        left = self.everywhere.exp() + self.strengths.exp().sum() - (turned**2).sum(0)
        weight = 1 / (_squared(asked, hints, self.reach.exp()) + 1e-4) ** 2
        weighed = (weight @ ab) / (weight.sum(1, keepdim=True) + self.neutral.exp())
        share = torch.sigmoid(self.share)
        return share * kriged + (1 - share) * weighed, left.clamp(min=1e-3)

    def as_json(self) -> dict[str, Any]:
        def told(values: Tensor) -> Any:
            return [float(f"{value:.4g}") for value in values.detach().exp().ravel()]

        scales = [told(scale) for scale in self.scales]
        return {
            "strengths": told(self.strengths),
            "scales": [[scale[0], *scale] for scale in scales],
            "everywhere": told(self.everywhere)[0],
            "noise": told(self.noise)[0],
            "reach": [told(self.reach)[0], *told(self.reach)],
            "neutral": told(self.neutral)[0],
            "share": round(float(torch.sigmoid(self.share.detach())), 3),
        }


def _logarithm(values: Any) -> nn.Parameter:
    return nn.Parameter(torch.log(torch.tensor(values, dtype=torch.float32)))


def _squared(first: Tensor, second: Tensor, scale: Tensor) -> Tensor:
    """(n, m); the first of the scales, (5,), is that of y and of x."""
    wide = torch.cat([scale[:1], scale])
    one, two = first * wide, second * wide
    squared = (one**2).sum(-1)[:, None] + (two**2).sum(-1)[None] - 2 * one @ two.T
    return squared.clamp(min=0)


def fit(data: Path, steps: int = _STEPS) -> dict[str, Any]:
    """The numbers. Seeds are fixed."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    pool = [_seen(photograph) for photograph in training_pictures(data, _SIDE)]
    spreading, rng = _Spreading(), np.random.default_rng(0)
    mean = {name: value.detach().clone() for name, value in spreading.named_parameters()}
    optimiser = torch.optim.Adam(spreading.parameters())
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = _RATE * (1.02 - step / steps)
        optimiser.zero_grad(set_to_none=True)
        for _ in range(_SAMPLES):
            _loss(spreading, pool[int(rng.integers(len(pool)))], rng).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(spreading.parameters(), 5.0)
        optimiser.step()
        decay = min(0.995, 1 - 1 / (1 + step))
        for name, value in spreading.named_parameters():
            mean[name].lerp_(value.detach(), 1 - decay)
    spreading.load_state_dict(mean)
    return spreading.as_json() | {"error": _errors(spreading, pool, rng)}


def _seen(photograph: Photograph) -> _Picture:
    lab = to_lab(photograph.astype(np.float32) / np.float32(255))
    looks = looks_of(np.ascontiguousarray(lab[..., 0]), float(np.sqrt(lab[..., 0].size)))
    return _Picture(torch.from_numpy(looks), torch.from_numpy(np.ascontiguousarray(lab[..., 1:])))


def _drawn(picture: _Picture, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Looks and colours of hints, then of pixels that are asked for."""
    height, width = picture.looks.shape[:2]
    count = int(np.exp(rng.uniform(0, np.log(130))))
    tops = rng.integers(0, height - _PATCH + 1, count)
    lefts = rng.integers(0, width - _PATCH + 1, count)
    boxes = [(slice(t, t + _PATCH), slice(x, x + _PATCH)) for t, x in zip(tops, lefts, strict=True)]
    ab = torch.stack([picture.ab[box].reshape(-1, 2).mean(0) for box in boxes])
    hints = picture.looks[tops + 3, lefts + 3].clone()
    hints[:, 2] = torch.stack([picture.looks[box][..., 2].median() for box in boxes])
    at = rng.integers(0, height * width, _ASKED)
    return hints, ab, picture.looks.reshape(-1, LOOKS)[at], picture.ab.reshape(-1, 2)[at]


def _loss(spreading: _Spreading, picture: _Picture, rng: np.random.Generator) -> Tensor:
    hints, ab, asked, wanted = _drawn(picture, rng)
    made, _ = spreading(hints, ab, asked)
    seen = torch.sqrt(((made - wanted) ** 2).sum(-1) + 1e-2) / (1 + 0.03 * wanted.norm(dim=-1))
    lost = nn.functional.huber_loss(made, wanted, delta=12.0) / 50 + seen.mean() / 6
    # Each picture by what it leaves: a share of a small error counts as one of a large.
    weighed: Tensor = lost / (lost.detach() + 0.6) / _SAMPLES
    return weighed


@torch.no_grad()
def _errors(
    spreading: _Spreading, pool: list[_Picture], rng: np.random.Generator
) -> list[list[float]]:
    """Variance left and mean distance from the truth, by eighths of the variance."""
    left, missed = [], []
    for _ in range(400):
        hints, ab, asked, wanted = _drawn(pool[int(rng.integers(len(pool)))], rng)
        made, variance = spreading(hints, ab, asked)
        left.append(variance)
        missed.append((made - wanted).norm(dim=-1))
    order = torch.cat(left).argsort()
    parts = zip(torch.cat(left)[order].chunk(8), torch.cat(missed)[order].chunk(8), strict=True)
    return [[round(float(one.mean()), 2), round(float(two.mean()), 2)] for one, two in parts]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fit(Path(sys.argv[1])), indent=1) + "\n")
