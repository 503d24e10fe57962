"""Real worker processes over the real broker: they work, stop, and are killed without harm."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from restoration import runs, scenes, workers
from restoration.models import Scene, StageRun, Take, Worker
from restoration.storage import storage
from restoration.verification import verify_take
from tests.restoration.engine.processes import (
    alive,
    children,
    computing,
    kill_tree,
    start_worker,
    wait_until,
    worker,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short_times(settings: object) -> None:
    settings.RUN_LEASE_SECONDS = 2
    settings.RUN_RESEND_SECONDS = 1


def all_ended() -> bool:
    return not StageRun.objects.filter(status__in=StageRun.OPEN).exists()


def status(run: StageRun) -> str:
    return StageRun.objects.values_list("status", flat=True).get(pk=run.pk)


def frames_done(run: StageRun) -> int:
    return StageRun.objects.values_list("frames_done", flat=True).get(pk=run.pk)


def check_nothing_is_broken(scene: Scene) -> None:
    """No duplicate take, no half file, and what is published stands before the hard gate."""
    from archive.media.decode import open_source

    folders = {path for path in storage().root.glob("takes/*/*/*/*")}
    takes = list(Take.objects.all())
    assert len({take.key for take in takes}) == len(takes)
    assert folders == {storage().folder(take.storage_key) for take in takes}
    with open_source(Path(scene.scan.path)) as source:
        for take in takes:
            folder = storage().folder(take.storage_key)
            assert (
                verify_take(source, folder / "picture.mkv", folder / "map.mkv", take.start_frame)
                == []
            )


def test_a_worker_takes_runs_from_the_queue_and_shows_that_it_lives(
    scenes_of_film: list[Scene], tmp_path: Path
) -> None:
    runs.process_reel(scenes_of_film[0].scan.reel, stages=["deflicker", "repair"])
    with worker(tmp_path / "log", slowed="execute") as process:
        wait_until(lambda: all_ended() and StageRun.objects.count() == 4)
        alive = Worker.objects.alive()
        assert {row.queue for row in alive} == {"cpu", "gpu", "cpu-urgent", "gpu-urgent"}
        assert {row.memory for row in alive} == {workers.of_the_machine()}
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert not Worker.objects.exists()
    assert set(StageRun.objects.values_list("status", flat=True)) == {"done"}
    assert all(scenes.head_take(scene).stage == "repair" for scene in scenes_of_film)
    check_nothing_is_broken(scenes_of_film[0])
    assert computing() == []


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_gives_its_run_back_at_once(
    scene: Scene, tmp_path: Path
) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    with worker(tmp_path / "log", slowed="hanging") as process:
        wait_until(lambda: frames_done(run) >= 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    run.refresh_from_db()
    assert (run.status, run.attempt, run.error) == ("queued", 0, "")
    assert computing() == []
    with worker(tmp_path / "log", slowed="execute"):
        wait_until(lambda: status(run) == "done")
    check_nothing_is_broken(scene)


def kill_in_mid_run(scene: Scene, log: Path, *, times: int) -> None:
    """Kill the worker that many times, each time while it computes; then let the rest end."""
    runs.process_reel(scene.scan.reel, stages=["deflicker", "repair"])
    killed = 0
    while killed < times:
        process = start_worker(log)
        wait_until(
            lambda: StageRun.objects.filter(status="running", frames_done__gt=0).exists(),
            seconds=90,
        )
        kill_tree(process)
        killed += 1
        wait_until(lambda: computing() == [], seconds=60)
        # Leases run out, the sweeper sees it. The cap is for runs that kill their workers; here
        # the workers are innocent, so it is lifted.
        wait_until(lambda: runs.sweep().requeued)
    with worker(log, slowed="execute"):
        wait_until(lambda: runs.sweep() is not None and all_ended())


def test_a_worker_killed_in_mid_run_costs_nothing_but_time(
    settings: object, scene: Scene, tmp_path: Path
) -> None:
    settings.RUN_ATTEMPTS = 50
    kill_in_mid_run(scene, tmp_path / "log", times=3)
    assert set(StageRun.objects.values_list("status", flat=True)) == {"done"}
    assert StageRun.objects.count() == Take.objects.count() == 4
    check_nothing_is_broken(scene)


@pytest.mark.slow
def test_twenty_workers_killed_over_a_batch_cost_nothing_but_time(
    settings: object, scene: Scene, tmp_path: Path
) -> None:
    settings.RUN_ATTEMPTS = 50
    kill_in_mid_run(scene, tmp_path / "log", times=20)
    assert set(StageRun.objects.values_list("status", flat=True)) == {"done"}
    assert StageRun.objects.count() == Take.objects.count() == 4
    check_nothing_is_broken(scene)


@pytest.mark.slow
def test_when_dramatiqs_master_is_killed_its_worker_and_all_that_computes_go_too(
    scene: Scene, tmp_path: Path
) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    with worker(tmp_path / "log", slowed="hanging") as master:
        wait_until(lambda: frames_done(run) >= 1)
        orphans = children(master.pid)
        assert len(orphans) >= 3, "worker, nursery, child"
        master.kill()
        wait_until(lambda: not any(alive(pid) for pid in orphans), seconds=60)
    wait_until(lambda: runs.sweep().requeued, seconds=60)
    assert status(run) == "queued"
