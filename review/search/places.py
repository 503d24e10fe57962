"""Where hits are, kept beside a search, so that what is new in it can be told. PURE.

A place is a frame of a reel. What is said there counts as the same if a new transcript lets it
begin up to half a second earlier or later; notes and the catalogue lie where they lie.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

SAME_FRAMES = 12
"""Half a second at 24 frames a second."""
FIXED = ("note", "catalogue", "store")
"""Kinds of line that no new transcript moves."""

Kept = dict[str, dict[str, list[int]]]
"""First frames of hits, ascending, by reel and kind of line; as JSON holds it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one hit is."""

    line: int
    """Its number in the index now."""
    reel: int
    kind: str
    frame: int


def to_keep(found: Iterable[Place]) -> Kept:
    """What is remembered of hits; not which line of the index each is, since those come and go."""
    kept: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place in sorted(found, key=_order):
        kept[str(place.reel)][place.kind].append(place.frame)
    return {reel: dict(kinds) for reel, kinds in kept.items()}


def together(kept: Kept, found: Iterable[Place]) -> Kept:
    """What was kept, and these hits too."""
    both = {reel: {kind: list(at) for kind, at in kinds.items()} for reel, kinds in kept.items()}
    for reel, kinds in to_keep(found).items():
        for kind, frames in kinds.items():
            at = both.setdefault(reel, {})
            at[kind] = sorted([*at.get(kind, []), *frames])
    return both


def new_among(found: Iterable[Place], kept: Kept) -> list[Place]:
    """Hits where none was kept, in the order of reels and time. One kept place answers for one."""
    new: list[Place] = []
    rows: defaultdict[tuple[int, str], list[Place]] = defaultdict(list)
    for place in sorted(found, key=_order):
        rows[place.reel, place.kind].append(place)
    for (reel, kind), places in rows.items():
        apart = 0 if kind in FIXED else SAME_FRAMES
        new += _unmatched(places, kept.get(str(reel), {}).get(kind, []), apart)
    return new


def _unmatched(found: list[Place], kept: list[int], apart: int) -> list[Place]:
    """Both ascend: whichever is too early for the other's next has no partner."""
    new, at = [], 0
    for place in found:
        while at < len(kept) and kept[at] < place.frame - apart:
            at += 1
        if at < len(kept) and kept[at] <= place.frame + apart:
            at += 1
        else:
            new.append(place)
    return new


def _order(place: Place) -> tuple[int, str, int]:
    return place.reel, place.kind, place.frame
