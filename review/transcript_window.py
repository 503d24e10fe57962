"""Which lines of a transcript a page shows, and in what pieces a long one is fetched.

A piece is all lines that begin in [start, end) samples: it stays the same piece whatever is split,
merged or put in meanwhile, by whomever.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from restoration.speech.layers import Label
from restoration.speech.retiming import token
from review.transcript_page import Room, ShownLine

PIECE = 20
"""Lines of a piece when the page is opened."""
PAGE = 6 * PIECE
"""Lines of a page without scripts, and of what is sent at first."""
SHOWS = ("", "check", "doubt")
"""All lines, those that nobody answers for, those with a doubtful word."""
_GROUPS = 30


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A word that is doubtful in some places of the reel."""

    word: str
    count: int
    every: int
    """How often it is there in all, doubtful or not."""


def chosen(room: Room, shows: str) -> list[ShownLine]:
    """The lines of that filter."""
    if shows == "check":
        return room.to_check
    if shows == "doubt":
        return [line for line in room.lines if not line.line.removed and line.is_doubtful]
    return room.lines


def pieces(lines: Sequence[ShownLine]) -> list[tuple[int, int]]:
    """Where each piece begins, in samples, and how many lines are in it."""
    starts = sorted({lines[at].line.start for at in range(0, len(lines), PIECE)})
    begins = [line.line.start for line in lines]
    places = [bisect_left(begins, start) for start in starts] + [len(lines)]
    return [(start, places[n + 1] - places[n]) for n, start in enumerate(starts)]


def between(lines: Sequence[ShownLine], start: int, end: int) -> list[ShownLine]:
    """The lines that begin in [start, end)."""
    begins = [line.line.start for line in lines]
    return list(lines[bisect_left(begins, start) : bisect_left(begins, end)])


def doubtful_words(room: Room) -> list[Doubtful]:
    """The most frequent first; words are the same without case and punctuation."""
    shown = [said for line in room.lines if not line.line.removed for said in line.line.words]
    every = _counted(said.word.text for said in shown)
    doubted = [said.word.text for said in shown if said.label == Label.MACHINE_DOUBTFUL]
    written: dict[str, str] = {}
    for text in doubted:
        written.setdefault(token(text), text)
    return [
        Doubtful(written[word].strip('.,;:!?…"“”()[]-'), count, every[word])
        for word, count in _counted(doubted).most_common(_GROUPS)
    ]


def _counted(texts: Iterable[str]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for text, times in Counter(texts).items():
        counted[token(text)] += times
    return counted
