"""Run the repair network over the parts of a frame that hold any evidence of damage.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from restoration.imaging.compiled import compiled
from restoration.stages.repair.inference import Inference, Word, quickest_precision
from restoration.stages.repair.inputs import CHANNELS, HALVES, Inputs
from restoration.stages.repair.network import CHOICES, HALO, STEP, RepairNetwork
from restoration.stages.repair.parts import Bits

Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice]

TILE = 128
"""Pixels; evidence is asked for by tiles of this size. A multiple of STEP."""
_LEAST = 192
"""Pixels; smaller parts would be summed in another order than the whole by the library."""
_WHOLE = 0.7
"""Share of the frame from which parts with their halos cost more than the frame at once."""
_EVIDENCE = 4 * HALVES  # of the rank-ordered differences, in the steps of the inputs
_EVIDENCE_OF_LINE = 39
UNLIKELY = -20.0
"""Log odds where nothing was run."""


class Verdict(NamedTuple):
    """What the network says of a frame.

    damage: (H, W) float32, log odds of damage; UNLIKELY where nothing was run.
    choice: (ceil(H / 2), ceil(W / 2), CHOICES) float32, logits of each neighbour and of none.
    """

    damage: npt.NDArray[np.float32]
    choice: npt.NDArray[np.float32]


class Judge:
    """The network with its weights, on one thread of the CPU, so that sums keep their order."""

    def __init__(self, weights: Path, precision: torch.dtype | None = None) -> None:
        """Load the weights; the precision is the quickest that the processor has.

        Raises: KeyError or RuntimeError if the file holds another network.
        """
        with torch.device("meta"):  # nothing to be drawn for weights that are read at once
            network = RepairNetwork().eval()
        network.load_state_dict(load_file(weights), assign=True)
        with _one_thread():
            self._inference = Inference(network, precision or quickest_precision())

    @property
    def precision(self) -> str:
        """What its sums are made in: `bfloat16` or `float32`."""
        return str(self._inference.precision).removeprefix("torch.")

    def judge(self, planes: Inputs) -> Verdict:
        """Judge one frame, in parts where only parts show evidence.

        Args:
            planes: (CHANNELS, H, W) as `network_inputs` makes them.
        Returns: the same bits for a place whether its part was run alone or with the whole frame.
        """
        tiles = tiles_with_evidence(planes)
        if not tiles.any():
            return nothing_said(planes.shape[1:])
        boxes = boxes_of(tiles)
        height, width = planes.shape[1:]
        widened = sum(_area(_widen(box, height, width)) for box in boxes)
        if widened > _WHOLE * height * width:
            return self.judge_whole(planes)
        return self.judge_parts(planes, boxes)

    def judge_whole(self, planes: Inputs) -> Verdict:
        """Everything at once."""
        height, width = planes.shape[1:]
        damage, choice = self._run(planes)
        return Verdict(
            np.ascontiguousarray(damage[:height, :width]),
            np.ascontiguousarray(choice[: -(-height // 2), : -(-width // 2)]),
        )

    def judge_parts(self, planes: Inputs, boxes: list[Box]) -> Verdict:
        """Only these boxes, each with its halo; their edges lie on multiples of STEP."""
        height, width = planes.shape[1:]
        verdict = nothing_said((height, width))
        for box in boxes:
            wide = _widen(box, height, width)
            damage, choice = self._run(planes[:, wide[0], wide[1]])
            y, x = box[0].start - wide[0].start, box[1].start - wide[1].start
            inside = (
                slice(box[0].start, min(box[0].stop, height)),
                slice(box[1].start, min(box[1].stop, width)),
            )
            rows, columns = inside[0].stop - inside[0].start, inside[1].stop - inside[1].start
            verdict.damage[inside] = damage[y : y + rows, x : x + columns]
            half = (
                slice(inside[0].start // 2, -(-inside[0].stop // 2)),
                slice(inside[1].start // 2, -(-inside[1].stop // 2)),
            )
            rows, columns = half[0].stop - half[0].start, half[1].stop - half[1].start
            verdict.choice[half] = choice[y // 2 : y // 2 + rows, x // 2 : x // 2 + columns]
        return verdict

    def _run(self, planes: Inputs) -> Word:
        with _one_thread():
            return self._inference.look(pad_to_steps(planes))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums keep their order, and no other thread waits busily beside tensors of a few pages."""
    threads = torch.get_num_threads()
    if threads != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if threads != 1:
            torch.set_num_threads(threads)


def tiles_with_evidence(planes: Inputs) -> Mask:
    """Which tiles show anything that could be damage. (ceil(H / TILE), ceil(W / TILE)) bool."""
    height, width = planes.shape[1:]
    held = np.zeros((-(-height // TILE), -(-width // TILE)), np.uint8)
    _find_evidence(planes[8], _EVIDENCE, held)
    _find_evidence(planes[9], _EVIDENCE_OF_LINE, held)
    # What begins in one tile may go on faintly in the next.
    return np.asarray(cv2.dilate(held, np.ones((3, 3), np.uint8)) > 0)


@compiled
def _find_evidence(steps: npt.NDArray[np.int8], least: int, held: Bits) -> None:
    """Mark the tiles in which a plane is at least so far from 0."""
    for row in range(held.shape[0]):
        for column in range(held.shape[1]):
            for y in range(row * TILE, min((row + 1) * TILE, steps.shape[0])):
                if held[row, column]:
                    break
                for x in range(column * TILE, min((column + 1) * TILE, steps.shape[1])):
                    if abs(np.int32(steps[y, x])) >= least:
                        held[row, column] = 1
                        break


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


def nothing_said(shape: tuple[int, ...]) -> Verdict:
    """The verdict of a frame of that shape of which nothing was run."""
    height, width = shape
    return Verdict(
        np.full((height, width), UNLIKELY, np.float32),
        np.zeros((-(-height // 2), -(-width // 2), CHOICES), np.float32),
    )


def pad_to_steps(planes: Inputs) -> Inputs:
    """Repeat the last rows and columns up to multiples of STEP."""
    _, height, width = planes.shape
    below, right = -height % STEP, -width % STEP
    if not below and not right:
        return np.ascontiguousarray(planes)
    padded = np.pad(planes, ((0, 0), (0, below), (0, right)), mode="edge")
    return np.asarray(padded.reshape(CHANNELS, height + below, width + right), np.int8)
