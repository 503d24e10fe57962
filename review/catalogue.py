"""The catalogue narrowed: by words of the description, by what it says (facets), by state of work.

Facets are counted over the reels that the person may see and that all else chosen leaves. Words
are asked of the search's index, so that case and accents do not matter, beginnings of words count,
and what is misspelt is understood.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.db.models.expressions import RawSQL

from archive import sight as seeing
from archive.models import CODED, CatalogueLine, FacetValue, Reel
from archive.models.catalogue import ReelQuerySet
from review import catalogue_counts as counts
from review.catalogue_counts import SEVERAL, Choice, Count, Facets
from review.models import SearchLine
from review.pages import in_state
from review.search import query as asked
from review.search import vocabulary
from review.search.lexemes import tsquery
from review.search.query import Both, Either, Node, Word

SHORTEST = 2
"""Letters of a beginning that is sought; one letter alone is a word."""
Lines = QuerySet[CatalogueLine]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left of the catalogue."""

    lines: Lines
    """All of it, also what was not counted."""
    count: int
    """At most `counts.MOST` if it `is_capped`."""
    facets: Facets
    everything: int
    """How many reels the person may see."""
    is_capped: bool = False
    found: list[int] | None = None
    """Numbers of its reels in the list's order, if they are known."""
    instead: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that were sought in place of one that no reel's description has."""

    @property
    def reels(self) -> ReelQuerySet:
        return Reel.objects.filter(pk__in=self.lines.values("reel"))

    @property
    def said_count(self) -> str:
        return f"{self.count:,}+" if self.is_capped else f"{self.count}"

    def page(self, start: int, stop: int) -> list[int]:
        """Numbers of the reels at these places of the list: by title, number, and by age."""
        if self.found is not None:
            return self.found[start:stop]
        in_order = self.lines.order_by("name", "number", "reel")
        return list(in_order.values_list("reel", flat=True)[start:stop])

    def chosen(self, wanted: dict[str, Any]) -> list[Choice]:
        """The values of facets that are chosen, for taking one back."""
        return list(counts.chosen(self.facets, wanted))


def narrow(user: Any, wanted: dict[str, Any]) -> Narrowed:
    """Narrow the reels that somebody may see.

    Args:
        wanted: the cleaned fields of CatalogueForm; empty ones narrow nothing.
    """
    wanted = {name: value for name, value in wanted.items() if value}
    sight = seeing.of(user)
    visible = counts.open_lines(sight)
    kept = counts.Kept(sight)
    plain = _by_description(visible, wanted)
    if not {"words", "state"} & set(wanted):
        count = kept.counted(plain, wanted)
        return _narrowed(plain, count, kept.total(visible) if wanted else count.total)
    everything = kept.total(visible)
    if wanted.get("state"):
        plain = plain.filter(reel__in=in_state(Reel.objects.order_by(), wanted["state"]))
    if not (wanted.get("words") or "").strip():
        return _narrowed(plain, counts.counted_up_to_most(plain), everything)
    node = asked.parse(wanted["words"]).node
    if node is None or not everything:
        return Narrowed(CatalogueLine.objects.none(), 0, [], everything, found=[])
    readable = Readable(sight)
    is_alone = set(wanted) == {"words"}
    return _by_words(node, plain, visible, everything, readable, is_alone=is_alone)


class Readable:
    """Which lines of the search's index somebody reads of a reel that they see: its description,
    and where they work on the film also what is for the house alone."""

    def __init__(self, sight: seeing.Sight) -> None:
        house = tuple(part for part in sight if part.access is None)
        self.is_everywhere = len(house) == len(sight)
        self.is_alike = self.is_everywhere or not house
        """The same lines of every reel."""
        self.kinds = ("catalogue", "store") if self.is_everywhere else ("catalogue",)
        self.as_sql = ", ".join(f"'{kind}'" for kind in self.kinds)
        self.lines = Q(kind__in=self.kinds)
        if not self.is_alike:
            reels = counts.open_lines(house).values("reel")
            self.lines |= Q(kind=SearchLine.Kind.STORE, reel__in=reels)


