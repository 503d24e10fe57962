"""Masks of luma pixels, and of the samples that a plane has for them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat

Mask = npt.NDArray[np.bool_]


def align_to_chroma(mask: Mask, pixel: PixelFormat) -> Mask:
    """Grow the mask to whole chroma samples, so that luma and chroma are repaired together."""
    step_y, step_x = 1 << pixel.chroma_shift_y, 1 << pixel.chroma_shift_x
    if step_y == step_x == 1:
        return mask
    height, width = mask.shape
    rows, columns = -(-height // step_y), -(-width // step_x)
    padded = np.zeros((rows * step_y, columns * step_x), bool)
    padded[:height, :width] = mask
    samples = padded.reshape(rows, step_y, columns, step_x).any(axis=(1, 3))
    grown = samples.repeat(step_y, axis=0).repeat(step_x, axis=1)
    return np.ascontiguousarray(grown[:height, :width])


def spread(plane: Mask, shape: tuple[int, ...], pixel: PixelFormat) -> Mask:
    """A mask of one plane's samples, (rows, columns), over the luma pixels that they cover."""
    if plane.shape == shape:
        return plane
    wide = plane.repeat(1 << pixel.chroma_shift_y, axis=0).repeat(1 << pixel.chroma_shift_x, axis=1)
    return wide[: shape[0], : shape[1]]


def gather(mask: Mask, shape: tuple[int, ...], pixel: PixelFormat) -> Mask:
    """A mask of luma pixels, aligned to whole chroma samples, as samples of a plane of `shape`."""
    if mask.shape == shape:
        return mask
    return mask[:: 1 << pixel.chroma_shift_y, :: 1 << pixel.chroma_shift_x]
