"""Learned optical flow: SPyNet (Ranjan and Black, CVPR 2017), behind the call of `FlowEstimator`.

A pyramid of six levels; at each, a small network adds to the flow of the level above what it sees
is missing. The weights are those that BasicVSR carries, trained on REDS (weights.toml:
basicvsr-reds); those trained on Vimeo-90K lose their way above three pixels. Grey film is shown as
three equal channels.

This module imports torch and is itself imported only where learned flow is asked for.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration.imaging.flow import Flow

_LEVELS = 6
_STEP = 1 << (_LEVELS - 1)
"""Sides must be multiples of it."""
_WIDTHS = (8, 32, 64, 32, 16, 2)
_PREFIX = "spynet."


class _Level(nn.Module):
    """What to add to the flow of one level: (N, 8, H, W) to (N, 2, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width, wider in pairwise(_WIDTHS):
            layers += [nn.Conv2d(width, wider, 7, padding=3), nn.ReLU()]
        self.basic_module = nn.Sequential(*layers[:-1])

    def forward(self, shown: Tensor) -> Tensor:
        added: Tensor = self.basic_module(shown)
        return added


class SpyNet(nn.Module):
    """Flow from `first` to `second`: (N, 3, H, W) float in [0, 1] each, to (N, 2, H, W) in pixels.

    H and W must be multiples of 32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.basic_module = nn.ModuleList([_Level() for _ in range(_LEVELS)])
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("std", torch.ones(1, 3, 1, 1))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        pyramid = [((first - self.mean) / self.std, (second - self.mean) / self.std)]
        for _ in range(_LEVELS - 1):
            one, other = pyramid[-1]
            pyramid.append((functional.avg_pool2d(one, 2), functional.avg_pool2d(other, 2)))
        count, _, height, width = pyramid[-1][0].shape
        flow = first.new_zeros((count, 2, height, width))
        for level, (one, other) in zip(self.basic_module, reversed(pyramid), strict=True):
            if one.shape[-2:] != flow.shape[-2:]:
                flow = 2.0 * functional.interpolate(
                    flow, size=one.shape[-2:], mode="bilinear", align_corners=True
                )
            flow = flow + level(torch.cat([one, _warp(other, flow), flow], 1))
        return flow


def _warp(picture: Tensor, flow: Tensor) -> Tensor:
    """What the picture shows at the end of each vector, edges repeated."""
    height, width = picture.shape[-2:]
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    x = 2.0 * (columns + flow[:, 0]) / max(width - 1, 1) - 1.0
    y = 2.0 * (rows[:, None] + flow[:, 1]) / max(height - 1, 1) - 1.0
    places = torch.stack((x, y), dim=3)
    return functional.grid_sample(
        picture, places, mode="bilinear", padding_mode="border", align_corners=True
    )


class LearnedFlow:
    """Estimates flow between 8-bit pictures of one size, as `FlowEstimator` does."""

    def __init__(self, weights: Path, device: str = "cpu") -> None:
        """
        Args:
            weights: a file of BasicVSR's, as `restoration.weights.require` gives it.
            device: where torch computes, such as `cuda`; there in half precision.

        Raises: ValueError if the file holds no SPyNet.
        """
        stored = torch.load(weights, map_location="cpu", weights_only=True)
        state = stored.get("params", stored)
        own = {key[len(_PREFIX) :]: state[key] for key in state if key.startswith(_PREFIX)}
        if not own:
            raise ValueError(f"{weights} holds no weights that begin with {_PREFIX!r}")
        network = SpyNet().eval()
        network.load_state_dict(own)
        self._device = torch.device(device)
        self._type = torch.float32 if self._device.type == "cpu" else torch.float16
        self._network = network.to(self._device, self._type)

    @torch.inference_mode()
    def between(self, first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> Flow:
        """Flow from `first` to `second`; both (H, W) uint8 of one shape. (H, W, 2) float32."""
        height, width = first.shape
        size = (-(-height // _STEP) * _STEP, -(-width // _STEP) * _STEP)
        shown = torch.from_numpy(np.stack([first, second])).to(self._device, self._type)[:, None]
        shown = functional.interpolate(
            shown / 255.0, size=size, mode="bilinear", align_corners=False
        ).expand(-1, 3, -1, -1)
        flow = self._network(shown[:1], shown[1:]).float()
        flow = functional.interpolate(
            flow, size=(height, width), mode="bilinear", align_corners=False
        )[0]
        flow[0] *= width / size[1]
        flow[1] *= height / size[0]
        return np.ascontiguousarray(flow.permute(1, 2, 0).cpu().numpy(), np.float32)
