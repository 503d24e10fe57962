"""What each sample of a whole frame is: the scan's own, another frame's, or made between lines.

The filter says how a line that the moment lacks should look. Where the frame's other field shows
the same there, nothing moved, and its own sample is kept; where the frame before does, that one is
copied; the rest is what the filter made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PixelFormat, Plane
from restoration.provenance import Label, Sources

NEAR = 2.0
"""8-bit codes within which two samples say the same, at least."""
MOST = 6.0
"""The same at most, however strong the grain is."""

Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Planes = tuple[Plane, ...]


class Joined(NamedTuple):
    """A whole frame, with the labels of the stage's own operation."""

    picture: Picture
    structure: Labels
    colour: Labels
    sources: Sources | None


def join(here: Picture, made: Picture, before: Picture | None, *, kept: int, near: float) -> Joined:
    """Put a whole frame together.

    Args:
        here: the scan's frame. made: what the filter makes of it. before: the scan's frame before.
        kept: 0 where the top field is kept, 1 for the bottom one.
        near: 8-bit codes of luma, or of each channel, within which a sample of the other field
            says what the filter says.
    """
    pixel = here.pixel
    away = near * pixel.peak / 255
    shape = here.planes[0].shape
    if pixel.model != "yuv":
        earlier = None if before is None else before.planes
        planes, labels = _choose(here.planes, made.planes, earlier, kept, away)
        colour = labels.copy() if pixel.model == "rgb" else np.zeros_like(labels)
        return Joined(Picture(pixel, planes), labels, colour, _sources(labels))
    chroma, of_chroma = _choose(
        here.planes[1:], made.planes[1:], None, kept, NEAR * pixel.peak / 255
    )
    colour = _over_luma(of_chroma, pixel, shape)
    # One record serves both planes: luma is copied where chroma asks for none.
    free = colour == Label.ORIGINAL.value
    earlier = None if before is None else before.planes[:1]
    luma, structure = _choose(here.planes[:1], made.planes[:1], earlier, kept, away, free)
    return Joined(Picture(pixel, luma + chroma), structure, colour, _sources(structure))


def _choose(
    here: Planes,
    made: Planes,
    before: Planes | None,
    kept: int,
    away: float,
    free: Mask | None = None,
) -> tuple[Planes, Labels]:
    """Samples that share a label, and that label.

    Args:
        before: None where nothing may be copied from there.
        away: codes within which two samples say the same.
        free: where a copy may be recorded; None: everywhere.
    """
    labels = np.full(here[0].shape, Label.SYNTHESISED.value, np.uint8)
    labels[_agree(made, tuple(_between(plane, kept) for plane in here), away)] = Label.ADJUSTED
    own = _agree(made, here, away)
    own[kept::2] = True
    chosen = made
    if before is not None:
        copied = _agree(made, before, away) & ~own
        copied &= True if free is None else free
        labels[copied] = Label.RECOVERED
        chosen = _where(copied, before, chosen)
    labels[own] = Label.ORIGINAL
    return _where(own, here, chosen), labels


def _agree(some: Planes, others: Sequence[npt.NDArray[np.integer]], away: float) -> Mask:
    agreed = [
        np.abs(one.astype(np.int32) - other) <= away
        for one, other in zip(some, others, strict=True)
    ]
    return np.asarray(np.logical_and.reduce(agreed))


def _where(mask: Mask, some: Planes, others: Planes) -> Planes:
    chosen = []
    for one, other in zip(some, others, strict=True):
        plane = other.copy()
        plane[mask] = one[mask]
        chosen.append(plane)
    return tuple(chosen)


def _between(plane: Plane, kept: int) -> npt.NDArray[np.int32]:
    """Lines of the field that is not kept, as the mean of the kept ones above and below."""
    lines = plane[kept::2].astype(np.int32)
    found = plane.astype(np.int32)
    places = np.arange(1 - kept, plane.shape[0], 2)
    above = np.clip((places - 1 - kept) // 2, 0, len(lines) - 1)
    below = np.clip((places + 1 - kept) // 2, 0, len(lines) - 1)
    found[places] = (lines[above] + lines[below] + 1) // 2
    return found


def _over_luma(labels: Labels, pixel: PixelFormat, shape: tuple[int, ...]) -> Labels:
    """Labels of chroma samples, over the luma pixels that they cover."""
    for axis, shift in ((0, pixel.chroma_shift_y), (1, pixel.chroma_shift_x)):
        labels = np.repeat(labels, 1 << shift, axis=axis)
    return np.ascontiguousarray(labels[: shape[0], : shape[1]])


def _sources(labels: Labels) -> Sources | None:
    """Copies came from the same place of the frame before."""
    copied = labels == Label.RECOVERED.value
    if not copied.any():
        return None
    nowhere = np.zeros(labels.shape, np.int16)
    return Sources(-copied.astype(np.int8), nowhere, nowhere.copy())
