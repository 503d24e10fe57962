"""`manage.py meaning`: switch searching by meaning on, and catch up with lines that lack it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser
from django.db import Error, connections

from config import cluster
from restoration.weights import WeightsError
from review.search import meaning, sentences

EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector"
INSTALL = (
    "The database has no extension pgvector, so nothing can be sought by meaning. On a server of "
    "your own install it (Debian: apt install postgresql-NN-pgvector), let its superuser say "
    f'"{EXTENSION}" in this database, and call this command again. PostgreSQL said: '
)


class Command(BaseCommand):
    help = "Hold the meaning of English lines for searching by it. Safe at any time, and again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--off", action="store_true", help="forget all of it, and stop")

    def handle(self, *, off: bool, **options: Any) -> None:
        if off:
            run(["DROP SCHEMA IF EXISTS meaning CASCADE"])
            self.stdout.write("Nothing is sought by meaning any more.")
            return
        if not sentences.can_run():
            raise CommandError(sentences.MISSING)
        make()
        done = 0
        try:
            for count in meaning.learn_more():
                done += count
                self.stderr.write(f"{done} lines")
        except WeightsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The meaning of {done} more lines is held. The search page offers it.")


def make() -> None:
    """The extension where it is missing, and the tables.

    Raises: CommandError that says what to install.
    """
    try:
        with superuser() as connection:
            connection.execute(EXTENSION)
    except psycopg.Error as error:
        raise CommandError(INSTALL + str(error).strip()) from error
    run(meaning.MAKE)


@contextmanager
def superuser() -> Iterator[psycopg.Connection[Any]]:
    """Whoever may add an extension: pgvector is none that the owner of a database may add."""
    alias = connections["owner"]
    told = alias.get_connection_params()
    kept = {
        name: told[name] for name in ("host", "port", "dbname", "user", "password") if name in told
    }
    if settings.DATABASE_IS_EMBEDDED:
        kept["user"] = cluster.SUPERUSER
    with psycopg.connect(**kept) as connection:
        yield connection


def run(statements: tuple[str, ...] | list[str]) -> None:
    """As the role that owns the tables."""
    try:
        with connections["owner"].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    except Error as error:
        raise CommandError(f"The tables of meaning could not be made: {error}") from error
    finally:
        connections["owner"].close()
