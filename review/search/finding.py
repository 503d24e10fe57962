"""Asks the index: hits in the reels' order, a capped count, facets, words that were meant instead.

What a person may not see is left out in the first step, before anything is counted or named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import QueryCanceled

from archive import sight as seeing
from archive.sight import Part, Sight
from review.models import SearchLine
from review.search import query as asked
from review.search import statement, vocabulary
from review.search.lexemes import titled, tsquery
from review.search.lines import line_of, lines_of
from review.search.places import Place
from review.search.query import Filters, Node, Query

OF_THE_HOUSE = (SearchLine.Kind.NOTE, SearchLine.Kind.STORE)
"""Lines for those alone who work on the film."""
PAGE = 20
MOST = 10_000
"""Hits that are counted and put in order; of more, the first that the index gives are taken."""
_BATCH = 500
MOST_MILLISECONDS = 10_000
"""That one question may take in the database."""
MOST_MEMORY = "64MB"
"""For the places of a common word; with less, whole pages of lines are looked through for them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    query: Query
    lines: list[SearchLine]
    """Of the page, each with its reel and scan."""
    count: int
    is_capped: bool
    facets: dict[str, list[tuple[Any, int]]]
    """By `reel`, `speaker`, `language`, `kind`, `checked`, `year`: values with their hits, of those
    that were looked at (`said_looked_at`)."""
    instead: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that were sought in place of one that no line has."""

    @property
    def said_count(self) -> str:
        return f"{MOST:,}+" if self.is_capped else f"{self.count:,}"

    @property
    def said_looked_at(self) -> str:
        """The hits that the facets' figures are of: of more than are counted, one more than that,
        which says that there are more."""
        return f"{self.count + self.is_capped:,}"


class TooSlow(Exception):
    """The search was stopped; the message says what to do."""


Rows = list[tuple[Any, ...]]
Ask = Callable[[str, Sequence[Any]], Rows]


class _Sight:
    """What one person's search is held against; asked of the database at most once a search."""

    def __init__(self, parts: Sight, ask: Ask) -> None:
        self.parts = parts
        self.ask = ask

    @cached_property
    def languages(self) -> list[str]:
        return _languages(self.ask)


def find(query: Query, *, user: Any, page: int = 1, size: int = PAGE) -> Found:
    """Search for a person.

    Args:
        user: whose rights count: see `opened_to`.
        page: 1 upwards.

    Raises: TooSlow.
    """
    with asking() as ask:
        sight = _Sight(seeing.of(user), ask)
        found = _find(query, sight=sight, page=page, size=size)
        if found.count or query.node is None:
            return found
        instead = _meant(query, sight=sight)
        if not instead:
            return found
        meant_query = replace(query, node=asked.replaced(query.node, instead))
        meant = _find(meant_query, sight=sight, page=page, size=size)
        if not meant.count and _is_nowhere(query):
            return found  # its one near word was not looked for before, and no line has it
        return replace(meant, instead=instead)


def find_all(query: Query, *, user: Any) -> tuple[Query, Iterator[list[SearchLine]]]:
    """The search as it was understood, and all that `find` counts, in batches; for files.

    Raises: TooSlow.
    """
    understood = find(query, user=user, size=1).query
    with asking() as ask:
        where, values = conditions(understood, user=user, ask=ask)
        pks = [pk for (pk,) in ask(statement.in_order(where), [*values, MOST])]
    starts = range(0, len(pks), _BATCH)
    return understood, (lines_of(pks[start : start + _BATCH]) for start in starts)


def places(query: Query, *, user: Any) -> tuple[list[Place], bool]:
    """Where all that `find` counts is, in no order, and whether there is more than is counted.

    Raises: TooSlow.
    """
    found = _places(query, user=user)
    if not found and query.node is not None:
        found = _places(find(query, user=user, size=1).query, user=user)
    return found[:MOST], len(found) > MOST


def _places(query: Query, *, user: Any) -> list[Place]:
    with asking() as ask:
        where, values = conditions(query, user=user, ask=ask)
        return [Place(*row) for row in ask(statement.places(where), [*values, MOST + 1])]


def conditions(query: Query, *, user: Any, ask: Ask) -> tuple[str, list[Any]]:
    """What a search asks of `review_searchline line`, for a person, in SQL; its values."""
    where, values = _where(query.node, query.filters, sight=_Sight(seeing.of(user), ask))
    return " AND ".join(where), values


