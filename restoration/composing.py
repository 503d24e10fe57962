"""A made frame's map, from the stage's own labels and the maps of what the stage read.

What a frame names is read where the clip may be read, in the thread that runs the stage; joining
and checking need only that, so another thread does it while the stage makes its next frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from archive.media.pixels import Picture, PictureFormat
from restoration.provenance import (
    FrameMap,
    Label,
    ProvenanceError,
    check_enlargement,
    check_frame,
    check_lightness,
    check_sources,
    compose,
    enlarge_map,
    has_grown,
    spread_map,
)
from restoration.provenance.composition import change_by_hand
from restoration.stages.contract import StageFrame


@dataclass(frozen=True, slots=True)
class Composition:
    """A made frame beside everything that its labels speak of."""

    made: StageFrame
    stage: str
    number: int
    """The scan's frame."""
    form: PictureFormat
    """Of the stage's input."""
    pictures: Mapping[int, Picture]
    """The input's, by offset from this frame: 0 and each that the labels name."""
    maps: Mapping[int, FrameMap]
    """The same of the input's maps."""

    def frame_map(self) -> FrameMap:
        """The frame's map, after the stage's own labels were held against what it read.

        Raises: ProvenanceError
        """
        operation = _operation(self.made)
        before, after = self.pictures[0], self.made.picture
        problems = check_frame(before, after, operation)
        grown = has_grown(before, after)
        if grown:
            problems += check_enlargement(before, after, operation)
        elif not self.made.by_hand:
            problems += check_lightness(before, self.form, after, operation)
        self._require(problems, ", against what it read")
        try:
            inputs = cache(self._map_at) if grown else cache(self._mixed)
            composed = compose(operation, inputs, after.pixel)
            problems = check_sources(self.made.picture, operation, self.pictures.__getitem__)
        except ProvenanceError as error:
            raise ProvenanceError(f"{self.stage}, frame {self.number}: {error}") from error
        self._require(problems)
        return change_by_hand(composed, self.maps[0]) if self.made.by_hand else composed

    def _map_at(self, offset: int) -> FrameMap:
        """The input's map at the size of what was made of it."""
        after = self.made.picture
        return enlarge_map(self.maps[offset], after.height, after.width, after.pixel)

    def _mixed(self, offset: int) -> FrameMap:
        """The input's map, where values were mixed with those around them."""
        held = self.maps[offset]
        return spread_map(held, self.made.taps, self.made.picture.pixel) if self.made.taps else held

    def _require(self, problems: list[str], when: str = "") -> None:
        if problems:
            raise ProvenanceError(
                f"{self.stage}, frame {self.number}{when}: " + "; ".join(problems)
            )


@dataclass(frozen=True, slots=True)
class InputFrames:
    """The input of a stage that runs over scan frames [start, end)."""

    stage: str
    start: int
    end: int
    form: PictureFormat
    picture: Callable[[int], Picture]
    """The input's, by the scan's frame."""
    frame_map: Callable[[int], FrameMap]

    def beside(self, made: StageFrame, number: int) -> Composition:
        """That frame with all that it names; for the thread that reads the clip.

        Raises: ProvenanceError for a source outside the clip.
        """
        frames = {offset: self._inside(number, offset) for offset in _offsets(made)}
        return Composition(
            made,
            self.stage,
            number,
            self.form,
            {offset: self.picture(frame) for offset, frame in frames.items()},
            {offset: self.frame_map(frame) for offset, frame in frames.items()},
        )

    def _inside(self, number: int, offset: int) -> int:
        if not self.start <= number + offset < self.end:
            raise ProvenanceError(
                f"{self.stage}, frame {number}: names a source in frame {number + offset}, outside "
                f"[{self.start}, {self.end}); RECOVERED means from the same scene"
            )
        return number + offset


def _operation(made: StageFrame) -> FrameMap:
    return FrameMap(made.structure, made.colour, made.sources, guidance=made.guidance)


def _offsets(made: StageFrame) -> list[int]:
    """0 and each offset of a value that was not left as it was."""
    if made.sources is None:
        return [0]
    away = np.flatnonzero(made.sources.offset)
    changed = (made.structure.ravel()[away] | made.colour.ravel()[away]) != Label.ORIGINAL.value
    return [0, *np.unique(made.sources.offset.ravel()[away[changed]]).tolist()]
