"""Progress for people at a terminal: what is being done, how far it is, how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

_EVERY_SECONDS = 0.2
_EVERY_SECONDS_LOGGED = 10.0


class Reporter:
    """Writes to standard error: one line that changes on a terminal, a line now and then in a log.

    Clips of a few frames never say anything but their last line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._shown = 0.0
        self._width = 0

    def part(self, name: str) -> Callable[[int, int], None]:
        """A progress function for one part of the work, called with (done, total)."""
        began = time.monotonic()

        def progress(done: int, total: int) -> None:
            now = time.monotonic()
            wait = _EVERY_SECONDS if self._live else _EVERY_SECONDS_LOGGED
            if now - max(self._shown, began) >= wait:
                self._shown = now
                self._write(describe(name, done, total, now - began))

        return progress

    def say(self, line: str) -> None:
        """A line that stays."""
        self._write(line)
        if self._live:
            self._stream.write("\n")
            self._stream.flush()
            self._width = 0

    def _write(self, line: str) -> None:
        if self._live:
            self._stream.write(f"\r{line:<{self._width}}")
            self._width = len(line)
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()


def describe(name: str, done: int, total: int, seconds: float) -> str:
    """Such as "repair, scene 2 of 5: 340 of 1200 (28 %), 12.3/s, 1:10 left"."""
    share = f" ({100 * done // total} %)" if total else ""
    line = f"{name}: {done} of {total}{share}"
    if done and seconds > 0:
        per_second = done / seconds
        line += f", {per_second:.1f}/s, {clock((total - done) / per_second)} left"
    return line


def clock(seconds: float) -> str:
    """Minutes and seconds, or hours, minutes and seconds."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
