"""The database is stopped hard in mid-run and started again: the run ends all the same."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from config import cluster
from restoration import attempts, publishing, runs
from restoration.models import Scene, StageRun, Take
from restoration.orders import TakeFiles
from restoration.storage import storage
from tests import environment

pytestmark = pytest.mark.django_db(transaction=True)


def postmaster() -> int:
    place = cluster.find_place(environment.HOME)
    return int((place.data / "postmaster.pid").read_text().splitlines()[0])


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def stop_hard(*, seconds: float) -> None:
    """End the server without ceremony and keep it from coming back for a while."""
    server = postmaster()
    keeper = parent(server)
    os.kill(keeper, signal.SIGSTOP)
    try:
        os.kill(server, signal.SIGQUIT)
        time.sleep(seconds)  # the time that the database is away, not a wait for luck
    finally:
        os.kill(keeper, signal.SIGCONT)


def wait_for_database() -> None:
    deadline = time.monotonic() + 30
    while True:
        connection.close()
        try:
            connection.ensure_connection()
            return
        except connection.Database.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(autouse=True)
def fresh_connection_afterwards() -> Iterator[None]:
    yield
    connection.close()


@pytest.mark.parametrize(
    "lease",
    [
        pytest.param(30, id="within-the-lease"),
        pytest.param(1, id="longer-than-the-lease", marks=pytest.mark.slow),
    ],
)
def test_a_run_ends_although_the_database_was_stopped_hard(
    settings: object, scene: Scene, tmp_path: Path, lease: int
) -> None:
    settings.RUN_EXECUTOR = "tests.restoration.engine.executors:slow"
    settings.RUN_LEASE_SECONDS = lease
    run = runs.process_scene(scene, stages=["deflicker"])

    def strike() -> None:
        while not StageRun.objects.filter(pk=run.pk, frames_done__gt=0).exists():
            time.sleep(0.02)
        connection.close()
        time.sleep(0.7)  # the tests' server commits asynchronously: let the claim reach the disk
        stop_hard(seconds=2.0)

    striker = threading.Thread(target=strike)
    striker.start()
    runs.execute_run(run.pk)
    striker.join()
    wait_for_database()
    run.refresh_from_db()
    if run.status != "done":  # its lease ran out while nobody could renew it, and was taken
        settings.RUN_EXECUTOR = "restoration.execution:execute"
        runs.sweep()
        runs.execute_run(run.pk)
        run.refresh_from_db()
    assert (run.status, run.error) == ("done", "")
    assert Take.objects.count() == 1
    folders = [path.name for path in (tmp_path / "media/takes").glob("*/*/*/*")]
    assert folders == [Path(run.take.storage_key).name]


def test_a_commit_whose_answer_was_lost_does_not_cost_the_take_its_folder(
    settings: object, scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database commits and goes away before it can say so."""
    run = runs.process_scene(scene, stages=["deflicker"])

    def publish_and_hear_nothing(*given: Any) -> Take | None:
        take = publishing.finish_run(*given)  # the second time: the run is this claim's no more
        raise OperationalError(f"the server closed the connection; {take} was committed")

    monkeypatch.setattr(attempts, "finish_run", publish_and_hear_nothing)
    runs.execute_run(run.pk)
    take = Take.objects.get()
    assert TakeFiles(storage().folder(take.storage_key)).manifest.exists()
