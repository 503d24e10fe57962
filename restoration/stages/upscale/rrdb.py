"""Networks for stills, frame by frame, in tiles: the engines `realsr`, `realesrgan` and `model`.

What such a network makes of a place depends a little on the whole picture; tiles have a rim of 24
pixels, after which hardly anything is left of that. Grey is shown as three equal channels.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from restoration.imaging.resample import Plane, resample
from restoration.imaging.tiles import Tile, tiles
from restoration.stages.upscale.compact import Compact
from restoration.stages.upscale.engines import Enlarged, no_beat
from restoration.stages.upscale.rrdb_network import FACTOR
from restoration.stages.upscale.size import Size

RIM, SIDE = 24, 128


class Stills:
    """The network on one thread of the CPU, so that sums keep their order; or on a graphics
    processor, in the same precision."""

    before = 0

    def __init__(
        self,
        network: Callable[[Tensor], Tensor],
        size: Size,
        *,
        doubter: Compact,
        beat: Callable[[], None] = no_beat,
        factor: int = FACTOR,
        channels: int = 3,
        about: Mapping[str, str] | None = None,
        device: str = "cpu",
    ) -> None:
        """
        Args:
            network: of (1, channels, H, W) in [0, 1] the same, `factor` times as large.
            doubter: says what error to expect, which this network does not.
            beat: called after every tile, since a frame takes minutes; may raise `Cancelled`.
            about: more to record of it.
            device: as torch names it; the network is there already.
        """
        self._network = network
        self._factor, self._channels = factor, channels
        self._size = size
        self._doubter = doubter
        self._beat = beat
        self._about = dict(about or {})
        self._device = torch.device(device)

    def enlarge(self, lumas: Iterable[Plane], before: int = 0) -> Iterator[Enlarged]:
        for luma in lumas:
            made = self._enlarged(luma)
            if made.shape != (self._size.height, self._size.width):
                made = resample(made, self._size.height, self._size.width)
            yield Enlarged(made, self._doubter.one(luma).expected)

    def notes(self) -> dict[str, object]:
        told = self._doubter.notes()
        return told | {"tile": SIDE, "doubt_tile": told["tile"]} | self._about

    def _enlarged(self, luma: Plane) -> Plane:
        rows, columns = luma.shape
        made = np.empty((self._factor * rows, self._factor * columns), np.float32)
        rimmed = np.pad(luma, RIM, mode="edge")
        for tile in tiles(rows, columns, SIDE):
            made[tile.times(self._factor)] = self._run(rimmed, tile)
            self._beat()
        return made

    @torch.inference_mode()
    def _run(self, rimmed: Plane, tile: Tile) -> Plane:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            shown = torch.from_numpy(np.ascontiguousarray(rimmed[tile.with_rim(RIM)]))
            shown = shown.to(self._device)[None, None]
            given = self._network(shown.expand(1, self._channels, -1, -1))
        finally:
            torch.set_num_threads(threads)
        rim = slice(self._factor * RIM, -self._factor * RIM)
        return np.asarray(given[0].mean(dim=0).cpu().numpy()[rim, rim], np.float32)
