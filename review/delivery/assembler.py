"""The process that assembles a deliverable, apart from the worker that watches it. PLAIN.

A decoder that crashes or runs out of memory takes nothing with it, a delivery that is cancelled is
killed at any point, and the process dies with the worker, however that dies.
"""

from __future__ import annotations

import errno
import importlib
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from archive.media.errors import MediaError
from config.tether import tie
from restoration.child import offer_to_the_reaper
from review.credentials import CredentialsError
from review.delivery.assembly import Assembled, Order, share
from review.delivery.folders import flush
from review.formats.edition import DeliveryError

ASSEMBLE = "review.delivery.assembly:assemble"
TELLING_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Told:
    """How far it is."""

    step: str
    done: int
    total: int
    share: float
    """Of the whole work, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why it could not be assembled, in the tool's own words."""

    words: str
    permanent: bool
    """Another attempt would meet it again."""


class Assembler:
    """One child process with one order; leaving the block ends it."""

    def __init__(self, order: Order, *, function: str = ASSEMBLE) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_work, args=(theirs, os.getpid(), function, order), daemon=True
        )
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()  # what it wrote is thrown away, so it need not be asked first
        self._process.join()
        self._process.close()
        self._pipe.close()

    def receive(self, seconds: float) -> Told | Trouble | Assembled | None:
        """The next message; None if there is none within that time.

        Raises: EOFError if the process ended without a result.
        """
        if not self._pipe.poll(seconds):
            return None
        message: Told | Trouble | Assembled = self._pipe.recv()
        return message

    def exit_code(self) -> int:
        """Waits for its end; negative for a signal."""
        self._process.join()
        return self._process.exitcode or 0


def _work(pipe: Connection, parent: int, function: str, order: Order) -> None:
    tie(signal.SIGKILL, parent=parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group; the worker decides
    offer_to_the_reaper()
    module, _, name = function.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)(order, _Telling(pipe, order))
        flush(order.folder)  # here, not in the worker: it may take longer than a lease
        pipe.send(made)
    except Exception as error:  # The one place that must put any failure into words.
        pipe.send(_describe(error))


class _Telling:
    """Progress, told at most ten times a second."""

    def __init__(self, pipe: Connection, order: Order) -> None:
        self.pipe = pipe
        self.order = order
        self.told = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.told >= TELLING_SECONDS:
            self.told = now
            part = share(self.order.format, step, done, total)
            self.pipe.send(Told(step, done, total, part))


def _describe(error: Exception) -> Trouble:
    if isinstance(error, (DeliveryError, CredentialsError, MediaError)):
        return Trouble(str(error), permanent=True)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        words = f"The disk is full: free some space, then try again ({error})"
        return Trouble(words, permanent=True)
    # Memory and devices may be there next time; a mistake in the code will not go away.
    passing = isinstance(error, (MemoryError, OSError))
    return Trouble(f"{type(error).__name__}: {error}".rstrip(": "), permanent=not passing)
