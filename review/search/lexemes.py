"""The index's side of a search: what a line is indexed as, what a tree asks for. PURE.

One row a line. Its vector holds the line's own words and, after a `+`, the next seven words of the
lines after it, each as it is and, if that is another, as its stem after a `~`, both at one
position. A hit must begin with an own word, so that a phrase across two lines is found once, in the
line where it begins. The `+` stands in the word itself and not as a weight beside it, since the
index holds no weights: asked by weight, every line with the word would be read to look. Who speaks
stands as words after an `@`, a reel's title in its catalogue row as words after a `^`, both without
a position.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from review.search.fields import Filters
from review.search.query import Both, Either, Near, Node, Phrase, Word
from review.search.words import stem, words

MOST_WORDS = 250
"""Of one row: a vector keeps at most 255 places of one word."""
_EVERYWHERE = Filters()
AFTER = "+"
"""Before a word of the lines after it."""


def vector(
    own: Sequence[str], after: Sequence[str], *, language: str, speaker: str = "", title: str = ""
) -> str:
    """A row's tsvector as PostgreSQL reads it; own and after are folded words.

    A word that is said twice stands in it twice: PostgreSQL puts the places together.
    """
    said = [
        f"{lexeme}:{number}"
        for row, mark, first in ((own, "", 1), (after, AFTER, len(own) + 1))
        for number, word in enumerate(row, start=first)
        for lexeme in _lexemes(word, language, mark)
    ]
    return " ".join((*said, *_named(speaker, "@"), *_named(title, "^")))


@lru_cache(maxsize=10_000)
def _named(text: str, mark: str) -> tuple[str, ...]:
    """Of a speaker or a title, who stand in many lines."""
    return tuple(f"'{mark}{word}'" for word in words(text))


@lru_cache(maxsize=200_000)
def _lexemes(word: str, language: str, mark: str) -> tuple[str, ...]:
    """How a word is held: as it is and, if that is another, as its stem."""
    form = stem(word, language)
    return (f"'{mark}{word}'",) if form == word else (f"'{mark}{word}'", f"'{mark}~{form}'")


def tsquery(
    node: Node | None, *, filters: Filters = _EVERYWHERE, languages: Iterable[str] = ("",)
) -> str:
    """A search as PostgreSQL's tsquery; empty if there is nothing to ask the vector.

    Args:
        filters: of which those who are to speak are in it.
        languages: of the lines that there are; a word is asked for by its stem in each of them.
    """
    asked = [
        spoken_by(field.values)
        for field in filters.fields
        if field.name == "speaker" and not field.taken
    ]
    if node is not None:
        asked.insert(0, _Asking(tuple(languages)).begun(node))
    return " & ".join(asked)


def spoken_by(names: Iterable[str]) -> str:
    """What the lines of any of these speakers have."""
    return _any(_all(f"'@{word}'" for word in words(name)) for name in names)


def titled(titles: Iterable[str]) -> str:
    """What the catalogue row of a reel with the words of one of these in its title has."""
    return _any(_all(f"'^{word}'" for word in words(title)) for title in titles)


OWN, ANY = ("",), ("", AFTER)
"""Which of a row's words are meant: its own, or those that follow them too."""


class _Asking:
    """Writes nodes, with the first word bound to the line's own or not."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self.languages = languages

    def begun(self, node: Node) -> str:
        """The node, beginning in the line itself."""
        match node:
            case Both(parts, without):
                return self._both(parts, without)
            case Either(parts):
                return _any(self.begun(part) for part in parts)
        return self._leaf(node, OWN)

    def anywhere(self, node: Node) -> str:
        """The node in the line or the words after it."""
        match node:
            case Both(parts, without):
                taken = (f"!{self.begun(part)}" for part in without)
                return _all((*(self.anywhere(part) for part in parts), *taken))
            case Either(parts):
                return _any(self.anywhere(part) for part in parts)
        return self._leaf(node, ANY)

    def _both(self, parts: tuple[Node, ...], without: tuple[Node, ...]) -> str:
        asked = [self.anywhere(Both(parts, without))]
        if len(parts) > 1:
            asked.append(_any(self.begun(part) for part in parts))
        elif parts:
            asked = [self.begun(parts[0]), *(f"!{self.begun(part)}" for part in without)]
        return _all(asked)

    def _leaf(self, node: Node, marks: Sequence[str]) -> str:
        match node:
            case Word():
                return self._word(node, marks)
            case Phrase((first, *rest), prefix):
                row = [_lexeme(first, marks), *(_lexeme(each, ANY) for each in rest)]
                if prefix:
                    row[-1] = _beginning(rest[-1], ANY)
                return f"({' <-> '.join(row)})"
            case Near(one, other, apart):
                return _any(
                    f"({self._word(first, marks)} <{step}> {self._word(second, ANY)})"
                    for first, second in ((one, other), (other, one))
                    for step in range(1, apart + 1)
                )
        raise TypeError(node)

    def _word(self, word: Word, marks: Sequence[str]) -> str:
        if word.prefix:
            return _beginning(word.text, marks)
        if word.instead:
            return _any(_lexeme(each, marks) for each in word.instead)
        if word.exact:
            return _lexeme(word.text, marks)
        return _any(
            _lexeme(form, marks)
            for language in self.languages
            for form in _forms(stem(word.text, language), language)
        )


def _forms(asked: str, language: str) -> tuple[str, ...]:
    """How the rows hold words with that stem: a word that is its own stem stands there once."""
    marked = "~" + asked
    return (asked, marked) if stem(asked, language) == asked else (marked,)


def _beginning(word: str, marks: Sequence[str]) -> str:
    return _any(f"'{mark}{word}':*" for mark in marks)


def _lexeme(word: str, marks: Sequence[str]) -> str:
    return _any(f"'{mark}{word}'" for mark in marks)


def _any(parts: Iterable[str]) -> str:
    found = list(dict.fromkeys(parts))
    return found[0] if len(found) == 1 else f"({' | '.join(found)})"


def _all(parts: Iterable[str]) -> str:
    found = list(parts)
    return found[0] if len(found) == 1 else f"({' & '.join(found)})"
