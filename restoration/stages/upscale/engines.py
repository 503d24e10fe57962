"""What all engines have in common: small luma in, large luma out, in order.

`resample` is here: it needs no network and no weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from restoration.imaging.resample import Plane, resample
from restoration.stages.upscale.size import Size


def no_beat() -> None:
    """For callers that nobody takes for dead."""


class Enlarged(NamedTuple):
    """luma: (H, W) float32, [0, 1] with some overshoot, not yet made faithful.

    expected: (H, W) float32, the mean absolute error to expect of the finished picture, in the
    same range; None if the engine cannot tell.
    """

    luma: Plane
    expected: Plane | None


class Engine(Protocol):
    """Enlarges the luma of consecutive frames, between which nothing was cut."""

    def enlarge(self, lumas: Iterable[Plane]) -> Iterator[Enlarged]:
        """One result for each (rows, columns) plane in [0, 1], in order; may read ahead."""
        ...

    def notes(self) -> dict[str, object]:
        """What to record of how it went: single values."""
        ...


class Resample:
    """Bicubic enlargement; back-projection makes it faithful, as any other engine's result."""

    def __init__(self, size: Size) -> None:
        self._size = size

    def enlarge(self, lumas: Iterable[Plane]) -> Iterator[Enlarged]:
        for luma in lumas:
            yield Enlarged(resample(luma, self._size.height, self._size.width), None)

    def notes(self) -> dict[str, object]:
        return {}
