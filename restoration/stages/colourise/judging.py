"""Run the colour network over a frame's field.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from restoration.imaging.colour import Plane
from restoration.stages.colourise.field import Field
from restoration.stages.colourise.network import AB_UNIT, CHANNELS, STEP, ColourNetwork
from restoration.stages.colourise.scene import Known
from restoration.stages.colourise.spread import certainty_of, error_at

_PATCH = 3
"""Pixels to each side of a hint's point that it is shown as."""
_TRUSTED = 3.0
"""Distance in a and b that the spread is expected to miss by, at which the network is halved: where
hints are near it can only do harm."""
_NEVER = 5.0
"""Logarithm of the error beyond which none is told apart."""


class Colourist:
    """The network with its weights, on one thread of the CPU, so that sums keep their order."""

    def __init__(self, weights: Path) -> None:
        """Raises: RuntimeError if the file holds another network."""
        self._network = ColourNetwork().eval()
        self._network.load_state_dict(load_file(weights))

    def improve(self, lightness: Plane, field: Field, known: Sequence[Known]) -> Field:
        """The field with what the network adds, and its own doubt as the certainty."""
        planes = network_planes(lightness, field, known)
        residual, doubt = self._run(planes)
        left = error_at(field.evidence)
        share = (left / (left + np.float32(_TRUSTED)))[..., None]
        ab = field.ab + share * np.moveaxis(residual, 0, -1) * np.float32(AB_UNIT)
        error = np.exp(np.clip(doubt, -_NEVER, _NEVER)) * np.float32(AB_UNIT)
        certainty = certainty_of(np.asarray(error, np.float32))
        return Field(np.asarray(ab, np.float32), certainty, field.owner)

    @torch.inference_mode()
    def _run(
        self, planes: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        height, width = planes.shape[1:]
        below, right = -height % STEP, -width % STEP
        shown = np.pad(planes, ((0, 0), (0, below), (0, right)), mode="edge")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            given = self._network(torch.from_numpy(shown)[None])
        finally:
            torch.set_num_threads(threads)
        residual = given.residual[0, :, :height, :width].numpy()
        doubt = given.doubt[0, 0, :height, :width].numpy()
        return np.asarray(residual, np.float32), np.asarray(doubt, np.float32)


def network_planes(
    lightness: Plane, field: Field, known: Sequence[Known]
) -> npt.NDArray[np.float32]:
    """What the network is shown. (CHANNELS, H, W) float32.

    L about its middle, the field's a and b, a and b of the hints, where they lie, and how certain
    the field is.
    """
    planes = np.zeros((CHANNELS, *lightness.shape), np.float32)
    planes[0] = lightness / 50 - 1
    planes[1:3] = np.moveaxis(field.ab, -1, 0) / AB_UNIT
    for point, _ in known:
        top, left = round(point.y + 0.5) - _PATCH, round(point.x + 0.5) - _PATCH
        box = slice(max(0, top), top + 2 * _PATCH), slice(max(0, left), left + 2 * _PATCH)
        planes[3][box], planes[4][box] = point.a / AB_UNIT, point.b / AB_UNIT
        planes[5][box] = 1
    planes[6] = field.evidence
    return planes
