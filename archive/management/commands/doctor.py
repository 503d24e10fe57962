"""What is wrong with this installation, in words, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from django.apps import apps
from django.conf import settings
from django.core.management import BaseCommand
from django.core.management.base import CommandParser
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from archive import stored
from archive.models import StoredFile
from config import cluster, other_brokers, postgres

GIB = 1024**3
SPARE_BYTES = 20 * GIB
"""A minute of a 2K scan and its takes needs about this much."""
SILENT_AFTER = timedelta(seconds=60)
CODERS = ("ffv1", "libx264", "aac")

State = Literal["well", "note", "ill"]


@dataclass(frozen=True)
class Finding:
    """`ill` hinders work; `note` only a part of it."""

    state: State
    what: str
    words: str


def check_python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info < (3, 13)
    yield Finding("well" if fits else "ill", "python", f"{version} ({sys.executable})")


def check_home() -> Iterator[Finding]:
    home = settings.HOME
    if not os.access(home, os.W_OK | os.X_OK):
        yield Finding("ill", "home", f"{home} cannot be written; see REELPROOF_HOME")
        return
    free = shutil.disk_usage(home).free
    state: State = "well" if free > SPARE_BYTES else "note" if free > GIB else "ill"
    yield Finding(state, "disk", f"{free / GIB:.1f} GiB free in {home}")
    media, spare = settings.MEDIA_HOME, settings.RUN_SPARE_BYTES
    if media.exists() and (left := shutil.disk_usage(media).free) < spare:
        words = f"{left / GIB:.1f} GiB free in {media}: runs wait (RUN_SPARE_BYTES)"
        yield Finding("ill", "room for takes", words)
    key = home / "secret-key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding("ill", "secret key", f"others can read it: chmod 600 {key}")


def check_exposure() -> Iterator[Finding]:
    local = settings.BIND in ("127.0.0.1", "localhost", "[::1]")
    if settings.DEBUG and not local:
        yield Finding("ill", "DEBUG", f"is on while {settings.BIND} is open to others: unset it")
    if not local and not settings.BEHIND_HTTPS:
        yield Finding("note", "https", "others can listen in: see docs/install.md, BEHIND_HTTPS")


def check_media() -> Iterator[Finding]:
    import av.codec
    from pymediainfo import MediaInfo

    missing = [name for name in CODERS if name not in av.codec.codecs_available]
    if missing:
        yield Finding("ill", "coders", f"PyAV lacks {', '.join(missing)}: reinstall the av wheel")
    else:
        yield Finding("well", "coders", f"{', '.join(CODERS)} (PyAV {av.__version__})")
    if MediaInfo.can_parse():
        yield Finding("well", "mediainfo", "its library is there")
    else:
        yield Finding("ill", "mediainfo", "its library does not load: reinstall pymediainfo")


def check_programs() -> Iterator[Finding]:
    if not settings.DATABASE_IS_EMBEDDED:
        return
    try:
        place = cluster.find_place(settings.HOME)
        folder = cluster.find_binaries(place)
    except cluster.ClusterError as error:
        yield Finding("ill", "postgresql", str(error))
        return
    version = cluster.major_version(folder)
    yield Finding("well", "postgresql", f"{version} in {folder}, run by {place.user}")
    yield Finding("well", "database folder", f"{place.data}, socket {place.socket}")


def check_database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, (SELECT count(*) FROM pg_tables WHERE"
            " tableowner = current_user), current_setting('server_version')"
            " FROM pg_roles WHERE rolname = current_user"
        )
        role, mighty, owned, version = cursor.fetchone()
    yield Finding("well", "database", f"reachable as {role}, PostgreSQL {version}")
    if mighty or owned:
        yield Finding(
            "ill",
            "roles",
            f"{role} owns tables or is a superuser, so events are not safe from the application: "
            "see docs/install.md on DATABASE_OWNER_URL",
        )
    executor = MigrationExecutor(connections["owner"])
    if waiting := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Finding(
            "ill",
            "tables",
            f"{len(waiting)} migrations to apply: .venv/bin/python manage.py migrate",
        )
        return
    yield from check_events()
    yield from check_store()
    yield from check_standings()
    yield from check_words()
    damaged = apps.get_model("restoration", "Take").objects.exclude(damage="").count()
    if damaged:
        words = f"{damaged} are damaged: .venv/bin/python manage.py check_takes --mend"
        yield Finding("ill", "takes", words)
    yield from check_workers()


def check_events() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT right_name FROM unnest(ARRAY['UPDATE','DELETE','TRUNCATE','TRIGGER'])"
            " right_name WHERE has_table_privilege(current_user, 'archive_event', right_name)"
        )
        rights = [row[0] for row in cursor.fetchall()]
    if rights:
        words = f"the application may {', '.join(rights)} events: give it its own role"
        yield Finding("ill", "events", words)
    else:
        yield Finding("well", "events", "the application can add to them, not change them")


def check_store() -> Iterator[Finding]:
    """A small file is written to the bucket, read and removed."""
    if not stored.is_used():
        return
    stores: dict[str, Any] = settings.STORAGES
    options = stores["bucket"]["OPTIONS"]
    where = f"{options['bucket_name']} at {options['endpoint_url'] or options['region_name']}"
    if words := stored.trial():
        yield Finding("ill", "store", f"{where}: {words}")
    else:
        yield Finding("well", "store", f"{where} takes, gives and removes files")
    leaving = StoredFile.objects.filter(is_leaving=True).count()
    if leaving:
        words = f"{leaving} objects wait to be removed: see {settings.HOME}/log/sweeper.log"
        yield Finding("note", "store", words)
    if left := stored.unwritten():
        words = f"{left} files are here alone: .venv/bin/python manage.py store_files"
        yield Finding("ill", "store", words)


def check_standings() -> Iterator[Finding]:
    """What changed is worked out by the sweeper; if it is not, the next who looks has to wait."""
    marks = apps.get_model("review", "StandingMark").objects
    late = marks.filter(at__lt=timezone.now() - SILENT_AFTER).count()
    if late:
        words = f"{late} changes are not worked out yet: see {settings.HOME}/log/sweeper.log"
        yield Finding("note", "queue's order", f"{words}, or run manage.py sweep")
    else:
        yield Finding("well", "queue's order", "is up to date")


def check_words() -> Iterator[Finding]:
    """A first `reindex` makes the indexes at its end; ended before, it leaves searches slow."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('search_lines_vector') IS NULL")
        is_missing = cursor.fetchone()[0]
    if is_missing:
        words = "the words have no index, searches are slow: .venv/bin/python manage.py reindex"
        yield Finding("ill", "search", words)


