"""Networks that a process has read, kept for the next scene.

A worker's process computes scene after scene (`restoration.child`). Reading and unpacking weights,
and sending them to a device, costs the same for each; so what was read stays, as many networks as
`RUN_NETWORKS` says, those used last. Elsewhere, on the command line and in tests, it says none.
What is kept is what was read and found to be the pinned file; a file that was written since is read
again.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from restoration import weights

SETTING = "RUN_NETWORKS"
T = TypeVar("T")

_networks: OrderedDict[tuple[object, ...], Any] = OrderedDict()
_read = 0


def network(name: str, read: Callable[..., T], *how: object) -> T:
    """What `read` makes of the weights of that name, kept from before if it may be.

    It must hold nothing of a scene: the next one gets the same.

    Args:
        read: a class or function of a module; called with the path of the file, then `how`.
        how: what else decides what it makes, such as the device.
    Raises: WeightsError, and what `read` does.
    """
    global _read
    entry = weights.find(name)
    key = (read, *how, *((part.sha256, _written(entry.place(part))) for part in entry.parts))
    if key in _networks:
        _networks.move_to_end(key)
        found: T = _networks[key]
        return found
    made = read(weights.require(name), *how)
    _read += 1
    _networks[key] = made
    while len(_networks) > most():
        _networks.popitem(last=False)
    return made


def most() -> int:
    """So many are kept."""
    return int(os.environ.get(SETTING, "0"))


def read_so_far() -> int:
    """How many networks this process has read from their files."""
    return _read


def _written(path: Path) -> tuple[int, int, int] | None:
    """What tells that a file is the one that was read, without reading it."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
