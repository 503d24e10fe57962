"""What a search costs: a made collection of film-like English, asked as researchers ask.

Words follow Zipf's law (exponent 1.07, shifted by 2.7 after Mandelbrot 1953), a line has 3 to 15 of
them, one line in fifty is one of two hundred stock phrases. Everything is drawn from one seed.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import connection, connections

from archive.models import Element, Reel, Title
from review.search import bulk, finding, index, vocabulary
from review.search.index import Entry, rows
from review.search.lexemes import vector
from review.search.query import AHEAD, parse

SEED = 1912
VOCABULARY = 60_000
SPEAKERS = 5_000
REELS = 1_000
STOCK = 200
ASKED = 100
"""Questions of each kind."""
REPLACED = 5
"""Reels whose lines are replaced: the first after a build splits pages that were packed full."""
CLIENTS = 8
_STARTS = (*"bcdfghjklmnprstvw", "br", "ch", "cl", "dr", "fl", "gr", "pl", "sh", "st", "th", "tr")
_VOWELS = (*"aeiou", "ai", "ea", "ee", "oa", "ou")
_ENDS = ("", *"nrlt", "nd", "st", "ck")
_COLUMNS = (
    "reel_id", "kind", "key", "number", "start_frame", "end_frame", "text", "after", "speaker",
    "language", "checked", "doubtful", "vector",
)  # fmt: skip


@dataclass(slots=True)
class Collection:
    """The made lines, by reel."""

    words: list[str]
    lines: list[np.ndarray]
    """Places in `words` of each line."""
    speakers: list[str]
    reels: list[int]
    """Their numbers in the database."""
    per_reel: int

    def said(self, line: int) -> list[str]:
        return [self.words[place] for place in self.lines[line]]


def measure(count: int) -> dict[str, Any]:
    """Make `count` lines, index them, ask; milliseconds at the 95th percentile, recall, size."""
    made = collection(count)
    build_s = build(made)
    user = User.objects.create_superuser("bench")
    asker = _Asker(made, user)
    p95 = {name: _p95(asker.ask(name)) for name in _Asker.KINDS}
    p95["clients_8"] = _p95(asker.ask_at_once())
    recall = asker.recall()  # before any of its lines is replaced
    replaced = [_replace(made, reel) for reel in made.reels[:REPLACED]]
    return {
        "lines": len(made.lines),
        "words": int(sum(map(len, made.lines))),
        "p95_ms": p95,
        "recall": recall,
        "build_s": round(build_s, 1),
        "replace_s": round(statistics.median(replaced), 3),
        "replace_each_s": [round(seconds, 3) for seconds in replaced],
        "size_mb": round(_size() / 1e6),
    }


def collection(count: int) -> Collection:
    """The lines, and rows for their reels."""
    chance, draw = random.Random(SEED), np.random.default_rng(SEED)
    names = _words(chance, VOCABULARY)
    weights = 1 / (np.arange(VOCABULARY) + 2.7) ** 1.07
    weights /= weights.sum()
    lengths = draw.integers(3, 16, count)
    drawn = draw.choice(VOCABULARY, size=int(lengths.sum()), p=weights).astype(np.int32)
    lines = np.split(drawn, np.cumsum(lengths)[:-1])
    stock = [draw.choice(2000, size=draw.integers(3, 7)).astype(np.int32) for _ in range(STOCK)]
    for at in range(0, count, 50):
        lines[at] = stock[int(draw.zipf(1.3)) % STOCK]
    reels = _reels(min(REELS, max(1, count // 100)))
    speakers = [f"{chance.choice(names)} {chance.choice(names)}".title() for _ in range(SPEAKERS)]
    return Collection(names, lines, speakers, reels, -(-count // len(reels)))


def _words(chance: random.Random, count: int) -> list[str]:
    """Words that can be said: two or more syllables of English letters, some with an ending."""
    found: dict[str, None] = {}
    while len(found) < count:
        said = "".join(
            chance.choice(_STARTS) + chance.choice(_VOWELS) + chance.choice(_ENDS)
            for _ in range(chance.choice((1, 2, 2, 3)))
        )
        found[said + chance.choice(("", "", "", "s", "ed", "ing", "ly"))] = None
    return list(found)


def _reels(count: int) -> list[int]:
    titles = Title.objects.bulk_create(
        [Title(name=f"Film {number}", year=str(1895 + number % 66)) for number in range(count)]
    )
    elements = Element.objects.bulk_create([Element(title=title) for title in titles])
    made = Reel.objects.bulk_create([Reel(element=element, number=1) for element in elements])
    return [reel.pk for reel in made]


def build(made: Collection) -> float:
    """Seconds to write the lines, make the index, learn the words and settle both."""
    begun = time.perf_counter()
    with bulk.writing():
        with connection.cursor() as cursor:
            into = f"COPY review_searchline ({', '.join(_COLUMNS)}) FROM STDIN"
            with cursor.copy(into) as copy:
                for row in _rows(made):
                    copy.write_row(row)
        vocabulary.learn(made.words)
    return time.perf_counter() - begun


def _rows(made: Collection) -> Iterator[tuple[Any, ...]]:
    for number in range(len(made.lines)):
        reel, at = divmod(number, made.per_reel)
        own = made.said(number)
        after: list[str] = []
        following = number + 1
        while len(after) < AHEAD and following < min((reel + 1) * made.per_reel, len(made.lines)):
            after += made.said(following)
            following += 1
        after = after[:AHEAD]
        speaker = made.speakers[number * 7919 % SPEAKERS]
        said = vector(own, after, language="en", speaker=speaker)
        yield (
            made.reels[reel], "dialogue", f"m{at}", at, at * 48, at * 48 + 40, " ".join(own),
            " ".join(after), speaker, "en", number % 5 == 0, False, said,
        )  # fmt: skip


class _Asker:
    """Asks questions of every kind and times the whole answer: page, count and facets."""

    KINDS = ("rare", "common", "phrase", "stock_phrase", "across_lines", "misspelled", "facets")

    def __init__(self, made: Collection, user: User) -> None:
        self.made, self.user = made, user
        self.chance = random.Random(SEED + 1)

    def question(self, kind: str) -> str:
        made, chance = self.made, self.chance
        line = chance.randrange(len(made.lines) - 2)
        match kind:
            case "rare":
                return made.words[chance.randrange(VOCABULARY // 3, VOCABULARY)]
            case "common" | "facets":
                return made.words[chance.randrange(0, 50)]
            case "stock_phrase":
                return f'"{" ".join(made.said(line // 50 * 50))}"'
            case "across_lines":
                return f'"{" ".join(made.said(line)[-2:] + made.said(self._next(line))[:2])}"'
            case "misspelled":
                return edited(self._long(line), 1, chance)
        said = made.said(line)
        return f'"{" ".join(said[: chance.randint(2, min(8, len(said)))])}"'

    def _next(self, line: int) -> int:
        """The line after it; the same if it is its reel's last."""
        return line if (line + 1) % self.made.per_reel == 0 else line + 1

    def _long(self, line: int) -> str:
        return max(self.made.said(line), key=len)

    def ask(self, kind: str) -> list[float]:
        return [self._timed(self.question(kind)) for _ in range(ASKED)]

    def ask_at_once(self) -> list[float]:
        questions = [self.question(kind) for kind in self.KINDS for _ in range(ASKED // 4)]
        self.chance.shuffle(questions)

        def asked_by(client: int) -> list[float]:
            try:
                return [self._timed(question) for question in questions[client::CLIENTS]]
            finally:
                connections.close_all()

        with ThreadPoolExecutor(CLIENTS) as clients:
            return [took for each in clients.map(asked_by, range(CLIENTS)) for took in each]

    def _timed(self, question: str) -> float:
        begun = time.perf_counter()
        finding.find(parse(question), user=self.user)
        return 1000 * (time.perf_counter() - begun)

    def recall(self) -> dict[str, float]:
        """Share of phrases of 2 to 8 words found where they are said, and of edits understood."""
        found = {"phrase": self._phrases(), "one_edit": 0.0, "two_edits": 0.0}
        for name, edits in (("one_edit", 1), ("two_edits", 2)):
            found[name] = statistics.mean(self._understood(edits) for _ in range(5 * ASKED))
        return {name: round(value, 4) for name, value in found.items()}

    def _phrases(self) -> float:
        hits = 0
        for _ in range(2 * ASKED):
            line = self.chance.randrange(len(self.made.lines) - 2)
            said = self.made.said(line)
            first = self.chance.randrange(len(said))
            row = said[first:] + (self.made.said(line + 1) if self._next(line) != line else [])
            phrase = row[: self.chance.randint(2, 8)]
            reel, at = divmod(line, self.made.per_reel)
            wanted = f'"{" ".join(phrase)}" reel:{self.made.reels[reel]}'
            answer = finding.find(parse(wanted), user=self.user, size=1000)
            hits += any(each.number == at for each in answer.lines)
        return hits / (2 * ASKED)

    def _understood(self, edits: int) -> bool:
        word = self._long(self.chance.randrange(len(self.made.lines)))
        typed = edited(word, edits, self.chance)
        return word == typed or word in vocabulary.near(typed)[: vocabulary.MOST_NEAR]


def edited(word: str, edits: int, chance: random.Random) -> str:
    """The word with letters changed, left out, put in or exchanged with the next."""
    letters = list(word)
    for _ in range(edits):
        at = chance.randrange(len(letters))
        match chance.randrange(4):
            case 0:
                letters[at] = chance.choice("abcdefghijklmnopqrstuvwxyz")
            case 1 if len(letters) > 3:
                del letters[at]
            case 2 if at + 1 < len(letters):
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            case _:
                letters.insert(at, chance.choice("abcdefghijklmnopqrstuvwxyz"))
    return "".join(letters)


def _replace(made: Collection, number: int) -> float:
    """Seconds to put a thousand other lines in place of that reel's."""
    reel = Reel.objects.get(pk=number)
    entries = [
        Entry("dialogue", f"m{at}", " ".join(made.said(-at - 1)), (at, at + 1), language="en")
        for at in range(min(1000, len(made.lines)))
    ]
    begun = time.perf_counter()
    index.keep(reel, index.SPOKEN, rows(entries, reel=reel, scan=None))
    return time.perf_counter() - begun


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size('review_searchword')"
            " + sum(pg_total_relation_size(relid)) FROM pg_partition_tree('review_searchline')"
        )
        return int(cursor.fetchone()[0])


def _p95(spent: Sequence[float]) -> float:
    return round(float(np.percentile(spent, 95)), 1)
