"""Run the repair network on a graphics processor: tiles of one size in batches, half precision.

Tiles lie on a fixed grid and are shown with `HALO` pixels of their surroundings, moved inwards at
the picture's edges, so that the network pads the picture there and never the tile. Every batch has
the same size, with empty places if need be: the library then sums every tile in the same order,
and a picture gives the same bits whatever else is asked for.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from restoration.stages.repair.inputs import CHANNELS, SCALES, Inputs
from restoration.stages.repair.judging import (
    TILE,
    Verdict,
    nothing_said,
    pad_to_steps,
    tiles_with_evidence,
)
from restoration.stages.repair.network import HALO, RepairNetwork, keep_channels_last

BATCH = 8
"""Tiles at once: about 0.2 GB on the device in half precision."""


class _Window(NamedTuple):
    """One tile: its own rows and columns, and where the window that is shown of it begins."""

    rows: slice
    columns: slice
    top: int
    left: int


class BatchJudge:
    """The network on a device, for `finding.ByNetwork`."""

    def __init__(self, weights: Path, device: str) -> None:
        """
        Args:
            device: as torch names it, such as `cuda`; on `cpu` sums are made in float32.

        Raises: KeyError or RuntimeError if the file holds another network, or without the device.
        """
        self._device = torch.device(device)
        self._type = torch.float32 if self._device.type == "cpu" else torch.float16
        network = RepairNetwork().eval()
        network.load_state_dict(load_file(weights))
        keep_channels_last(network)
        self._network = network.to(self._device, self._type)
        steps = torch.from_numpy(SCALES).to(self._device, self._type)
        self._scales = steps[None, :, None, None]

    @property
    def precision(self) -> str:
        """What its sums are made in: `float16`, or `float32` on the CPU."""
        return str(self._type).removeprefix("torch.")

    def judge(self, planes: Inputs) -> Verdict:
        """Judge the tiles of one frame that show evidence.

        Args:
            planes: (CHANNELS, H, W) as `network_inputs` makes them.
        """
        height, width = planes.shape[1:]
        verdict = nothing_said((height, width))
        tiles = tiles_with_evidence(planes)
        padded = pad_to_steps(planes)
        windows = _windows(tiles, (padded.shape[1], padded.shape[2]))
        while batch := list(islice(windows, BATCH)):
            self._judge_batch(padded, batch, verdict)
        return verdict

    @torch.inference_mode()
    def _judge_batch(self, planes: Inputs, windows: Sequence[_Window], verdict: Verdict) -> None:
        high, wide = _shown(planes.shape[1:])
        shown = np.zeros((BATCH, CHANNELS, high, wide), np.int8)
        for place, window in enumerate(windows):
            rows = slice(window.top, window.top + high)
            shown[place] = planes[:, rows, window.left : window.left + wide]
        batch = torch.from_numpy(shown).to(self._device).to(self._type) / self._scales
        told = self._network(batch.contiguous(memory_format=torch.channels_last))
        damage = told.damage[:, 0].float().cpu().numpy()
        choice = told.choice.permute(0, 2, 3, 1).float().cpu().numpy()
        for place, window in enumerate(windows):
            _keep(damage[place], verdict.damage, window, 1)
            _keep(choice[place], verdict.choice, window, 2)


def _shown(shape: Sequence[int]) -> tuple[int, int]:
    """Height and width of what is shown of a tile; at most the picture."""
    return min(TILE + 2 * HALO, shape[0]), min(TILE + 2 * HALO, shape[1])


def _windows(
    tiles: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], shape: tuple[int, int]
) -> Iterator[_Window]:
    high, wide = _shown(shape)
    for row, column in np.argwhere(tiles):
        top, left = int(row) * TILE, int(column) * TILE
        yield _Window(
            slice(top, min(top + TILE, shape[0])),
            slice(left, min(left + TILE, shape[1])),
            min(max(top - HALO, 0), shape[0] - high),
            min(max(left - HALO, 0), shape[1] - wide),
        )


def _keep(
    said: npt.NDArray[np.float32],
    kept: npt.NDArray[np.float32],
    window: _Window,
    step: int,
) -> None:
    """Write what was said of a tile; `step` pixels to one value."""
    rows = slice(window.rows.start // step, min(-(-window.rows.stop // step), kept.shape[0]))
    columns = slice(
        window.columns.start // step, min(-(-window.columns.stop // step), kept.shape[1])
    )
    top, left = rows.start - window.top // step, columns.start - window.left // step
    kept[rows, columns] = said[
        top : top + rows.stop - rows.start, left : left + columns.stop - columns.start
    ]
