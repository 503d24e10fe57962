"""The repair network as it is used: the sums of `network`, laid out for one processor.

Planes come as whole numbers, their steps are part of the first weights, and blocks of 2 x 2 pixels
are read by the convolutions themselves. Where the processor multiplies bfloat16, it is used: whole
numbers up to 256 are exact in it, and so is nearly everything that the network is shown.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration.imaging.compiled import compiled
from restoration.stages.repair.inputs import CHANNELS, SCALES, Inputs
from restoration.stages.repair.network import EVIDENCES, RepairNetwork

Odds = npt.NDArray[np.float32]
BFloat16 = npt.NDArray[np.uint16]
"""The upper halves of numbers in float32."""

_LAST = torch.channels_last
# oneDNN's convolution with what follows it, which torch.compile uses; torch is pinned exactly.
_FUSED: Any = getattr(torch.ops.mkldnn, "_convolution_pointwise", None)


def quickest_precision() -> torch.dtype:
    """bfloat16 where this processor has instructions for it, else float32."""
    able = torch.cpu.get_capabilities()
    quick = able.get("amx_bf16") or able.get("avx512_bf16")
    return torch.bfloat16 if quick else torch.float32


class Word(NamedTuple):
    """damage: (H, W) float32, log odds. choice: (H/2, W/2, CHOICES) float32, logits."""

    damage: Odds
    choice: Odds


class _Layer(NamedTuple):
    weight: Tensor
    bias: Tensor
    padding: int
    stride: int = 1

    def __call__(self, planes: Tensor) -> Tensor:
        return functional.conv2d(
            planes, self.weight, self.bias, stride=self.stride, padding=self.padding
        )

    def rectified(self, planes: Tensor) -> Tensor:
        """The same, and nothing below 0; at once where the library can."""
        if _FUSED is None:
            return self(planes).relu_()
        fused: Tensor = _FUSED(planes, self.weight, self.bias, *self._ways, "relu", [], "")
        return fused

    def rectified_sum(self, planes: Tensor, other: Tensor) -> Tensor:
        """The same with other planes added first."""
        if _FUSED is None:
            return self(planes).add_(other).relu_()
        how: tuple[Any, ...] = ("add", 1.0, "relu", [], None)
        fused: Tensor = _FUSED.binary(planes, other, self.weight, self.bias, *self._ways, *how)
        return fused

    @property
    def _ways(self) -> tuple[list[int], list[int], list[int], int]:
        return [self.padding] * 2, [self.stride] * 2, [1, 1], 1


class Inference:
    """A trained network, ready to look at planes; sums in one precision."""

    def __init__(self, network: RepairNetwork, precision: torch.dtype) -> None:
        self.precision = precision
        self._enter = self._in_pixels(network.enter)
        self._fine, self._fine_out = self._layer(network.fine), self._layer(network.fine_out)
        self._down_1, self._down_2 = self._layer(network.down_1), self._layer(network.down_2)
        self._middle = self._layer(network.middle)
        self._middle_out = self._layer(network.middle_out)
        self._coarse = [self._layer(layer) for layer in network.coarse]  # type: ignore[arg-type]
        self._up_1, self._up_2 = self._layer(network.up_1), self._layer(network.up_2)
        self._weigh, self._weigh_evidence = self._two_parts(
            network.weigh, network.fine.out_channels
        )
        self._damage, self._choice = self._layer(network.damage), self._layer(network.choice)

    def _layer(self, layer: nn.Conv2d) -> _Layer:
        assert layer.bias is not None
        return self._kept(layer.weight, layer.bias, layer.padding[0], layer.stride[0])  # type: ignore[arg-type]

    def _kept(self, weight: Tensor, bias: Tensor, padding: int, stride: int) -> _Layer:
        weight = weight.detach().to(self.precision).contiguous(memory_format=_LAST)
        return _Layer(weight, bias.detach().to(self.precision), padding, stride)

    def _in_pixels(self, layer: nn.Conv2d) -> _Layer:
        """A layer over blocks of 2 x 2 as one over pixels, two apart; takes steps as they are."""
        out, _, high, wide = layer.weight.shape
        weight = layer.weight.detach().reshape(out, CHANNELS, 2, 2, high, wide)
        weight = weight.permute(0, 1, 4, 2, 5, 3).reshape(out, CHANNELS, 2 * high, 2 * wide)
        weight = weight / torch.from_numpy(SCALES)[None, :, None, None]
        assert layer.bias is not None
        return self._kept(weight, layer.bias, 2, 2)

    def _two_parts(self, layer: nn.Conv2d, fine: int) -> tuple[_Layer, _Layer]:
        """The last layer but one: what it takes from the layers, and from the evidence."""
        weight = layer.weight.detach()
        evidence = weight[:, fine:].reshape(-1, EVIDENCES, 2, 2) / float(SCALES[1])
        assert layer.bias is not None
        nothing = torch.zeros_like(layer.bias)
        return (
            self._kept(weight[:, :fine], nothing, 0, 1),
            self._kept(evidence, layer.bias, 0, 2),
        )

    @torch.inference_mode()
    def look(self, planes: Inputs) -> Word:
        """planes: (CHANNELS, H, W), H and W multiples of `network.STEP`."""
        half = self._see(self._shown(planes))
        seen = self._weigh_evidence(self._evidence(planes))
        weighed = self._weigh.rectified_sum(half, seen)
        damage = self._damage(weighed)[0].permute(1, 2, 0).float().numpy()
        told = np.empty(planes.shape[1:], np.float32)
        _lay_out(damage, told)
        return Word(told, self._choice(half)[0].permute(1, 2, 0).float().numpy())

    def _shown(self, planes: Inputs) -> Tensor:
        """(C, H, W) as (1, C, H, W), channels last."""
        if self.precision != torch.bfloat16:
            return self._tensor(np.asarray(cv2.merge(list(planes))))
        bits = np.empty((*planes.shape[1:], len(planes)), np.uint16)
        _interleave(planes, bits)
        return self._tensor(bits)

    def _evidence(self, planes: Inputs) -> Tensor:
        """(1, EVIDENCES, H, W), channels last."""
        table = _BITS if self.precision == torch.bfloat16 else _THEMSELVES
        evidence = np.empty((*planes.shape[1:], EVIDENCES), table.dtype)
        _gather_evidence(planes, table, evidence)
        return self._tensor(evidence)

    def _tensor(self, pixels: npt.NDArray[np.integer]) -> Tensor:
        """(H, W, C), whole numbers or the bits of bfloat16, as (1, C, H, W), channels last."""
        if pixels.dtype == np.uint16:
            planes = torch.from_numpy(pixels.view(np.int16)).view(torch.bfloat16)
        else:
            planes = torch.from_numpy(pixels).to(self.precision)
        return planes[None].permute(0, 3, 1, 2)

    def _see(self, planes: Tensor) -> Tensor:
        """All layers up to the last two, (1, fine, H/2, W/2)."""
        half = self._enter.rectified(planes)
        half.add_(self._fine.rectified(half))
        quarter = self._down_1.rectified(half)
        quarter.add_(self._middle.rectified(quarter))
        eighth = self._down_2.rectified(quarter)
        for one, other in ((self._coarse[0], self._coarse[1]), (self._coarse[2], self._coarse[3])):
            eighth = other.rectified_sum(one.rectified(eighth), eighth)
        add_coarser(quarter, self._up_1(eighth))
        quarter.add_(self._middle_out.rectified(quarter))
        add_coarser(half, self._up_2(quarter))
        return half.add_(self._fine_out.rectified(half))


def add_coarser(planes: Tensor, coarser: Tensor) -> None:
    """Add planes of half the size, each value to a block of 2 x 2, in place; nothing below 0.

    Args:
        planes: (1, C, H, W), channels last. coarser: (1, C, H/2, W/2) of the same type.
    """
    if planes.dtype != torch.bfloat16:
        planes.add_(functional.interpolate(coarser, scale_factor=2.0, mode="nearest")).relu_()
        return
    _add_blocks(_bits(planes), _bits(coarser))


def _bits(planes: Tensor) -> BFloat16:
    """The memory of (1, C, H, W) bfloat16, channels last, as (H, W, C).

    Raises: RuntimeError if the planes are laid out otherwise.
    """
    return planes[0].permute(1, 2, 0).view(torch.int16).numpy().view(np.uint16)


@compiled
def _add_blocks(planes: BFloat16, coarser: BFloat16) -> None:
    """`add_coarser` on bits: sums in float32, rounded to the nearest (ties to even) once.

    The library takes three passes over the planes for it, and so four times as long.
    """
    for y in range(planes.shape[0]):
        for x in range(planes.shape[1]):
            for channel in range(planes.shape[2]):
                one = np.uint32(np.uint32(planes[y, x, channel]) << np.uint32(16))
                other = np.uint32(np.uint32(coarser[y // 2, x // 2, channel]) << np.uint32(16))
                total = np.float32(
                    max(one.view(np.float32) + other.view(np.float32), np.float32(0.0))
                )
                bits = total.view(np.uint32)
                even = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
                planes[y, x, channel] = np.uint16((bits + even) >> np.uint32(16))


_BITS = (np.arange(-128, 128).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
"""The whole numbers from -128 to 127 as bfloat16, which holds them exactly."""


_THEMSELVES = np.arange(-128, 128).astype(np.int8)
"""The same as they are."""


@compiled
def _interleave(planes: Inputs, bits: BFloat16) -> None:
    """Write the planes, (C, H, W), pixel by pixel, (H, W, C), as bfloat16.

    Whole numbers below 256 have no bits in the lower half of float32; row by row, the processor
    converts many at once.
    """
    row = np.empty(planes.shape[2], np.float32)
    whole = row.view(np.uint32)
    for y in range(planes.shape[1]):
        for channel in range(planes.shape[0]):
            for x in range(planes.shape[2]):
                row[x] = np.float32(planes[channel, y, x])
            for x in range(planes.shape[2]):
                bits[y, x, channel] = np.uint16(whole[x] >> np.uint32(16))


@compiled
def _gather_evidence(
    planes: Inputs, table: npt.NDArray[np.integer], evidence: npt.NDArray[np.integer]
) -> None:
    """What `network._evidence` gives, pixel by pixel, as the table has each number."""
    for y in range(planes.shape[1]):
        for x in range(planes.shape[2]):
            before, after = int(planes[1, y, x]), int(planes[2, y, x])
            range_of_both, ring = int(planes[8, y, x]), int(planes[10, y, x])
            evidence[y, x, 0] = table[max(min(before, after), 0) + 128]
            evidence[y, x, 1] = table[max(-max(before, after), 0) + 128]
            evidence[y, x, 2] = table[max(range_of_both, 0) + 128]
            evidence[y, x, 3] = table[max(-range_of_both, 0) + 128]
            evidence[y, x, 4] = table[max(ring, 0) + 128]
            evidence[y, x, 5] = table[max(-ring, 0) + 128]


@compiled
def _lay_out(blocks: Odds, told: Odds) -> None:
    """Blocks of 2 x 2 pixels, (H/2, W/2, 4), as pixels."""
    for y in range(told.shape[0]):
        for x in range(told.shape[1]):
            told[y, x] = blocks[y // 2, x // 2, 2 * (y % 2) + x % 2]