def _find(query: Query, *, sight: _Sight, page: int, size: int) -> Found:
    where, values = _where(query.node, query.filters, sight=sight)
    asked_for = statement.page(size, size * (max(page, 1) - 1))
    sql = statement.search(" AND ".join(where))
    ((lines, traits, *facets),) = sight.ask(sql, [*values, MOST + 1, *asked_for])
    count = sum(n for *_, n in traits or [])
    reels, years, speakers = ([(value, n) for value, n in each or []] for each in facets)
    return Found(
        query,
        [line_of(line) for line in lines or []],
        min(count, MOST),
        count > MOST,
        {"reel": reels, "year": years, "speaker": speakers, **_facets_of(traits or [])},
    )


def _facets_of(traits: list[tuple[str, str, bool, int]]) -> dict[str, list[tuple[Any, int]]]:
    """Kind, language and check as facets, from how many hits have each three of them."""
    counts: dict[str, Counter[Any]] = {
        "kind": Counter(),
        "language": Counter(),
        "checked": Counter(),
    }
    for *values, n in traits:
        for counter, value in zip(counts.values(), values, strict=True):
            counter[value] += n
    return {
        name: sorted(counter.items(), key=lambda each: (-each[1], each[0]))[: statement.CHOICES]
        for name, counter in counts.items()
    }


def _where(node: Node | None, filters: Filters, *, sight: _Sight) -> tuple[list[str], list[Any]]:
    """Conditions on `line`, and their values."""
    where: list[str] = ["TRUE"]
    values: list[Any] = []
    languages = [filters.language[:2]] if filters.language else sight.languages
    text = tsquery(node, speaker=filters.speaker, languages=languages)

    def also(condition: str, *given: Any) -> None:
        where.append(condition)
        values.extend(given)

    if text:
        also("line.vector @@ %s::tsquery", text)
    seen = [_seen(part) for part in sight.parts]
    if len(seen) == 1:
        for condition, given in seen[0]:
            also(condition, *given)
    else:
        either = (" AND ".join(each for each, _ in part) or "TRUE" for part in seen)
        also(
            f"({' OR '.join(f'({each})' for each in either) or 'FALSE'})",
            *(value for part in seen for _, given in part for value in given),
        )
    if filters.reel is not None:
        also("line.reel_id = %s", filters.reel)
    if filters.language:
        also(
            "(line.language = %s OR line.language LIKE %s)",
            filters.language,
            f"{filters.language}-%",
        )
    if filters.kind:
        also("line.kind = %s", filters.kind)
    if filters.checked is not None:
        also("line.checked = %s", filters.checked)
    if filters.title and (title := titled(filters.title)):
        also(_TITLED, title)
    if filters.years:
        also(_OF_YEARS, *filters.years)
    return where, values


def _seen(part: Part) -> list[tuple[str, list[Any]]]:
    """What a line that is in this part of somebody's sight answers to, each with its values."""
    found: list[tuple[str, list[Any]]] = []
    if part.within is not None:
        found.append((_WITHIN, [list(part.within)]))
    if part.access is not None:
        found.append(("line.kind <> ALL(%s)", [[kind.value for kind in OF_THE_HOUSE]]))
        found.append((_OPEN, [list(part.access)]))
    if not part.embargoed:
        found.append((_NOT_HELD, [timezone.localdate()]))
    if part.closed:
        found.append((_NOT_CLOSED, [list(part.closed)]))
    return found


_TITLED = (
    "line.reel_id IN (SELECT reel_id FROM review_searchline"
    " WHERE kind = 'catalogue' AND vector @@ %s::tsquery)"
)
_OF_YEARS = (
    "line.reel_id IN (SELECT reel.id FROM archive_reel reel"
    " JOIN archive_element element ON element.id = reel.element_id"
    " JOIN archive_title title ON title.id = element.title_id"
    " WHERE substring(title.year from '[0-9]{4}')::int BETWEEN %s AND %s)"
)
_OPEN = (
    "EXISTS (SELECT 1 FROM archive_reel reel"
    " WHERE reel.id = line.reel_id AND reel.access = ANY(%s))"
)

