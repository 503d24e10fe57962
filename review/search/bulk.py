"""Writes many reels' lines at once: with room to gather them, and what keeps searches quick after.

PostgreSQL gathers new places of words and puts them into the index when a few MB are together, and
its statistics and its map of settled pages are made later, by itself, beside whatever is asked
then. For a whole archive both are done here, and at once.

Where there are no lines yet, nothing can be found either: then the indexes of words are left out
until all lines are written, and made of them in one go.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, connections

log = logging.getLogger(__name__)

GATHERED = "16MB"
"""Of new places, in each part of the table; a search looks through all that is gathered."""
MEMORY = "128MB"
"""To put them in order in."""
LOCK_SECONDS = 5
"""That the index is waited for, if somebody searches just then; else it stays."""
_MAY = (
    "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = 'review_searchline'::regclass"
)
_INDEXES = {
    "search_lines_vector": "review_searchline USING gin (vector)",
    "search_words_deletes": "review_searchword USING gin (deletes) WITH (fastupdate = off)",
}
"""Which take long to be kept in step; as the migrations make them."""


@contextmanager
def writing() -> Iterator[None]:
    """While the block lasts, lines are written for a whole archive; then they are settled."""
    with connection.cursor() as cursor:
        if _owns_tables() and not _has_lines():
            _leave_out_indexes()
        cursor.execute(f"SET gin_pending_list_limit = '{GATHERED}'; SET work_mem = '{MEMORY}'")
        try:
            yield
        finally:
            cursor.execute("RESET gin_pending_list_limit; RESET work_mem")
            if _owns_tables():
                _make_indexes()
    settle()


def _has_lines() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM review_searchline)")
        return bool(cursor.fetchone()[0])


def _owns_tables() -> bool:
    with connections["owner"].cursor() as cursor:
        cursor.execute(_MAY)
        return bool(cursor.fetchone()[0])


def _leave_out_indexes() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        try:
            for name in _INDEXES:
                cursor.execute(f"DROP INDEX IF EXISTS {name}")
        except OperationalError as error:  # somebody holds it: it is kept in step line by line
            log.info("the index is not left out while lines are written: %s", error)
        finally:
            cursor.execute("RESET lock_timeout")


def _make_indexes() -> None:
    """Also those that a process was to make which ended before."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for name, columns in _INDEXES.items():
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")
        cursor.execute("RESET maintenance_work_mem")


def settle() -> None:
    """Put into the index what is gathered, and count the lines; outside a transaction.

    Only the role that owns the tables may. Where `DATABASE_OWNER_URL` names none, PostgreSQL
    leaves it undone with a warning, and does it by itself within some minutes.
    """
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '256MB'")
        cursor.execute("VACUUM (ANALYZE) review_searchline, review_searchword")
        cursor.execute("RESET maintenance_work_mem")
