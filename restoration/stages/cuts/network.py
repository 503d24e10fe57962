"""TransNet V2, the shot boundary network of Soucek and Lokoc (2020, arXiv 2008.04838).

Six cells of dilated 3D convolutions over 48 x 27 pictures, compared with each other frame by frame
over 101 frames by their features and by their colour histograms. Two heads: `single` answers "is
this frame the last of a shot?", `all` "does this frame belong to a change of shot?".

The weights are the authors' own, pinned in weights.toml. A cell's four dilations are computed side
by side, space first and then time, with its batch normalisation multiplied in: the same numbers as
from the authors' own code, with less memory.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from restoration import weights

WEIGHTS = "transnetv2"
HEIGHT, WIDTH = 27, 48
WINDOW, STEP = 100, 50
"""Frames shown to the network at once, and how far the next window lies; the middle is kept."""

_MARGIN = (WINDOW - STEP) // 2
_DILATIONS = (1, 2, 4, 8)
_FILTERS = (16, 32, 64)
_LOOKUP = 50  # frames to each side that a frame is compared with
_EPSILON = 1e-3
_CHUNK = 10

Frames = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]
State = dict[str, Tensor]


class Cell(NamedTuple):
    """Four separable 3D convolutions of different dilation side by side, normalised."""

    spatial: Tensor
    """(8 * filters, channels in, 3, 3)"""
    temporal: tuple[Tensor, ...]
    """For each dilation (2 * filters, 3 * filters): what a frame gives to earlier, same, later."""
    bias: Tensor
    """(4 * filters,)"""

    @classmethod
    def take(cls, state: State, prefix: str) -> Cell:
        """Read one cell's weights and multiply the normalisation into them."""
        branches = [f"{prefix}.Conv3D_{dilation}.layers" for dilation in _DILATIONS]
        spatial = torch.cat([state[f"{branch}.0.weight"][:, :, 0] for branch in branches])
        scale = state[f"{prefix}.bn.weight"] / torch.sqrt(
            state[f"{prefix}.bn.running_var"] + _EPSILON
        )
        bias = state[f"{prefix}.bn.bias"] - state[f"{prefix}.bn.running_mean"] * scale
        temporal = []
        for branch, share in zip(branches, scale.chunk(len(branches)), strict=True):
            kernel = state[f"{branch}.1.weight"][..., 0, 0] * share[:, None, None]
            # The tap that a frame meets is earlier in the kernel the later the frame it gives to.
            temporal.append(kernel.flip(2).permute(1, 2, 0).flatten(1).contiguous())
        form = torch.channels_last
        return cls(spatial.contiguous(memory_format=form), tuple(temporal), bias)

    def __call__(self, x: Tensor) -> Tensor:
        """(T, C, H, W) to (T, 4 * filters, H, W), channels last in memory."""
        made = self.bias.expand(x.shape[0], *x.shape[2:], -1).contiguous()
        branches = made.chunk(len(_DILATIONS), dim=3)
        # A few frames at a time: what lies between space and time then stays in the cache.
        for start in range(0, x.shape[0], _CHUNK):
            some = x[start : start + _CHUNK]
            wide = functional.conv2d(some, self.spatial, padding=1).permute(0, 2, 3, 1)
            parts = wide.chunk(len(_DILATIONS), dim=3)
            for part, kernel, dilation, branch in zip(
                parts, self.temporal, _DILATIONS, branches, strict=True
            ):
                _give(branch, part @ kernel, start, dilation)
        return made.permute(0, 3, 1, 2)


def _give(branch: Tensor, gifts: Tensor, start: int, dilation: int) -> None:
    """Add what frames from `start` on give to those `dilation` before and after and to themselves.

    Args:
        branch: (T, H, W, F), changed in place. gifts: (n, H, W, 3 * F).
    """
    shares = gifts.chunk(3, dim=3)
    for share, shift in zip(shares, (-dilation, 0, dilation), strict=True):
        first = max(0, start + shift)
        stop = min(branch.shape[0], start + shift + gifts.shape[0])
        if first < stop:
            begin = first - start - shift
            branch[first:stop] += share[begin : begin + stop - first]


