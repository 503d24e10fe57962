"""How much of the machine's memory a run of a stage takes at most, by its pictures. PURE.

What all stages share: frames that the clip keeps, that wait to be encoded and that are read back
(`PICTURES`), and planes of labels and sources. What a stage adds was measured as the peak of the
process that computes (docs/scale-out.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MIB = 2**20
PICTURES = 40
"""So many pictures lie in memory at once, as they were decoded."""
Memory = Callable[[Any, int, int], int]
"""From a stage's parameters, the pixels of a picture and its bytes as it was decoded, to bytes."""


def taking(base_mib: int, per_pixel: int = 150, pictures: int = PICTURES) -> Memory:
    """A stage that takes so many MiB, bytes for each pixel of a picture, and pictures at once."""

    def needed(params: Any, pixels: int, size: int) -> int:
        return base_mib * MIB + per_pixel * pixels + pictures * size

    return needed
