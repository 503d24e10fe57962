"""How films hang together, as a page shows it: both ways, and only as far as somebody sees.

A relation to `title 12` or `element 34` of this archive is shown by the other's name, with a reel
to go to, if the reader sees one; else its own words stand. What names a film is listed with it,
since nobody types a relation twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from archive.access import visible_reels
from archive.models import Reel, Relation

_OURS = re.compile(r"(title|element) (\d{1,9})")
MOST_NAMING = 50
"""Of a negative there may be many prints."""


@dataclass(frozen=True, slots=True)
class Told:
    """One relation of a film or of its element."""

    kind: str
    words: str
    of_element: bool
    reel: Reel | None = None
    """Of the other end, to go to."""


def of(reel: Reel, user: Any) -> list[Told]:
    """The relations of a reel's title and element; those of other elements are not its own."""
    rows = [
        each for each in reel.title.relations.all() if each.element_id in (None, reel.element_id)
    ]
    ends = _ends([each.to for each in rows], user)
    return [
        Told(each.kind, _words(each.to, ends.get(each.to)), each.element_id is not None,
             ends.get(each.to))
        for each in rows
    ]  # fmt: skip


def naming(reel: Reel, user: Any) -> list[Told]:
    """Relations of others to this reel's title or element, of films that the reader sees."""
    own = (f"title {reel.element.title_id}", f"element {reel.element_id}")
    rows = list(Relation.objects.filter(to__in=own).exclude(title=reel.element.title_id))
    rows += list(Relation.objects.filter(to=own[1], title=reel.element.title_id))
    rows = [each for each in rows if each.element_id != reel.element_id][:MOST_NAMING]
    wanted = [
        f"element {each.element_id}" if each.element_id else f"title {each.title_id}"
        for each in rows
    ]
    ends = _ends(wanted, user)
    return [
        Told(each.kind, _words(name, ends[name]), each.to == own[1], ends[name])
        for each, name in zip(rows, wanted, strict=True)
        if name in ends
    ]


def _words(told: str, end: Reel | None) -> str:
    if end is None:
        return told
    element = end.element
    named = element.name or element.gauge if told.startswith("element") else ""
    return f"{element.title.name}{f', {named}' if named else ''}"


def _ends(told: list[str], user: Any) -> dict[str, Reel]:
    """The first reel of each title or element that is named by number and seen by the reader."""
    numbers: dict[str, set[int]] = {"title": set(), "element": set()}
    for each in told:
        if found := _OURS.fullmatch(each):
            numbers[found[1]].add(int(found[2]))
    if not any(numbers.values()):
        return {}
    reels = visible_reels(user, Reel.objects.for_list()).filter(
        Q(element__title__in=numbers["title"]) | Q(element__in=numbers["element"])
    )
    ends: dict[str, Reel] = {}
    for reel in reels.order_by("element", "number"):
        ends.setdefault(f"element {reel.element_id}", reel)
        ends.setdefault(f"title {reel.element.title_id}", reel)
    return ends
