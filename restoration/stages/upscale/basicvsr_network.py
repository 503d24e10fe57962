"""BasicVSR (Chan et al., CVPR 2021), written anew: frames of a clip, four times as large.

Features are carried through the clip twice, backwards and forwards, each time along SPyNet's flow,
and every frame is made from both. Names of layers are those of the published weights. The published
network is the pure function of a whole clip; here its two passes are run frame by frame, so that
only features at the small size are held.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration.imaging.spynet import SpyNet

FACTOR = 4
_WIDTH, _BLOCKS = 64, 30
_STEP = 32
"""SPyNet wants sides that are multiples of it."""


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1)
        self.conv2 = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1)

    def forward(self, shown: Tensor) -> Tensor:
        added: Tensor = shown + self.conv2(functional.relu(self.conv1(shown)))
        return added


class _Trunk(nn.Module):
    """One frame and the features that were carried to it, to new features."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(_WIDTH + 3, _WIDTH, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Sequential(*[_Block() for _ in range(blocks)]),
        )

    def forward(self, frame: Tensor, carried: Tensor) -> Tensor:
        made: Tensor = self.main(torch.cat([frame, carried], dim=1))
        return made


class BasicVsr(nn.Module):
    """See the module. Frames are (1, 3, H, W) in [0, 1]."""

    def __init__(self, blocks: int = _BLOCKS) -> None:
        super().__init__()
        self.spynet = SpyNet()
        self.backward_trunk = _Trunk(blocks)
        self.forward_trunk = _Trunk(blocks)
        self.fusion = nn.Conv2d(2 * _WIDTH, _WIDTH, 1)
        self.upconv1 = nn.Conv2d(_WIDTH, 4 * _WIDTH, 3, padding=1)
        self.upconv2 = nn.Conv2d(_WIDTH, 4 * _WIDTH, 3, padding=1)
        self.conv_hr = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1)
        self.conv_last = nn.Conv2d(_WIDTH, 3, 3, padding=1)

    def flow(self, here: Tensor, there: Tensor) -> Tensor:
        """Where each pixel of `here` lies in `there`, (1, 2, H, W) in pixels."""
        height, width = here.shape[-2:]
        size = [-(-side // _STEP) * _STEP for side in (height, width)]
        shown = [
            functional.interpolate(frame, size=size, mode="bilinear", align_corners=False)
            for frame in (here, there)
        ]
        flow: Tensor = self.spynet(*shown)
        flow = functional.interpolate(
            flow, size=(height, width), mode="bilinear", align_corners=False
        )
        scale = flow.new_tensor([width / size[1], height / size[0]])
        scaled: Tensor = flow * scale[None, :, None, None]
        return scaled

    def carry(self, features: Tensor, here: Tensor, there: Tensor) -> Tensor:
        """Features of the frame `there`, moved to where its things lie in `here`."""
        return warp(features, self.flow(here, there))

    def nothing(self, frame: Tensor) -> Tensor:
        """The features that the first frame of a pass is given."""
        return frame.new_zeros((1, _WIDTH, *frame.shape[-2:]))

    def finish(self, frame: Tensor, backward: Tensor, forward: Tensor) -> Tensor:
        """The large frame, (1, 3, 4H, 4W)."""
        made = _leaky(self.fusion(torch.cat([backward, forward], dim=1)))
        made = _leaky(functional.pixel_shuffle(self.upconv1(made), 2))
        made = _leaky(functional.pixel_shuffle(self.upconv2(made), 2))
        made = self.conv_last(_leaky(self.conv_hr(made)))
        plain = functional.interpolate(
            frame, scale_factor=FACTOR, mode="bilinear", align_corners=False
        )
        large: Tensor = made + plain
        return large


def load_basicvsr(weights: Path) -> BasicVsr:
    """The network with the published weights, every key accounted for.

    Raises: RuntimeError if the file holds another network.
    """
    stored = torch.load(weights, map_location="cpu", weights_only=True)
    network = BasicVsr().eval()
    network.load_state_dict(stored["params"], strict=True)
    return network


def warp(features: Tensor, flow: Tensor) -> Tensor:
    """Features at the end of each vector; nothing where it leaves the picture."""
    height, width = features.shape[-2:]
    rows = torch.arange(height, dtype=flow.dtype, device=flow.device)
    columns = torch.arange(width, dtype=flow.dtype, device=flow.device)
    x = 2.0 * (columns + flow[:, 0]) / max(width - 1, 1) - 1.0
    y = 2.0 * (rows[:, None] + flow[:, 1]) / max(height - 1, 1) - 1.0
    return functional.grid_sample(
        features,
        torch.stack((x, y), dim=3),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=True,
    )


def _leaky(shown: Tensor) -> Tensor:
    return functional.leaky_relu(shown, 0.1)
