"""A line whose text a person changed: words that stayed keep their times, new ones get a place.

The old and the new words are aligned as tokens without case and punctuation. What was put in place
of as many words takes their times; anything else is laid into the gap that it stands in, by length,
and marked as interpolated.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

from restoration.speech.transcript import Word, spread

Fate = Literal["kept", "respelt", "new"]


@dataclass(frozen=True, slots=True)
class Retimed:
    """A word of the new text; `old` is its place among the words before, if it was one of them."""

    word: Word
    old: int | None
    fate: Fate


def token(text: str) -> str:
    """A word as it is compared: without case, accents kept, and without punctuation around it."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(letter for letter in folded if letter.isalnum() or letter == "'")
    return bare.strip("'") or folded


def tokens(text: str) -> list[str]:
    return [token(word) for word in text.split()]


def retime(words: Sequence[Word], text: str, *, start: int, end: int) -> list[Retimed]:
    """The words of the new text, for a line that lasts from `start` to `end`."""
    said = text.split()
    old = [token(word.text) for word in words]
    matcher = SequenceMatcher(None, old, [token(word) for word in said], autojunk=False)
    found: list[Retimed] = []
    for kind, first, stop, first_new, stop_new in matcher.get_opcodes():
        new = said[first_new:stop_new]
        if kind == "equal" or (kind == "replace" and stop - first == len(new)):
            found += [
                _in_place(words[first + n], written, first + n, same=kind == "equal")
                for n, written in enumerate(new)
            ]
        elif new:
            low = words[first].start if stop > first else _end_before(words, first, start)
            high = words[stop - 1].end if stop > first else _start_after(words, stop, end)
            found += [Retimed(word, None, "new") for word in _laid(new, low, max(low, high))]
    return found


def _in_place(word: Word, written: str, place: int, *, same: bool) -> Retimed:
    if same and word.text == written:
        return Retimed(word, place, "kept")
    changed = replace(word, text=written, confidence=word.confidence if same else None)
    return Retimed(changed, place, "respelt" if same else "new")


def _end_before(words: Sequence[Word], place: int, start: int) -> int:
    return words[place - 1].end if place else min([start, *(word.start for word in words[:1])])


def _start_after(words: Sequence[Word], place: int, end: int) -> int:
    if place < len(words):
        return words[place].start
    return max([end, *(word.end for word in words[-1:])])


def _laid(said: list[str], low: int, high: int) -> tuple[Word, ...]:
    return spread(" ".join(said), low, high)
