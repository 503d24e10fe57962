"""Bars, sprocket holes and the film's edge are no place to make up detail.

Outside the area of the picture a frame is resampled alone.
"""

from __future__ import annotations

import numpy as np

from restoration.imaging.bars import Area
from restoration.imaging.resample import Plane, resample
from restoration.stages.upscale.engines import Enlarged


def keep_outside(area: Area, luma: Plane, result: Enlarged) -> Enlarged:
    """The engine's result inside the area, bicubic enlargement around it, of which no error is
    expected.

    Args:
        area: in pixels of `luma`, the source's.
    """
    rows, columns = result.luma.shape
    down, across = rows / luma.shape[0], columns / luma.shape[1]
    left, top, width, height = area
    there = (
        slice(round(top * down), round((top + height) * down)),
        slice(round(left * across), round((left + width) * across)),
    )
    made = resample(luma, rows, columns)
    made[there] = result.luma[there]
    if result.expected is None:
        return Enlarged(made, None)
    expected = np.zeros_like(result.expected)
    expected[there] = result.expected[there]
    return Enlarged(made, expected)
