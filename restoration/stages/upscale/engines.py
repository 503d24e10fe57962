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

    before: int
    """Frames ahead of its first that it looks at, if it begins in the middle."""

    def enlarge(self, lumas: Iterable[Plane], before: int = 0) -> Iterator[Enlarged]:
        """One result for each (rows, columns) plane in [0, 1], in order; may read ahead.

        Args:
            before: so many planes come first that are only looked at. Either none, at the start,
                or `self.before`, after a whole number of chunks.
        """
        ...

    def notes(self) -> dict[str, object]:
        """What to record of how it went: single values."""
        ...


class Resample:
    """Bicubic enlargement; back-projection makes it faithful, as any other engine's result."""

    before = 0

    def __init__(self, size: Size) -> None:
        self._size = size

    def enlarge(self, lumas: Iterable[Plane], before: int = 0) -> Iterator[Enlarged]:
        for luma in lumas:
            yield Enlarged(resample(luma, self._size.height, self._size.width), None)

    def notes(self) -> dict[str, object]:
        return {}
