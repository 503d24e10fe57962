"""What people in a reel are called, by photographs of the cast. PURE: points in, names out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from restoration.stages.attribute.clusters import on_screen_together
from restoration.stages.attribute.deciding import Named
from restoration.stages.attribute.measured import Track

Floats = npt.NDArray[np.float32]

NEAR = 0.52
"""Distance of a face to its nearest photograph up to which it may be that person; dlib's authors
say 0.6, at which one in a hundred strangers passes."""
_MARGIN = 0.06
"""By which the nearest character must be nearer than the second."""
_FAR, _FAR_MARGIN = 0.58, 0.12
"""Heavy grain takes a face this far from its own photographs; up to there it has the name only if
the second character, and there is one to compare with, is so much farther."""


def name_people(
    tracks: Sequence[Track],
    people: Mapping[int, int],
    gallery: Mapping[str, Floats],
    taken: Mapping[int, str] | None = None,
) -> dict[int, Named]:
    """A name for each person whose faces are near one character's photographs and no other's.

    Nobody is two people: of those on screen together the nearest to a character's photographs has
    the name, and the others have none.

    Args:
        gallery: (n, 128) float32 for each character.
        taken: names that people have already, which are not given to anybody beside them, nor
            others in their place.
    """
    own = _by_person(tracks, people)
    near = {person: _by_photographs(own[person], gallery) for person in own}
    wanted = sorted(
        ((named.distance or 0.0, person, named) for person, named in near.items() if named),
        key=lambda each: each[:2],
    )
    holders = dict(taken or {})
    found = {}
    for _, person, named in wanted:
        beside = [who for who, name in holders.items() if name == named.name]
        if person in holders or any(_meet(own[person], own.get(who, ())) for who in beside):
            continue
        found[person], holders[person] = named, named.name
    return found


def _by_person(tracks: Sequence[Track], people: Mapping[int, int]) -> dict[int, list[Track]]:
    found: dict[int, list[Track]] = defaultdict(list)
    for track in tracks:
        if track.number in people:
            found[people[track.number]].append(track)
    return dict(sorted(found.items()))


def _by_photographs(tracks: Sequence[Track], gallery: Mapping[str, Floats]) -> Named | None:
    faces = _means(tracks)
    known = {name: photographs for name, photographs in gallery.items() if len(photographs)}
    away = {name: _nearest(faces, photographs) for name, photographs in known.items()}
    ranked = sorted(away, key=lambda name: away[name])
    if not len(faces) or not ranked:
        return None
    nearest = away[ranked[0]]
    margin = away[ranked[1]] - nearest if len(ranked) > 1 else None
    if nearest <= NEAR:
        stands_out = margin is None or margin >= _MARGIN
    else:
        stands_out = nearest <= _FAR and margin is not None and margin >= _FAR_MARGIN
    return Named(ranked[0], nearest, "photographs") if stands_out else None


def _means(tracks: Sequence[Track]) -> Floats:
    """(n, 128): of each track the mean of its faces. Grain is another in every frame, and the
    person the same, so the mean is nearer to a photograph than any of them."""
    means = [track.faces.mean(axis=0) for track in tracks if len(track.faces)]
    return np.stack(means) if means else np.zeros((0, 128), np.float32)


def _meet(ones: Sequence[Track], others: Sequence[Track]) -> bool:
    """Some frame shows one of these and one of those."""
    return any(on_screen_together(one, other) for one in ones for other in others)


def _nearest(faces: Floats, photographs: Floats) -> float:
    """Median over the tracks of the distance to the nearest photograph."""
    if not len(faces):
        return float("inf")
    apart = [np.linalg.norm(photographs - face, axis=1).min() for face in faces]
    return float(np.median(np.asarray(apart, np.float64)))
