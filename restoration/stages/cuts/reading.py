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
    """Shows the network run by run, beside the decoding; holds a few windows of pictures.

    Stretches in which nothing changes are not shown: their probabilities are 0.
    """

    def __init__(self, network: TransNetV2) -> None:
        self._network = network
        self._workers = ThreadPoolExecutor(_WORKERS, "network")
        self._held: deque[Small] = deque()
        self._first = 0  # the frame that is held first
        self._fed = 0
        self._run: tuple[int, int] | None = None  # frames that wait to be asked for, half-open
        self._asked: deque[tuple[int, Future[Pair]]] = deque()
        self._answers: list[tuple[int, Pair]] = []

    def feed(self, thumbnail: Thumbnail, *, busy: bool) -> None:
        """The next frame, and whether anything changes around it.

        Waits if the network has fallen more than a window behind.
        """
        self._held.append(in_even_light(thumbnail))
        here, self._fed = self._fed, self._fed + 1
        start, stop = max(0, here - _SPREAD), here + _SPREAD + 1
        # Two runs share their margins where that costs no more.
        if self._run is not None and start - self._run[1] > 2 * _MARGIN:
            self._ask(*self._run)
            self._run = None
        if busy:
            self._run = (start if self._run is None else self._run[0], stop)
        while self._run is not None and self._fed >= self._run[0] + STEP + _MARGIN < self._run[1]:
            self._ask(self._run[0], self._run[0] + STEP)
            self._run = (self._run[0] + STEP, self._run[1])
        needed = (start + 1 if self._run is None else self._run[0]) - _MARGIN
        while self._first < needed:
            self._held.popleft()
            self._first += 1

    def finish(self, waited: Callable[[], None]) -> Pair:
        """`single` and `all` for every frame that was fed; `waited` is called after each run."""
        if self._run is not None:
            self._ask(self._run[0], min(self._run[1], self._fed))
        while self._asked:
            self._collect()
            waited()
        single, every = np.zeros(self._fed, np.float32), np.zeros(self._fed, np.float32)
        for start, (one, other) in self._answers:
            single[start : start + len(one)], every[start : start + len(one)] = one, other
        return single, every

    def close(self) -> None:
        """Let go of windows that nobody waits for any more."""
        self._workers.shutdown(cancel_futures=True)

    def _ask(self, start: int, stop: int) -> None:
        """Let the network look at frames [start, stop), of which all are held."""
        if len(self._asked) > _WORKERS:
            self._collect()
        # Beyond the ends of the film the first and last frame are repeated.
        at = np.arange(start - _MARGIN, stop + _MARGIN).clip(0, self._fed - 1) - self._first
        shown = np.stack([self._held[k] for k in at])
        self._asked.append((start, self._workers.submit(self._look, shown)))

    def _collect(self) -> None:
        start, answer = self._asked.popleft()
        self._answers.append((start, answer.result()))

    def _look(self, shown: Small) -> Pair:
        """The answers for all frames but the margins."""
        single, every = self._network.window(shown)
        return single[_MARGIN:-_MARGIN], every[_MARGIN:-_MARGIN]


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
