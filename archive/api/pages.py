"""Long lists in pages: each goes on behind the last row that was seen, not after so many rows, so
that none is shown twice or left out while others are added, and the last page is as quick as the
first.
"""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from archive.api.problems import BadQuery

MOST = 200
_DIGITS = 19
"""Of a position, which is always a number that the database keeps in 64 bits."""


class Pages(CursorPagination):
    """`{"next": address or null, "previous": ..., "results": [...]}`; the oldest first."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = MOST
    page_size_query_description = f"Rows of a page, 1 to {MOST}."
    cursor_query_description = "Where the page begins: use `next` and `previous` as they are."
    ordering: Any = "pk"
    template = None

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return tuple(getattr(view, "order", ("pk",)))

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get("page_size", str(self.page_size))
        if not (asked.isascii() and asked.isdigit() and len(asked) < 5 and 0 < int(asked) <= MOST):
            raise BadQuery({"page_size": f"A number from 1 to {MOST}."})
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor: Cursor | None = super().decode_cursor(request)
        except NotFound as error:
            raise _bad_cursor() from error
        position = cursor.position if cursor is not None else None
        if position is not None and not self.is_position(position):
            raise _bad_cursor()
        return cursor

    def is_position(self, text: str) -> bool:
        """Whether a row can stand there: what comes from outside is asked of the database."""
        return text.isascii() and text.isdigit() and len(text) < _DIGITS


class PagesByTime(Pages):
    """Rows whose place is the moment at which they were made."""

    def is_position(self, text: str) -> bool:
        try:
            found = parse_datetime(text)
        except ValueError:
            return False
        return found is not None and found.tzinfo is not None


def _bad_cursor() -> ValidationError:
    return BadQuery({"cursor": "No page begins there: use `next` and `previous` as they came."})
