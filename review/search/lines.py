"""Lines of the index as they are shown, each with its reel, title and scan.

They are made by hand of what one statement gives: to write a question for the columns of six
tables, and to take its answer apart, took Django longer than the database needed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

from archive.models import Collection, Element, Reel, Scan, Title
from review.models import SearchLine
from review.search import statement

Row = TypeVar("Row", bound=Model)


def lines_of(pks: Sequence[int]) -> list[SearchLine]:
    """The rows of those numbers that there are, in that order, each with its reel and scan."""
    if not pks:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.lines(), [list(pks)])
        by_pk = {row[0]: line_of(row) for row in cursor.fetchall()}
    return [by_pk[pk] for pk in pks if pk in by_pk]


def line_of(row: Sequence[Any]) -> SearchLine:
    """A line of what `statement.search` or `statement.lines` gives for it.

    What is not among it, such as the reel's notes, is asked for when it is used.
    """
    values = iter(row)
    line = _made(SearchLine, statement.LINE, values)
    assert line is not None
    reel, element, title, collection, scan = (
        _made(model, statement.AROUND[name], values) for name, model in _MODELS.items()
    )
    _tie(title, "collection", collection)
    _tie(element, "title", title)
    _tie(reel, "element", element)
    _tie(line, "reel", reel)
    _tie(line, "scan", scan)
    return line


_MODELS: dict[str, type[Model]] = {
    "reel": Reel,
    "element": Element,
    "title": Title,
    "collection": Collection,
    "scan": Scan,
}


def _made(model: type[Row], names: Sequence[str], values: Iterator[Any]) -> Row | None:
    """None where an outer join found nothing."""
    given = dict(zip(names, islice(values, len(names)), strict=True))
    if given["id"] is None:
        return None
    make: Callable[..., Row] = model.from_db
    in_order = [name for name in _attributes(model) if name in given]
    return make(DEFAULT_DB_ALIAS, in_order, [given[name] for name in in_order])


def _attributes(model: type[Model]) -> list[str]:
    return [each.attname for each in model._meta.concrete_fields]


def _tie(one: Model | None, name: str, other: Model | None) -> None:
    if one is not None:
        setattr(one, name, other)
