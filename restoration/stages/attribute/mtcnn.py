"""MTCNN: three small networks that find faces and five points of each.

Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", 2016, with the layers and weights of facenet-pytorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

_GATES = (0.6, 0.7, 0.8)
"""Scores above which a box goes on from each network."""
_SHRINK = 0.709
"""From one size of the pyramid to the next, as the authors have it."""
_PNET_CELL, _PNET_STRIDE = 12, 2


class Proposer(nn.Module):
    """P-Net: a score and a box for each place of a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 10, 3)
        self.prelu1 = nn.PReLU(10)
        self.conv2 = nn.Conv2d(10, 16, 3)
        self.prelu2 = nn.PReLU(16)
        self.conv3 = nn.Conv2d(16, 32, 3)
        self.prelu3 = nn.PReLU(32)
        self.conv4_1 = nn.Conv2d(32, 2, 1)
        self.conv4_2 = nn.Conv2d(32, 4, 1)
        self.pool1 = nn.MaxPool2d(2, 2, ceil_mode=True)

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen = self.pool1(self.prelu1(self.conv1(picture)))
        seen = self.prelu3(self.conv3(self.prelu2(self.conv2(seen))))
        return self.conv4_1(seen).softmax(1)[:, 1], self.conv4_2(seen)


class Refiner(nn.Module):
    """R-Net: a score and a better box for crops of 24 x 24."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 28, 3)
        self.prelu1 = nn.PReLU(28)
        self.conv2 = nn.Conv2d(28, 48, 3)
        self.prelu2 = nn.PReLU(48)
        self.conv3 = nn.Conv2d(48, 64, 2)
        self.prelu3 = nn.PReLU(64)
        self.dense4 = nn.Linear(576, 128)
        self.prelu4 = nn.PReLU(128)
        self.dense5_1 = nn.Linear(128, 2)
        self.dense5_2 = nn.Linear(128, 4)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen = self.pool(self.prelu1(self.conv1(crops)))
        seen = self.prelu3(self.conv3(self.pool(self.prelu2(self.conv2(seen)))))
        seen = self.prelu4(self.dense4(seen.permute(0, 3, 2, 1).flatten(1)))
        return self.dense5_1(seen).softmax(1)[:, 1], self.dense5_2(seen)


class Output(nn.Module):
    """O-Net: a score, the final box and five points for crops of 48 x 48."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3)
        self.prelu1 = nn.PReLU(32)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.prelu2 = nn.PReLU(64)
        self.conv3 = nn.Conv2d(64, 64, 3)
        self.prelu3 = nn.PReLU(64)
        self.conv4 = nn.Conv2d(64, 128, 2)
        self.prelu4 = nn.PReLU(128)
        self.dense5 = nn.Linear(1152, 256)
        self.prelu5 = nn.PReLU(256)
        self.dense6_1 = nn.Linear(256, 2)
        self.dense6_2 = nn.Linear(256, 4)
        self.dense6_3 = nn.Linear(256, 10)
        self.pool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.pool2 = nn.MaxPool2d(2, 2, ceil_mode=True)

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        seen = self.pool3(self.prelu1(self.conv1(crops)))
        seen = self.pool3(self.prelu2(self.conv2(seen)))
        seen = self.prelu4(self.conv4(self.pool2(self.prelu3(self.conv3(seen)))))
        seen = self.prelu5(self.dense5(seen.permute(0, 3, 2, 1).flatten(1)))
        return self.dense6_1(seen).softmax(1)[:, 1], self.dense6_2(seen), self.dense6_3(seen)


class Mtcnn:
    """The three in a row."""

    def __init__(self, folder: Path) -> None:
        """folder: holds pnet.pt, rnet.pt and onet.pt."""
        self._proposer = _loaded(Proposer(), folder / "pnet.pt")
        self._refiner = _loaded(Refiner(), folder / "rnet.pt")
        self._output = _loaded(Output(), folder / "onet.pt")

    @torch.inference_mode()
    def find(self, picture: torch.Tensor, *, smallest: float) -> torch.Tensor:
        """(N, 5) float: left, top, right, bottom in pixels, and score.

        Args:
            picture: (1, 3, H, W) float32, RGB codes in [0, 255].
            smallest: side of the smallest face, pixels.
        """
        boxes = self._proposed((picture - 127.5) / 128, smallest)
        for size, gate in ((24, _GATES[1]), (48, _GATES[2])):
            if not len(boxes):
                return boxes
            boxes = self._sharpened((picture - 127.5) / 128, boxes, size, gate)
        return boxes

    def _proposed(self, picture: torch.Tensor, smallest: float) -> torch.Tensor:
        height, width = picture.shape[2:]
        scale, found = _PNET_CELL / smallest, []
        while min(height, width) * scale >= _PNET_CELL:
            size = (int(height * scale + 1), int(width * scale + 1))
            score, shift = self._proposer(nn.functional.interpolate(picture, size, mode="area"))
            rows, columns = torch.nonzero(score[0] >= _GATES[0], as_tuple=True)
            corner = torch.stack([columns, rows], 1) * _PNET_STRIDE
            boxes = torch.cat([corner + 1, corner + _PNET_CELL], 1) / scale
            moved = _shifted(boxes, shift[0, :, rows, columns].T)
            found.append(_apart(moved, score[0, rows, columns], 0.5))
            scale *= _SHRINK
        if not found:
            return torch.zeros(0, 5)
        every = torch.cat(found)
        return _apart(every[:, :4], every[:, 4], 0.7)

    def _sharpened(
        self, picture: torch.Tensor, boxes: torch.Tensor, size: int, gate: float
    ) -> torch.Tensor:
        square = _square(boxes[:, :4])
        crops = torch.cat([_crop(picture, box, size) for box in square])
        network = self._refiner if size == 24 else self._output
        score, shift = network(crops)[:2]
        good = score > gate
        moved = _shifted(square[good], shift[good])
        return _apart(moved, score[good], 0.7 if size == 24 else 0.4)


def _loaded(network: nn.Module, path: Path) -> Any:
    state: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(state)
    return network.eval()


def _shifted(boxes: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Boxes moved by shares of their sides."""
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    return boxes + shift * sides


def _square(boxes: torch.Tensor) -> torch.Tensor:
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).amax(1, keepdim=True) / 2
    return torch.cat([middle - half, middle + half], 1)


def _crop(picture: torch.Tensor, box: torch.Tensor, size: int) -> torch.Tensor:
    height, width = picture.shape[2:]
    left, top, right, bottom = (int(value) for value in box)
    left, right = max(0, min(left, width - 1)), max(1, min(right, width))
    top, bottom = max(0, min(top, height - 1)), max(1, min(bottom, height))
    piece = picture[:, :, top : max(bottom, top + 1), left : max(right, left + 1)]
    return nn.functional.interpolate(piece, (size, size), mode="area")


def _apart(boxes: torch.Tensor, score: torch.Tensor, most: float) -> torch.Tensor:
    """The best of boxes that overlap, as (N, 5)."""
    import cv2

    sides = torch.cat([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
    kept = cv2.dnn.NMSBoxes(sides.tolist(), score.tolist(), 0.0, most)
    chosen = torch.as_tensor(list(kept), dtype=torch.long)
    return torch.cat([boxes[chosen], score[chosen, None]], 1)
