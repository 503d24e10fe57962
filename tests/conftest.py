"""The cast, and a database whose tables belong to one role and are used by another."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests import environment
from tests.bucket_server import in_bucket, s3_server

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser
    from pytest_django.plugin import DjangoDbBlocker

__all__ = ["in_bucket", "s3_server"]  # fixtures

ROLES = ("archivist", "restorer", "reviewer", "researcher", "operator")

_DELETIONS: dict[frozenset[str], str] = {}

BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Migrate once as the owner; the tests then work with the application's role and its rights."""
    from django.core.management import call_command
    from django.db import connections
    from django.test import TransactionTestCase

    environment.start_database()
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        seeded = tables_with_rows()
    own_teardown = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda _case: empty_tables(except_for=seeded)
    yield
    TransactionTestCase._fixture_teardown = own_teardown
    with django_db_blocker.unblock():
        connections.close_all()


def superuser_address() -> str:
    from config import cluster

    sockets = cluster.find_place(environment.HOME).sockets
    return f"host={sockets} user={cluster.SUPERUSER} dbname={cluster.DATABASE}"


def superuser() -> psycopg.Connection[tuple[str, ...]]:
    return psycopg.connect(superuser_address())


@pytest.fixture
def superuser_dsn(db: None) -> str:
    """How to connect past every grant and trigger, as only the machine's owner could."""
    return superuser_address()


def all_tables(connection: psycopg.Connection[tuple[str, ...]]) -> list[str]:
    rows = connection.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return [row[0] for row in rows]


def tables_with_rows() -> set[str]:
    """What the migrations put in: groups, permissions, content types, the migrations' own list."""
    with superuser() as connection:
        return {
            table
            for table in all_tables(connection)
            if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
        }


def empty_tables(*, except_for: set[str]) -> None:
    """After a test that committed: as superuser, since nobody else may delete an event."""
    with superuser() as connection:
        connection.execute(deletions(connection, frozenset(except_for)))


def deletions(connection: psycopg.Connection[tuple[str, ...]], kept: frozenset[str]) -> str:
    """All of it in one go: asked for table by table it takes four times as long."""
    if kept not in _DELETIONS:
        _DELETIONS[kept] = ";".join([
            "SET session_replication_role = replica",  # no triggers, no references
            "SET lock_timeout = '20s'",
            *(f"DELETE FROM {table}" for table in all_tables(connection) if table not in kept),
        ])  # fmt: skip
    return _DELETIONS[kept]


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    from django.test import override_settings

    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Counting log-ins costs each test some queries: tests/config/test_logging_in.py switches it on.
    with override_settings(PASSWORD_HASHERS=quick, AXES_ENABLED=False):
        yield


@pytest.fixture(scope="session", autouse=True)
def plain_static_files() -> Iterator[None]:
    """Templates name static files without `collectstatic` having been run.

    For the session: what a page still asks of the browser tests' server between two tests would
    otherwise be answered, and the next page too, with the storage that wants it to have been run.
    """
    from django.conf import settings
    from django.test import override_settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture
def member(db: None) -> Callable[..., User]:
    """Make a user of that name in the groups of those names."""
    from django.contrib.auth.models import Group, User

    def make(name: str, *groups: str) -> User:
        user = User.objects.create_user(name, password="secret")
        user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
        return user

    return make


@pytest.fixture
def archivist(member: Callable[..., User]) -> User:
    return member("anna", "archivist")


@pytest.fixture
def restorer(member: Callable[..., User]) -> User:
    return member("rosa", "restorer")


@pytest.fixture
def reviewer(member: Callable[..., User]) -> User:
    return member("vera", "reviewer")


@pytest.fixture
def researcher(member: Callable[..., User]) -> User:
    return member("rene", "researcher")


@pytest.fixture
def operator(member: Callable[..., User]) -> User:
    return member("otto", "operator")


@pytest.fixture
def outsider(member: Callable[..., User]) -> User:
    """Logged in, in no group."""
    return member("olga")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, one for all tests; they are skipped where it is not installed."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium: apt-get install chromium, then run the browser tests again")
    # Playwright's event loop lives in this thread, and Django would refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
