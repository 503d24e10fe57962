"""Text drawn into the pictures of a viewing copy, in the encoder's own layout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Plane

BLACK, WHITE, GREY = 16, 235, 128
"""Of luma in the limited range of 8 bits, and chroma without any colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Lettering:
    """A block of text that covers part of a picture; place and size are even."""

    x: int
    y: int
    ink: Plane
    """uint8 (H, W), codes BLACK to WHITE."""
    cover: npt.NDArray[np.float32]
    """(H, W), 0 (the picture shows) to 1 (the ink hides it)."""


def draw(frame: av.VideoFrame, letterings: Iterable[Lettering]) -> None:
    """Draw into a frame of yuv420p, limited range, in place; where nothing covers it stays."""
    for each in letterings:
        rows, columns = each.ink.shape
        _blend(_view(frame.planes[0]), each.x, each.y, each.ink, each.cover)
        halved = each.cover.reshape(rows // 2, 2, columns // 2, 2).max(axis=(1, 3))
        grey = np.full_like(halved, GREY)
        for plane in (frame.planes[1], frame.planes[2]):
            _blend(_view(plane), each.x // 2, each.y // 2, grey, halved)


def _view(plane: Any) -> npt.NDArray[np.uint8]:
    whole = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height]
    return whole.reshape(plane.height, plane.line_size)[:, : plane.width]


def _blend(
    plane: npt.NDArray[np.uint8], x: int, y: int, ink: npt.NDArray[Any],
    cover: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    rows, columns = cover.shape
    under = plane[y : y + rows, x : x + columns]
    mixed = under * (1 - cover) + ink * cover
    under[...] = np.where(cover > 0, np.rint(mixed), under).astype(np.uint8)
