"""Where the picture of a scene is: bars, sprocket holes and the film's edge are none of it.

Black bars at the edges are found, and rows of sprocket holes; what else is in an overscanned
picture is told from it by a person, who names its area.
"""

from __future__ import annotations

import numpy as np

from archive.media.pixels import PictureFormat
from restoration.imaging.bars import Area, Bars, aligned
from restoration.imaging.luma import analysis_luma, eight_bit
from restoration.imaging.perforations import Perforations
from restoration.stages.contract import Clip, StageError
from restoration.stages.segments import Segment

_LOOKS = 12
"""Frames of a scene in which its area is looked for, spread evenly."""


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


def picture_area(clip: Clip, segment: Segment, text: str) -> Area:
    """The area that a person named, or what was found of a scene.

    Args:
        text: as `area_of` reads it; empty: nobody named one.
    Raises: StageError
    """
    return inside(area_of(text), clip.format) if text else find_area(clip, segment)


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
    """What no black bar covers in any frame that is looked at, between rows of sprocket holes."""
    bars, holes = _look(clip, segment)
    return aligned(bars.area(holes.area()), clip.format)


def between_holes(clip: Clip, segment: Segment) -> Area:
    """The same, with the black bars still in it."""
    return _look(clip, segment)[1].area()


def _look(clip: Clip, segment: Segment) -> tuple[Bars, Perforations]:
    shape = (clip.format.height, clip.format.width)
    bars, holes = Bars(shape), Perforations(shape)
    last = segment.stop - 1
    for number in sorted({int(n) for n in np.linspace(segment.start, last, _LOOKS)}):
        for picture in clip.frames(number, number + 1):
            luma = eight_bit(analysis_luma(picture))
            bars.look(luma)
            holes.look(luma)
    return bars, holes
