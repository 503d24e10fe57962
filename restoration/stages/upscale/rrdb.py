"""The engines `realsr` and `realesrgan`: published networks for stills, frame by frame, in tiles.

What such a network makes of a place depends a little on the whole picture; tiles have a rim of 24
pixels, after which hardly anything is left of that. Grey is shown as three equal channels.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from restoration.imaging.resample import Plane, resample
from restoration.imaging.tiles import Tile, tiles
from restoration.stages.upscale.compact import Compact
from restoration.stages.upscale.engines import Enlarged, no_beat
from restoration.stages.upscale.rrdb_network import FACTOR, load_rrdb
from restoration.stages.upscale.size import Size

RIM, SIDE = 24, 128


class Stills:
    """The network on one thread of the CPU, so that sums keep their order."""

    before = 0

    def __init__(
        self, weights: Path, size: Size, *, doubter: Compact, beat: Callable[[], None] = no_beat
    ) -> None:
        """
        Args:
            doubter: says what error to expect, which this network does not.
            beat: called after every tile, since a frame takes minutes; may raise `Cancelled`.
        Raises: WrongFile
        """
        self._network = load_rrdb(weights)
        self._size = size
        self._doubter = doubter
        self._beat = beat

    def enlarge(self, lumas: Iterable[Plane], before: int = 0) -> Iterator[Enlarged]:
        for luma in lumas:
            made = self._by_four(luma)
            if made.shape != (self._size.height, self._size.width):
                made = resample(made, self._size.height, self._size.width)
            yield Enlarged(made, self._doubter.one(luma).expected)

    def notes(self) -> dict[str, object]:
        told = self._doubter.notes()
        return told | {"tile": SIDE, "doubt_tile": told["tile"]}

    def _by_four(self, luma: Plane) -> Plane:
        rows, columns = luma.shape
        made = np.empty((FACTOR * rows, FACTOR * columns), np.float32)
        rimmed = np.pad(luma, RIM, mode="edge")
        for tile in tiles(rows, columns, SIDE):
            made[tile.times(FACTOR)] = self._run(rimmed, tile)
            self._beat()
        return made

    @torch.inference_mode()
    def _run(self, rimmed: Plane, tile: Tile) -> Plane:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            shown = torch.from_numpy(np.ascontiguousarray(rimmed[tile.with_rim(RIM)]))
            given = self._network(shown[None, None].expand(1, 3, -1, -1))[0].mean(dim=0).numpy()
        finally:
            torch.set_num_threads(threads)
        rim = slice(FACTOR * RIM, -FACTOR * RIM)
        return np.asarray(given[rim, rim], np.float32)
