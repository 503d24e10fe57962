"""All fields of one stretch of film, in order: from every hinted frame in both directions.

Each hinted frame gets a field from its own hints and from those of the other frames, followed to it
by optical flow. Between two hinted frames the fields of both are carried and blended by how near
they are; before the first and after the last there is one. Nothing crosses the stretch's ends.

Memory does not grow with the pictures: what is carried backwards is kept at every so many frames
and made again from there (Griewank and Walther 2000).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Lab, Plane
from restoration.imaging.flow import FlowEstimator
from restoration.imaging.tones import lightness_of
from restoration.stages.colourise.field import (
    Carried,
    Field,
    Way,
    blend,
    carry,
    empty_field,
    find_way,
)
from restoration.stages.colourise.hints import Hint, points_of
from restoration.stages.colourise.references import points_from
from restoration.stages.colourise.refine import draw_to_edges
from restoration.stages.colourise.spread import UNKNOWN, Point, error_at, spread_points
from restoration.stages.contract import Clip
from restoration.stages.segments import Segment

WORK_SIDE = 480
"""Pixels of the longer side at which colour is carried; larger pictures are shrunk."""
_CHUNK = 24
_LOST = 0.3
"""Trust below which a followed point is given up."""
_STROKE = 8.0
"""Side of a square in which patches of one colour count as one, in pixels at the size of work."""
_MOST_POINTS = 300
_MOST_SURE = 100
"""Places of a followed frame that speak for what enters it."""
_OVERRULED = 0.15
"""Share of the side within which a painted hint overrules what a still says."""
UNOWNED = -1
"""In place of a guide's number: none, a guess."""
_FOLLOWED = 0.7
_ENTERED = 0.3
"""Trust from which down a thing counts as new in the frame, more and more."""
_FEW = 0.005
"""Share of the frame that must be new for a guess to be worth its time."""
_REPAINTED = 12.0
"""A followed point whose luma is off by more than that speaks for another thing by now."""

Beat = Callable[[], None]


class Known(NamedTuple):
    """A point that is known in a frame, and the guide that it belongs to: a hint, or a still."""

    point: Point
    guide: int


class Still(NamedTuple):
    """A reference in colour, and its number among the guides."""

    lab: Lab
    guide: int


class Proposer(Protocol):
    """Improves a field, as the network does; knows hints only as points."""

    def improve(self, lightness: Plane, field: Field, known: list[Known]) -> Field: ...


