"""What people in a reel are called, by photographs of the cast. PURE: points in, names out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from restoration.stages.attribute.deciding import Named
from restoration.stages.attribute.measured import Track

Floats = npt.NDArray[np.float32]

NEAR = 0.52
"""Distance of a face to its nearest photograph up to which it may be that person; dlib's authors
say 0.6, at which one in a hundred strangers passes."""
_MARGIN = 0.06
"""By which the nearest character must be nearer than the second."""


def name_people(
    tracks: Sequence[Track], people: Mapping[int, int], gallery: Mapping[str, Floats]
) -> dict[int, Named]:
    """A name for each person whose faces are near one character's photographs and no other's.

    Args:
        gallery: (n, 128) float32 for each character.
    """
    found = {}
    known = {name: faces for name, faces in gallery.items() if len(faces)}
    for person in sorted(set(people.values())):
        faces = [track.faces for track in tracks if people.get(track.number) == person]
        away = {name: _nearest(np.concatenate(faces), own) for name, own in known.items()}
        ranked = sorted(away, key=lambda name: away[name])
        if not ranked or away[ranked[0]] > NEAR:
            continue
        if len(ranked) > 1 and away[ranked[1]] - away[ranked[0]] < _MARGIN:
            continue
        found[person] = Named(ranked[0], away[ranked[0]], "photographs")
    return found


def _nearest(faces: Floats, photographs: Floats) -> float:
    """Median over the faces of the distance to the nearest photograph."""
    apart = faces[:, None].astype(np.float64) - photographs[None].astype(np.float64)
    return float(np.median(np.sqrt(np.square(apart).sum(axis=2)).min(axis=1)))
