"""The controlled vocabularies as data (`terms.toml`), and how they get into the catalogue."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TERMS = Path(__file__).with_name("terms.toml")


class VocabularyError(ValueError):
    """A file of terms is not written as it must be; the message names the place."""


@dataclass(frozen=True, slots=True)
class Entry:
    vocabulary: str
    code: str
    label: str
    position: int


def read_terms(path: Path = TERMS) -> list[Entry]:
    """The terms of a TOML file with one table a vocabulary, `code = "label"`.

    Raises: VocabularyError.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise VocabularyError(f"{path} cannot be read as a file of terms: {error}") from error
    return list(_entries(path, tables))


def _entries(path: Path, tables: dict[str, object]) -> Iterator[Entry]:
    for vocabulary, terms in tables.items():
        if not isinstance(terms, dict):
            raise VocabularyError(f"{path}: put {vocabulary!r} below a heading such as [gauge]")
        for position, (code, label) in enumerate(terms.items(), 1):
            if not isinstance(label, str) or not label.strip() or ";" in label:
                raise VocabularyError(
                    f"{path}: [{vocabulary}] {code} wants a text in quotes without a semicolon"
                )
            yield Entry(vocabulary, code, label.strip(), position)
