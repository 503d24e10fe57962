"""Waiting for one's turn inside the process that computes. PLAIN.

A worker may have a run opened while the one before still computes: the order is sent to be held,
the child opens its files, decodes the first frames, and waits here until it is let go.
"""

from __future__ import annotations

import os

_gate: int | None = None


def hold(gate: int) -> None:
    """Have `wait` wait for a byte from that descriptor; once for each order that is held."""
    global _gate
    _gate = gate


def held() -> bool:
    """Whether the stage may not begin yet."""
    return _gate is not None


def wait() -> None:
    """Return when it is this process's turn: at once, unless its order is held."""
    global _gate
    if _gate is not None:
        os.read(_gate, 1)
        _gate = None