_NOT_HELD = (  # an array is made once for a query, not once for a line
    "line.reel_id <> ALL (ARRAY(SELECT reel.id FROM archive_reel reel"
    " JOIN archive_element element ON element.id = reel.element_id"
    " JOIN archive_rights rights ON rights.title_id = element.title_id WHERE rights.embargo > %s))"
)
_WITHIN = (
    "EXISTS (SELECT 1 FROM archive_reel reel"
    " JOIN archive_element element ON element.id = reel.element_id"
    " JOIN archive_title title ON title.id = element.title_id"
    " WHERE reel.id = line.reel_id AND title.collection_id = ANY(%s))"
)
_NOT_CLOSED = f"NOT {_WITHIN}"


def _languages(ask: Ask) -> list[str]:
    """Of the lines that there are: the index is read once a language, not once a line."""
    found = ask(
        "WITH RECURSIVE each AS (SELECT min(language) AS name FROM review_searchline UNION ALL"
        " SELECT (SELECT min(language) FROM review_searchline WHERE language > each.name)"
        " FROM each WHERE each.name IS NOT NULL) SELECT name FROM each WHERE name IS NOT NULL",
        [],
    )
    return [name for (name,) in found] or [""]


def _meant(query: Query, *, sight: _Sight) -> dict[str, tuple[str, ...]]:
    """For each word that no line the person may see has: near words that one has.

    Args:
        query: nothing was found by it.
    """
    assert query.node is not None
    is_nowhere = _is_nowhere(query)
    found: dict[str, tuple[str, ...]] = {}
    for leaf in asked.leaves(query.node):
        if isinstance(leaf, asked.Phrase):
            found |= _meant_in(leaf, sight=sight)
            continue
        if leaf.prefix:
            continue
        if is_nowhere or not _is_said(leaf, sight=sight):
            candidates = vocabulary.near(leaf.text)[: 4 * vocabulary.MOST_NEAR]
            is_found_next = is_nowhere and len(candidates) == 1
            near = candidates if is_found_next else _said(candidates, sight=sight)
            if near:
                found[leaf.text] = tuple(near)
    return found


def _meant_in(phrase: asked.Phrase, *, sight: _Sight) -> dict[str, tuple[str, ...]]:
    """For each word of a phrase that no line has: the nearest word that one has, and no other."""
    unsaid = set(phrase.words).difference(_said(phrase.words, sight=sight))
    near = {word: vocabulary.near(word)[: vocabulary.MOST_NEAR] for word in unsaid}
    nearest = {word: _said(candidates, sight=sight)[:1] for word, candidates in near.items()}
    return {word: tuple(said) for word, said in nearest.items() if said}


def _is_nowhere(query: Query) -> bool:
    """Whether nothing was found because no line has the word: there is nothing else to blame."""
    return isinstance(query.node, asked.Word) and query.filters.is_empty()


def _is_said(leaf: asked.Word, *, sight: _Sight) -> bool:
    where, values = _where(leaf, Filters(), sight=sight)
    sql = f"SELECT 1 FROM review_searchline line WHERE {' AND '.join(where)} LIMIT 1"
    return bool(sight.ask(sql, values))


def _said(candidates: Sequence[str], *, sight: _Sight) -> list[str]:
    """Those of the words that a line has which the person may see, in their order."""
    where, values = _where(None, Filters(), sight=sight)
    sql = (
        "SELECT word FROM unnest(%s::text[]) WITH ORDINALITY AS given (word, place) WHERE EXISTS"
        " (SELECT 1 FROM review_searchline line"
        " WHERE line.vector @@ ('''' || word || '''')::tsquery"
        f" AND {' AND '.join(where)}) ORDER BY place LIMIT %s"
    )
    rows = sight.ask(sql, [list(candidates), *values, vocabulary.MOST_NEAR])
    return [word for (word,) in rows]


_SETTINGS = (
    "SET LOCAL enable_seqscan = off;"  # a misjudged phrase must not read every line
    "SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;"  # both start too slowly
    "SET LOCAL join_collapse_limit = 1;"  # tables are joined as written: no time for other orders
    f"SET LOCAL work_mem = '{MOST_MEMORY}'; SET LOCAL statement_timeout = {MOST_MILLISECONDS};"
)


@contextmanager
def asking(settings: str = "") -> Iterator[Ask]:
    """Questions of one search, in one transaction; each may use indexes only.

    Args:
        settings: further `SET LOCAL`s.

    Raises: TooSlow.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_SETTINGS + settings)

            def ask(sql: str, values: Sequence[Any]) -> Rows:
                cursor.execute(sql, values)
                return cursor.fetchall()

            yield ask
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow(
                "This search took too long and was stopped. Ask for rarer words, or name a reel."
            ) from error
        raise