class Scene:
    """The fields of one stretch."""

    def __init__(
        self,
        clip: Clip,
        segment: Segment,
        hints: tuple[Hint, ...],
        *,
        proposer: Proposer | None = None,
        references: Mapping[int, list[Still]] | None = None,
        beat: Beat = lambda: None,
    ) -> None:
        """
        Args:
            hints: all of the clip; those outside the stretch are left out.
            references: stills in colour, by the frame that they are for.
            beat: called after every frame of work; may raise to stop.
        """
        self._clip, self._segment, self._hints = clip, segment, hints
        self._proposer, self._beat = proposer, beat
        self._references = references or {}
        self.walls: set[int] = set()
        """Frames that could not be followed from the one before, as at a cut."""
        self._estimator = FlowEstimator("fast")
        self._lightness: OrderedDict[int, Plane] = OrderedDict()
        longest = max(clip.format.width, clip.format.height)
        self.scale = min(1.0, WORK_SIDE / longest)

    @property
    def keys(self) -> list[int]:
        """The frames that colour starts from."""
        hinted = {hint.frame for hint in self._hints} | set(self._references)
        keys = sorted(
            frame for frame in hinted if self._segment.start <= frame < self._segment.stop
        )
        if not keys and self._proposer is not None:
            return [(self._segment.start + self._segment.stop) // 2]
        return keys

    def fields(self) -> Iterator[tuple[int, Field]]:
        """Every frame with its field, in order."""
        keys = self.keys
        if not keys:
            for frame in range(*self._segment):
                yield frame, empty_field(self.lightness(frame).shape)
            return
        known = self._follow_hints(keys)
        left: int | None = None
        field: Field | None = None
        for right in [*keys, None]:
            there = None if right is None else self._key_field(right, known[right])
            yield from self._between(left, field, right, there)
            left, field = right, there

    def lightness(self, frame: int) -> Plane:
        """L of a frame at the size of work."""
        held = self._lightness.get(frame)
        if held is None:
            picture = next(iter(self._clip.frames(frame, frame + 1)))
            held = shrink_to(lightness_of(picture, self._clip.format), self.scale)
            self._lightness[frame] = held
            while len(self._lightness) > 2 * _CHUNK:
                self._lightness.popitem(last=False)
        return held

    def _way(self, here: int, there: int) -> Way:
        return find_way(self.lightness(here), self.lightness(there), self._estimator)

    def _carry(self, field: Field, here: int, there: int) -> Field:
        """The field of frame `there`, brought to frame `here` beside it."""
        way = self._way(here, there)
        lightness = self.lightness(here)
        carried, lost = carry(field, way, lightness)
        if way.is_cut:
            self.walls.add(max(here, there))
        elif self._proposer is not None:
            carried = self._guess_entering(Carried(carried, lost), way, lightness, self._proposer)
        self._beat()
        return carried

    def _guess_entering(
        self, brought: Carried, way: Way, lightness: Plane, proposer: Proposer
    ) -> Field:
        """What could not be followed is guessed anew, from what was as if that were hints.

        The carried field itself is never shown to be improved: what is added would add up. The
        guess counts by the error to expect of it beside that of what was carried and filled.
        """
        entered = np.clip(1 - way.trust / _ENTERED, 0, 1)
        carried = brought.field
        if float(entered.mean()) < _FEW:
            return carried
        step = max(4, int(np.sqrt(lightness.size / _MOST_SURE)))
        sure = [
            Known(Point(float(y), float(x), float(lightness[y, x]), *carried.ab[y, x].tolist()), -1)
            for y in range(step // 2, lightness.shape[0], step)
            for x in range(step // 2, lightness.shape[1], step)
            if way.trust[y, x] > _FOLLOWED
        ]
        spread = spread_points(lightness, [each.point for each in sure], learned=True)
        field = Field(spread.ab, spread.certainty, carried.owner)
        guess = proposer.improve(lightness, field, sure)
        doubt = np.clip(error_at(guess.evidence), 0.03, UNKNOWN) ** 2
        share = np.asarray(entered * brought.lost / (brought.lost + doubt), np.float32)
        ab = share[..., None] * guess.ab + (1 - share[..., None]) * carried.ab
        evidence = share * guess.evidence + (1 - share) * carried.evidence
        owner = np.where(share > 0.5, np.int16(UNOWNED), carried.owner)
        return Field(ab.astype(np.float32), evidence.astype(np.float32), owner)

    def _key_field(self, frame: int, known: list[Known]) -> Field:
        lightness = self.lightness(frame)
        known = thinned(known)
        learned = self._proposer is not None
        spread = spread_points(lightness, [each.point for each in known], learned=learned)
        guides = np.array([each.guide for each in known] + [UNOWNED], np.int16)
        # What the network adds where hints weigh less than no colour is its own guess.
        nearest = spread.nearest if self._proposer is None else spread.told_by
        field = Field(spread.ab, spread.certainty, guides[nearest])
        if self._proposer is not None:
            field = self._proposer.improve(lightness, field, known)
        drawn = draw_to_edges(lightness, field.ab, [each.point for each in known])
        return field._replace(ab=drawn)

    def _follow_hints(self, keys: list[int]) -> dict[int, list[Known]]:
        """The points that are known in each key frame, from all of them."""
        known: dict[int, list[Known]] = {key: self._own_points(key) for key in keys}
        if len(keys) > 1:
            for order in (keys, keys[::-1]):
                moving: list[Known] = []
                for here, after in pairwise(order):
                    moving = self._walk([*moving, *self._own_points(here)], here, after)
                    known[after] = [*known[after], *moving]
        return known

    def _own_points(self, frame: int) -> list[Known]:
        lightness = self.lightness(frame)
        painted = [
            Known(point, number)
            for number, hint in enumerate(self._hints)
            if hint.frame == frame
            for point in points_of(hint, lightness, self.scale)
        ]
        return [*painted, *self._points_of_references(frame, painted)]

    def _points_of_references(self, frame: int, painted: list[Known]) -> list[Known]:
        """What stills say of a frame, except where a person's hint says it already."""
        lightness = self.lightness(frame)
        side = float(np.sqrt(lightness.size))
        return [
            Known(point, still.guide)
            for still in self._references.get(frame, [])
            for point in points_from(still.lab, lightness)
            if not any(_speaks_for(each.point, point, side) for each in painted)
        ]

    def _walk(self, known: list[Known], start: int, stop: int) -> list[Known]:
        """Follow points from frame to frame; those that get lost on the way are dropped."""
        step = 1 if stop > start else -1
        for frame in range(start, stop, step):
            if not known:
                break
            way = self._way(frame, frame + step)
            after = self.lightness(frame + step)
            moved = (_move(each, way, after) for each in known)
            known = [] if way.is_cut else [each for each in moved if each is not None]
            self._beat()
        return known

    def _between(
        self, left: int | None, first: Field | None, right: int | None, last: Field | None
    ) -> Iterator[tuple[int, Field]]:
        """Fields from the left key on, up to but without the right one."""
        start = self._segment.start if left is None else left
        stop = self._segment.stop if right is None else right
        back = None
        if right is not None and last is not None:
            back = Backwards(self._carry, right, last, start if left is None else start + 1)
        for frame in range(start, stop):
            if frame == left:
                assert first is not None
                yield frame, first
                continue
            if first is not None:
                first = self._carry(first, frame, frame - 1)
            if back is None:
                assert first is not None
                yield frame, first
            elif first is None:
                yield frame, back.at(frame)
            else:
                yield frame, blend(first, back.at(frame), (stop - frame) / (stop - start))


class Backwards:
    """Fields carried backwards, given out forwards."""

    def __init__(
        self, carry_to: Callable[[Field, int, int], Field], key: int, field: Field, first: int
    ) -> None:
        """
        Args:
            carry_to: carries a field to a frame (second) from the one after it (third).
            first: the first frame that will be asked for.
        """
        self._carry = carry_to
        self._kept: dict[int, Field] = {key: field}
        self._chunk: dict[int, Field] = {}
        for frame in range(key - 1, first - 1, -1):
            field = carry_to(field, frame, frame + 1)
            if (key - frame) % _CHUNK == 0:
                self._kept[frame] = _halved(field)

    def at(self, frame: int) -> Field:
        """The field of a frame; frames are asked for in order."""
        if frame not in self._chunk:
            self._fill_chunk(frame)
        return self._chunk[frame]

    def _fill_chunk(self, frame: int) -> None:
        key = min(kept for kept in self._kept if kept >= frame)
        field = _doubled(self._kept[key])
        self._chunk = {key: field}
        for before in range(key - 1, frame - 1, -1):
            field = self._carry(field, before, before + 1)
            self._chunk[before] = field


def thinned(known: list[Known]) -> list[Known]:
    """One point of a colour for each small square; larger squares where there are many points.

    A brush's stroke is many patches side by side, and would outweigh every single one.
    """
    side = _STROKE
    for _ in range(10):
        kept: dict[tuple[int, int, float, float], Known] = {}
        for each in known:
            point = each.point
            square = (int(point.y / side), int(point.x / side), point.a, point.b)
            kept.setdefault(square, each)
        if len(kept) <= _MOST_POINTS:
            return list(kept.values())
        side *= 1.5
    return list(kept.values())[:: len(kept) // _MOST_POINTS]


def shrink_to(plane: Plane, scale: float) -> Plane:
    """A plane at the size of work, by area."""
    if scale >= 1.0:
        return plane
    size = (max(1, round(plane.shape[1] * scale)), max(1, round(plane.shape[0] * scale)))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _halved(field: Field) -> Field:
    """At half the precision: a hundredth of what an eye can see in colour."""
    return Field(field.ab.astype(np.float16), field.evidence.astype(np.float16), field.owner)


def _doubled(field: Field) -> Field:
    return Field(field.ab.astype(np.float32), field.evidence.astype(np.float32), field.owner)


def _speaks_for(hint: Point, point: Point, side: float) -> bool:
    """Whether a hint lies on the same thing as the point, as far as luma and distance tell."""
    near = np.hypot(hint.y - point.y, hint.x - point.x) < _OVERRULED * side
    return bool(near and abs(hint.lightness - point.lightness) < _REPAINTED)


def _move(known: Known, way: Way, lightness: npt.NDArray[np.float32]) -> Known | None:
    """The point at the end of its way; None if it is lost."""
    point = known.point
    height, width = lightness.shape
    y = min(max(round(point.y), 0), height - 1)
    x = min(max(round(point.x), 0), width - 1)
    if way.trust[y, x] < _LOST:
        return None
    new_y, new_x = point.y + float(way.flow[y, x, 1]), point.x + float(way.flow[y, x, 0])
    if not (0 <= new_y < height and 0 <= new_x < width):
        return None
    if abs(float(lightness[int(new_y), int(new_x)]) - point.lightness) > _REPAINTED:
        return None
    return known._replace(point=point._replace(y=new_y, x=new_x))
