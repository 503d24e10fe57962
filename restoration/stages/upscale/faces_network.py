"""MTCNN (Zhang et al., IEEE SPL 2016), written anew: boxes of faces, also of small and soft ones.

Three networks, each for what the one before leaves: the first sees the picture at several sizes.
Names of layers are those of the weights that facenet-pytorch carries.

This module imports torch and is itself imported only where faces are looked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

Boxes = npt.NDArray[np.float32]
"""(N, 4): left, top, right, bottom in pixels."""

_STEP, _CELL, _FACTOR = 2, 12, 0.709
_SURE = (0.6, 0.7, 0.9)
"""What each network must give a face; the last is .7 in the paper, which lets too much through."""


class _Net(nn.Module):
    """Convolutions, each with PReLU and perhaps a pool behind it, and then two or three answers.

    convolutions: (channels, side, side of the pool or 0). dense: width before the answers, or 0,
    where the answers are convolutions. answers: how many values each has.
    """

    def __init__(
        self,
        convolutions: Sequence[tuple[int, int, int]],
        dense: tuple[int, int],
        answers: Sequence[int],
    ) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        held = 3
        for number, (channels, side, pool) in enumerate(convolutions, start=1):
            layers[f"conv{number}"] = nn.Conv2d(held, channels, side)
            layers[f"prelu{number}"] = nn.PReLU(channels)
            if pool:
                layers[f"pool{number}"] = nn.MaxPool2d(pool, 2, ceil_mode=True)
            held = channels
        for name, layer in layers.items():
            self.add_module(name, layer)
        self._seen, self._dense = list(layers), f"dense{len(convolutions) + 1}"
        self._prelu = f"prelu{len(convolutions) + 1}"
        width, made = dense
        if width:
            self.add_module(self._dense, nn.Linear(width, made))
            self.add_module(self._prelu, nn.PReLU(made))
        last = len(convolutions) + (2 if width else 1)
        kind = "dense" if width else "conv"
        self._answers = [f"{kind}{last}_{n}" for n in range(1, len(answers) + 1)]
        for name, values in zip(self._answers, answers, strict=True):
            layer = nn.Linear(made, values) if width else nn.Conv2d(held, values, 1)
            self.add_module(name, layer)

    def forward(self, shown: Tensor) -> tuple[Tensor, Tensor]:
        """How likely a face is, and what to add to the box."""
        for name in self._seen:
            shown = self.get_submodule(name)(shown)
        if self._dense in self._modules:
            shown = shown.permute(0, 3, 2, 1).flatten(1)
            shown = self.get_submodule(self._prelu)(self.get_submodule(self._dense)(shown))
        face, box = (self.get_submodule(name)(shown) for name in self._answers[:2])
        return torch.softmax(face, dim=1)[:, 1], box


class FaceFinder:
    """The three networks on one thread of the CPU."""

    def __init__(self, first: Path, second: Path, third: Path) -> None:
        """Raises: RuntimeError if a file holds another network."""
        self._first = _load(first, _Net([(10, 3, 2), (16, 3, 0), (32, 3, 0)], (0, 0), (2, 4)))
        self._second = _load(second, _Net([(28, 3, 3), (48, 3, 3), (64, 2, 0)], (576, 128), (2, 4)))
        self._third = _load(
            third,
            _Net([(32, 3, 3), (64, 3, 3), (64, 3, 2), (128, 2, 0)], (1152, 256), (2, 4, 10)),
        )

    @torch.inference_mode()
    def find(self, picture: npt.NDArray[np.uint8], *, least: float, most: float) -> Boxes:
        """Boxes of faces between so many pixels high, about; picture: (H, W) grey."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            light = (torch.from_numpy(picture.astype(np.float32)) - 127.5) / 128
            shown = light[None, None].expand(1, 3, -1, -1)
            boxes = self._propose(shown, least, most)
            boxes = self._judge(self._second, shown, boxes, 24, _SURE[1])
            return self._judge(self._third, shown, boxes, 48, _SURE[2])
        finally:
            torch.set_num_threads(threads)

    def _propose(self, shown: Tensor, least: float, most: float) -> Boxes:
        found, scores = [], []
        height, width = shown.shape[-2:]
        scale = _CELL / least
        while scale * min(height, width) >= _CELL and _CELL / scale <= most / _FACTOR:
            size = (int(height * scale + 1), int(width * scale + 1))
            face, box = self._first(functional.interpolate(shown, size=size, mode="area"))
            rows, columns = np.nonzero(face[0].numpy() >= _SURE[0])
            corner = np.stack([columns, rows], axis=1) * float(_STEP)
            boxes = np.hstack([corner + 1, corner + _CELL]) / scale
            added = box[0].numpy()[:, rows, columns].T
            sure = face[0].numpy()[rows, columns]
            kept = _strongest(boxes, sure, 0.5)
            found.append(boxes[kept] + added[kept] * _sizes(boxes[kept]))
            scores.append(sure[kept])
            scale *= _FACTOR
        if not found:
            return np.zeros((0, 4), np.float32)
        boxes, sure = np.concatenate(found), np.concatenate(scores)
        return np.asarray(boxes[_strongest(boxes, sure, 0.7)], np.float32)

    def _judge(
        self, network: nn.Module, shown: Tensor, boxes: Boxes, side: int, sure: float
    ) -> Boxes:
        if not len(boxes):
            return boxes
        square = _squared(boxes)
        parts = torch.cat([_cut(shown, box, side) for box in square])
        face, added = (part.numpy() for part in network(parts))
        kept = face >= sure
        better = square[kept] + added[kept] * _sizes(square[kept])
        return np.asarray(better[_strongest(better, face[kept], 0.5)], np.float32)


def _load(path: Path, network: _Net) -> _Net:
    state = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(state, strict=True)
    return network.eval()


def _sizes(boxes: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return np.tile(boxes[:, 2:] - boxes[:, :2] + 1, (1, 2))


def _squared(boxes: Boxes) -> Boxes:
    size = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True)
    middle = (boxes[:, 2:] + boxes[:, :2]) / 2
    return np.asarray(np.hstack([middle - size / 2, middle + size / 2]), np.float32)


def _cut(shown: Tensor, box: npt.NDArray[np.float32], side: int) -> Tensor:
    """What the box shows, (1, 3, side, side); outside the picture its edge is repeated."""
    height, width = shown.shape[-2:]
    left, top, right, bottom = (int(edge) for edge in box)
    rows = torch.arange(top, max(bottom, top + 1)).clamp(0, height - 1)
    columns = torch.arange(left, max(right, left + 1)).clamp(0, width - 1)
    part = shown[:, :, rows][:, :, :, columns]
    return functional.interpolate(part, size=(side, side), mode="area")


def _strongest(
    boxes: npt.NDArray[np.floating], sure: npt.NDArray[np.floating], overlap: float
) -> list[int]:
    """Which boxes stay where several say the same."""
    if not len(boxes):
        return []
    corners = [(x, y, right - x, bottom - y) for x, y, right, bottom in boxes.tolist()]
    return [int(n) for n in cv2.dnn.NMSBoxes(corners, sure.tolist(), 0.0, overlap)]