class Linear(NamedTuple):
    """A fully connected layer."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def take(cls, state: State, prefix: str) -> Linear:
        return cls(state[f"{prefix}.weight"], state[f"{prefix}.bias"])

    def __call__(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)


class TransNetV2:
    """The network with its weights."""

    def __init__(self, state: State) -> None:
        """Args: state: the authors' state dict, as the file holds it."""
        self._stacks = [
            [Cell.take(state, f"SDDCNN.{stack}.DDCNN.{cell}") for cell in (0, 1)]
            for stack in range(len(_FILTERS))
        ]
        self._projection = Linear.take(state, "frame_sim_layer.projection")
        self._alike = Linear.take(state, "frame_sim_layer.fc")
        self._coloured_alike = Linear.take(state, "color_hist_layer.fc")
        self._hidden = Linear.take(state, "fc1")
        self._heads = (Linear.take(state, "cls_layer1"), Linear.take(state, "cls_layer2"))

    @torch.inference_mode()
    def window(self, frames: Frames) -> tuple[Probabilities, Probabilities]:
        """Probabilities of both heads for every frame of one window, which it sees at once.

        Args:
            frames: (T, 27, 48, 3) uint8, RGB.
        """
        shown = torch.from_numpy(np.ascontiguousarray(frames))
        x = shown.permute(0, 3, 1, 2).float() / 255.0
        summaries = []
        for first, second in self._stacks:
            shortcut = first(x).relu_()
            x = functional.avg_pool2d(second(shortcut).relu_().add_(shortcut), 2)
            summaries.append(x.mean(dim=(2, 3)))
        features = torch.cat(
            [
                functional.relu(self._coloured_alike(_similarities(_histograms(shown)))),
                functional.relu(self._alike(_similarities(self._projected(summaries)))),
                x.permute(0, 2, 3, 1).flatten(1),
            ],
            dim=1,
        )
        hidden = functional.relu(self._hidden(features))
        single, every = (torch.sigmoid(head(hidden))[:, 0].numpy() for head in self._heads)
        return single, every

    def probabilities(self, frames: Frames) -> tuple[Probabilities, Probabilities]:
        """Both heads for a whole film, as the authors run it: the middles of overlapping windows.

        Args:
            frames: (N, 27, 48, 3) uint8, RGB. Beyond the ends the first and last are repeated.
        Returns: `single` and `all`, (N,) float32 in 0 to 1.
        """
        singles, every = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
        for start in range(0, len(frames), STEP):
            at = np.arange(start - _MARGIN, start - _MARGIN + WINDOW)
            single, whole = self.window(frames[np.clip(at, 0, len(frames) - 1)])
            kept = slice(_MARGIN, min(_MARGIN + STEP, _MARGIN + len(frames) - start))
            singles.append(single[kept])
            every.append(whole[kept])
        return np.concatenate(singles), np.concatenate(every)

    def _projected(self, summaries: list[Tensor]) -> Tensor:
        return self._projection(torch.cat(summaries, dim=1))


def _similarities(features: Tensor) -> Tensor:
    """(T, C) to (T, 101): cosine of each frame's features with those around it, 0 beyond."""
    directions = functional.normalize(features, p=2.0, dim=1)
    padded = functional.pad(directions @ directions.T, (_LOOKUP, _LOOKUP))
    count, width = features.shape[0], 2 * _LOOKUP + 1
    at = torch.arange(count)[:, None] + torch.arange(width)[None, :]
    return padded.gather(1, at)


def _histograms(shown: Tensor) -> Tensor:
    """(T, H, W, 3) uint8 to (T, 512): how many pixels have each colour, 8 steps a channel."""
    steps = (shown >> 5).long().flatten(1, 2)
    bins = (steps[..., 0] << 6) + (steps[..., 1] << 3) + steps[..., 2]
    counts = torch.zeros(len(shown), 512)
    return counts.scatter_add_(1, bins, torch.ones(bins.shape))


def load_network(path: Path | None = None) -> TransNetV2:
    """Read the weights, which are checked against their pinned digest unless a path is given.

    Raises: restoration.weights.WeightsError
    """
    found = weights.require(WEIGHTS) if path is None else path
    state = torch.load(found, map_location="cpu", weights_only=True)
    return TransNetV2(state)


@cache
def _loaded() -> TransNetV2:
    return load_network()


def probabilities(frames: Frames) -> tuple[Probabilities, Probabilities]:
    """`TransNetV2.probabilities` with the pinned weights, which are read once.

    Raises: restoration.weights.WeightsError
    """
    return _loaded().probabilities(frames)
