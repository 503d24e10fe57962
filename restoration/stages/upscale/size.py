"""The size that is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from archive.media.pixels import PictureFormat
from restoration.stages.contract import StageError

MOST = 4
"""Times the source's size, at most."""
LARGEST = 16384
"""Pixels of the longer side, at most: what FFV1 and viewers can be trusted with."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of the source and of the result, in luma pixels."""

    rows: int
    columns: int
    height: int
    width: int

    @property
    def scale(self) -> float:
        """How many times the source's height."""
        return self.height / self.rows


def wanted_size(form: PictureFormat, *, scale: int, height: int) -> Size:
    """The size of the result.

    Args:
        scale: whole factor; height: rows, which win over the scale unless 0.
    Raises: StageError if the result would be no larger than the source, or too large.
    """
    rows, columns = form.height, form.width
    made = height or rows * scale
    width = round(columns * made / rows) if height else columns * scale
    if made <= rows:
        raise StageError(
            f"a height of {made} is no enlargement of a picture of {rows} rows; ask for more, or "
            "leave upscale out"
        )
    if made > MOST * rows:
        raise StageError(
            f"a height of {made} is more than {MOST} times the {rows} rows there are; ask for "
            f"{MOST * rows} at most: beyond that nearly everything would be made up"
        )
    if max(made, width) > LARGEST:
        raise StageError(
            f"{width} x {made} is more than {LARGEST} pixels a side; ask for a smaller scale"
        )
    return Size(rows, columns, made, width)
