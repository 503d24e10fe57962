"""Where in a line's text a search is met: the same rules as the index's, for marking. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from review.search.query import Both, Either, Near, Node, Phrase, Word
from review.search.words import Token, stem, tokens


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of a text, half-open."""

    start: int
    end: int


def spans(node: Node | None, text: str, *, language: str) -> list[Span]:
    """The places in a text that the search means, in order, none over another."""
    found = tokens(text)
    hits = sorted(set(_hits(node, found, language)))
    merged: list[tuple[int, int]] = []
    for first, last in hits:
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return [Span(found[first].start, found[last].end) for first, last in merged]


def _hits(node: Node | None, said: Sequence[Token], language: str) -> Iterator[tuple[int, int]]:
    """First and last word of each place."""
    match node:
        case Word():
            yield from ((at, at) for at in _places(node, said, language))
        case Phrase(wanted, prefix):
            row = [token.word for token in said]
            for at in range(len(row) - len(wanted) + 1):
                here = row[at : at + len(wanted)]
                if prefix:
                    here[-1] = here[-1][: len(wanted[-1])]
                if tuple(here) == wanted:
                    yield at, at + len(wanted) - 1
        case Near(one, other, apart):
            others = _places(other, said, language)
            for at in _places(one, said, language):
                for to in others:
                    if 1 <= abs(to - at) <= apart:
                        yield from ((at, at), (to, to))
        case Both(parts, _) | Either(parts):
            for part in parts:
                yield from _hits(part, said, language)


def _places(word: Word, said: Sequence[Token], language: str) -> list[int]:
    return [at for at, token in enumerate(said) if _is(word, token.word, language)]


def _is(word: Word, said: str, language: str) -> bool:
    if word.prefix:
        return said.startswith(word.text)
    if word.instead:
        return said in word.instead
    if word.exact:
        return said == word.text
    return stem(said, language) == stem(word.text, language)
