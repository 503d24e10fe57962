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

WINDOW, STEP = 250, 200
_MARGIN = (WINDOW - STEP) // 2
_SPREAD = 12  # frames beside a busy one that are asked for too
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
        """Let the network look at `count` frames in the middle, as far as they are busy."""
        if len(self._asked) > _WORKERS:
            self._answers.append(self._asked.popleft().result())
        first = _MARGIN - _SPREAD
        busy = first + np.flatnonzero(self._busy[first : _MARGIN + count + _SPREAD])
        if not busy.size:
            self._asked.append(_nothing(count))
            return
        start = max(_MARGIN, int(busy[0]) - _SPREAD)
        stop = min(_MARGIN + count, int(busy[-1]) + _SPREAD + 1)
        shown = np.stack(self._held[start - _MARGIN : stop + _MARGIN])
        self._asked.append(self._workers.submit(self._look, shown, start - _MARGIN, count))

    def _look(self, frames: Small, start: int, count: int) -> Pair:
        """The answers for `count` frames, of which those from `start` on were asked for."""
        answers = []
        for head in self._network.window(frames):
            placed = np.zeros(count, np.float32)
            inside = head[_MARGIN:-_MARGIN]
            placed[start : start + len(inside)] = inside
            answers.append(placed)
        return answers[0], answers[1]


def _nothing(count: int) -> Future[Pair]:
    done: Future[Pair] = Future()
    done.set_result((np.zeros(count, np.float32), np.zeros(count, np.float32)))
    return done


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
