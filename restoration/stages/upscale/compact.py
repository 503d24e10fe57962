"""The engine `compact`: our own small network, frame by frame, in tiles.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import psutil
import torch
from safetensors.torch import load_file

from restoration.imaging.resample import Plane, resample
from restoration.imaging.tiles import Tile, tiles
from restoration.stages.contract import StageError
from restoration.stages.upscale.engines import Enlarged
from restoration.stages.upscale.network import FACTOR, REACH, WIDTH, CompactNetwork
from restoration.stages.upscale.size import Size

SIDES = (256, 128, 64, 32)
"""Tiles' sides in source pixels, from which one is chosen."""
_PLANES = 6 * WIDTH
"""Planes of float32 at the tile's size that one pass holds at once, at most."""
_SHARE = 0.25
"""Of the free memory that one pass may take."""


def load_compact(weights: Path, device: str = "cpu") -> CompactNetwork:
    """The network of a file, on that device.

    Raises: KeyError or RuntimeError if the file holds another network.
    """
    network = CompactNetwork().eval()
    network.load_state_dict(load_file(weights))
    network.to(torch.device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


class Compact:
    """The network with its weights, on one thread of the CPU, so that sums keep their order; or on
    a graphics processor, in the same precision."""

    before = 0

    def __init__(
        self,
        network: CompactNetwork,
        size: Size,
        *,
        tile: int = 0,
        halvings: int = 0,
        device: str = "cpu",
    ) -> None:
        """
        Args:
            network: as `load_compact` reads it; its device is the one that is named.
            tile: side of the tiles in source pixels; 0 chooses by free memory.
            halvings: how often tiles were halved already, in a run that goes on.
            device: as torch names it, such as `cuda`.
        """
        self._network = network
        self._device = torch.device(device)
        self._size = size
        self._side = tile or choose_side(free_bytes(self._device))
        self._halvings = halvings
        away = float(np.log2(FACTOR / size.scale))
        self._calmed = float(np.exp(self._network.halved.item() * away))

    def enlarge(self, lumas: Iterable[Plane], before: int = 0) -> Iterator[Enlarged]:
        for luma in lumas:
            yield self.one(luma)

    def one(self, luma: Plane) -> Enlarged:
        """One frame: it takes no other to make it."""
        return self._fit(*self.by_four(luma), luma)

    def notes(self) -> dict[str, object]:
        return {"tile": self._side, "tile_halvings": self._halvings}

    def by_four(self, luma: Plane) -> tuple[Plane, Plane]:
        """Detail to add to the bicubic picture, and the error to expect, four times as large.

        Raises: StageError if the smallest tile does not fit in memory.
        """
        while True:
            try:
                return self._in_tiles(luma)
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve(error)

    def _halve(self, error: BaseException) -> None:
        if self._side // 2 < SIDES[-1]:
            raise StageError(
                f"not even a tile of {self._side} x {self._side} pixels fits in memory; close "
                "other programs or use another machine"
            ) from error
        self._side //= 2
        self._halvings += 1

    def _in_tiles(self, luma: Plane) -> tuple[Plane, Plane]:
        rows, columns = luma.shape
        detail = np.empty((FACTOR * rows, FACTOR * columns), np.float32)
        expected = np.empty_like(detail)
        rimmed = np.pad(luma, REACH, mode="edge")
        for tile in tiles(rows, columns, self._side):
            detail[tile.times(FACTOR)], expected[tile.times(FACTOR)] = self._run(rimmed, tile)
        return detail, expected

    @torch.inference_mode()
    def _run(self, rimmed: Plane, tile: Tile) -> tuple[Plane, Plane]:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            shown = torch.from_numpy(np.ascontiguousarray(rimmed[tile.with_rim(REACH)]))[None, None]
            shown = shown.to(self._device)
            given = self._network(shown.contiguous(memory_format=torch.channels_last))
            doubt = torch.exp(given.doubt.clamp(-8, 1))
        finally:
            torch.set_num_threads(threads)
        rim = slice(FACTOR * REACH, -FACTOR * REACH)
        return given.detail[0, 0].cpu().numpy()[rim, rim], doubt[0, 0].cpu().numpy()[rim, rim]

    def _fit(self, detail: Plane, expected: Plane, luma: Plane) -> Enlarged:
        """Both at the size that is wanted."""
        size = self._size
        if detail.shape != (size.height, size.width):
            detail = resample(detail, size.height, size.width)
            shape = (size.width, size.height)
            area = cv2.resize(expected, shape, interpolation=cv2.INTER_AREA)
            expected = np.asarray(area * self._calmed, np.float32)
        return Enlarged(resample(luma, size.height, size.width) + detail, expected)


def free_bytes(device: torch.device) -> int:
    """Of the machine's memory, or of the graphics processor's."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def choose_side(free: int) -> int:
    """The largest tile whose pass takes no more than a quarter of so many free bytes."""
    for side in SIDES:
        if (side + 2 * REACH) ** 2 * _PLANES * 4 <= _SHARE * free:
            return side
    return SIDES[-1]


def _is_out_of_memory(error: BaseException) -> bool:
    words = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in words or "alloc" in words
