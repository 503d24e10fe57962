"""What may be done with a title, by use and territory: which statements stand in a use's way. PURE.

A catalogue says of a use and a territory that it is allowed or not; "any use" and no territory
mean all of them. What says less is outdone by what says more: "any use: not allowed" with
"exhibition: allowed" lets a title be shown. Where two say equally much, what is not allowed holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archive.metadata.wording import fold

ANY = ""
"""Any use, or everywhere."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement of the catalogue that is in force today."""

    use: str
    """A word of the catalogue's vocabulary, or ANY."""
    territory: str
    """As somebody wrote it, or ANY."""
    allowed: bool
    words: str
    """The whole of it, for people."""


def in_the_way(
    uses: Sequence[str], territories: Sequence[str], clauses: Iterable[Clause]
) -> list[Clause]:
    """Those that forbid one of the uses, and that nothing more exact allows.

    Args:
        uses: what a delivery is for; empty: what is said of any use counts alone.
        territories: where it goes; empty: nobody said where, so that what is forbidden anywhere
            counts, and what is allowed in one territory alone allows nothing.
    """
    listed = list(clauses)
    wanted = [(use, place) for use in uses or (ANY,) for place in territories or (ANY,)]
    return [
        clause
        for clause in listed
        if not clause.allowed
        and any(
            _speaks_of(clause, use, place, forbids=True)
            and not any(
                _speaks_of(other, use, place, forbids=False) and _outdoes(other, clause)
                for other in listed
            )
            for use, place in wanted
        )
    ]


def _speaks_of(clause: Clause, use: str, place: str, *, forbids: bool) -> bool:
    if clause.allowed is forbids:
        return False
    if clause.use and fold(clause.use) != fold(use):
        return False
    if not place:  # it may go anywhere
        return forbids or not clause.territory
    return not clause.territory or fold(clause.territory) == fold(place)


def _outdoes(one: Clause, other: Clause) -> bool:
    """Whether one says more of use or territory, and no less of the other of the two."""
    more = (bool(one.use) - bool(other.use), bool(one.territory) - bool(other.territory))
    return min(more) >= 0 and max(more) > 0
