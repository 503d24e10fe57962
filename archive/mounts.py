"""The disk that a path lies on, so that a disk that is not mounted is not taken for lost film."""

from __future__ import annotations

import os
from pathlib import Path


def mount_point(path: Path) -> str:
    """Where the file system that holds a path is mounted: "/" at the latest."""
    place = path.absolute()
    while not os.path.ismount(place) and place != place.parent:
        place = place.parent
    return str(place)


def is_mounted(place: str) -> bool:
    """Whether anything is mounted there now.

    Args:
        place: as `mount_point` said it; empty: not known, which counts as mounted.
    """
    return not place or os.path.ismount(place)
