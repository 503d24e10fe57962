"""One plane of a map with its sources, looked at only where something was copied.

Copies are few: passes over whole planes of sources would cost more than all the rest of a map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PixelFormat
from restoration.provenance.labels import FrameMap, Label, Labels, Sources

Places = npt.NDArray[np.intp]
"""(n,) flat indices into a plane."""
Steps = npt.NDArray[np.int64]
"""(n,) frames, or samples of the plane."""


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """Places of a plane whose value came from elsewhere, each once, in order, and where from."""

    at: Places
    offset: Steps
    dy: Steps
    dx: Steps

    @classmethod
    def none(cls) -> Copies:
        nothing = np.zeros(0, np.int64)
        return cls(np.zeros(0, np.intp), nothing, nothing, nothing)

    def where(self, kept: npt.NDArray[np.bool_]) -> Copies:
        """Those for which `kept`, (n,), is true."""
        return Copies(self.at[kept], self.offset[kept], self.dy[kept], self.dx[kept])

    def replaced_by(self, other: Copies) -> Copies:
        """All of both; where both speak of a place, what the other says."""
        if not self.at.size or not other.at.size:
            return other if other.at.size else self
        mine = self.where(~np.isin(self.at, other.at))
        at = np.concatenate([mine.at, other.at])
        order = np.argsort(at, kind="stable")
        joined = (
            np.concatenate([here, there])[order]
            for here, there in (
                (mine.offset, other.offset),
                (mine.dy, other.dy),
                (mine.dx, other.dx),
            )
        )
        return Copies(at[order], *joined)

    def from_elsewhere(self) -> Copies:
        """Without those that came back to their own place."""
        return self.where((self.offset != 0) | (self.dy != 0) | (self.dx != 0))

    def same_as(self, other: Copies) -> bool:
        return (
            np.array_equal(self.at, other.at)
            and np.array_equal(self.offset, other.offset)
            and np.array_equal(self.dy, other.dy)
            and np.array_equal(self.dx, other.dx)
        )


@dataclass(frozen=True, slots=True, eq=False)
class MapPlane:
    """Structure, or colour at the chroma planes' own size, with the sources that apply to it.

    labels: uint8 (h, w). recorded: at luma resolution, or None. down, right: log2 of the luma
    pixels that one sample covers.
    """

    labels: Labels
    recorded: Sources | None
    down: int = 0
    right: int = 0

    @classmethod
    def of_structure(cls, frame_map: FrameMap) -> MapPlane:
        return cls(frame_map.structure, frame_map.sources)

    @classmethod
    def of_colour(cls, frame_map: FrameMap, pixel: PixelFormat) -> MapPlane:
        down, right = pixel.chroma_shift_y, pixel.chroma_shift_x
        labels = frame_map.colour[:: 1 << down, :: 1 << right]
        return cls(labels, frame_map.colour_sources or frame_map.sources, down, right)

    def labels_at(self, at: Places) -> Labels:
        width = self.labels.shape[1]
        found: Labels = self.labels[at // width, at % width]
        return found

    def sources_at(self, at: Places) -> tuple[Steps, Steps, Steps]:
        """Offset, dy and dx of those places, in samples; zeros where none apply."""
        if self.recorded is None or not at.size:
            nothing = np.zeros(at.shape, np.int64)
            return nothing, nothing, nothing
        width = self.labels.shape[1]
        y, x = (at // width) << self.down, (at % width) << self.right
        applies = self.labels_at(at) != Label.ORIGINAL.value
        return (
            self.recorded.offset[y, x] * applies.astype(np.int64),
            (self.recorded.dy[y, x] >> self.down) * applies.astype(np.int64),
            (self.recorded.dx[y, x] >> self.right) * applies.astype(np.int64),
        )

    def copies(self) -> Copies:
        """Every place that came from elsewhere."""
        if self.recorded is None:
            return Copies.none()
        at = np.flatnonzero(
            moved(self.recorded)[:: 1 << self.down, :: 1 << self.right]
            & (self.labels != Label.ORIGINAL.value)
        )
        return Copies(at, *self.sources_at(at)).from_elsewhere()


def moved(sources: Sources) -> npt.NDArray[np.bool_]:
    """Where something else than "its own place" is recorded, (H, W)."""
    found: npt.NDArray[np.bool_] = sources.offset != 0
    found |= sources.dy != 0
    found |= sources.dx != 0
    return found
