"""Parts of a picture, each with a rim around it, for networks that see only so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """Rows [top, bottom) and columns [left, right) of a picture."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def inside(self) -> tuple[slice, slice]:
        """The tile in the picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def with_rim(self, rim: int) -> tuple[slice, slice]:
        """The tile and its rim, in the picture with that rim put around it."""
        return slice(self.top, self.bottom + 2 * rim), slice(self.left, self.right + 2 * rim)

    def times(self, factor: int) -> tuple[slice, slice]:
        """The tile in a picture that is larger by a whole factor."""
        return (
            slice(self.top * factor, self.bottom * factor),
            slice(self.left * factor, self.right * factor),
        )


def tiles(height: int, width: int, side: int) -> Iterator[Tile]:
    """Tiles of at most side x side pixels that cover the picture, row by row."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield Tile(top, min(top + side, height), left, min(left + side, width))
