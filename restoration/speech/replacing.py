"""Words put in place of others in the text of a line: whole words, with what surrounds them. PURE.

Words are compared as `retiming.token` does it: without the punctuation around them, accents kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from restoration.speech.retiming import token

_AROUND = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
"""Punctuation before a word, the word, punctuation behind it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for, and what to put in its place."""

    find: str
    """One word or several that follow each other."""
    by: str
    """Empty: the words are taken out."""
    match_case: bool = False


def found(words: Sequence[str], wanted: Wanted) -> list[int]:
    """The places, from the left and not overlapping, at which the words that are meant begin."""
    asked = [_compared(word, wanted) for word in wanted.find.split()]
    said = [_compared(word, wanted) for word in words]
    places: list[int] = []
    at = 0
    while asked and at + len(asked) <= len(said):
        if said[at : at + len(asked)] == asked:
            places.append(at)
            at += len(asked)
        else:
            at += 1
    return places


def replaced(words: Sequence[str], wanted: Wanted, places: Iterable[int]) -> str:
    """The text with the words at those places changed; punctuation around them stays.

    A word that began with a capital, as at the head of a sentence, begins with one again unless
    case was to be matched.
    """
    length = len(wanted.find.split())
    starts = set(places)
    made: list[str] = []
    at = 0
    while at < len(words):
        if at in starts:
            made += _put(words[at : at + length], wanted)
            at += length
        else:
            made.append(words[at])
            at += 1
    return " ".join(made)


def _put(words: Sequence[str], wanted: Wanted) -> list[str]:
    before, first, _ = _parted(words[0])
    _, _, behind = _parted(words[-1])
    by = " ".join(wanted.by.split())
    if not by:
        return []
    if not wanted.match_case and first[:1].isupper():
        by = by[:1].upper() + by[1:]
    return f"{before}{by}{behind}".split()


def _parted(word: str) -> tuple[str, str, str]:
    parts = _AROUND.match(word)
    assert parts is not None
    return parts[1], parts[2], parts[3]


def _compared(word: str, wanted: Wanted) -> str:
    if not wanted.match_case:
        return token(word)
    return unicodedata.normalize("NFKC", _parted(word)[1] or word)
