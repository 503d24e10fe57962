"""FFDNet (Zhang, Zuo and Zhang, IEEE TIP 2018), written anew, with its published colour weights.

A picture is taken apart into four of half its size, a plane that holds the strength of the noise is
laid beside them, and twelve convolutions give the clean picture. Names of layers are those of the
published weights. Grey is shown as three equal channels: noise that is equal in all three is as
strong, for a network that expects it to differ, as sqrt(3) times as much.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from restoration.imaging.tiles import tiles

Plane = npt.NDArray[np.float32]

_WIDTH, _LAYERS = 96, 12
SIDE, RIM = 256, 32
"""Of a tile, in pixels; the network sees 26 pixels to each side."""
_EQUAL = float(np.sqrt(3.0))


class FfdNet(nn.Module):
    """See the module. Pictures are (N, 3, H, W) in [0, 1], both sides even."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(13, _WIDTH, 3, padding=1), nn.ReLU()]
        for _ in range(_LAYERS - 2):
            layers += [nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.Conv2d(_WIDTH, 12, 3, padding=1))

    def forward(self, noisy: Tensor, sigma: float) -> Tensor:
        apart = functional.pixel_unshuffle(noisy, 2)
        strength = apart.new_full((apart.shape[0], 1, *apart.shape[-2:]), sigma)
        clean: Tensor = functional.pixel_shuffle(self.model(torch.cat([apart, strength], 1)), 2)
        return clean


class Denoiser:
    """The network on one thread of the CPU, so that sums keep their order."""

    def __init__(self, weights: Path) -> None:
        """Raises: RuntimeError if the file holds another network."""
        self._network = FfdNet().eval()
        state = torch.load(weights, map_location="cpu", weights_only=True)
        self._network.load_state_dict(state, strict=True)

    def grey(self, plane: Plane, sigma: float) -> Plane:
        """One plane, (H, W) in [0, 1]; sigma of its noise in the same range."""
        clean = self._tiled(np.repeat(plane[None], 3, axis=0), _EQUAL * sigma)
        return np.asarray(clean.mean(axis=0), np.float32)

    def colour(self, channels: Plane, sigma: float) -> Plane:
        """R, G and B, (3, H, W) in [0, 1]; sigma of the noise of each."""
        return self._tiled(channels, sigma)

    def _tiled(self, channels: Plane, sigma: float) -> Plane:
        rows, columns = channels.shape[1:]
        # Sides of tiles and rims are even, so that every pixel is taken apart as in the whole.
        even = np.pad(channels, ((0, 0), (0, rows % 2), (0, columns % 2)), mode="edge")
        rimmed = np.pad(even, ((0, 0), (RIM, RIM), (RIM, RIM)), mode="edge")
        made = np.empty_like(even)
        for tile in tiles(even.shape[1], even.shape[2], SIDE):
            rows_of, columns_of = tile.inside
            made[:, rows_of, columns_of] = self._run(rimmed[:, *tile.with_rim(RIM)], sigma)
        return np.ascontiguousarray(made[:, :rows, :columns])

    @torch.inference_mode()
    def _run(self, shown: Plane, sigma: float) -> Plane:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            picture = torch.from_numpy(np.ascontiguousarray(shown))[None]
            clean = self._network(picture, sigma)[0].numpy()
        finally:
            torch.set_num_threads(threads)
        return np.asarray(clean[:, RIM:-RIM, RIM:-RIM], np.float32)
