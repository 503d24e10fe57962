"""The catalogue narrowed: by words of the description, by what it says (facets), by state of work.

Facets are counted over the reels that the person may see and that all else chosen leaves, in one
question to the database. Words are asked of the search's index, so that case and accents do not
matter, beginnings of words count, and what is misspelt is understood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value

from archive.metadata.wording import several
from archive.models import Collection, Reel
from archive.models.catalogue import ReelQuerySet
from review.models import SearchLine
from review.pages import in_state
from review.search import query as asked
from review.search import vocabulary
from review.search.lexemes import tsquery
from review.search.query import Both, Either, Node, Word

FACETS = {
    "collection": ("Collection", "element__title__collection"),
    "decade": ("Decade", "element__title__decade"),
    "country": ("Country", "element__title__country"),
    "language": ("Language", "element__title__language"),
    "gauge": ("Gauge", "element__gauge"),
    "generation": ("Generation", "element__generation"),
    "colour": ("Colour", "element__colour"),
    "sound": ("Sound", "element__sound"),
    "access": ("Open to", "access"),
}
"""What they are called, and the reel's field that each is."""
SEVERAL = frozenset({"country", "language"})
"""Fields that hold several values, divided by semicolons."""
MOST_CHOICES = 10
"""Values of a facet that are shown, those with most reels."""
SHORTEST = 2
"""Letters of a beginning that is sought; one letter alone is a word."""


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


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left of the catalogue."""

    reels: ReelQuerySet
    count: int
    facets: list[tuple[str, str, list[Choice]]]
    """Name, heading and values; facets with no value are left out."""
    instead: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that were sought in place of one that no reel's description has."""

    def chosen(self, wanted: dict[str, Any]) -> list[Choice]:
        """The values of facets that are chosen, for taking one back."""
        shown = {(name, each.value): each for name, _, each in self._each()}
        names = [name for name in FACETS if wanted.get(name)]
        return [
            shown.get(
                (name, str(wanted[name])), Choice(name, str(wanted[name]), str(wanted[name]), 0)
            )
            for name in names
            if name != "collection"
        ]

    def _each(self) -> Iterator[tuple[str, str, Choice]]:
        for name, heading, choices in self.facets:
            for each in choices:
                yield name, heading, each


def narrow(reels: ReelQuerySet, wanted: dict[str, Any]) -> Narrowed:
    """Narrow the reels that somebody may see.

    Args:
        wanted: the cleaned fields of CatalogueForm; empty ones narrow nothing.
    """
    plain = _by_fields(reels, wanted)
    node = asked.parse(wanted.get("words") or "").node
    if node is None and (wanted.get("words") or "").strip():
        return Narrowed(reels.none(), 0, [])
    found = _saying(plain, _as_typed(node)) if node is not None else plain
    count, facets = _counted(found)
    if count or node is None:
        return Narrowed(found, count, facets)
    instead = _meant(node, reels)
    if not instead:
        return Narrowed(found, 0, [])
    found = _saying(plain, asked.replaced(node, instead))
    count, facets = _counted(found)
    return Narrowed(found, count, facets, instead)


def _by_fields(reels: ReelQuerySet, wanted: dict[str, Any]) -> ReelQuerySet:
    for name, (_, path) in FACETS.items():
        value = wanted.get(name)
        if value and name in SEVERAL:
            reels = reels.filter(_is_one_of(path, value))
        elif value:
            reels = reels.filter(**{path: value})
    if wanted.get("year"):
        reels = reels.filter(element__title__year__startswith=wanted["year"])
    if wanted.get("state"):
        reels = in_state(reels, wanted["state"])
    return reels


def _is_one_of(path: str, value: str) -> Q:
    """The field is the value, or one of those that it holds; as forms keep them, with `; `."""
    return (
        Q(**{path: value})
        | Q(**{f"{path}__startswith": f"{value}; "})
        | Q(**{f"{path}__endswith": f"; {value}"})
        | Q(**{f"{path}__contains": f"; {value}; "})
    )


def _as_typed(node: Node) -> Node:
    """Words as beginnings of words: people type until they see what they sought."""
    match node:
        case Word(exact=False) if len(node.text) >= SHORTEST:
            return replace(node, prefix=True)
        case Both():
            return replace(node, parts=tuple(map(_as_typed, node.parts)))
        case Either():
            return replace(node, parts=tuple(map(_as_typed, node.parts)))
    return node


