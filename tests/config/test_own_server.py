"""A PostgreSQL server of one's own: two roles with passwords, over TCP, no embedded server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from archive.fixity import sha256_file
from config import cluster
from tests.config.conftest import ROOT
from tests.config.own_server import OwnServer, own_server
from tests.config.test_up import Up, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(new_home: Callable[[], Path]) -> Iterator[OwnServer]:
    with own_server(new_home()) as running:
        yield running


@pytest.fixture(scope="module")
def home(new_home: Callable[[], Path]) -> Path:
    return new_home()


@pytest.fixture(scope="module")
def told(server: OwnServer, home: Path, new_home: Callable[[], Path]) -> dict[str, Any]:
    """What came of migrating, ingest, stages, approval and delivery on that server."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.config.the_whole_way", str(new_home())],
        cwd=ROOT,
        env={**os.environ, **server.environment, "REELPROOF_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_film_goes_the_whole_way(told: dict[str, Any]) -> None:
    assert told["ingested"]["frames"] == 10
    assert told["states"] == ["done"]
    assert told["delivered"]["allowed"]
    assert len(told["delivered"]["files"]) == 15
    for file in told["delivered"]["files"]:
        assert sha256_file(Path(file["path"])) == file["sha256"]
    assert told["broken"] == []


def test_no_embedded_server_is_made_or_looked_for(told: dict[str, Any], home: Path) -> None:
    assert not (home / "postgres").exists() and not (home / "run" / "postgres.lock").exists()
    assert "postgresql" not in told["doctor"]


def test_the_doctor_finds_roles_and_events_well(told: dict[str, Any]) -> None:
    doctor = told["doctor"]
    assert (doctor["database"], doctor["events"]) == ("well", "well")
    assert not {"roles", "tables"} & set(doctor), "these are named only where they are ill"


def test_the_applications_role_can_not_change_events(
    told: dict[str, Any], server: OwnServer
) -> None:
    for statement in (
        "UPDATE archive_event SET outcome = 'x'",
        "DELETE FROM archive_event",
        "ALTER TABLE archive_event DISABLE TRIGGER ALL",
        "CREATE TABLE mine (number int)",
    ):
        with (
            server.connect(cluster.APPLICATION_ROLE) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


def test_everything_runs_on_it_and_sigterm_stops_all(server: OwnServer, home: Path) -> None:
    up = Up(home, **server.environment)
    try:
        up.wait_for("Reelproof is ready")
        assert "postgres" not in up.children()
        assert up.logs_in()
        send = "from restoration.tasks import *; run_on_cpu.send(0); run_on_gpu.send(0)"
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", send],
            cwd=ROOT,
            env={**os.environ, **server.environment, "REELPROOF_HOME": str(home)},
            check=True,
        )
        wait_until(lambda: no_message_waits(server), "the workers take messages")
        family = up.family()
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(60) == 0
        _, alive = psutil.wait_procs(family, timeout=5)
        assert not alive
        up.reader.join(5)
        assert up.lines[-1] == "Stopped.\n"
    finally:
        up.end()


def no_message_waits(server: OwnServer) -> bool:
    with server.connect(cluster.APPLICATION_ROLE) as connection:
        row = connection.execute(
            "SELECT count(*) FROM dramatiq.queue WHERE state IN ('queued', 'consumed')"
        ).fetchone()
        return row == (0,)
