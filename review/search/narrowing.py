"""What a search asks of a line besides its words, in SQL: its fields, and what somebody may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.utils import timezone

from archive.sight import Part, Sight
from review.models import SearchLine
from review.search.fields import Field, Filters
from review.search.lexemes import spoken_by, titled

OF_THE_HOUSE = (SearchLine.Kind.NOTE, SearchLine.Kind.STORE)
"""Lines for those alone who work on the film."""
Condition = tuple[str, list[Any]]
"""On `review_searchline line`; and its values."""


def narrowed(filters: Filters) -> Iterator[Condition]:
    """What lines answer to that the fields mean; speakers that are asked for are left to the
    words' query, which begins with the index."""
    for field in filters.fields:
        if field.name == "speaker" and not field.taken:
            continue
        condition, values = _BY_NAME[field.name](field)
        yield (f"NOT ({condition})" if field.taken else condition), values


def _speaker(field: Field) -> Condition:
    return "line.vector @@ %s::tsquery", [spoken_by(field.values)]


def _reel(field: Field) -> Condition:
    return "line.reel_id = ANY(%s)", [list(field.values)]


def _title(field: Field) -> Condition:
    return _TITLED, [titled(field.values)]


def _year(field: Field) -> Condition:
    between = " OR ".join([_BETWEEN] * len(field.values))
    return _OF_YEARS.format(between=between), [year for years in field.values for year in years]


def _language(field: Field) -> Condition:
    like = [f"{value}-%" for value in field.values]
    return "line.language = ANY(%s) OR line.language LIKE ANY(%s)", [list(field.values), like]


def _kind(field: Field) -> Condition:
    return "line.kind = ANY(%s)", [list(field.values)]


def _checked(field: Field) -> Condition:
    return "line.checked = ANY(%s)", [list(field.values)]


_BY_NAME: dict[str, Callable[[Field], Condition]] = {
    "speaker": _speaker,
    "reel": _reel,
    "title": _title,
    "year": _year,
    "language": _language,
    "checked": _checked,
    "kind": _kind,
}


def seen(sight: Sight) -> Iterator[Condition]:
    """What lines answer to that somebody may see."""
    parts = [_seen(part) for part in sight]
    if len(parts) == 1:
        yield from parts[0]
        return
    either = (" AND ".join(f"({each})" for each, _ in part) or "TRUE" for part in parts)
    yield (
        " OR ".join(f"({each})" for each in either) or "FALSE",
        [value for part in parts for _, given in part for value in given],
    )


def _seen(part: Part) -> list[Condition]:
    """What a line that is in this part of somebody's sight answers to."""
    found: list[Condition] = []
    if part.within is not None:
        found.append((_WITHIN, [list(part.within)]))
    if part.access is not None:
        found.append(("line.kind <> ALL(%s)", [[kind.value for kind in OF_THE_HOUSE]]))
        found.append((_OPEN, [list(part.access)]))
    if not part.embargoed:
        found.append((_NOT_HELD, [timezone.localdate()]))
    if part.closed:
        found.append((_NOT_CLOSED, [list(part.closed)]))
    return found


_TITLED = (
    "line.reel_id IN (SELECT reel_id FROM review_searchline"
    " WHERE kind = 'catalogue' AND vector @@ %s::tsquery)"
)
_BETWEEN = "substring(title.year from '[0-9]{4}')::int BETWEEN %s AND %s"
_OF_YEARS = (
    "line.reel_id IN (SELECT reel.id FROM archive_reel reel"
    " JOIN archive_element element ON element.id = reel.element_id"
    " JOIN archive_title title ON title.id = element.title_id WHERE {between})"
)
_OPEN = (
    "EXISTS (SELECT 1 FROM archive_reel reel"
    " WHERE reel.id = line.reel_id AND reel.access = ANY(%s))"
)
_NOT_HELD = (  # an array is made once for a query, not once for a line
    "line.reel_id <> ALL (ARRAY(SELECT reel.id FROM archive_reel reel"
    " JOIN archive_element element ON element.id = reel.element_id"
    " JOIN archive_rights rights ON rights.title_id = element.title_id WHERE rights.embargo > %s))"
)
_WITHIN = (
    "EXISTS (SELECT 1 FROM archive_reel reel"
    " JOIN archive_element element ON element.id = reel.element_id"
    " JOIN archive_title title ON title.id = element.title_id"
    " WHERE reel.id = line.reel_id AND title.collection_id = ANY(%s))"
)
_NOT_CLOSED = f"NOT {_WITHIN}"
