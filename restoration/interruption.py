"""Ctrl-C and SIGTERM between two steps, never inside a lock.

An exception that a signal raises inside `queue.put` or `Future.result` can leave their lock held,
and whoever cleans up then waits for it for ever. Inside `held` a signal is only noted.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class _State:
    depth = 0
    noted = False


def interrupt_on_signals() -> None:
    """Turn SIGINT and SIGTERM into KeyboardInterrupt, at once or at the end of `held`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _note)


def _note(_number: int, _frame: FrameType | None) -> None:
    if not _State.depth:
        raise KeyboardInterrupt
    _State.noted = True


@contextmanager
def held() -> Iterator[None]:
    """Keep signals out of the block; for the main thread.

    Raises: KeyboardInterrupt afterwards, if one came meanwhile.
    """
    _State.depth += 1
    try:
        yield
    finally:
        _State.depth -= 1
        if not _State.depth and _State.noted:
            _State.noted = False
            raise KeyboardInterrupt
