"""The compact network: fine detail of luma, to be added to bicubic enlargement by four.

Plain 3x3 convolutions at the small picture's size and one pixel shuffle at the end (SRVGGNetCompact
of Real-ESRGAN, Wang et al. 2021; ESPCN, Shi et al. 2016), in residual pairs, and nothing that knows
where in the picture it is: what it makes of a place depends on REACH pixels around it. Its last
layer begins at zero, so that it begins as bicubic enlargement.

Other factors than four: the result by four, shrunk.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

FACTOR = 4
PAIRS = 5
WIDTH = 48
REACH = 2 + 2 * PAIRS
"""Pixels of the small picture, to each side, that a place's result depends on."""
_UNIT = 0.1
"""Detail is given in this part of the whole range of luma."""


class Detail(NamedTuple):
    """detail: (N, 1, 4H, 4W), added to the bicubic picture, luma in [0, 1].

    doubt: (N, 1, 4H, 4W), logarithm of the error to expect of the finished picture, same range.
    """

    detail: Tensor
    doubt: Tensor


class _Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.act = nn.PReLU(WIDTH)
        self.two = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)

    def forward(self, shown: Tensor) -> Tensor:
        added: Tensor = shown + self.two(self.act(self.one(shown)))
        return added


class CompactNetwork(nn.Module):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(1, WIDTH, 3, padding=1)
        self.act = nn.PReLU(WIDTH)
        self.pairs = nn.Sequential(*[_Pair() for _ in range(PAIRS)])
        self.give = nn.Conv2d(WIDTH, 2 * FACTOR * FACTOR, 3, padding=1)
        nn.init.zeros_(self.give.weight)
        assert self.give.bias is not None
        nn.init.zeros_(self.give.bias)
        self.halved = nn.Parameter(torch.zeros(()))
        """Added to the doubt where the result is shrunk to twice the size."""

    def forward(self, luma: Tensor) -> Detail:
        """luma: (N, 1, H, W) in [0, 1]. Within REACH of the border of what is shown it is wrong."""
        features = self.pairs(self.act(self.enter(luma - 0.5)))
        given = self.give(features)
        count = FACTOR * FACTOR
        detail = functional.pixel_shuffle(given[:, :count], FACTOR) * _UNIT
        return Detail(detail, functional.pixel_shuffle(given[:, count:], FACTOR) - 4.0)
