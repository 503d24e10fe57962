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

import psycopg
from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from archive import sight as seeing
from archive.sight import Sight
from review.models import SearchLine
from review.search import narrowing, statement, vocabulary
from review.search import query as asked
from review.search.fields import Filters
from review.search.lexemes import tsquery
from review.search.lines import line_of, lines_of
from review.search.places import Place
from review.search.query import Node, Query

PAGE = 20
OF_A_REEL = 3
"""Hits that are shown of each reel, where reels are listed."""
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
    that were looked at (`said_looked_at`). None where other words were sought `instead`: which of
    them was meant is asked first."""
    instead: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that were sought in place of one that no line has."""
    near: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that one may be a misspelling of which no line has, though the search has hits: it
    stands beside others with OR. They are named and not sought, since whoever asks for one of many
    words with like meaning would be given what none of them means."""

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
    parts = seeing.of(user)
    with asking(_PLANNED_ONCE if _is_plain(query, parts) else "") as ask:
        sight = _Sight(parts, ask)
        found = _find(query, sight=sight, page=page, size=size)
        if query.node is None:
            return found
        if found.count:
            return replace(found, near=_misspelt_beside_others(query.node, sight=sight))
        instead = _meant(query, sight=sight)
        if not instead:
            return found
        meant_query = replace(query, node=asked.replaced(query.node, instead))
        meant = _counted(meant_query, sight=sight, page=page, size=size)
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


@dataclass(frozen=True, slots=True)
class InReel:
    """What a search finds in one reel."""

    reel: int
    count: int
    lines: list[SearchLine]
    """The first of them."""


def by_reel(query: Query, *, user: Any, page: int = 1) -> tuple[list[InReel], int]:
    """The reels of a page, those with most hits first, and how many have any.

    Args:
        query: as `find` understood it.

    Raises: TooSlow.
    """
    with asking() as ask:
        where, values = conditions(query, user=user, ask=ask)
        before = PAGE * (max(page, 1) - 1)
        rows = ask(statement.reels(where), [*values, MOST, PAGE, before, OF_A_REEL])
    lines = {line.pk: line for line in lines_of([pk for *_, pks in rows for pk in pks])}
    found = [
        InReel(reel, count, [lines[pk] for pk in pks if pk in lines])
        for reel, count, _, pks in rows
    ]
    return found, rows[0][2] if rows else 0


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


def _counted(query: Query, *, sight: _Sight, page: int, size: int) -> Found:
    """Page and count alone."""
    where, values = _where(query.node, query.filters, sight=sight)
    asked_for = statement.page(size, size * (max(page, 1) - 1))
    sql = statement.counted(" AND ".join(where))
    ((lines, count),) = sight.ask(sql, [*values, MOST + 1, *asked_for])
    shown, count = [line_of(line) for line in lines or []], count or 0
    return Found(query, shown, min(count, MOST), count > MOST, {})


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
    named = [language[:2] for language in filters.wanted("language")]
    text = tsquery(node, filters=filters, languages=list(dict.fromkeys(named)) or sight.languages)
    found: list[narrowing.Condition] = [("line.vector @@ %s::tsquery", [text])] if text else []
    found += [*narrowing.seen(sight.parts), *narrowing.narrowed(filters)]
    where = [f"({condition})" for condition, _ in found]
    return where or ["TRUE"], [value for _, values in found for value in values]


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
    is_nowhere = _is_nowhere(query)
    found: dict[str, tuple[str, ...]] = {}
    for leaf in asked.leaves(query.node):
        found |= _meant_by(leaf, sight=sight, is_nowhere=is_nowhere)
    return found


def _misspelt_beside_others(node: Node, *, sight: _Sight) -> dict[str, tuple[str, ...]]:
    """The same of words beside OR: only there may one be nowhere where something is found.

    One that is near another of them is no misspelling: `colour OR color` means both.
    """
    leaves = list(dict.fromkeys(_alternatives(node)))
    others = {word for leaf in leaves for word in _words_of(leaf)}
    found: dict[str, tuple[str, ...]] = {}
    for leaf in leaves:
        near = _meant_by(leaf, sight=sight, is_nowhere=False)
        found |= {word: said for word, said in near.items() if others.isdisjoint(said)}
    return found


def _alternatives(node: Node | None) -> Iterator[asked.Word | asked.Phrase]:
    """What stands beside others with OR."""
    if isinstance(node, asked.Either):
        yield from asked.leaves(node)
    for part in node.parts if isinstance(node, asked.Both) else ():
        yield from _alternatives(part)


def _words_of(leaf: asked.Word | asked.Phrase) -> tuple[str, ...]:
    return (leaf.text,) if isinstance(leaf, asked.Word) else leaf.words


def _meant_by(
    leaf: asked.Word | asked.Phrase, *, sight: _Sight, is_nowhere: bool
) -> dict[str, tuple[str, ...]]:
    """For each of its words that no line has: near words.

    Args:
        is_nowhere: whether that is known of it already.
    """
    if isinstance(leaf, asked.Phrase):
        return _meant_in(leaf, sight=sight)
    if leaf.prefix or (not is_nowhere and _is_said(leaf, sight=sight)):
        return {}
    candidates = vocabulary.near(leaf.text)[: 4 * vocabulary.MOST_NEAR]
    is_found_next = is_nowhere and len(candidates) == 1
    near = candidates if is_found_next else _said(candidates, sight=sight)
    return {leaf.text: tuple(near)} if near else {}


def _meant_in(phrase: asked.Phrase, *, sight: _Sight) -> dict[str, tuple[str, ...]]:
    """For each word of a phrase that no line has: the nearest word that one has, and no other."""
    whole = phrase.words[:-1] if phrase.prefix else phrase.words
    unsaid = set(whole).difference(_said(whole, sight=sight))
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
    "SET LOCAL plan_cache_mode = force_custom_plan;"  # what somebody may see decides how it is met
    f"SET LOCAL work_mem = '{MOST_MEMORY}'; SET LOCAL statement_timeout = {MOST_MILLISECONDS};"
)


_PLANNED_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan;"
"""A connection, not a search: where words alone are asked for, in everything that there is."""


def _is_plain(query: Query, parts: Sight) -> bool:
    is_of_words = all(field.name == "speaker" for field in query.filters.fields)
    return is_of_words and all(
        part.access is None and part.within is None and not part.closed for part in parts
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
            # Django's cursor writes the values into the statement, which is then another each time.
            asked_before = psycopg.Cursor(connection.connection)

            def ask(sql: str, values: Sequence[Any]) -> Rows:
                with connection.wrap_database_errors:
                    asked_before.execute(sql, values, prepare=True)
                    return asked_before.fetchall()

            yield ask
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow(
                "This search took too long and was stopped. Ask for rarer words, or name a reel."
            ) from error
        raise
