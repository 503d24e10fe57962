"""One run's leg in a relay of runs: when its stage may begin, and how near its end is. PLAIN."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from restoration.errors import ChildFailed

NEAR_SECONDS = 0.4
"""A stage that is expected to end within that time is near its end: as long as a run takes to be
claimed, given a process, and opened on a busy machine."""


class Leg:
    """Shared by the thread that works on the run and the one that hands over."""

    def __init__(
        self, *, held: bool = False, instead: Callable[[], int | None] = lambda: None
    ) -> None:
        """
        Args:
            held: the stage may not begin before `go`.
            instead: gives another run where the one that was meant is not to be had, or None.
        """
        self.instead = instead
        self.near = threading.Event()
        """Set when the stage is near its end, or the run has ended."""
        self.computed = threading.Event()
        """Set when the stage has made its last frame, or the run has ended."""
        self._lock = threading.Lock()
        self._held = held
        self._let_go: Callable[[], None] | None = None
        self._first: tuple[int, float] | None = None

    @property
    def held(self) -> bool:
        return self._held

    def go(self) -> None:
        """It is this run's turn."""
        with self._lock:
            self._held = False
            if self._let_go is not None:
                with contextlib.suppress(ChildFailed):  # whoever listens to it will know as well
                    self._let_go()
            self._let_go = None

    def when_going(self, let_go: Callable[[], None]) -> None:
        """Have `let_go` called at `go`, or now if that was before."""
        with self._lock:
            if self._held:
                self._let_go = let_go
            else:
                let_go()

    def forget(self) -> None:
        """Nothing waits to be let go any more."""
        with self._lock:
            self._let_go = None

    def progressed(self, done: int, total: int) -> None:
        """So many frames of a stage that makes pictures are done."""
        now = time.monotonic()
        if self._first is None:
            self._first = done, now
        before, since = self._first
        if done > before and (total - done) * (now - since) / (done - before) <= NEAR_SECONDS:
            self.near.set()
        if done == total:
            self.near.set()
            self.computed.set()

    def end(self) -> None:
        """The run has ended, or was not to be had."""
        self.near.set()
        self.computed.set()
