"""Where the picture is: bars, sprocket holes and the film's edge are no place to make up detail.

Black bars at the picture's edges are found; holes and edges in an overscanned picture are told from
the picture by a person, who names its area. Outside it a frame is resampled alone.
"""

from __future__ import annotations

import numpy as np

from archive.media.pixels import PictureFormat
from restoration.imaging.bars import Area, Bars, aligned
from restoration.imaging.luma import analysis_luma, eight_bit
from restoration.imaging.resample import Plane, resample
from restoration.stages.contract import Clip, StageError
from restoration.stages.segments import Segment
from restoration.stages.upscale.engines import Enlarged

_LOOKS = 12
"""Frames of a scene in which its bars are looked for, spread evenly."""


def area_of(text: str) -> Area:
    """LEFT,TOP,WIDTH,HEIGHT as numbers.

    Raises: ValueError
    """
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"area is LEFT,TOP,WIDTH,HEIGHT in pixels, not {text!r}") from None
    if min(left, top) < 0 or min(width, height) < 1:
        raise ValueError(f"area must lie in the picture and hold something, not {text!r}")
    return left, top, width, height


def inside(area: Area, form: PictureFormat) -> Area:
    """The area, if it lies in the picture.

    Raises: StageError
    """
    left, top, width, height = area
    if left + width > form.width or top + height > form.height:
        raise StageError(
            f"the area {left},{top},{width},{height} reaches beyond the picture of {form.width} x "
            f"{form.height}; name one inside it"
        )
    return area


def find_area(clip: Clip, segment: Segment) -> Area:
    """What no black bar covers in any frame that is looked at."""
    form = clip.format
    bars = Bars((form.height, form.width))
    last = segment.stop - 1
    for number in sorted({int(n) for n in np.linspace(segment.start, last, _LOOKS)}):
        for picture in clip.frames(number, number + 1):
            bars.look(eight_bit(analysis_luma(picture)))
    return aligned(bars.area(), form)


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
