"""A picture under the colours and patterns of its provenance map. PLAIN."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.provenance import FrameMap, Label

RGB = npt.NDArray[np.uint8]

INKS: dict[Label, tuple[tuple[int, int, int], float]] = {
    Label.ADJUSTED: ((79, 143, 220), 0.16),
    Label.RECOVERED: ((18, 165, 138), 0.67),
    Label.HUMAN: ((230, 194, 31), 0.75),
    Label.SYNTHESISED: ((214, 60, 151), 0.85),
    Label.NOT_MEASURED: ((141, 141, 141), 0.75),
}
"""Colour and opacity over the picture; the same as static/css/variables.css."""


HEAT_INK, _DENSEST = (255, 106, 0), 0.85
"""Colour of planes of heat, and their opacity where they are densest."""


def laid_over(codes: npt.NDArray[np.floating[Any]], *, densest: float) -> RGB:
    """A plane of heat to lay over a picture: uint8 (H, W, 4), R, G, B and how opaque.

    Args:
        codes: float (H, W), in 8-bit codes; clear up to one of them.
        densest: from so many on it covers most.
    """
    dense = np.clip((codes - 1) / (densest - 1), 0, 1)
    laid = np.empty((*dense.shape, 4), np.uint8)
    laid[..., :3] = HEAT_INK
    laid[..., 3] = np.rint(dense * 255 * _DENSEST)
    return laid


def painted(picture: RGB, frame_map: FrameMap, *, plane: str) -> RGB:
    """The picture, uint8 (H, W, 3), under the labels of one plane; ORIGINAL stays as it is."""
    labels = frame_map.structure if plane == "structure" else frame_map.colour
    rows, columns = np.indices(labels.shape, dtype=np.int32)
    drawn = picture.astype(np.float32)
    for label, (ink, opacity) in INKS.items():
        chosen = labels == label
        if not chosen.any():
            continue
        shade = np.ones(labels.shape, np.float32)
        if label == Label.SYNTHESISED:
            shade[((rows + columns) & 7) < 3] = 0.55
        elif label == Label.NOT_MEASURED:
            shade[((columns - rows) & 3) < 1] = 0.55
        tint = shade[chosen][:, None] * np.array(ink, np.float32)
        drawn[chosen] = drawn[chosen] * (1 - opacity) + tint * opacity
    return np.rint(drawn).astype(np.uint8)
