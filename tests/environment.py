"""The world the tests run in, set before Django reads its settings (`-p tests.environment`).

A fresh home folder for the session and, when the first test asks for the database, a throw-away
PostgreSQL in it. The server ends when this process does, however it ends: see `config.postgres`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

PREFIX = "reelproof-tests-"
YOUNG_SECONDS = 60


def lives(home: Path) -> bool:
    """Whether a session holds that folder, or has just made it."""
    if time.time() - home.stat().st_mtime < YOUNG_SECONDS:
        return True
    try:
        with (home / "session").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return True
    return False


def remove_abandoned() -> None:
    """Remove what sessions left that were killed outright and could not clean up."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if not lives(home):
                shutil.rmtree(home, ignore_errors=True)


# A shell's background job ignores Ctrl-C, and so would every process that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
remove_abandoned()
HOME = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
(HOME / "static").mkdir()  # whitenoise wants it to be there
HOME.chmod(0o755)  # root hands the server to a user who has to get in
SESSION = ExitStack()
fcntl.flock(SESSION.enter_context((HOME / "session").open("wb")), fcntl.LOCK_EX)

os.environ["REELPROOF_HOME"] = str(HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["RUN_NICENESS"] = "0"  # tests wait for runs while others compute
for name in (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "DEBUG", "BEHIND_HTTPS", "DEVICE"),
    *("DATABASE_URL_FILE", "DATABASE_OWNER_URL_FILE", "BROKER_URL_FILE", "SECRET_KEY_FILE"),
    *("SECOND_STEP_FOR", "LOGIN_FAILURES", "LOGIN_PAUSE_MINUTES", "METRICS_TOKEN_FILE"),
    *("ALLOWED_HOSTS", "BIND", "PORT", "MASTER_HOME", "WATCH_FOLDER", "DELIVERY_HOME"),
    *("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ROLES", "OIDC_ONLY"),
    *("EMAIL_HOST", "EMAIL_PORT", "EMAIL_SECURITY", "EMAIL_FROM", "SITE_ADDRESS"),
    *("STORAGE_URL", "STORAGE_ENDPOINT", "STORAGE_KEY_ID", "STORAGE_SECRET", "STORAGE_PRESIGNED"),
):
    os.environ.pop(name, None)


def start_database() -> None:
    """Have the server run until the session ends."""
    from config.postgres import running
    from tests import prepared

    prepared.fill(HOME)
    SESSION.enter_context(running(HOME, options=prepared.QUICK))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    SESSION.close()
    from config import cluster, postgres

    place = cluster.find_place(HOME)
    lock = postgres.open_lock(place.lock)
    fcntl.flock(lock, fcntl.LOCK_EX)  # the server is gone when we get it
    os.close(lock)
    shutil.rmtree(HOME, ignore_errors=True)
