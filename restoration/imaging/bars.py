"""Where the picture is: black bars around it belong to the scan, and do not weave."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PictureFormat

Area = tuple[int, int, int, int]
"""Left, top, width and height, in pixels of the picture."""
DARK, EVEN = 40, 6.0
"""8-bit codes: a row or column of a bar is darker than the one and spreads less than the other in
every frame that was looked at."""
_MOST = 0.35
"""Share of the height or width that a bar may have at most; more is a dark scene."""


class Bars:
    """Adds up what the edges of frames show."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._rows = np.ones(shape[0], np.bool_)
        self._columns = np.ones(shape[1], np.bool_)
        self._shape = shape

    def look(self, luma: npt.NDArray[np.uint8]) -> None:
        """Take in a frame, (H, W) in 8-bit codes."""
        for axis, still in ((1, self._rows), (0, self._columns)):
            lowest, highest = np.percentile(luma, [2, 98], axis=axis)
            still &= (highest <= DARK) & (highest - lowest <= EVEN)

    def area(self, within: Area | None = None) -> Area:
        """Left, top, width and height of what no bar covers; everything if all is dark.

        Args:
            within: where to look: bars begin at its edges. None: in the whole picture.
        """
        height, width = self._shape
        x, y, columns, rows = within or (0, 0, width, height)
        top, bottom = _ends(self._rows[y : y + rows])
        left, right = _ends(self._columns[x : x + columns])
        if max(top, bottom) > _MOST * height or max(left, right) > _MOST * width:
            return (x, y, columns, rows)
        return (x + left, y + top, columns - left - right, rows - top - bottom)


def _ends(still: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """How many are still at the start and at the end."""
    if still.all():
        return len(still), len(still)
    return int(np.argmin(still)), int(np.argmin(still[::-1]))


def aligned(area: Area, picture: PictureFormat) -> Area:
    """The area shrunk to whole chroma samples; at the picture's own edges they may be cut."""
    left, top, width, height = area
    across = _whole(left, left + width, picture.width, picture.pixel.chroma_shift_x)
    down = _whole(top, top + height, picture.height, picture.pixel.chroma_shift_y)
    return (across[0], down[0], across[1] - across[0], down[1] - down[0])


def _whole(start: int, stop: int, end: int, shift: int) -> tuple[int, int]:
    return -(-start >> shift) << shift, stop if stop == end else stop >> shift << shift
