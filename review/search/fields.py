"""Fields of a search: who says it, where, when. PURE.

    speaker:rhett  reel:12  title:"harbour day"  year:1910..1925
    language:en  checked:yes  kind:dialogue

Each field is one condition more; values of one field joined by OR make one condition, which any of
them meets. With a minus before it, none may.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from review.search.words import words

KINDS = ("dialogue", "intertitle", "sound", "note", "catalogue", "store")
_ONE_ONLY = ("reel", "checked", "kind")
"""Of which a line has one value."""


@dataclass(frozen=True, slots=True)
class Field:
    """One condition on where to look."""

    name: str
    values: tuple[Any, ...]
    """Of which one is enough. Of `year` pairs of first and last; of `reel` numbers; of `checked`
    whether; else words."""
    taken: bool = False
    """None of the values may be there."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Where to look; empty: everywhere."""

    fields: tuple[Field, ...] = ()

    def is_empty(self) -> bool:
        return not self.fields

    def narrows(self) -> bool:
        """Whether something is asked for, and not only taken away."""
        return any(not field.taken for field in self.fields)

    def wanted(self, name: str) -> Iterator[Any]:
        """The values of a field that are asked for."""
        for field in self.fields:
            if field.name == name and not field.taken:
                yield from field.values


def read(name: str, written: str) -> Any:
    """A field's value as it is typed; None if it says nothing."""
    value = written.strip('"').strip()
    return _READ[name](value)


def contradictions(fields: Sequence[Field]) -> Iterator[str]:
    """The names of fields that a line would need two values of."""
    for name in _ONE_ONLY:
        asked = [set(field.values) for field in fields if field.name == name and not field.taken]
        if asked and not set.intersection(*asked):
            yield name


def _words(value: str) -> str | None:
    return value if words(value) else None


def _number(value: str) -> int | None:
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else None


def _years(value: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"([0-9]{4})?(\.\.|-)?([0-9]{4})?", value)
    if found is None or not (found[1] or found[3]):
        return None
    first, last = int(found[1] or 0), int(found[3] or 9999)
    if found[2] is None:
        last = first
    return min(first, last), max(first, last)


def _language(value: str) -> str | None:
    return value.lower() if re.fullmatch(r"[A-Za-z0-9-]{2,12}", value) else None


def _whether(value: str) -> bool | None:
    return {"yes": True, "true": True, "no": False, "false": False}.get(value.lower())


def _kind(value: str) -> str | None:
    return value.lower() if value.lower() in KINDS else None


_READ: dict[str, Callable[[str], Any]] = {
    "speaker": _words,
    "reel": _number,
    "title": _words,
    "year": _years,
    "language": _language,
    "checked": _whether,
    "kind": _kind,
}
NAMES = tuple(_READ)
