"""How many reels the catalogue is left with, and how many with each value of each facet.

Counted over the flat table of the catalogue's lines, all facets in one question. What is narrowed
by the description alone is kept until the catalogue changes: triggers mark each transaction that
changed it, and what was counted under the same marks holds. Words and states are not among what
is marked; they are counted each time, up to MOST reels.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from django.core.cache import caches
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from archive import catalogue_marks
from archive.metadata.wording import several
from archive.models import CatalogueLine, Collection, FacetValue, Reel, Rights
from archive.sight import Part, Sight

MOST = 10_000
"""Reels that are counted of those with some words or in some state."""
KEPT_SECONDS = 3600
HEADINGS = {
    "collection": "Collection",
    "decade": "Decade",
    "country": "Country",
    "language": "Language",
    "gauge": "Gauge",
    "generation": "Generation",
    "colour": "Colour",
    "sound": "Sound",
    "access": "Open to",
}
"""The facets and what they are called."""
SEVERAL = frozenset({"country", "language"})
"""Facets that hold several values, divided by semicolons."""
MOST_CHOICES = 10
"""Values of a facet that are shown, those with most reels."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet."""

    facet: str
    value: str
    text: str
    count: int

    @property
    def add(self) -> dict[str, str | None]:
        """What of the page's address changes if it is chosen; the list begins anew."""
        return {self.facet: self.value, "page": None}

    @property
    def drop(self) -> dict[str, str | None]:
        return {self.facet: None, "page": None}


Facets = list[tuple[str, str, list[Choice]]]
"""Name, heading and values; facets with no value are left out."""


@dataclass(frozen=True, slots=True)
class Count:
    total: int
    facets: Facets
    reels: list[int] | None = None
    """Numbers of all that were found, in the list's order; None: they were not asked for, or are
    more than MOST."""
    is_capped: bool = False
    """There are more than MOST, and the facets are those of the first that were found."""


def open_lines(sight: Sight) -> QuerySet[CatalogueLine]:
    """The lines of the reels that a person may see, by the same rule as archive.view_reel."""
    lines = CatalogueLine.objects.order_by()
    if len(sight) == 1:
        for each in _seen(sight[0]):
            lines = lines.filter(each)
        return lines
    found = Q(pk__in=())
    for part in sight:
        found |= reduce(and_, _seen(part), Q())
    return lines.filter(found)


def _seen(part: Part) -> Iterator[Q]:
    """What a line that is in this part of somebody's sight answers to."""
    if part.within is not None:
        yield Q(collection__in=part.within)
    if part.access is not None:
        known = FacetValue.objects.filter(facet="access", value__in=part.access)
        yield Q(access__in=list(known.values_list("pk", flat=True)))
    if not part.embargoed:
        held = Rights.objects.filter(embargo__gt=timezone.localdate())
        yield ~Q(title__in=held.values("title"))
    if part.closed:
        yield ~Q(collection__in=part.closed)


class Kept:
    """Counts for a person, kept until the catalogue changes. Within a transaction nothing is kept:
    its own changes leave one mark together, whatever was counted between them."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.state = "" if connection.in_atomic_block else catalogue_marks.state()
        """Asked before anything is counted: what changes meanwhile is counted anew next time."""

    def total(self, visible: QuerySet[CatalogueLine]) -> int:
        """How many lines the person may see."""
        whole = self._get(self._key({}))
        if isinstance(whole, Count):
            return whole.total
        key = self._key({"total": "alone"})
        count = self._get(key)
        if count is None:
            count = visible.count()
            self._set(key, count)
        return int(count)

    def counted(self, lines: QuerySet[CatalogueLine], wanted: dict[str, Any]) -> Count:
        """Count all of the lines.

        Args:
            wanted: what they are narrowed by, facets and year alone.
        """
        key = self._key(wanted)
        count = self._get(key)
        if count is None:
            count = _sorted_out(_rows(lines))
            self._set(key, count)
        assert isinstance(count, Count)
        return count

    def _get(self, key: str) -> Any:
        return caches["catalogue"].get(key) if self.state else None

    def _set(self, key: str, count: int | Count) -> None:
        if self.state:
            caches["catalogue"].set(key, count, KEPT_SECONDS)

    def _key(self, wanted: dict[str, Any]) -> str:
        """Of a count that holds while catalogue, day, sight and what is asked stay the same."""
        asked = sorted((name, str(getattr(each, "pk", each))) for name, each in wanted.items())
        said = repr((self.state, timezone.localdate(), self.sight, asked))
        return hashlib.sha256(said.encode()).hexdigest()


def counted_up_to_most(lines: QuerySet[CatalogueLine]) -> Count:
    """Count at most MOST of the lines, those that the database finds first."""
    try:
        sql, values = _narrow_rows(lines, "reel", "name", "number")
    except EmptyResultSet:  # it is known without asking that no reel can be
        return Count(0, [], [])
    return _up_to_most(sql, values)


_SAID = "SELECT reel_id FROM review_searchline WHERE kind = 'catalogue' AND vector @@ %s::tsquery"
_KEPT = (
    "SELECT reel_id FROM review_searchline kept WHERE kind = 'store' AND vector @@ %s::tsquery"
    " AND NOT EXISTS (SELECT 1 FROM review_searchline said WHERE said.reel_id = kept.reel_id"
    " AND said.kind = 'catalogue' AND said.vector @@ %s::tsquery)"
)


def counted_saying(lines: QuerySet[CatalogueLine], text: str, *, kept: bool = False) -> Count:
    """The same of the lines whose description has some words.

    Args:
        kept: also of those where what is for the house alone has them.
        lines: of most reels; those with the words are looked up among them one by one, since
            putting all of them beside the words costs more than MOST look-ups.
        text: a tsquery.
    """
    try:
        sql, values = _narrow_rows(
            lines.filter(reel=RawSQL("said.reel_id", [])), "reel", "name", "number"
        )
    except EmptyResultSet:
        return Count(0, [], [])
    said = f"{_SAID} UNION ALL {_KEPT}" if kept else _SAID
    texts = (text, text, text) if kept else (text,)
    with by_index():
        return _up_to_most(
            f"SELECT line.* FROM ({said} OFFSET 0) said, LATERAL ({sql} OFFSET 0) line",
            (*texts, *values),
        )


@contextmanager
def by_index() -> Iterator[None]:
    """Ask the words' index and never read every description: what several words make together is
    misjudged."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield
        cursor.execute("SET LOCAL enable_seqscan = on")


