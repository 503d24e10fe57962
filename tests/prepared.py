"""A database with every table and no film, made once a machine and copied.

To migrate from nothing takes ten seconds of processor time, most of it Django's own. A copy takes a
fraction of one; whoever gets it migrates all the same, which then finds nothing to do.
tests/e2e/test_demo_command.py and tests/config/test_own_server.py begin from nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import cluster, postgres

ROOT = Path(__file__).resolve().parents[1]
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
PREFIX = "reelproof-prepared-"
OLD_SECONDS = 24 * 3600.0
WRITTEN_BY = (
    "*/migrations/*.py", "*/models/*.py", "*/permissions.py", "*/apps.py", "archive/vocabularies/*",
    "config/*.py", "constraints.txt",
)  # fmt: skip
"""What decides which tables and first rows there are."""


def fill(home: Path) -> None:
    """Give this home folder the database that `migrate` would leave there, if it has none."""
    place = cluster.find_place(home)
    if place.data.exists():
        return
    made = Path(tempfile.gettempdir()) / f"{PREFIX}{os.getuid()}-{_mark()}"
    with _alone(made):
        if not made.exists():
            _make(made)
        os.utime(made)
        place.data.parent.mkdir(parents=True, exist_ok=True)
        partial = place.data.with_name(f"{place.data.name}.copied")
        subprocess.run(["cp", "-a", "--reflink=auto", made, partial], check=True)
    partial.rename(place.data)


@contextmanager
def _alone(made: Path) -> Iterator[None]:
    handle = postgres.open_lock(made.with_suffix(".lock"))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _mark() -> str:
    digest = hashlib.sha256(str(cluster.find_binaries(_nowhere())).encode())
    for pattern in WRITTEN_BY:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _nowhere() -> cluster.Place:
    return cluster.find_place(Path(tempfile.gettempdir()) / f"{PREFIX}nowhere")


def _make(made: Path) -> None:
    """Migrate a new database, stop its server, and keep its folder; remove those of last week."""
    _remove_old()
    home = Path(tempfile.mkdtemp(prefix=f"{PREFIX}making-")).resolve()
    home.chmod(0o755)  # as in tests/environment.py
    try:
        with postgres.running(home, options=QUICK) as place:
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--database", "owner", "-v0"],
                cwd=ROOT,
                env=os.environ | {"REELPROOF_HOME": str(home)},
                check=True,
            )
        lock = postgres.open_lock(place.lock)
        fcntl.flock(lock, fcntl.LOCK_EX)  # the server is gone when we get it
        os.close(lock)
        place.data.rename(made)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _remove_old() -> None:
    for other in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if time.time() - other.stat().st_mtime > OLD_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
            if other.is_file():
                other.unlink(missing_ok=True)
