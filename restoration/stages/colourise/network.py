"""The colour network: what to add to the colour that was spread from the hints.

A U-Net on Lab with one attention layer at a sixteenth of the size, where a hint can reach a thing
of its kind at the other side of the picture (Vaswani et al. 2017; the argument is iColoriT's). Its
last layer begins at zero: before training the result is the spread itself, and the network can only
be as good or learn to be better. It never sees or makes L's output: L is not its business.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 7
"""L, spread a and b, hint a, b and mask, evidence of the spread."""
STEP = 16
"""Height and width of what is shown must be multiples of this."""
AB_UNIT = 50.0
"""a and b are shown and given in this unit."""
_FINE, _MIDDLE, _COARSE, _DEEP = 32, 64, 96, 128


class Proposal(NamedTuple):
    """residual: (N, 2, H, W), in AB_UNIT. doubt: (N, 1, H, W), log of the error to expect."""

    residual: Tensor
    doubt: Tensor


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.two = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, shown: Tensor) -> Tensor:
        return functional.relu(shown + self.two(functional.relu(self.one(shown))))


class _Attention(nn.Module):
    """Self-attention over all places, four heads."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.ask = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, shown: Tensor) -> Tensor:
        count, width, height, across = shown.shape
        parts = self.ask(self.norm(shown)).reshape(count, 3, 4, width // 4, height * across)
        query, key, value = (part.transpose(-1, -2) for part in parts.unbind(1))
        found = functional.scaled_dot_product_attention(query, key, value)
        joined = found.transpose(-1, -2).reshape(count, width, height, across)
        added: Tensor = shown + self.out(joined)
        return added


class ColourNetwork(nn.Module):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(4 * CHANNELS, _FINE, 3, padding=1)
        self.fine = _Block(_FINE)
        self.down_1 = nn.Conv2d(_FINE, _MIDDLE, 3, stride=2, padding=1)
        self.middle = nn.Conv2d(_MIDDLE, _MIDDLE, 3, padding=1)
        self.down_2 = nn.Conv2d(_MIDDLE, _COARSE, 3, stride=2, padding=1)
        self.coarse = nn.Conv2d(_COARSE, _COARSE, 3, padding=1)
        self.down_3 = nn.Conv2d(_COARSE, _DEEP, 3, stride=2, padding=1)
        self.deep = nn.Conv2d(_DEEP, _DEEP, 3, padding=1)
        self.attend = _Attention(_DEEP)
        self.up_3 = nn.Conv2d(_DEEP, _COARSE, 1)
        self.coarse_out = nn.Conv2d(_COARSE, _COARSE, 3, padding=1)
        self.up_2 = nn.Conv2d(_COARSE, _MIDDLE, 1)
        self.middle_out = nn.Conv2d(_MIDDLE, _MIDDLE, 3, padding=1)
        self.up_1 = nn.Conv2d(_MIDDLE, _FINE, 1)
        self.fine_out = _Block(_FINE)
        self.give = nn.Conv2d(_FINE + 4 * CHANNELS, 12, 1)
        nn.init.zeros_(self.give.weight)
        assert self.give.bias is not None
        nn.init.zeros_(self.give.bias)

    def forward(self, planes: Tensor) -> Proposal:
        """planes: (N, CHANNELS, H, W), H and W multiples of STEP."""
        blocks = functional.pixel_unshuffle(planes, 2)
        half = self.fine(functional.relu(self.enter(blocks)))
        quarter = functional.relu(self.down_1(half))
        quarter = quarter + functional.relu(self.middle(quarter))
        eighth = functional.relu(self.down_2(quarter))
        eighth = eighth + functional.relu(self.coarse(eighth))
        deep = functional.relu(self.down_3(eighth))
        deep = self.attend(deep + functional.relu(self.deep(deep)))
        eighth = functional.relu(eighth + _twice(self.up_3(deep)))
        eighth = eighth + functional.relu(self.coarse_out(eighth))
        quarter = functional.relu(quarter + _twice(self.up_2(eighth)))
        quarter = quarter + functional.relu(self.middle_out(quarter))
        half = self.fine_out(functional.relu(half + _twice(self.up_1(quarter))))
        given = functional.pixel_shuffle(self.give(torch.cat([half, blocks], dim=1)), 2)
        return Proposal(given[:, :2], given[:, 2:])


def _twice(planes: Tensor) -> Tensor:
    return functional.interpolate(planes, scale_factor=2.0, mode="bilinear", align_corners=False)