def _up_to_most(sql: str, values: tuple[Any, ...]) -> Count:
    """Args: sql: rows of the facets' numbers, reel, name and number; a reel may come again."""
    asked = (
        f"WITH first ({_NAMES}, reel, name, number) AS MATERIALIZED ({sql} LIMIT {MOST + 1}),"
        " found AS MATERIALIZED (SELECT DISTINCT ON (reel) * FROM first),"
        f" counted (grouping, value, n) AS ({_GROUPED})"
        " SELECT (SELECT json_agg(json_build_array(grouping, value, n)) FROM counted),"
        f" CASE WHEN (SELECT count(*) FROM first) <= {MOST} THEN"
        " (SELECT array_agg(reel ORDER BY name, number, reel) FROM found) END,"
        f" (SELECT count(*) FROM first) > {MOST}"
    )
    with connection.cursor() as cursor:
        cursor.execute(asked, values)
        rows, reels, is_capped = cursor.fetchone()
    found = _sorted_out(rows)
    return Count(found.total, found.facets, None if is_capped else reels or [], is_capped)


_NAMES = ", ".join(HEADINGS)
_GROUPED = (
    f"SELECT GROUPING({_NAMES}), coalesce({_NAMES}), count(*) FROM found"
    f" GROUP BY GROUPING SETS ((), {', '.join(f'({name})' for name in HEADINGS)})"
)


def _narrow_rows(lines: QuerySet[CatalogueLine], *further: str) -> tuple[str, tuple[Any, ...]]:
    return lines.order_by().values_list(*HEADINGS, *further).query.sql_with_params()


def _rows(lines: QuerySet[CatalogueLine]) -> list[tuple[int, int | None, int]]:
    """Which facets were left out (bits), the number of a value, how many reels have it."""
    try:
        sql, values = _narrow_rows(lines)
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"WITH found ({_NAMES}) AS NOT MATERIALIZED ({sql}) {_GROUPED}", values)
        return cursor.fetchall()


def _sorted_out(rows: list[tuple[int, int | None, int]]) -> Count:
    last = len(HEADINGS) - 1
    whole = (1 << len(HEADINGS)) - 1
    names = {whole ^ (1 << (last - place)): name for place, name in enumerate(HEADINGS)}
    said = _said({value for grouping, value, _ in rows if names.get(grouping) != "collection"})
    counts: dict[str, Counter[str]] = {name: Counter() for name in HEADINGS}
    found = 0
    for grouping, value, count in rows:
        if grouping == whole:
            found = count
        elif value is not None:
            name = names[grouping]
            text = str(value) if name == "collection" else said[value]
            for each in several(text) if name in SEVERAL else [text]:
                counts[name][each] += count
    known = _labels(counts["collection"])
    facets = [
        (name, heading, _choices(name, counts[name], known))
        for name, heading in HEADINGS.items()
        if counts[name]
    ]
    return Count(found, facets)


def _said(numbers: set[int | None]) -> dict[int, str]:
    return dict(FacetValue.objects.filter(pk__in=numbers - {None}).values_list("pk", "value"))


def _labels(collections: Counter[str]) -> dict[str, str]:
    most = [value for value, _ in _most(collections)]
    named = Collection.objects.filter(pk__in=most).values_list("pk", "name") if most else ()
    return {str(pk): name for pk, name in named}


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    """Those with most reels; of as many, always the same."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_CHOICES]


def _choices(name: str, counts: Counter[str], collections: dict[str, str]) -> list[Choice]:
    most = _most(counts)
    texts = {
        "collection": lambda value: collections.get(value, value),
        "decade": lambda value: f"{value}0s",
        "access": lambda value: Reel.Access(value).label,
    }
    said = texts.get(name, lambda value: value)
    shown = [Choice(name, value, said(value), count) for value, count in most]
    return sorted(shown, key=lambda each: each.value) if name == "decade" else shown


def chosen(facets: Facets, wanted: dict[str, Any]) -> Iterator[Choice]:
    """The values of facets that are chosen, for taking one back; a collection has its own field."""
    shown = {(name, each.value): each for name, _, choices in facets for each in choices}
    for name in HEADINGS:
        if wanted.get(name) and name != "collection":
            value = str(wanted[name])
            yield shown.get((name, value), Choice(name, value, value, 0))
