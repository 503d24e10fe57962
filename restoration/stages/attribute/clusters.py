"""Which tracks show the same person. PURE: points in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist, squareform

from restoration.stages.attribute.measured import Track

SAME_FACE = 0.5
"""Mean distance of two faces below which they are taken for one; dlib's authors say 0.6 for two
good photographs, and film has worse."""
_NEVER = 100.0
"""Distance of two people who are on screen together, however alike."""


def cluster(tracks: Sequence[Track]) -> dict[int, int]:
    """The person of each track with a face: numbers from 1, in order of appearance.

    Average linkage: two groups become one while their faces are on average nearer than SAME_FACE.
    """
    known = sorted((track for track in tracks if len(track.faces)), key=_place)
    if len(known) < 2:
        return {track.number: 1 for track in known}
    away = _distances(known)
    groups = fcluster(linkage(squareform(away), "average"), SAME_FACE, "distance")
    numbers: dict[int, int] = {}
    for group in groups:
        numbers.setdefault(int(group), len(numbers) + 1)
    return {track.number: numbers[int(group)] for track, group in zip(known, groups, strict=True)}


def _place(track: Track) -> tuple[int, int]:
    return track.first_frame, track.number


def _distances(tracks: Sequence[Track]) -> npt.NDArray[np.float64]:
    """(n, n): mean distance of every track's faces to every other's."""
    faces = np.concatenate([track.faces for track in tracks]).astype(np.float64)
    counts = np.array([len(track.faces) for track in tracks])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sums = np.add.reduceat(np.add.reduceat(cdist(faces, faces), starts, axis=0), starts, axis=1)
    away = sums / np.outer(counts, counts)
    first = np.array([track.first_frame for track in tracks])
    end = np.array([track.end_frame for track in tracks])
    together = (first[:, None] < end[None]) & (first[None] < end[:, None])
    away[together] = _NEVER
    np.fill_diagonal(away, 0.0)
    return np.asarray((away + away.T) / 2, np.float64)
