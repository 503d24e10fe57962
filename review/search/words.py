"""Text as the words that the index holds, each with its place in the text. PURE.

A word is a run of letters, digits and marks, folded: compatibility forms (NFKC), case, accents and
vowel points away, apostrophes inside it dropped ("Don't" is "dont"), groups of digits joined
("1,000" is "1000"). A hyphen parts words, so "well-known" is found as two words beside each other.
Chinese, Japanese kana and Thai are written without spaces: there every character is a word, and
what is asked in one piece is found as characters in a row.

Stems are Snowball's (Porter 2001), without stop words: "what" and "that" can be asked for.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import regex

MOST_LETTERS = 64
"""Of one word in the index; what is longer is no word, and is cut."""

_APOSTROPHE = "'\u2019\u02bc\uff07"
"""As it is typed, as it is printed, as it is a letter, and in full width."""
_ALONE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_WORD = regex.compile(
    rf"(?<alone>{_ALONE}\p{{M}}*)"
    r"|(?<number>\p{N}+(?:[.,'\u2019]\p{N}+)*(?![\p{L}\p{N}]))"
    rf"|(?<word>(?:(?!{_ALONE})[\p{{L}}\p{{N}}][\p{{M}}]*)"
    rf"(?:[{_APOSTROPHE}]?(?!{_ALONE})[\p{{L}}\p{{N}}][\p{{M}}]*)*)"
)
_GROUPS = regex.compile(r"(?<=\p{N})[,'\u2019](?=\p{N}{3}(?!\p{N}))")
_APOSTROPHES = str.maketrans("", "", _APOSTROPHE)
_MARKS = regex.compile(
    r"(?<!и)\u0306|[\u0300-\u0305\u0307-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)
"""Latin, Greek and Cyrillic accents (but й), Hebrew points, Arabic vowels; others need theirs."""
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)

LANGUAGES = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque",
    "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    "yi": "yiddish",
}  # fmt: skip
"""ISO 639-1 of what is stemmed. Words of every other language are their own stems."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text."""

    word: str
    """Folded."""
    start: int
    end: int
    """Its characters in the text, half-open."""


def tokens(text: str) -> list[Token]:
    """The words of a text in their order."""
    return [
        Token(folded, found.start(), found.end())
        for found in _WORD.finditer(text)
        if (folded := _folded(found[0], is_number=found["number"] is not None))
    ]


@lru_cache(maxsize=200_000)
def _folded(written: str, *, is_number: bool) -> str:
    plain = _GROUPS.sub("", written) if is_number else written
    plain = unicodedata.normalize("NFKD", plain.translate(_APOSTROPHES)).casefold()
    plain = _MARKS.sub("", plain).translate(_LETTERS)
    # Case folding may leave marks in another order; NFC makes one form of what is left.
    return unicodedata.normalize("NFC", plain)[:MOST_LETTERS]


def words(text: str) -> list[str]:
    """The folded words alone."""
    return [token.word for token in tokens(text)]


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The stem of a folded word in a language (ISO 639-1); itself where there is no stemmer."""
    name = LANGUAGES.get(language.lower()[:2])
    if name is None:
        return word
    with _ONE_AT_A_TIME:
        return _stemmer(name).stemWord(word)  # type: ignore[no-any-return]


_ONE_AT_A_TIME = Lock()
"""A stemmer keeps the word that it works on in itself."""


@lru_cache(maxsize=len(LANGUAGES))
def _stemmer(name: str) -> Any:
    import snowballstemmer  # not before a word is stemmed: it loads all its languages

    return snowballstemmer.stemmer(name)
