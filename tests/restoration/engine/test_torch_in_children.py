"""Children are forked from a process that may have torch loaded; threads begin in them alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from restoration import nursery, runs
from restoration.child import THREADS
from restoration.models import Scene, StageRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def convolving(settings: object) -> Iterator[None]:
    settings.RUN_EXECUTOR = "tests.restoration.engine.executors:convolving"
    nursery.discard_idle()
    yield
    nursery.discard_idle()


def run_on(scene: Scene) -> StageRun:
    run = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == ("done", "")
    return run


def standing_nursery() -> nursery.Nursery:
    """The one that is kept for the next run."""
    standing = nursery.take()
    nursery.give_back(standing)
    return standing


def threads_of(process: nursery.Nursery) -> int:
    return len(list(Path(f"/proc/{process.process.pid}/task").iterdir()))


def test_a_network_runs_in_child_after_child_and_is_loaded_for_the_first_alone(
    scenes_of_film: list[Scene],
) -> None:
    first = run_on(scenes_of_film[0])
    standing = standing_nursery()
    second = run_on(scenes_of_film[1])
    assert standing_nursery() is standing
    assert [run.timings["torch_was_loaded"] for run in (first, second)] == [0.0, 1.0]
    assert second.timings["torch_threads"] == THREADS
    assert threads_of(standing) == 1, "forking a process with threads may leave their locks held"


@pytest.mark.slow
def test_a_worker_that_boots_has_it_loaded_for_its_first_run(scene: Scene) -> None:
    nursery.prepare()
    run = run_on(scene)
    assert run.timings["torch_was_loaded"] == 1.0
    assert threads_of(standing_nursery()) == 1


@pytest.mark.slow
def test_a_nursery_prepared_for_something_else_is_not_taken(settings: object, scene: Scene) -> None:
    settings.RUN_EXECUTOR = "restoration.idle:execute"
    nursery.prepare()
    settings.RUN_EXECUTOR = "tests.restoration.engine.executors:convolving"
    assert run_on(scene).timings["torch_threads"] == THREADS
