"""The lease is renewed while the child may still make progress, and no longer."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from restoration import runs
from restoration.models import Scene, StageRun, Take

pytestmark = pytest.mark.django_db(transaction=True)


def watch_leases(run: StageRun, seen: list[datetime]) -> None:
    """Collect the run's leases until it is no longer running."""
    try:
        while True:
            row = StageRun.objects.get(pk=run.pk)
            if row.status not in ("queued", "running"):
                return
            if row.lease_until and (not seen or seen[-1] != row.lease_until):
                seen.append(row.lease_until)
            time.sleep(0.05)
    finally:
        connection.close()


def test_a_slow_run_outlives_its_first_lease_many_times(settings: object, scene: Scene) -> None:
    settings.RUN_LEASE_SECONDS = 1
    settings.RUN_EXECUTOR = "tests.restoration.engine.executors:slow"
    run = runs.process_scene(scene, stages=["deflicker"])
    seen: list[datetime] = []
    watcher = threading.Thread(target=watch_leases, args=(run, seen))
    watcher.start()
    runs.execute_run(run.pk)
    watcher.join()
    run.refresh_from_db()
    assert run.status == "done" and run.attempt == 1
    assert len(seen) >= 4 and seen == sorted(seen)


def test_a_child_whose_lease_was_taken_is_ended_and_its_folder_removed(
    settings: object, scene: Scene, tmp_path: Path
) -> None:
    settings.RUN_LEASE_SECONDS = 1
    settings.RUN_EXECUTOR = "tests.restoration.engine.executors:hanging"
    run = runs.process_scene(scene, stages=["deflicker"])

    def take_it_away() -> None:
        try:
            while not StageRun.objects.filter(pk=run.pk, frames_done__gt=0).exists():
                time.sleep(0.02)
            StageRun.objects.filter(pk=run.pk).update(status="queued", token=5)
        finally:
            connection.close()

    thief = threading.Thread(target=take_it_away)
    thief.start()
    runs.execute_run(run.pk)
    thief.join()
    run.refresh_from_db()
    assert (run.status, run.error) == ("queued", "")
    assert not Take.objects.exists()
    assert not any(path.is_file() for path in (tmp_path / "media").rglob("*"))
