"""The frames around the one under repair, and how they move against it.

Everything here depends only on the frames within reach inside one segment, never on where a chunk
begins, so that a scene gives the same pixels whole or in parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture
from restoration.imaging.flow import Flow, FlowEstimator, follow, leaves_picture, round_trip_error
from restoration.imaging.luma import Luma, analysis_luma, eight_bit, shrink
from restoration.stages.contract import Clip
from restoration.stages.segments import Segment

REACH = 2
"""Neighbours to each side."""

_LOOKED_AT = 720  # columns; larger scans are searched at this size and repaired at their own
_TOO_DARK = 10.0  # 95th percentile of luma, in 8-bit codes
_TOO_FLAT = 2.5  # standard deviation of luma


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One frame of the scan prepared for looking at.

    full: (H, W) float32 in [0, 255], luma at the size of the scan, for copying by.
    luma: (h, w) float32, the same shrunk to at most 720 columns: defects and motion are looked for
    at this size. steady: (h, w) uint8, luma through a median filter, what flow is estimated on.
    """

    frame: int
    picture: Picture
    full: Luma
    luma: Luma
    steady: npt.NDArray[np.uint8]
    readable: bool


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """From a frame to one of its neighbours, at the size that is looked at.

    flow: (h, w, 2). seen: (h, w) float32, the neighbour's luma carried to this frame's geometry.
    missed: (h, w) float32, pixels by which there-and-back fails. outside: (h, w) bool, where the
    neighbour does not show the place any more.
    """

    offset: int
    flow: Flow
    seen: Luma
    missed: Luma
    outside: npt.NDArray[np.bool_]


def make_view(frame: int, picture: Picture) -> View:
    full = analysis_luma(picture)
    luma = shrink(full, width=_LOOKED_AT)
    # Dust of a few pixels would drag vectors with it; the median takes it out first.
    steady = np.asarray(cv2.medianBlur(eight_bit(luma), 3), np.uint8)
    readable = float(np.percentile(steady, 95)) >= _TOO_DARK and float(steady.std()) >= _TOO_FLAT
    return View(frame, picture, full, luma, steady, readable)


class Surroundings:
    """A window of views that slides over one segment, with the flow between them."""

    def __init__(self, clip: Clip, segment: Segment, first: int, estimator: FlowEstimator) -> None:
        """`first`: the first frame that will be asked for; views start where that needs them."""
        self.segment = segment
        self._estimator = estimator
        self._views: dict[int, View] = {}
        self._flows: dict[tuple[int, int], Flow] = {}
        self._next = max(segment.start, first - 2 * REACH)
        self._pictures: Iterator[Picture] = clip.frames(self._next, segment.stop)

    def view(self, frame: int) -> View:
        while self._next <= frame:
            self._views[self._next] = make_view(self._next, next(self._pictures))
            self._next += 1
        return self._views[frame]

    def offsets(self, frame: int) -> list[int]:
        """Offsets of the neighbours that there are, nearest first."""
        found = [offset for near in range(1, REACH + 1) for offset in (-near, near)]
        return [offset for offset in found if self._holds(frame + offset)]

    def _holds(self, frame: int) -> bool:
        return self.segment.start <= frame < self.segment.stop

    def motion(self, frame: int, offset: int) -> Motion:
        there = self._flow(frame, frame + offset)
        back = self._flow(frame + offset, frame)
        seen = follow(self.view(frame + offset).luma, there)
        return Motion(offset, there, seen, round_trip_error(there, back), leaves_picture(there))

    def forget_before(self, frame: int) -> None:
        for gone in [held for held in self._views if held < frame]:
            del self._views[gone]
        for pair in [pair for pair in self._flows if min(pair) < frame]:
            del self._flows[pair]

    def _flow(self, first: int, second: int) -> Flow:
        pair = (first, second)
        if pair not in self._flows:
            one, other = self.view(first), self.view(second)
            self._flows[pair] = self._estimator.between(one.steady, other.steady)
        return self._flows[pair]
