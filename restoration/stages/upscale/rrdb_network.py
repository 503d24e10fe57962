"""RRDB (ESRGAN, Wang et al. 2018), as RealSR and Real-ESRGAN use it, read from ncnn's files.

ncnn's weight file is the convolutions one after another, in the order in which they are run: for
each a tag that says half precision, its weights, padded to four bytes, and its biases as float32.
Anything else, a byte too many or too few included, is refused.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

FACTOR = 4
_WIDTH, _GROWTH, _BLOCKS = 64, 32, 23
_HALF = 0x01306B47
"""ncnn's tag before weights of half precision."""


class WrongFile(Exception):
    """The file does not hold this network."""


def _conv(taken: int, made: int) -> nn.Conv2d:
    return nn.Conv2d(taken, made, 3, padding=1)


class _Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            _conv(_WIDTH + n * _GROWTH, _GROWTH if n < 4 else _WIDTH) for n in range(5)
        )

    def forward(self, shown: Tensor) -> Tensor:
        held = [shown]
        for conv in list(self.convs)[:4]:
            held.append(functional.leaky_relu(conv(torch.cat(held, dim=1)), 0.2))
        last: Tensor = self.convs[4](torch.cat(held, dim=1))
        return shown + 0.2 * last


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.Sequential(*[_Dense() for _ in range(3)])

    def forward(self, shown: Tensor) -> Tensor:
        made: Tensor = self.parts(shown)
        return shown + 0.2 * made


class Rrdb(nn.Module):
    """Pictures (N, 3, H, W) in [0, 1], four times as large. Modules in the order of the file."""

    def __init__(self, blocks: int = _BLOCKS) -> None:
        super().__init__()
        self.first = _conv(3, _WIDTH)
        self.body = nn.Sequential(*[_Block() for _ in range(blocks)])
        self.after_body = _conv(_WIDTH, _WIDTH)
        self.up_1 = _conv(_WIDTH, _WIDTH)
        self.up_2 = _conv(_WIDTH, _WIDTH)
        self.large = _conv(_WIDTH, _WIDTH)
        self.last = _conv(_WIDTH, 3)

    def forward(self, shown: Tensor) -> Tensor:
        features = self.first(shown)
        features = features + self.after_body(self.body(features))
        for up in (self.up_1, self.up_2):
            features = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = functional.leaky_relu(up(features), 0.2)
        made: Tensor = self.last(functional.leaky_relu(self.large(features), 0.2))
        return made


def load_rrdb(path: Path, network: Rrdb | None = None) -> Rrdb:
    """The network with the weights of ncnn's `.bin` file.

    Raises: WrongFile if the file holds anything else.
    """
    network = (network or Rrdb()).eval()
    data, place = path.read_bytes(), 0
    convs = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    for conv in convs:
        place = _fill(conv, data, place)
    if place != len(data):
        raise WrongFile(f"{path.name} has {len(data) - place} bytes more than this network")
    return network


def _fill(conv: nn.Conv2d, data: bytes, place: int) -> int:
    """Fill one convolution; where the next begins."""
    assert conv.bias is not None
    count, biases = conv.weight.numel(), conv.bias.numel()
    start = place + 4
    after = start + -(-2 * count // 4) * 4
    if after + 4 * biases > len(data):
        raise WrongFile("the file ends before this network does")
    if int.from_bytes(data[place:start], "little") != _HALF:
        raise WrongFile(f"there is no convolution in half precision at byte {place}")
    weights = np.frombuffer(data, np.float16, count, start).astype(np.float32)
    bias = np.frombuffer(data, "<f4", biases, after).astype(np.float32)
    with torch.no_grad():
        conv.weight.copy_(torch.from_numpy(weights).reshape(conv.weight.shape))
        conv.bias.copy_(torch.from_numpy(bias))
    return after + 4 * biases