def check_broker() -> Iterator[Finding]:
    """Runs wait without one, though none is lost; the database is its own broker by default."""
    url = str(settings.BROKER_URL)
    if not url:
        return
    servers = [other_brokers.where(one) for one in url.split(";")]
    silent = other_brokers.silent(url)
    for server, why in silent.items():
        state: State = "ill" if len(silent) == len(servers) else "note"
        words = f"{server} does not answer ({why}): start it, or correct BROKER_URL"
        yield Finding(state, "broker", words)
    if answering := [server for server in servers if server not in silent]:
        yield Finding("well", "broker", f"{', '.join(answering)} answers")


def check_workers() -> Iterator[Finding]:
    lock = settings.HOME / "run" / "up.lock"
    if settings.DATABASE_IS_EMBEDDED and not is_held(lock):
        yield Finding("note", "workers", "Reelproof is not running: make serve")
        return
    seen = timezone.now() - SILENT_AFTER
    alive = apps.get_model("restoration", "Worker").objects.filter(seen__gte=seen)
    for queue in ("cpu", "gpu"):
        found = [worker.name for worker in alive if worker.queue == queue]
        state: State = "well" if found else "ill"
        words = ", ".join(found) or f"none is alive: see {settings.HOME}/log/worker-{queue}.log"
        yield Finding(state, f"{queue} workers", words)
    yield from _too_large()


def _too_large() -> Iterator[Finding]:
    """Runs that no worker which is alive can hold."""
    held = apps.get_model("restoration", "Worker").objects.most_held()
    for words in apps.get_model("restoration", "StageRun").objects.waiting_for_memory(held):
        yield Finding("ill", "memory", words)


def is_held(lock: Path) -> bool:
    if not lock.exists():
        return False
    handle = postgres.open_lock(lock)
    try:
        return not postgres.take(handle, postgres.EXCLUSIVE)
    finally:
        os.close(handle)


def check_browser() -> Iterator[Finding]:
    if found := shutil.which("chromium"):
        yield Finding("well", "chromium", found)
    else:
        yield Finding("note", "chromium", "missing, only tests need it: apt-get install chromium")
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts"]
    if not any(next(folder.rglob("*.[to]tf"), None) for folder in folders if folder.exists()):
        yield Finding(
            "note", "fonts", "none, pages in the tests' browser stay blank: "
            "apt-get install fonts-dejavu-core",
        )  # fmt: skip


BEFORE_DATABASE = (
    check_python, check_home, check_exposure, check_media, check_browser, check_programs,
    check_broker,
)  # fmt: skip


def attempt(what: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except DatabaseError as error:
        return [Finding("ill", what, f"{error}".strip())]


def examine() -> Iterator[Finding]:
    for check in BEFORE_DATABASE:
        yield from check()
    embedded = settings.DATABASE_IS_EMBEDDED
    try:
        with postgres.running(settings.HOME) if embedded else nullcontext():
            yield from attempt("database", check_database)
            connections.close_all()
    except cluster.ClusterError as error:
        yield Finding("ill", "database", str(error))


class Command(BaseCommand):
    help = "Say what is wrong with this installation and what to do about it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        findings = list(examine())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings]))
        else:
            marks = {"well": "ok  ", "note": "note", "ill": "ILL "}
            for found in findings:
                self.stdout.write(f"{marks[found.state]}  {found.what}: {found.words}")
        if any(found.state == "ill" for found in findings):
            sys.exit(1)
