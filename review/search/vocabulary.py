"""The words that lines have, and which of them a misspelt one may mean.

Each word is kept with the hashes of itself and of what is left of its first seven letters when one
or two are taken out (symmetric deletes, W. Garbe's SymSpell, 2012). Two words that are at most two
edits apart share one of these, so the index gives every candidate and the exact distance decides.
Lines are never scanned for it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from itertools import combinations

from django.db import connection
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

PREFIX = 7
SHORT = 4
"""Words of at most so many letters are near by one edit, longer ones by two."""
MOST_NEAR = 10
BATCH = 1000


def edits_allowed(word: str) -> int:
    return 1 if len(word) <= SHORT else 2


def deletes(word: str) -> list[int]:
    """Hashes of the word's beginning with up to two letters left out, signed 32 bits."""
    start = word[:PREFIX]
    kept = {start}
    for count in (1, 2):
        if len(start) > count:
            places = combinations(range(len(start)), len(start) - count)
            kept |= {"".join(start[at] for at in places_kept) for places_kept in places}
    return sorted(zlib.crc32(each.encode()) - 2**31 for each in kept)


def learn(words: Iterable[str]) -> None:
    """Keep words that are not kept yet. In the order of the alphabet, so that no two writers wait
    for each other in a ring."""
    wanted = sorted({word for word in words if len(word) > 2 and not word.isdecimal()})
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        if new := sorted(set(batch) - _known(batch)):
            with connection.cursor() as cursor:
                cursor.execute(_LEARN, [new, [_written(deletes(word)) for word in new]])


_LEARN = (
    "INSERT INTO review_searchword (text, deletes) SELECT word, deletes::integer[]"
    " FROM unnest(%s::text[], %s::text[]) AS given (word, deletes)"
    " ORDER BY word ON CONFLICT DO NOTHING"
)


def _written(numbers: list[int]) -> str:
    """As PostgreSQL reads an array: those of many words are of many lengths, and make none."""
    return f"{{{','.join(map(str, numbers))}}}"


def _known(words: list[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM review_searchword WHERE text = ANY(%s)", [words])
        return {text for (text,) in cursor.fetchall()}


def near(word: str) -> list[str]:
    """Words of the index that the word may be a misspelling of, the nearest first.

    Nobody may be shown them before it is known that a line that they may see has it.
    """
    most = edits_allowed(word)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT text FROM review_searchword WHERE deletes && %s AND length(text)"
            " BETWEEN %s AND %s",
            [deletes(word), len(word) - most, len(word) + most],
        )
        candidates = [text for (text,) in cursor.fetchall()]
    found = []
    scored = process.extract_iter(word, candidates, scorer=OSA.distance, score_cutoff=most)
    for text, distance, _ in scored:
        if distance:
            unlike = -JaroWinkler.similarity(word, text)  # of two, what begins alike is nearer
            found.append((distance, text[0] != word[0], unlike, text))
    return [text for *_, text in sorted(found)]
