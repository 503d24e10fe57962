"""Luma for analysis: what algorithms look at, never what is written.

Decisions are made on 8-bit-scaled luma whatever the depth of the scan, so that one set of
thresholds serves all; code values are only ever copied or mapped in the native planes.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture

Luma = npt.NDArray[np.float32]
"""(H, W) float32, code values scaled to [0, 255] without rounding."""


def analysis_luma(picture: Picture) -> Luma:
    """Y of grey and YUV pictures; of RGB the weights of BT.601, on the codes as they are."""
    pixel = picture.pixel
    if pixel.model == "rgb":
        red, green, blue = (plane.astype(np.float32) for plane in picture.planes)
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
    else:
        luma = picture.planes[0].astype(np.float32)
    scale = np.float32(255.0 / pixel.peak)
    return np.ascontiguousarray(luma * scale if pixel.bits != 8 else luma, dtype=np.float32)


def eight_bit(luma: Luma) -> npt.NDArray[np.uint8]:
    """Round analysis luma to whole codes, for operations that only exist for 8 bits."""
    return np.clip(np.rint(luma), 0, 255).astype(np.uint8)


def shrink(luma: Luma, *, width: int) -> Luma:
    """Scale down by area to at most `width` columns, keeping the shape of the picture."""
    height, full_width = luma.shape
    if full_width <= width:
        return luma
    rows = max(1, round(height * width / full_width))
    return np.asarray(
        cv2.resize(luma, (width, rows), interpolation=cv2.INTER_AREA), dtype=np.float32
    )
