"""The real `execute`, with something going wrong on the way; run in the engine's child process.

Tests name one of these in the setting RUN_EXECUTOR.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from restoration.execution import execute
from restoration.orders import Made, Order
from restoration.stages.contract import StageError

Progress = Callable[[int, int], None]


def _at(frame: int, act: Callable[[], None]) -> Callable[[Progress], Progress]:
    """A progress that does something once, when that many frames are done."""

    def around(progress: Progress) -> Progress:
        acted = False

        def tell(done: int, total: int) -> None:
            nonlocal acted
            progress(done, total)
            if done >= frame and not acted:
                acted = True
                act()

        return tell

    return around


def slow(order: Order, progress: Progress) -> Made:
    """A tenth of a second more for each frame."""

    def tell(done: int, total: int) -> None:
        progress(done, total)
        time.sleep(0.1)

    return execute(order, tell)


def killed(order: Order, progress: Progress) -> Made:
    return execute(order, _at(3, lambda: os.kill(os.getpid(), signal.SIGKILL))(progress))


def segfaulting(order: Order, progress: Progress) -> Made:
    return execute(order, _at(3, lambda: ctypes.string_at(0))(progress))


def killed_once(order: Order, progress: Progress) -> Made:
    """Dies in the first attempt only; the key of a folder ends in the attempt."""
    first = order.out_folder is not None and order.out_folder.name.endswith("-1")
    return (killed if first else execute)(order, progress)


def killed_late_once(order: Order, progress: Progress) -> Made:
    """The same, after 13 frames."""
    assert order.out_folder is not None
    kill = _at(13, lambda: os.kill(os.getpid(), signal.SIGKILL))
    return execute(order, kill(progress) if order.out_folder.name.endswith("-1") else progress)


def hanging(order: Order, progress: Progress) -> Made:
    return execute(order, _at(3, lambda: time.sleep(3600))(progress))


def refusing(order: Order, progress: Progress) -> Made:
    raise StageError("the film is too dark to see; scan it again with more light")


def mistaken(order: Order, progress: Progress) -> Made:
    return [][0]


def short_of_memory(order: Order, progress: Progress) -> Made:
    raise MemoryError


def full_disk(order: Order, progress: Progress) -> Made:
    """Writes to a device that has no room, as the folder's own device might."""

    def fill() -> None:
        with Path("/dev/full").open("wb") as file:
            file.write(b"0" * 100_000)

    return execute(order, _at(3, fill)(progress))


def convolving(order: Order, progress: Progress) -> Made:
    """Convolves on several threads, as a network does, and tells whether torch was there before."""
    before = "torch" in sys.modules
    import torch

    picture, kernel = torch.rand(1, 16, 240, 320), torch.rand(32, 16, 3, 3)
    convolved = torch.nn.functional.conv2d(picture, kernel)
    assert convolved.shape == (1, 32, 238, 318)
    made = execute(order, progress)
    told = {"torch_was_loaded": float(before), "torch_threads": float(torch.get_num_threads())}
    return replace(made, timings=made.timings | told)
