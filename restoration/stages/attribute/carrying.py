"""The same face in two runs of the stage: what was said of one holds for the other. PURE.

A run numbers its tracks anew, and may begin and end them elsewhere. A face is found again where it
stood, in the same frames and the same place, if it does not look like another one; whoever was
named wherever they look alike is also found by their looks alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.stages.attribute.clusters import SAME_FACE
from restoration.stages.attribute.measured import Track

_SHARED = 0.5
"""Part of the shorter track's frames that both must have."""
_PLACE = 0.5
"""Intersection over union of the boxes, on average over those frames."""
_OTHER = 0.6
"""Mean distance of faces from which two are other people, wherever they stand."""
_MARGIN = 0.06
"""By which looks alone must be nearer to one person than to the next."""


@dataclass(frozen=True, slots=True)
class Again:
    """A face found again.

    shared: part of the shorter track's frames, 0 to 1; place: mean intersection over union, 0 to 1;
    both 0 where it was found by its looks alone. distance: of the faces; None: not told apart.
    """

    track: int
    shared: float
    place: float
    distance: float | None

    @property
    def fit(self) -> float:
        """Larger is better; whoever stands in the same place comes before who looks alike."""
        return self.shared * self.place - 0.1 * (self.distance or 0.0)


def same_place(before: Track, after: Iterable[Track]) -> Again | None:
    """The track that shows the same face in the same frames, at the same place."""
    found = [_compared(before, track) for track in after if _shared_frames(before, track)]
    fitting = [
        again
        for again in found
        if again.shared >= _SHARED
        and again.place >= _PLACE
        and (again.distance is None or again.distance <= _OTHER)
    ]
    return max(fitting, key=lambda again: again.fit, default=None)


def same_looks(before: Track, after: Sequence[Track], people: Mapping[int, int]) -> Again | None:
    """The track that looks most like it, if no other person's looks nearly as much like it."""
    away = {
        track.number: distance
        for track in after
        if (distance := face_distance(before, track)) is not None and track.number in people
    }
    ranked = sorted(away, key=lambda number: away[number])
    if not ranked or away[ranked[0]] > SAME_FACE:
        return None
    person = people[ranked[0]]
    others = [away[number] for number in ranked if people[number] != person]
    if others and others[0] - away[ranked[0]] < _MARGIN:
        return None
    return Again(ranked[0], 0.0, 0.0, away[ranked[0]])


def face_distance(one: Track, other: Track) -> float | None:
    """Mean over all pairs of faces; None where either was not told apart."""
    if not len(one.faces) or not len(other.faces):
        return None
    apart = one.faces[:, None].astype(np.float64) - other.faces[None].astype(np.float64)
    return float(np.sqrt(np.square(apart).sum(axis=2)).mean())


def _shared_frames(one: Track, other: Track) -> range:
    return range(max(one.first_frame, other.first_frame), min(one.end_frame, other.end_frame))


def _compared(one: Track, other: Track) -> Again:
    shared = _shared_frames(one, other)
    shorter = min(len(one.boxes), len(other.boxes))
    mine = one.boxes[shared.start - one.first_frame : shared.stop - one.first_frame]
    theirs = other.boxes[shared.start - other.first_frame : shared.stop - other.first_frame]
    place = float(_overlap(mine, theirs).mean())
    return Again(other.number, len(shared) / shorter, place, face_distance(one, other))


def _overlap(
    ones: npt.NDArray[np.float32], others: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """(n,) intersection over union of boxes: left, top, right, bottom."""
    corner = np.maximum(ones[:, :2], others[:, :2]).astype(np.float64)
    far = np.minimum(ones[:, 2:], others[:, 2:]).astype(np.float64)
    both = np.prod(np.maximum(far - corner, 0.0), axis=1)
    areas = [np.prod(np.maximum(each[:, 2:] - each[:, :2], 0), axis=1) for each in (ones, others)]
    return np.asarray(both / np.maximum(areas[0] + areas[1] - both, 1e-9), np.float64)