def _saying(reels: ReelQuerySet, node: Node) -> ReelQuerySet:
    says = Func(
        F("vector"),
        Value(tsquery(node)),
        arg_joiner=" @@ ",
        template="(%(expressions)s::tsquery)",
        output_field=BooleanField(),
    )
    lines = SearchLine.objects.filter(says, kind=SearchLine.Kind.CATALOGUE)
    return reels.filter(pk__in=lines.values("reel"))


def _meant(node: Node, reels: ReelQuerySet) -> dict[str, tuple[str, ...]]:
    """For each word that no description has which the person may read: near ones that one has."""
    found = {}
    for leaf in asked.leaves(node):
        if not isinstance(leaf, Word) or leaf.prefix or _saying(reels, leaf).exists():
            continue
        if near := _said(vocabulary.near(leaf.text)[: 4 * vocabulary.MOST_NEAR], reels):
            found[leaf.text] = tuple(near)
    return found


def _said(candidates: list[str], reels: ReelQuerySet) -> list[str]:
    """Those of the words that are said of one of the reels, in their order."""
    sql, values = reels.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) WITH ORDINALITY AS given (word, place)"
            " WHERE EXISTS (SELECT 1 FROM review_searchline line WHERE line.kind = 'catalogue'"
            f" AND line.vector @@ ('''' || word || '''')::tsquery AND line.reel_id IN ({sql}))"
            " ORDER BY place LIMIT %s",
            [candidates, *values, vocabulary.MOST_NEAR],
        )
        return [word for (word,) in cursor.fetchall()]


def _counted(reels: ReelQuerySet) -> tuple[int, list[tuple[str, str, list[Choice]]]]:
    """How many reels, and how many with each value of each facet, in one question."""
    fields = [path for _, path in FACETS.values()]
    try:
        sql, values = reels.order_by().values_list(*fields).query.sql_with_params()
    except EmptyResultSet:  # it is known without asking that no reel can be
        return 0, []
    names = ", ".join(FACETS)
    sets = ", ".join(f"({name})" for name in FACETS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT GROUPING({names}), {names}, count(*) FROM ({sql}) found ({names})"
            f" GROUP BY GROUPING SETS ((), {sets})",
            values,
        )
        rows = cursor.fetchall()
    return _sorted_out(rows)


def _sorted_out(
    rows: list[tuple[Any, ...]],
) -> tuple[int, list[tuple[str, str, list[Choice]]]]:
    last = len(FACETS) - 1
    bits = {((1 << len(FACETS)) - 1) ^ (1 << (last - place)): place for place in range(last + 1)}
    counts: list[Counter[str]] = [Counter() for _ in FACETS]
    total = 0
    for grouping, *values, count in rows:
        if grouping not in bits:
            total = count
            continue
        place = bits[grouping]
        for value in _values(list(FACETS)[place], values[place]):
            counts[place][value] += count
    known = _labels(counts[list(FACETS).index("collection")])
    facets = [
        (name, heading, _choices(name, counts[place], known))
        for place, (name, (heading, _)) in enumerate(FACETS.items())
        if counts[place]
    ]
    return total, facets


def _values(name: str, value: Any) -> Iterator[str]:
    if value in (None, ""):
        return
    yield from several(value) if name in SEVERAL else [str(value)]


def _labels(collections: Counter[str]) -> dict[str, str]:
    most = [value for value, _ in collections.most_common(MOST_CHOICES)]
    return {str(pk): name for pk, name in
            Collection.objects.filter(pk__in=most).values_list("pk", "name")}  # fmt: skip


def _choices(name: str, counts: Counter[str], collections: dict[str, str]) -> list[Choice]:
    most = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_CHOICES]
    texts = {
        "collection": lambda value: collections.get(value, value),
        "decade": lambda value: f"{value}0s",
        "access": lambda value: Reel.Access(value).label,
    }
    said = texts.get(name, lambda value: value)
    shown = [Choice(name, value, said(value), count) for value, count in most]
    return sorted(shown, key=lambda each: each.value) if name == "decade" else shown
