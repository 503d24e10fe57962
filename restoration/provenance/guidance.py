"""Hints and doubts of added colour, carried through the stages that come after."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from archive.media.pixels import PixelFormat
from restoration.provenance.labels import FrameMap, Guidance, Label
from restoration.provenance.places import MapPlane


def carried_guidance(
    operation: FrameMap, inputs: Callable[[int], FrameMap], pixel: PixelFormat
) -> Guidance | None:
    """What the colours of a stage's result rest on.

    A colour that was left, adjusted or copied rests on what its source rested on. One that the
    stage entered or made up rests on what the stage says; if it says nothing, on no hint, and a
    made-up one on nothing at all.

    Args: as those of `compose`.
    """
    if pixel.model != "rgb":  # before an input is asked for: to enlarge one takes long
        return None
    held, own = inputs(0).guidance, operation.guidance
    if held is None and own is None:
        return None
    shape = operation.colour.shape
    before = held or nothing_known(shape)
    made_up = operation.colour >= Label.SYNTHESISED.value
    said = own or Guidance(
        np.zeros(shape, np.uint16), np.where(made_up, np.uint8(255), np.uint8(0))
    )
    fresh = operation.colour >= Label.HUMAN.value
    hint = np.where(fresh, said.hint, before.hint)
    doubt = np.where(fresh, said.doubt, before.doubt)
    copied = MapPlane.of_colour(operation, pixel).copies()
    width = shape[1]
    for frames in np.unique(copied.offset).tolist():
        those = copied.where(copied.offset == frames)
        there = inputs(frames).guidance or nothing_known(shape)
        place = (those.at // width + those.dy, those.at % width + those.dx)
        hint.ravel()[those.at], doubt.ravel()[those.at] = there.hint[place], there.doubt[place]
    return Guidance(hint, doubt)


def nothing_known(shape: tuple[int, ...]) -> Guidance:
    """No hint, and nothing to doubt: colour that nobody added."""
    return Guidance(np.zeros(shape, np.uint16), np.zeros(shape, np.uint8))
