"""The published network of Zhang et al. 2017 (Real-Time User-Guided Image Colorization), if an
archive supplies its file.

The weights are not shipped and nobody fetches them: `REELPROOF_SIGGRAPH17` names the file, and the
run names its SHA-256, so that the run's key covers it. Layer names are those of the checkpoint
`siggraph17-df00044c.pth`. Imports torch.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration.imaging.colour import Plane
from restoration.stages.colourise.field import Field
from restoration.stages.colourise.judging import network_planes
from restoration.stages.colourise.network import AB_UNIT
from restoration.stages.colourise.scene import Known
from restoration.stages.contract import StageError

SETTING = "REELPROOF_SIGGRAPH17"
_STEP = 8
_AB = 110.0
_CLASSES = 529
"""Outputs of a head that was only trained with; its weights are in the file."""


def _block(widths: Sequence[int], *, dilation: int = 1, first_relu: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = [nn.ReLU()] if first_relu else []
    for width, wider in pairwise(widths):
        layers += [nn.Conv2d(width, wider, 3, padding=dilation, dilation=dilation), nn.ReLU()]
    return nn.Sequential(*layers, nn.BatchNorm2d(widths[-1]))


def _one(layer: nn.Module) -> nn.Sequential:
    return nn.Sequential(layer)


class Siggraph17(nn.Module):
    """(N, 4, H, W) of L, a, b and mask, scaled, to (N, 2, H, W) in [-1, 1]; sides of 8."""

    def __init__(self) -> None:
        super().__init__()
        self.model1 = _block((4, 64, 64))
        self.model2 = _block((64, 128, 128))
        self.model3 = _block((128, 256, 256, 256))
        self.model4 = _block((256, 512, 512, 512))
        self.model5 = _block((512, 512, 512, 512), dilation=2)
        self.model6 = _block((512, 512, 512, 512), dilation=2)
        self.model7 = _block((512, 512, 512, 512))
        self.model8up = _one(nn.ConvTranspose2d(512, 256, 4, stride=2, padding=1))
        self.model3short8 = _one(nn.Conv2d(256, 256, 3, padding=1))
        self.model8 = _block((256, 256, 256), first_relu=True)
        self.model9up = _one(nn.ConvTranspose2d(256, 128, 4, stride=2, padding=1))
        self.model2short9 = _one(nn.Conv2d(128, 128, 3, padding=1))
        self.model9 = _block((128, 128), first_relu=True)
        self.model10up = _one(nn.ConvTranspose2d(128, 128, 4, stride=2, padding=1))
        self.model1short10 = _one(nn.Conv2d(64, 128, 3, padding=1))
        self.model10 = nn.Sequential(nn.ReLU(), nn.Conv2d(128, 128, 3, padding=1))
        self.model_class = _one(nn.Conv2d(256, _CLASSES, 1))
        self.model_out = _one(nn.Conv2d(128, 2, 1))

    def forward(self, planes: Tensor) -> Tensor:
        one = self.model1(planes)
        two = self.model2(one[:, :, ::2, ::2])
        three = self.model3(two[:, :, ::2, ::2])
        deep = self.model7(self.model6(self.model5(self.model4(three[:, :, ::2, ::2]))))
        eight = self.model8(self.model8up(deep) + self.model3short8(three))
        nine = self.model9(self.model9up(eight) + self.model2short9(two))
        ten = self.model10(self.model10up(nine) + self.model1short10(one))
        given: Tensor = torch.tanh(self.model_out(functional.leaky_relu(ten, 0.2)))
        return given


def load_siggraph17(sha256: str) -> Siggraph17:
    """The network with the archive's weights.

    Raises: StageError saying what to set, which file was named, or what is wrong with the file.
    """
    named = os.environ.get(SETTING)
    if not named:
        raise StageError(
            f"engine siggraph17 needs its checkpoint: set {SETTING} to the path of "
            "siggraph17-df00044c.pth, which this program does not bring along"
        )
    path = Path(named)
    if not path.is_file():
        raise StageError(f"{SETTING} names {path}, where there is no file")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise StageError(
            f"{path.name} has the SHA-256 {found}; give it as the parameter checkpoint, so that "
            f"the take says what made it (given: {sha256 or 'none'})"
        )
    network = Siggraph17().eval()
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # unpickling refuses in many ways
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StageError(f"{path.name} is no checkpoint of siggraph17: {first}") from error
    return network


class GuidedByHints:
    """A `scene.Proposer` over the published network."""

    def __init__(self, sha256: str) -> None:
        """Raises: StageError"""
        self._network = load_siggraph17(sha256)

    @torch.inference_mode()
    def improve(self, lightness: Plane, field: Field, known: Sequence[Known]) -> Field:
        """The network's own colours; it tells no doubt, so certainty stays that of the hints."""
        shown = network_planes(lightness, field, known)
        planes = np.stack([shown[0] / 2, *(shown[3:5] * (AB_UNIT / _AB)), shown[5]])
        height, width = lightness.shape
        padded = np.pad(planes, ((0, 0), (0, -height % _STEP), (0, -width % _STEP)), mode="edge")
        given = self._network(torch.from_numpy(padded.astype(np.float32))[None])
        ab = np.moveaxis(given[0, :, :height, :width].numpy() * _AB, 0, -1)
        return Field(np.ascontiguousarray(ab, np.float32), field.evidence, field.owner)
