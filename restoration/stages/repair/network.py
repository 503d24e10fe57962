"""The repair network: how likely each place is damaged, and which neighbour to trust there.

"Select, don't regenerate": it makes no picture. It gives a probability of damage for each pixel and
a preference among the neighbours (or none of them), and the fill copies code values by that.

A U-Net of three levels without normalisation, so that a pixel depends on no more than its
surroundings within `HALO`: a part of a frame gives the same bits as the whole. Its first layer sees
pixels in blocks of 2 x 2 (Shi et al. 2016, the other way round), which keeps single-pixel dust in
sight at a quarter of the cost.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration.stages.repair.inputs import CHANNELS, SLOTS

STEP = 8
"""Height and width of what is shown must be multiples of this."""
HALO = 64
"""Pixels around a place that can change what is said of it; a multiple of STEP."""
CHOICES = SLOTS + 1
"""The neighbours, and none of them."""


EVIDENCES = 6
"""Planes of classical evidence that reach the last layer pixel by pixel."""


class Judgement(NamedTuple):
    """damage: (N, 1, H, W) logits. choice: (N, CHOICES, H/2, W/2) logits."""

    damage: Tensor
    choice: Tensor


def keep_channels_last(network: nn.Module) -> None:
    """Lay out the kernels as the planes are laid out, which spares a copy at each layer."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


class RepairNetwork(nn.Module):
    """See the module."""

    def __init__(self, fine: int = 16, middle: int = 32, coarse: int = 80) -> None:
        super().__init__()
        self.enter = nn.Conv2d(4 * CHANNELS, fine, 3, padding=1)
        self.fine = nn.Conv2d(fine, fine, 3, padding=1)
        self.down_1 = nn.Conv2d(fine, middle, 3, stride=2, padding=1)
        self.middle = nn.Conv2d(middle, middle, 3, padding=1)
        self.down_2 = nn.Conv2d(middle, coarse, 3, stride=2, padding=1)
        self.coarse = nn.ModuleList(nn.Conv2d(coarse, coarse, 3, padding=1) for _ in range(4))
        self.up_1 = nn.Conv2d(coarse, middle, 1)
        self.middle_out = nn.Conv2d(middle, middle, 3, padding=1)
        self.up_2 = nn.Conv2d(middle, fine, 1)
        self.fine_out = nn.Conv2d(fine, fine, 3, padding=1)
        self.weigh = nn.Conv2d(fine + 4 * EVIDENCES, fine, 1)
        self.damage = nn.Conv2d(fine, 4, 1)
        # Damage is rare, and the network may begin by knowing that.
        self.damage.bias = nn.Parameter(torch.full((4,), -3.0))
        self.choice = nn.Conv2d(fine, CHOICES, 1)

    def forward(self, planes: Tensor) -> Judgement:
        """planes: (N, CHANNELS, H, W), H and W multiples of STEP."""
        blocks = functional.pixel_unshuffle(planes, 2)
        return self.look(blocks, functional.pixel_unshuffle(_evidence(planes), 2))

    def look(self, blocks: Tensor, evidence: Tensor) -> Judgement:
        """The same of planes, and of the evidence in them, laid out in blocks of 2 x 2 already.

        blocks: (N, 4 CHANNELS, H/2, W/2). evidence: (N, 4 EVIDENCES, H/2, W/2).
        """
        half = functional.relu(self.enter(blocks))
        half = half + functional.relu(self.fine(half))
        quarter = functional.relu(self.down_1(half))
        quarter = quarter + functional.relu(self.middle(quarter))
        eighth = functional.relu(self.down_2(quarter))
        for one, other in ((self.coarse[0], self.coarse[1]), (self.coarse[2], self.coarse[3])):
            eighth = functional.relu(eighth + other(functional.relu(one(eighth))))
        up = functional.interpolate(self.up_1(eighth), scale_factor=2.0, mode="nearest")
        quarter = functional.relu(quarter + up)
        quarter = quarter + functional.relu(self.middle_out(quarter))
        up = functional.interpolate(self.up_2(quarter), scale_factor=2.0, mode="nearest")
        half = functional.relu(half + up)
        half = half + functional.relu(self.fine_out(half))
        # Dust of one pixel is lost in channels that stand for blocks; it is laid beside them again.
        weighed = functional.relu(self.weigh(torch.cat([half, evidence], dim=1)))
        return Judgement(functional.pixel_shuffle(self.damage(weighed), 2), self.choice(half))


def _evidence(planes: Tensor) -> Tensor:
    """Lighter and darker than both neighbours (SDIp), than their range (SROD), than its ring."""
    both = torch.minimum(planes[:, 1], planes[:, 2])
    neither = torch.maximum(planes[:, 1], planes[:, 2])
    signed = [both, -neither, planes[:, 8], -planes[:, 8], planes[:, 10], -planes[:, 10]]
    return functional.relu(torch.stack(signed, dim=1))
