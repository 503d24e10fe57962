"""How many threads a decoder or an encoder has in this process."""

from __future__ import annotations

import os

SETTING = "RUN_THREADS"
"""Environment variable of a worker: threads of whatever computes in it, codecs too."""


def asked_for() -> int:
    """What the environment allows; 0: it says nothing.

    Raises: ValueError for what is no whole number.
    """
    return max(0, int(os.environ.get(SETTING) or 0))


def one_alone() -> bool:
    """Whether this process does everything in one thread, since it is to use one core."""
    return asked_for() == 1


def codec_threads(threads: int = 0) -> int:
    """Threads of an encoder: those asked for, or what the environment allows, or all cores."""
    return threads or asked_for() or os.cpu_count() or 1
