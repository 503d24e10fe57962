"""By meaning: lines near in meaning to what was typed, whatever their words. An extra.

A machine says what is near: nothing here is a fact of the film, and the page says so. The points
of the lines (`sentences`) lie in the schema `meaning`, made by `manage.py meaning` where the
extension pgvector is at hand, and in no backup: they can be made anew. A line that changes is a new
row of the index, so what was held of the old one goes with it.

What is near and what has the words themselves are put into one order by reciprocal ranks (Cormack,
Clarke and Buettcher, SIGIR 2009).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from review.models import SearchLine
from review.search import finding, sentences
from review.search.index import SPOKEN
from review.search.lexemes import tsquery
from review.search.lines import lines_of
from review.search.query import Query, Word, leaves

MOST = 60
"""Lines that are shown."""
LEAST_LIKE = 0.3
"""Cosine from which a line is near: of short lines that share nothing, one in fifty comes to it."""
FEWEST = 10
"""Lines that are shown, though hardly near, where fewer are near: what says the same in quite other
words often comes to less ("workers refuse to work" and "Strike! Put down your tools!": 0.25)."""
LEAST_ALIKE = 0.22
"""Cosine that they must come to: the nearest line to a word that is none comes to that."""
_RANKED = 200
"""Of each of the two orders."""
_TRIED = 2_000
"""Lines with all the words that are put in order of rank."""
_CONSTANT = 60
"""Of the reciprocal ranks, as its authors set it."""
_BATCH = 256
MAKE = (
    "CREATE SCHEMA IF NOT EXISTS meaning",
    "CREATE TABLE IF NOT EXISTS meaning.lines (line_id bigint PRIMARY KEY, reel_id bigint NOT NULL,"
    f" sentence halfvec({sentences.SIZE}) NOT NULL,"
    " FOREIGN KEY (line_id, reel_id) REFERENCES review_searchline (id, reel_id) ON DELETE CASCADE)",
    "CREATE INDEX IF NOT EXISTS lines_near ON meaning.lines USING hnsw (sentence halfvec_ip_ops)",
)
"""For the role that owns the tables, once the extension is there."""
_UNREAD = (
    "SELECT line.id, line.text FROM review_searchline line"
    " LEFT JOIN meaning.lines held ON held.line_id = line.id"
    " WHERE held.line_id IS NULL AND line.kind = ANY(%s) AND line.text <> ''"
    " AND (line.language IN ('', 'en') OR line.language LIKE 'en-%%') AND line.id > %s"
    " AND (%s::bigint IS NULL OR line.reel_id = %s) ORDER BY line.id LIMIT %s"
)
_KEEP = (  # a line that is taken away meanwhile is left out
    "WITH there AS MATERIALIZED (SELECT id, reel_id FROM review_searchline"
    " WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE)"
    " INSERT INTO meaning.lines (line_id, reel_id, sentence)"
    " SELECT there.id, there.reel_id, given.sentence::halfvec"
    " FROM unnest(%s::bigint[], %s::text[]) AS given (id, sentence) JOIN there USING (id)"
    " ON CONFLICT DO NOTHING"
)
_NEAR = (
    "SELECT line.id, -(held.sentence <#> %s::halfvec) AS likeness"
    " FROM meaning.lines held JOIN review_searchline line"
    " ON line.id = held.line_id AND line.reel_id = held.reel_id"
    " WHERE {where} ORDER BY held.sentence <#> %s::halfvec LIMIT %s"
)
_WORDED = (
    "SELECT id FROM (SELECT line.id, line.vector FROM review_searchline line WHERE {where}"
    " AND line.kind = ANY(%s) LIMIT %s) found"
    " ORDER BY ts_rank_cd(vector, %s::tsquery) DESC, id LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Near:
    """What is near in meaning."""

    lines: list[SearchLine]
    """The nearest first."""
    likeness: dict[int, float]
    """By a line's number: the cosine, of those that the network found near, or hardly near where
    it is below `LEAST_LIKE`."""
    query: Query


def is_offered() -> bool:
    """Whether lines can be sought by meaning here: packages, weights and points are there."""
    return sentences.can_run() and is_kept()


def is_kept() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('meaning.lines') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def learn(reel: int) -> int:
    """Hold the meaning of a reel's lines that have none yet; how many.

    Raises: restoration.weights.WeightsError.
    """
    return sum(learn_more(reel))


def learn_more(reel: int | None = None) -> Iterator[int]:
    """The same in batches, of a reel or of all; how many each held.

    Raises: restoration.weights.WeightsError.
    """
    last = 0
    while True:
        values: list[Any] = [list(SPOKEN), last, reel, reel, _BATCH]
        with connection.cursor() as cursor:
            cursor.execute(_UNREAD, values)
            rows = sorted(cursor.fetchall(), key=lambda row: len(row[1]))
            if not rows:
                return
            points = [_written(point) for point in sentences.embed([text for _, text in rows])]
            pks = [pk for pk, _ in rows]
            cursor.execute(_KEEP, [pks, pks, points])
        last = max(pks)
        yield len(rows)


def find(query: Query, *, user: Any) -> Near:
    """Lines near in meaning to the words of a search, among those that the person may see.

    Raises: finding.TooSlow, restoration.weights.WeightsError.
    """
    said = " ".join(_said(query))
    if not said:
        return Near([], {}, query)
    point = _written(sentences.embed([said])[0])
    with finding.asking(_SEARCHING) as ask:
        where, values = finding.conditions(replace(query, node=None), user=user, ask=ask)
        rows = ask(_NEAR.format(where=where), [point, *values, point, _RANKED])
        likeness = _near(rows)
        order = _together(list(likeness), _worded(query, user=user, ask=ask))[:MOST]
        return Near(lines_of(order), likeness, query)


_SEARCHING = "SET LOCAL hnsw.ef_search = 200; SET LOCAL hnsw.iterative_scan = strict_order;"


def _near(rows: finding.Rows) -> dict[int, float]:
    """Those that are near, and the first that hardly are where these are few.

    Args:
        rows: number and cosine, the nearest first.
    """
    return {
        pk: float(like)
        for place, (pk, like) in enumerate(rows)
        if like >= (LEAST_ALIKE if place < FEWEST else LEAST_LIKE)
    }


def _worded(query: Query, *, user: Any, ask: finding.Ask) -> list[int]:
    """Lines that have all the words, those first that have them most and nearest each other."""
    where, values = finding.conditions(query, user=user, ask=ask)
    words = tsquery(query.node, languages=("en",))
    return [
        pk
        for (pk,) in ask(
            _WORDED.format(where=where), [*values, list(SPOKEN), _TRIED, words, _RANKED]
        )
    ]


def _together(*orders: list[int]) -> list[int]:
    points: dict[int, float] = {}
    for order in orders:
        for place, pk in enumerate(order, start=1):
            points[pk] = points.get(pk, 0.0) + 1 / (_CONSTANT + place)
    return sorted(points, key=lambda pk: (-points[pk], pk))


def _said(query: Query) -> Iterator[str]:
    for leaf in leaves(query.node):
        yield from [leaf.text] if isinstance(leaf, Word) else leaf.words


def _written(point: Any) -> str:
    """As pgvector reads it."""
    return "[" + ",".join(f"{value:.5f}" for value in point.tolist()) + "]"