def _by_words(
    node: Node,
    plain: Lines,
    visible: Lines,
    everything: int,
    readable: Readable,
    *,
    is_alone: bool,
) -> Narrowed:
    """Args: is_alone: nothing but the words narrows what the person may see."""

    def count(node: Node) -> Count:
        if is_alone and readable.is_alike:
            return counts.counted_saying(plain, tsquery(node), kept=readable.is_everywhere)
        return counts.counted_up_to_most(_saying(plain, node, readable))

    said = _as_typed(node)
    found = count(said)
    instead = _meant(node, visible, readable) if not found.total else {}
    if instead:
        said = asked.replaced(node, instead)
        found = count(said)
    return _narrowed(_saying(plain, said, readable), found, everything, instead)


def _narrowed(
    lines: Lines, count: Count, everything: int, instead: dict[str, tuple[str, ...]] | None = None
) -> Narrowed:
    total = min(count.total, counts.MOST) if count.is_capped else count.total
    return Narrowed(
        lines, total, count.facets, everything, count.is_capped, count.reels, instead or {}
    )


def _by_description(lines: Lines, wanted: dict[str, Any]) -> Lines:
    if wanted.get("collection"):
        lines = lines.filter(collection=wanted["collection"].pk)
    if wanted.get("year"):
        lines = lines.filter(year__startswith=wanted["year"])
    for name, numbers in _numbers({name: wanted[name] for name in CODED if name in wanted}).items():
        lines = lines.filter(**{f"{name}__in": numbers})
    return lines


def _numbers(chosen: dict[str, str]) -> dict[str, list[int]]:
    """Of each chosen value: the numbers of all that hold it, alone or among several."""
    found: dict[str, list[int]] = {name: [] for name in chosen}
    if chosen:
        any_of = Q(pk=None)
        for name, value in chosen.items():
            is_it = _is_one_of(value) if name in SEVERAL else Q(value=value)
            any_of |= Q(facet=name) & is_it
        for name, number in FacetValue.objects.filter(any_of).values_list("facet", "pk"):
            found[name].append(number)
    return found


def _is_one_of(value: str) -> Q:
    """What is said is the value, or holds it; as forms keep several, with `; `."""
    return (
        Q(value=value)
        | Q(value__startswith=f"{value}; ")
        | Q(value__endswith=f"; {value}")
        | Q(value__contains=f"; {value}; ")
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


def _saying(lines: Lines, node: Node, readable: Readable) -> Lines:
    says = Func(
        F("vector"),
        Value(tsquery(node)),
        arg_joiner=" @@ ",
        template="(%(expressions)s::tsquery)",
        output_field=BooleanField(),
    )
    said = SearchLine.objects.filter(says, readable.lines)
    return lines.filter(reel__in=said.order_by().values("reel"))


def _meant(node: Node, visible: Lines, readable: Readable) -> dict[str, tuple[str, ...]]:
    """For each word that no description has which the person may read: near ones that one has."""
    found = {}
    for leaf in asked.leaves(node):
        if not isinstance(leaf, Word) or leaf.prefix or _is_said(leaf, visible, readable):
            continue
        if near := _said(vocabulary.near(leaf.text)[: 4 * vocabulary.MOST_NEAR], visible, readable):
            found[leaf.text] = tuple(near)
    return found


def _is_said(leaf: Word, visible: Lines, readable: Readable) -> bool:
    """Whether one of the lines says it."""
    sql, values = _said_and_seen("%s", visible, readable)
    with counts.by_index(), connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({sql})", [tsquery(leaf), *values])
        return bool(cursor.fetchone()[0])


def _said(candidates: list[str], visible: Lines, readable: Readable) -> list[str]:
    """Those of the words that are said of one of the reels, in their order."""
    sql, values = _said_and_seen("('''' || word || '''')", visible, readable)
    with counts.by_index(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) WITH ORDINALITY AS given (word, place)"
            f" WHERE EXISTS ({sql}) ORDER BY place LIMIT %s",
            [candidates, *values, vocabulary.MOST_NEAR],
        )
        return [word for (word,) in cursor.fetchall()]


def _said_and_seen(text: str, visible: Lines, readable: Readable) -> tuple[str, tuple[Any, ...]]:
    """Descriptions with words, each looked up among the lines: the first that is there will do.

    Args:
        text: the tsquery, in SQL.
    """
    seen, values = visible.filter(reel=RawSQL("said.reel_id", [])).query.sql_with_params()
    return (
        "SELECT 1 FROM (SELECT reel_id FROM review_searchline"
        f" WHERE kind IN ({readable.as_sql})"
        f" AND vector @@ {text}::tsquery OFFSET 0) said, LATERAL ({seen} OFFSET 0) line",
        values,
    )
