"""Run the repair network over the parts of a frame that hold any evidence of damage.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor

from restoration.stages.repair.inputs import CHANNELS, Inputs
from restoration.stages.repair.network import CHOICES, HALO, STEP, RepairNetwork, keep_channels_last

Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice]

TILE = 128
"""Pixels; evidence is asked for by tiles of this size. A multiple of STEP."""
_LEAST = 192
"""Pixels; smaller parts would be summed in another order than the whole by the library."""
_WHOLE = 0.7
"""Share of the frame from which parts with their halos cost more than the frame at once."""
_EVIDENCE = 4.0 / 16.0  # of the rank-ordered differences, in the units of the inputs
_EVIDENCE_OF_LINE = 1.2


class Verdict(NamedTuple):
    """What the network says of a frame.

    chance: (H, W) float32, probability of damage; 0 where nothing was run.
    choice: (CHOICES, ceil(H / 2), ceil(W / 2)) float32, logits of each neighbour and of none.
    """

    chance: npt.NDArray[np.float32]
    choice: npt.NDArray[np.float32]


class Judge:
    """The network with its weights, on one thread of the CPU, so that sums keep their order."""

    def __init__(self, weights: Path) -> None:
        """Raises: KeyError or RuntimeError if the file holds another network."""
        self._network = RepairNetwork().eval()
        self._network.load_state_dict(load_file(weights))
        keep_channels_last(self._network)

    def judge(self, planes: Inputs) -> Verdict:
        """Judge one frame, in parts where only parts show evidence.

        Args:
            planes: (CHANNELS, H, W) as `network_inputs` makes them.
        Returns: the same bits for a place whether its part was run alone or with the whole frame.
        """
        tiles = tiles_with_evidence(planes)
        if not tiles.any():
            return _nothing(planes.shape[1:])
        boxes = boxes_of(tiles)
        height, width = planes.shape[1:]
        widened = sum(_area(_widen(box, height, width)) for box in boxes)
        if widened > _WHOLE * height * width:
            return self.judge_whole(planes)
        return self.judge_parts(planes, boxes)

    def judge_whole(self, planes: Inputs) -> Verdict:
        """Everything at once."""
        height, width = planes.shape[1:]
        chance, choice = self._run(planes)
        return Verdict(
            np.ascontiguousarray(chance[:height, :width]),
            np.ascontiguousarray(choice[:, : -(-height // 2), : -(-width // 2)]),
        )

    def judge_parts(self, planes: Inputs, boxes: list[Box]) -> Verdict:
        """Only these boxes, each with its halo; their edges lie on multiples of STEP."""
        height, width = planes.shape[1:]
        verdict = _nothing((height, width))
        for box in boxes:
            wide = _widen(box, height, width)
            chance, choice = self._run(planes[:, wide[0], wide[1]])
            y, x = box[0].start - wide[0].start, box[1].start - wide[1].start
            inside = (
                slice(box[0].start, min(box[0].stop, height)),
                slice(box[1].start, min(box[1].stop, width)),
            )
            rows, columns = inside[0].stop - inside[0].start, inside[1].stop - inside[1].start
            verdict.chance[inside] = chance[y : y + rows, x : x + columns]
            half = (
                slice(inside[0].start // 2, -(-inside[0].stop // 2)),
                slice(inside[1].start // 2, -(-inside[1].stop // 2)),
            )
            verdict.choice[:, half[0], half[1]] = choice[
                :,
                y // 2 : y // 2 + half[0].stop - half[0].start,
                x // 2 : x // 2 + half[1].stop - half[1].start,
            ]
        return verdict

    @torch.inference_mode()
    def _run(self, planes: Inputs) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            padded = _pad(planes)
            damage, choice = self._network.look(
                _in_blocks(list(padded)), _in_blocks(_evidence(padded))
            )
            chance = torch.sigmoid(damage)[0, 0].numpy()
        finally:
            torch.set_num_threads(threads)
        return np.asarray(chance, np.float32), np.asarray(choice[0].numpy(), np.float32)


def tiles_with_evidence(planes: Inputs) -> Mask:
    """Which tiles show anything that could be damage. (ceil(H / TILE), ceil(W / TILE)) bool."""
    evidence = (np.abs(planes[8]) >= _EVIDENCE) | (np.abs(planes[9]) >= _EVIDENCE_OF_LINE)
    height, width = evidence.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, columns * TILE), bool)
    padded[:height, :width] = evidence
    held = np.asarray(padded.reshape(rows, TILE, columns, TILE).any(axis=(1, 3)))
    # What begins in one tile may go on faintly in the next.
    return np.asarray(cv2.dilate(held.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def boxes_of(tiles: Mask) -> list[Box]:
    """Boxes around each group of connected tiles, in pixels."""
    count, _, boxes, _ = cv2.connectedComponentsWithStats(tiles.astype(np.uint8), connectivity=8)
    found = []
    for part in range(1, count):
        x, y, width, height, _ = (int(value) * TILE for value in boxes[part])
        found.append((slice(y, y + height), slice(x, x + width)))
    return found


def _widen(box: Box, height: int, width: int) -> Box:
    return _widen_side(box[0], height), _widen_side(box[1], width)


def _widen_side(side: slice, whole: int) -> slice:
    start, stop = max(0, side.start - HALO), min(whole, side.stop + HALO)
    if stop - start < _LEAST:
        start = max(0, (stop - _LEAST) // STEP * STEP)
        stop = min(whole, max(stop, start + _LEAST))
    return slice(start, stop)


def _area(box: Box) -> int:
    return int((box[0].stop - box[0].start) * (box[1].stop - box[1].start))


def _nothing(shape: tuple[int, ...]) -> Verdict:
    height, width = shape
    return Verdict(
        np.zeros((height, width), np.float32),
        np.zeros((CHOICES, -(-height // 2), -(-width // 2)), np.float32),
    )


def _evidence(planes: Inputs) -> list[npt.NDArray[np.float32]]:
    """What `network._evidence` gives, without its copies."""
    both, neither = np.minimum(planes[1], planes[2]), -np.maximum(planes[1], planes[2])
    signed = (both, neither, planes[8], -planes[8], planes[10], -planes[10])
    return [np.maximum(plane, np.float32(0.0)) for plane in signed]


def _in_blocks(planes: Sequence[npt.NDArray[np.float32]]) -> Tensor:
    """Planes with blocks of 2 x 2 pixels as channels, (1, 4 n, H/2, W/2), channels last."""
    parts = [
        np.ascontiguousarray(plane[y::2, x::2]) for plane in planes for y in (0, 1) for x in (0, 1)
    ]
    return torch.from_numpy(np.asarray(cv2.merge(parts)))[None].permute(0, 3, 1, 2)


def _pad(planes: Inputs) -> Inputs:
    """Repeat the last rows and columns up to multiples of STEP."""
    _, height, width = planes.shape
    below, right = -height % STEP, -width % STEP
    if not below and not right:
        return np.ascontiguousarray(planes)
    padded = np.pad(planes, ((0, 0), (0, below), (0, right)), mode="edge")
    return np.asarray(padded.reshape(CHANNELS, height + below, width + right), np.float32)
