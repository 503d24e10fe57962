"""The frames around the one under repair, and how they move against it.

Everything here depends only on the frames within reach inside one segment, never on where a chunk
begins, so that a scene gives the same pixels whole or in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture
from restoration.imaging import flow_cells
from restoration.imaging.flow_cells import Cells, CellSearch, Codes
from restoration.imaging.luma import Luma, analysis_luma, eight_bit, shrink
from restoration.stages.contract import Clip
from restoration.stages.segments import Segment

REACH = 2
"""Neighbours to each side."""
FARTHEST = 3
"""Frames away at which a neighbour is still looked for, where frames repeat."""
WINDOW = 2 * FARTHEST + 1
"""Frames to each side that can decide what happens to a frame."""

_LOOKED_AT = 720  # columns; larger scans are searched at this size and repaired at their own
TOO_DARK = 10.0
"""95th percentile of luma, in 8-bit codes, of what can be looked at."""
TOO_FLAT = 2.5
"""Standard deviation of luma."""
# A telecine repeats frames, and a repeat holds the same dirt: it is no neighbour. Its difference is
# next to none, or, through a lossy copy, far below that of the steps before and after it.
_SAME, _SAME_SHARE = 0.3, 0.003  # mean codes, share of places that differ by more than 6
_NEARLY_SAME, _NEARLY_SHARE, _BESIDE = 1.0, 0.025, 0.25


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One frame of the scan prepared for looking at.

    luma: (h, w) float32 in [0, 255], shrunk to at most 720 columns: defects and motion are looked
    for at this size. codes: (h, w) uint8, luma in whole codes, what is compared with other frames.
    steady: (h, w) uint8, codes through a median filter, what flow is estimated on. light: the 95th
    percentile of the codes; contrast: their standard deviation.
    """

    frame: int
    picture: Picture
    luma: Luma
    codes: Codes
    steady: Codes
    light: int
    contrast: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the scan, (H, W)."""
        return self.picture.height, self.picture.width

    @property
    def full(self) -> Luma:
        """Luma at the size of the scan, (H, W) float32, for copying by.

        Made when it is asked for: of wide scans it is too much to keep for each frame in reach.
        """
        return self.luma if self.luma.shape == self.shape else analysis_luma(self.picture)

    @property
    def readable(self) -> bool:
        """Whether it is neither too dark nor too flat to be looked at."""
        return self.light >= TOO_DARK and self.contrast >= TOO_FLAT


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """From a frame to one of its neighbours, at the size that is looked at.

    flow, missed and outside have one value for each cell of 4 x 4 pixels (`flow_cells`). flow: in
    pixels. seen: (h, w) uint8, the neighbour's codes carried to this frame's geometry. missed:
    float32, pixels by which there-and-back fails. outside: bool, where the neighbour does not show
    the place any more.
    """

    offset: int
    flow: Cells
    seen: Codes
    missed: npt.NDArray[np.float32]
    outside: npt.NDArray[np.bool_]


def nearest(motions: Sequence[Motion]) -> list[Motion]:
    """The first neighbour of each side: two, or one at the ends of a segment."""
    before = [motion for motion in motions if motion.offset < 0]
    after = [motion for motion in motions if motion.offset > 0]
    sides = (max(before, key=_at, default=None), min(after, key=_at, default=None))
    return [motion for motion in sides if motion is not None]


def _at(motion: Motion) -> int:
    return motion.offset


def make_view(frame: int, picture: Picture) -> View:
    full = analysis_luma(picture)
    luma = shrink(full, width=_LOOKED_AT)
    whole = picture.pixel.model != "rgb" and picture.planes[0].dtype == np.uint8
    codes = picture.planes[0] if whole and luma is full else eight_bit(luma)
    # Dust of a few pixels would drag vectors with it; the median takes it out first.
    steady = np.asarray(cv2.medianBlur(codes, 3), np.uint8)
    contrast = float(cv2.meanStdDev(steady)[1][0, 0])
    return View(frame, picture, luma, np.asarray(codes), steady, _light(steady), contrast)


def _light(steady: Codes) -> int:
    """The 95th percentile."""
    below = np.cumsum(cv2.calcHist([steady], [0], None, [256], [0, 256]))
    return int(np.searchsorted(below, 0.95 * steady.size))


class Surroundings:
    """A window of views that slides over one segment, with the flow between them."""

    def __init__(self, clip: Clip, segment: Segment, first: int, estimator: CellSearch) -> None:
        """Begin a window; views start where `first`, the first frame asked for, needs them."""
        self.segment = segment
        self._estimator = estimator
        self._views: dict[int, View] = {}
        self._flows: dict[tuple[int, int], Cells] = {}
        self._motions: dict[tuple[int, int], Motion] = {}
        self._steps: dict[int, tuple[float, float]] = {}
        self._next = max(segment.start, first - WINDOW)
        self._pictures: Iterator[Picture] = clip.frames(self._next, segment.stop)

    def view(self, frame: int) -> View:
        while self._next <= frame:
            self._views[self._next] = make_view(self._next, next(self._pictures))
            self._next += 1
        return self._views[frame]

    def offsets(self, frame: int) -> list[int]:
        """Offsets of the neighbours that there are, nearest first; repeated frames are none."""
        return sorted(self._side(frame, -1) + self._side(frame, 1), key=abs)

    def _side(self, frame: int, way: int) -> list[int]:
        found: list[int] = []
        for distance in range(1, FARTHEST + 1):
            other = frame + way * distance
            if not self._holds(other) or len(found) == REACH:
                break
            if not self._repeats(min(other, other - way)):
                found.append(way * distance)
        return found

    def _holds(self, frame: int) -> bool:
        return self.segment.start <= frame < self.segment.stop

    def _repeats(self, frame: int) -> bool:
        """Whether the frame after this one shows the same again."""
        mean, share = self._step(frame)
        if mean < _SAME and share < _SAME_SHARE:
            return True
        if mean >= _NEARLY_SAME or share >= _NEARLY_SHARE:
            return False
        beside = [self._step(near) for near in (frame - 1, frame + 1) if self._holds_step(near)]
        return bool(beside) and mean < _BESIDE * min(step[0] for step in beside)

    def _holds_step(self, frame: int) -> bool:
        return self._holds(frame) and self._holds(frame + 1)

    def _step(self, frame: int) -> tuple[float, float]:
        """Mean difference to the next frame, and the share of places that differ plainly."""
        if frame not in self._steps:
            apart = cv2.absdiff(self.view(frame).steady, self.view(frame + 1).steady)
            plain = cv2.countNonZero(cv2.threshold(apart, 6, 1, cv2.THRESH_BINARY)[1])
            self._steps[frame] = (float(cv2.mean(apart)[0]), plain / apart.size)
        return self._steps[frame]

    def motion(self, frame: int, offset: int) -> Motion:
        """To the neighbour at that offset, which must be one of `offsets`."""
        if (frame, offset) not in self._motions:
            self._motions[frame, offset] = self._motion(frame, offset)
        return self._motions[frame, offset]

    def _motion(self, frame: int, offset: int) -> Motion:
        """Searched for to the nearest neighbour of each side; farther ones are followed over it."""
        way = 1 if offset > 0 else -1
        near = next(found for found in self.offsets(frame) if found * way > 0)
        there = self._flow(frame, frame + near)
        if offset == near:
            missed = flow_cells.round_trip(there, self._flow(frame + near, frame))
        else:
            there = flow_cells.join(there, self._flow(frame + near, frame + offset))
            missed = self.motion(frame, near).missed
        codes = self.view(frame + offset).codes
        outside = flow_cells.leaves_picture(there, codes.shape)
        return Motion(offset, there, flow_cells.carry(codes, there), missed, outside)

    def forget_before(self, frame: int) -> None:
        """Let go of everything that begins before that frame."""
        for kept in (self._views, self._steps):
            for gone in [held for held in kept if held < frame]:
                del kept[gone]
        for pairs in (self._flows, self._motions):
            for pair in [pair for pair in pairs if pair[0] < frame]:
                del pairs[pair]

    def _flow(self, first: int, second: int) -> Cells:
        pair = (first, second)
        if pair not in self._flows:
            one, other = self.view(first), self.view(second)
            self._flows[pair] = self._estimator.between(one.steady, other.steady)
        return self._flows[pair]
