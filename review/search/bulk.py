"""Writes many reels' lines at once: with room to gather them, and what keeps searches quick after.

PostgreSQL gathers new places of words and puts them into the index when a few MB are together, and
its statistics and its map of settled pages are made later, by itself, beside whatever is asked
then. For a whole archive both are done here, and at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

GATHERED = "16MB"
"""Of new places, in each part of the table; a search looks through all that is gathered."""
MEMORY = "128MB"
"""To put them in order in."""


@contextmanager
def writing() -> Iterator[None]:
    """While the block lasts, lines are written for a whole archive; then they are settled."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET gin_pending_list_limit = '{GATHERED}'; SET work_mem = '{MEMORY}'")
        try:
            yield
        finally:
            cursor.execute("RESET gin_pending_list_limit; RESET work_mem")
    settle()


def settle() -> None:
    """Put into the index what is gathered, and count the lines; outside a transaction.

    Only the role that owns the tables may. Where `DATABASE_OWNER_URL` names none, PostgreSQL
    leaves it undone with a warning, and does it by itself within some minutes.
    """
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '256MB'")
        cursor.execute("VACUUM (ANALYZE) review_searchline, review_searchword")
        cursor.execute("RESET maintenance_work_mem")
