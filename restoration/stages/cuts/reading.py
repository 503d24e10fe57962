"""The network beside the other measures: frames in as they come, probabilities out, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.thumbnails import Small, Thumbnail
from restoration.weights import WeightsError

if TYPE_CHECKING:
    from restoration.stages.cuts.network import TransNetV2

WINDOW, STEP = 200, 150
_MARGIN = (WINDOW - STEP) // 2
_SPREAD = 4  # frames beside a busy one that are asked for too
_WORKERS = 2
_LEVEL, _CONTRAST, _MOST_GAIN = 110.0, 50.0, 4.0

Pair = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""`single` and `all`, one value a frame."""


class Reading:
    """Shows the network window by window, beside the decoding; holds a few windows of pictures.

    Stretches in which nothing changes are not shown: their probabilities are 0.
    """

    def __init__(self, network: TransNetV2) -> None:
        self._network = network
        self._workers = ThreadPoolExecutor(_WORKERS, "network")
        self._held: list[Small] = []
        self._busy: list[bool] = []
        self._asked: deque[Future[Pair]] = deque()
        self._answers: list[Pair] = []

    def feed(self, thumbnail: Thumbnail, *, busy: bool) -> None:
        """The next frame, and whether anything changes around it.

        Waits if the network has fallen more than a window behind.
        """
        shown = in_even_light(thumbnail)
        if not self._held:
            self._held, self._busy = [shown] * _MARGIN, [False] * _MARGIN
        self._held.append(shown)
        self._busy.append(busy)
        if len(self._held) == WINDOW:
            self._ask(STEP)
            del self._held[:STEP], self._busy[:STEP]

    def finish(self, waited: Callable[[], None]) -> Pair:
        """`single` and `all` for every frame that was fed; `waited` is called after each window."""
        left = len(self._held) - _MARGIN
        if left > 0:
            self._held += [self._held[-1]] * _MARGIN
            self._ask(left)
        while self._asked:
            self._answers.append(self._asked.popleft().result())
            waited()
        singles, every = zip(*self._answers, strict=True)
        return np.concatenate(singles), np.concatenate(every)

    def close(self) -> None:
        """Let go of windows that nobody waits for any more."""
        self._workers.shutdown(cancel_futures=True)

    def _ask(self, count: int) -> None:
        """Let the network look at the busy ones of `count` frames in the middle."""
        if len(self._asked) > _WORKERS:
            self._answers.append(self._asked.popleft().result())
        first = _MARGIN - _SPREAD
        busy = np.flatnonzero(self._busy[first : _MARGIN + count + _SPREAD]) - _SPREAD
        runs = [(start, self._shown(start, stop)) for start, stop in _runs(busy.tolist(), count)]
        self._asked.append(self._workers.submit(self._look, runs, count))

    def _shown(self, start: int, stop: int) -> Small:
        """What the network needs to see to judge the frames [start, stop) after the margin."""
        return np.stack(self._held[start : stop + 2 * _MARGIN])

    def _look(self, runs: list[tuple[int, Small]], count: int) -> Pair:
        """The answers for `count` frames, 0 outside the runs that are shown."""
        single, every = np.zeros(count, np.float32), np.zeros(count, np.float32)
        for start, shown in runs:
            kept = slice(start, start + len(shown) - 2 * _MARGIN)
            one, other = self._network.window(shown)
            single[kept], every[kept] = one[_MARGIN:-_MARGIN], other[_MARGIN:-_MARGIN]
        return single, every


def _runs(busy: list[int], count: int) -> list[tuple[int, int]]:
    """Half-open stretches of [0, count) around busy frames, joined where that costs no more."""
    runs: list[tuple[int, int]] = []
    for frame in busy:
        start, stop = max(0, frame - _SPREAD), min(count, frame + _SPREAD + 1)
        if runs and start - runs[-1][1] <= 2 * _MARGIN:
            runs[-1] = (runs[-1][0], stop)
        elif start < stop:
            runs.append((start, stop))
    return runs


def in_even_light(thumbnail: Thumbnail) -> Small:
    """The tiny picture with one mean and contrast for all frames, so that no flicker is seen.

    Frames that show little are not blown up: fades stay fades.
    """
    gain = min(_CONTRAST / max(thumbnail.spread, 1.0), _MOST_GAIN)
    lit = (thumbnail.colour.astype(np.float32) - thumbnail.mean) * gain + _LEVEL
    return np.asarray(np.clip(np.rint(lit), 0, 255), np.uint8)


def open_reading() -> tuple[Reading | None, str]:
    """A reading, or None and the reason why the network cannot be had here."""
    try:
        import torch

        from restoration.stages.cuts.network import load_network

        # Here and not on import: only the process that computes may start threads. One for each
        # worker, since threads that share a picture wait for each other on a busy machine.
        torch.set_num_threads(1)
        return Reading(load_network()), ""
    except ImportError as error:
        return None, f"PyTorch cannot be loaded ({error}); install it with: make install"
    except WeightsError as error:
        return None, str(error)
