"""Real worker processes for tests: started, watched, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

WORKER = [
    sys.executable, "-m", "dramatiq", "dramatiq_postgres.django.worker",
    "--processes", "1", "--threads", "1", "--queues",
]  # fmt: skip
QUEUES = ("cpu", "gpu", "cpu-urgent", "gpu-urgent")
SETTINGS = "tests.restoration.engine.worker_settings"


def start_worker(
    log: Path,
    *,
    slowed: str = "slow",
    module: str = SETTINGS,
    queues: tuple[str, ...] = QUEUES,
    **more: str,
) -> subprocess.Popen[bytes]:
    """A worker for all queues, or for these, as `manage.py up` starts one, with short times.

    `settings` of a test live in this process alone, so they travel by `worker_settings`, or by
    another module with `more` in its environment.
    """
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": module,
        "ENGINE_TEST_MEDIA": str(settings.MEDIA_HOME),
        "ENGINE_TEST_EXECUTOR": f"tests.restoration.engine.executors:{slowed}",
        "ENGINE_TEST_LEASE": str(settings.RUN_LEASE_SECONDS),
        **more,
    }
    with log.open("ab") as out:
        return subprocess.Popen(
            [*WORKER, *queues], cwd=settings.BASE_DIR, env=environment, stdout=out, stderr=out
        )


@contextmanager
def worker(
    log: Path, *, slowed: str = "slow", queues: tuple[str, ...] = QUEUES, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    process = start_worker(log, slowed=slowed, queues=queues, **more)
    try:
        yield process
    finally:
        kill_tree(process)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to dramatiq's worker process, the one that claims, and to its master.

    What computes is left to see to itself.
    """
    main = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for pid in [*(main.read_text().split() if main.exists() else []), process.pid]:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    process.wait()


def children(pid: int) -> list[int]:
    """The processes that any thread of `pid` started, and theirs; the deepest first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                found += [*children(int(child)), int(child)]
    return found


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def computing() -> list[int]:
    """Processes of `restoration.child` whose store is this test's."""
    mine = str(settings.MEDIA_HOME).encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            if b"restoration.child" in command and mine in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def wait_until(true: Callable[[], object], *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} seconds")
        time.sleep(0.05)
