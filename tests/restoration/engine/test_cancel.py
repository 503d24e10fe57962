"""Cancelling: at once while it waits, within seconds while it runs."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection

from archive.models import Event
from restoration import runs, scenes
from restoration.errors import CannotStart, IllegalTransition
from restoration.models import Scene, StageRun, Take
from tests.factories import make_run


@pytest.mark.django_db
def test_a_waiting_run_is_cancelled_at_once_by_a_named_person(scene: Scene, restorer: User) -> None:
    run = runs.process_scene(scene, stages=["deflicker"], by=restorer)
    runs.cancel(run, by=restorer)
    assert run.status == "cancelled" and run.ended is not None
    event = Event.objects.get(subject=f"run:{run.pk}")
    assert (event.agent.name, event.outcome) == (restorer.get_username(), "cancelled")
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("cancelled", 0)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
def test_a_run_that_has_ended_cannot_be_cancelled(scene: Scene, status: str) -> None:
    run = make_run(scene=scene, status=status, error="words")
    with pytest.raises(IllegalTransition, match="nothing to cancel"):
        runs.cancel(run)


@pytest.mark.django_db
def test_a_cancelled_run_can_be_tried_again(scene: Scene) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    runs.cancel(run)
    runs.retry(run)
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "done"


@pytest.mark.django_db
def test_only_ended_runs_are_tried_again(scene: Scene) -> None:
    with pytest.raises(IllegalTransition, match="is queued"):
        runs.retry(make_run(scene=scene))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("executor", ["slow", "hanging"])
def test_a_running_run_ends_within_seconds_and_leaves_nothing(
    settings: object, scene: Scene, tmp_path: Path, executor: str
) -> None:
    settings.RUN_EXECUTOR = f"tests.restoration.engine.executors:{executor}"
    run = runs.process_scene(scene, stages=["deflicker"])
    asked = threading.Event()

    def cancel_in_mid_run() -> None:
        try:
            while StageRun.objects.get(pk=run.pk).frames_done == 0:
                time.sleep(0.05)
            runs.cancel(StageRun.objects.get(pk=run.pk))
            asked.set()
        finally:
            connection.close()

    person = threading.Thread(target=cancel_in_mid_run)
    person.start()
    runs.execute_run(run.pk)
    person.join()
    run.refresh_from_db()
    assert asked.is_set()
    assert (run.status, run.error) == ("cancelled", "")
    assert not Take.objects.exists()
    assert not any(path.is_file() for path in (tmp_path / "media").rglob("*"))


@pytest.mark.django_db
def test_an_edit_of_the_cuts_cancels_the_runs_of_the_scenes_it_replaces(
    scenes_of_film: list[Scene],
) -> None:
    first, second = (runs.process_scene(scene, stages=["repair"]) for scene in scenes_of_film)
    scenes.split(scenes_of_film[0], 5)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("cancelled", "queued")
    with pytest.raises(CannotStart, match="replaced by an edit"):
        runs.retry(first)
