"""Whether a frame is two fields of different moments: where things move, its lines form combs."""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt

from archive.media.planes import read_picture

Plane = npt.NDArray[np.integer]

BLOCK = 8
"""Rows and columns that are judged together."""
_RATIO, _LEAST = 1.5, 3.0
"""A comb stands out from its neighbouring lines by so many times, and so many 8-bit codes more,
than from the next lines of its own field. Grain and fine detail stand out from both alike."""
_MOVING = 3.0
"""8-bit codes by which a block differs from the other frame: what stands still makes no combs."""
_EVERY = 12
"""Frames after which one is looked at, beside the next."""
_SHARE, _FEWEST, _OFTEN = 0.002, 3, 0.05
"""A film is taken for interlaced where combs cover more than so much of a frame, in so many frames
at least, and in so many of those that were looked at."""


def combed_blocks(luma: Plane, other: Plane, *, peak: int) -> int:
    """How many blocks show combs, of a frame seen beside the one before or after it.

    The idea is that of FFmpeg's idet, by parts of the picture: one frame of which little moves has
    combs in few places.

    Args:
        luma, other: (H, W) code values from 0 to peak.
    """
    rows, columns = (
        (side - margin) // BLOCK for side, margin in zip(luma.shape, (4, 0), strict=True)
    )
    if rows < 1 or columns < 1:
        return 0
    lines = luma[: rows * BLOCK + 4, : columns * BLOCK].astype(np.float32) * (255 / peak)
    here = lines[2:-2]
    across = np.abs(here - (lines[1:-3] + lines[3:-1]) / 2)
    within = np.abs(here - (lines[:-4] + lines[4:]) / 2)
    away = other[2 : rows * BLOCK + 2, : columns * BLOCK].astype(np.float32) * (255 / peak)
    stands, own, moved = (_means(each) for each in (across, within, np.abs(here - away)))
    return int(((stands > _RATIO * own + _LEAST) & (moved > _MOVING)).sum())


def _means(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    rows, columns = (side // BLOCK for side in plane.shape)
    blocks = plane.reshape(rows, BLOCK, columns, BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


class Combs:
    """Looks for combs while a film is read."""

    def __init__(self) -> None:
        self._before: Plane | None = None
        self.looks = 0
        self.combed = 0

    def see(self, number: int, frame: av.VideoFrame) -> None:
        """Take in every frame, by its number; two of twelve are looked at."""
        if number % _EVERY > 1:
            return
        picture = read_picture(frame)
        luma = picture.planes[1 if picture.pixel.model == "rgb" else 0]
        if number % _EVERY == 0:
            self._before = luma
        elif self._before is not None and self._before.shape == luma.shape:
            blocks = luma.size // BLOCK**2
            self.looks += 1
            found = combed_blocks(luma, self._before, peak=picture.pixel.peak)
            self.combed += found > max(1, _SHARE * blocks)
            self._before = None

    @property
    def is_interlaced(self) -> bool:
        """Whether the film looks as if each of its frames held two fields."""
        return self.combed >= max(_FEWEST, _OFTEN * self.looks)
