"""Takes whose maps hold whatever labels a test asks for: real files, through the real gate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archive.media.pixels import Picture
from restoration.provenance import Label, Sources
from restoration.stages.contract import Clip, Stage, StageFrame
from tests.restoration.takes import small_stage

Wanted = tuple[Label, Label]
"""The labels of a block of a frame: structure and colour."""
CLEAN = (Label.ADJUSTED, Label.ADJUSTED)
SIZE = 16
BLOCK = (slice(4, 8), slice(4, 8))


def labelling(wanted: Sequence[Wanted], *, start: int) -> Stage:
    """A stage that gives a block of 16 pixels these labels, one pair for each frame from `start`.

    RECOVERED is copied from the same place of the frame before, as the engine checks; the first
    frame of a scene has none and takes its own.
    """

    def make(clip: Clip, number: int, params: object) -> StageFrame:
        structure, colour = wanted[number - start]
        return _frame(clip, number, structure, colour)

    return small_stage("labelled", make)


def _frame(clip: Clip, number: int, structure: Label, colour: Label) -> StageFrame:
    picture = next(clip.frames(number, number + 1))
    earlier = number - 1 if number > clip.start_frame else number + 1
    source = next(clip.frames(earlier, earlier + 1))
    planes = [plane.copy() for plane in picture.planes]
    for place, (plane, old) in enumerate(zip(planes, source.planes, strict=True)):
        label, shift = (structure, 0) if place == 0 else (colour, 1)
        rows = columns = slice(4 >> shift, 8 >> shift)
        if label == Label.RECOVERED:
            plane[rows, columns] = old[rows, columns]
        elif label != Label.ORIGINAL:
            plane[rows, columns] = 99
    maps = [np.zeros((SIZE, SIZE), np.uint8) for _ in range(2)]
    for drawn, label in zip(maps, (structure, colour), strict=True):
        drawn[BLOCK] = label
    sources = None
    if Label.RECOVERED in (structure, colour):
        shape = (SIZE, SIZE)
        sources = Sources(*(np.zeros(shape, kind) for kind in (np.int8, np.int16, np.int16)))
        sources.offset[BLOCK] = earlier - number
    return StageFrame(Picture(picture.pixel, tuple(planes)), maps[0], maps[1], sources)
