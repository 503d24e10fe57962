"""The engine `basicvsr`: the published recurrent network, a stretch of frames at a time.

Features travel through a stretch only; neighbouring stretches overlap, and of the overlap each
frame is taken from the stretch in whose inside it lies, so that memory is bounded however long the
scene is. Grey is shown as three equal channels, and their mean is taken.

This module imports torch and is itself imported only where the network is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from restoration.imaging.resample import Plane, resample
from restoration.stages.upscale.basicvsr_network import BasicVsr, load_basicvsr
from restoration.stages.upscale.compact import Compact
from restoration.stages.upscale.engines import Enlarged, no_beat
from restoration.stages.upscale.size import Size

STRETCH, OVERLAP = 12, 3
"""Frames that are new in a stretch, and frames before and after that are only read."""


def on_device(weights: Path, device: str = "cpu") -> BasicVsr:
    """The network of a file, on that device."""
    return load_basicvsr(weights).to(torch.device(device))


class Recurrent:
    """The network on one thread of the CPU, so that sums keep their order; or on a graphics
    processor, in the same precision."""

    before = OVERLAP

    def __init__(
        self,
        network: BasicVsr,
        size: Size,
        *,
        doubter: Compact,
        beat: Callable[[], None] = no_beat,
        device: str = "cpu",
    ) -> None:
        """
        Args:
            network: as `on_device` reads it; its device is the one that is named.
            doubter: says what error to expect, which this network does not: its own, so too much.
            beat: called after every pass over a frame, of which a stretch makes many before its
                first result; may raise `Cancelled`.
            device: as torch names it, such as `cuda`.
        """
        self._device = torch.device(device)
        self._network = network
        self._size = size
        self._doubter = doubter
        self._beat = beat

    def enlarge(self, lumas: Iterable[Plane], before: int = 0) -> Iterator[Enlarged]:
        for frames, new in stretches(lumas, new=STRETCH, overlap=OVERLAP, before=before):
            for small, luma in zip(frames[new], self._run(frames, new), strict=True):
                yield Enlarged(self._fit(luma), self._doubter.one(small).expected)

    def notes(self) -> dict[str, object]:
        return {"stretch": STRETCH, "overlap": OVERLAP} | self._doubter.notes()

    @torch.inference_mode()
    def _run(self, lumas: list[Plane], new: slice) -> list[Plane]:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            shown = [torch.from_numpy(luma).to(self._device)[None, None] for luma in lumas]
            frames = [frame.expand(1, 3, -1, -1) for frame in shown]
            return recur(self._network, frames, new, self._beat)
        finally:
            torch.set_num_threads(threads)

    def _fit(self, luma: Plane) -> Plane:
        size = self._size
        if luma.shape == (size.height, size.width):
            return luma
        return resample(luma, size.height, size.width)


def recur(
    network: BasicVsr, frames: list[Tensor], new: slice, beat: Callable[[], None] = no_beat
) -> list[Plane]:
    """Frames `new` of a stretch, enlarged. Frames: (1, 3, H, W) in [0, 1].

    beat: called after every pass over a frame.
    """
    backward: list[Tensor] = [network.nothing(frames[0])] * len(frames)
    carried = network.nothing(frames[0])
    for number in range(len(frames) - 1, -1, -1):
        if number + 1 < len(frames):
            carried = network.carry(carried, frames[number], frames[number + 1])
        carried = backward[number] = network.backward_trunk(frames[number], carried)
        beat()
    carried = network.nothing(frames[0])
    made: list[Plane] = []
    for number in range(new.stop):
        if number:
            carried = network.carry(carried, frames[number], frames[number - 1])
        carried = network.forward_trunk(frames[number], carried)
        beat()
        if number >= new.start:
            large = network.finish(frames[number], backward[number], carried)
            made.append(np.ascontiguousarray(large[0].mean(dim=0).cpu().numpy(), np.float32))
            beat()
    return made


def stretches(
    lumas: Iterable[Plane], *, new: int, overlap: int, before: int = 0
) -> Iterator[tuple[list[Plane], slice]]:
    """Frames of each stretch, and which of them are new; no more than that is held.

    Every frame is new once; up to `overlap` more lie on each side.

    Args:
        before: frames that come first and are not new: 0, or `overlap` to go on after a stretch.
    """
    source = iter(lumas)
    held = list(islice(source, before + new + overlap))
    while len(held) > before:
        stop = min(before + new, len(held))
        yield held, slice(before, stop)
        held = held[max(0, stop - overlap) :]
        before = min(overlap, stop)
        held += islice(source, new)
