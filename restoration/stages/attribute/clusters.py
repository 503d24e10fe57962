"""Which tracks show the same person. PURE: points in, numbers out.

Distances of faces are never held all at once: they are taken in blocks, and groups are looked for
among tracks that hang together by faces nearer than SAME_FACE, one such set after another. Average
linkage joins nothing across such sets, so the groups are those of all tracks taken together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from restoration.stages.attribute.measured import Track

SAME_FACE = 0.5
"""Mean distance of two faces below which they are taken for one; dlib's authors say 0.6 for two
good photographs, and film has worse."""
_NEVER = 1e9
"""Distance of two people who are on screen together, however alike, and whoever else is alike."""
_BLOCK = 1024
"""Faces that are compared with as many others at once: 8 MB."""
_SLACK = 0.001
"""By which sets are made too large rather than too small: they are looked for in single precision,
and one that is too large is parted again by the groups in it."""

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


def cluster(tracks: Sequence[Track]) -> dict[int, int]:
    """The person of each track with a face: numbers from 1, in order of appearance.

    Average linkage: two groups become one while their faces are on average nearer than SAME_FACE.
    """
    known = sorted((track for track in tracks if len(track.faces)), key=_place)
    blocks = _blocks(known)
    sets = _hanging_together(known, blocks)
    people = np.zeros(len(known), np.int64)
    for one in range(sets.max(initial=-1) + 1):
        members = np.flatnonzero(sets == one)
        people[members] = people.max(initial=0) + _groups([known[place] for place in members])
    numbers: dict[int, int] = {}
    for person in people:
        numbers.setdefault(int(person), len(numbers) + 1)
    return {track.number: numbers[int(who)] for track, who in zip(known, people, strict=True)}


def on_screen_together(one: Track, other: Track) -> bool:
    """Some frame shows both."""
    return one.first_frame < other.end_frame and other.first_frame < one.end_frame


def _place(track: Track) -> tuple[int, int]:
    return track.first_frame, track.number


def _groups(tracks: Sequence[Track]) -> Numbers:
    """(n,) from 1: which of the tracks of one set are one person."""
    if len(tracks) < 2:
        return np.ones(len(tracks), np.int64)
    away = np.zeros((len(tracks), len(tracks)))
    blocks = _blocks(tracks)
    for place, one in enumerate(blocks):
        for other in blocks[place:]:
            away[one, other] = _distances(tracks[one], tracks[other])
            away[other, one] = away[one, other].T
    np.fill_diagonal(away, 0.0)
    tree = linkage(squareform(away, checks=False), "average")
    return np.asarray(fcluster(tree, SAME_FACE, "distance"), np.int64)


def _hanging_together(tracks: Sequence[Track], blocks: Sequence[slice]) -> Numbers:
    """(n,) from 0: the set of each track; between sets no two tracks are nearer than SAME_FACE."""
    sets = np.arange(len(tracks), dtype=np.int64)
    for place, one in enumerate(blocks):
        for other in blocks[place:]:
            away = _distances(tracks[one], tracks[other], np.float32)
            near = away <= SAME_FACE + _SLACK
            rows, columns = np.nonzero(near)
            joined = np.unique(np.stack([sets[one][rows], sets[other][columns]]), axis=1)
            graph = coo_array((np.ones(joined.shape[1]), joined), shape=(len(tracks),) * 2)
            sets = connected_components(graph, directed=False)[1].astype(np.int64)[sets]
    return np.asarray(np.unique(sets, return_inverse=True)[1], np.int64)


def _blocks(tracks: Sequence[Track]) -> list[slice]:
    """The tracks in pieces of at most _BLOCK faces each, at least one track in a piece."""
    return list(_cut([len(track.faces) for track in tracks]))


def _cut(counts: Sequence[int]) -> Iterator[slice]:
    start = faces = 0
    for place, count in enumerate(counts):
        if faces and faces + count > _BLOCK:
            yield slice(start, place)
            start, faces = place, 0
        faces += count
    if faces:
        yield slice(start, len(counts))


def _distances(
    ones: Sequence[Track], others: Sequence[Track], kind: type[np.floating[Any]] = np.float64
) -> Floats:
    """(n, m): mean distance of every track's faces to every other's."""
    mine, my_counts, my_starts = _faces(ones, kind)
    theirs, counts, starts = _faces(others, kind)
    apart = (mine * -2) @ theirs.T
    apart += np.square(mine).sum(axis=1)[:, None]
    apart += np.square(theirs).sum(axis=1)[None]
    np.sqrt(np.maximum(apart, 0.0, out=apart), out=apart)
    sums = np.add.reduceat(np.add.reduceat(apart, starts, axis=1), my_starts, axis=0)
    away = sums / np.outer(my_counts, counts)
    away[_together(ones, others)] = _NEVER
    return np.asarray(away, np.float64)


def _faces(
    tracks: Sequence[Track], kind: type[np.floating[Any]]
) -> tuple[npt.NDArray[Any], Numbers, Numbers]:
    """All faces, how many each track has, and where its first stands."""
    counts = np.array([len(track.faces) for track in tracks])
    faces = np.concatenate([track.faces for track in tracks]).astype(kind)
    return faces, counts, np.concatenate([[0], np.cumsum(counts)[:-1]])


def _together(ones: Sequence[Track], others: Sequence[Track]) -> npt.NDArray[np.bool_]:
    first = np.array([track.first_frame for track in ones])[:, None]
    end = np.array([track.end_frame for track in ones])[:, None]
    starts = np.array([track.first_frame for track in others])[None]
    ends = np.array([track.end_frame for track in others])[None]
    return np.asarray((first < ends) & (starts < end), np.bool_)
