"""The sweeper: lost messages, lost workers, folders that nothing refers to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import dramatiq
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from dramatiq.brokers.stub import StubBroker
from dramatiq_postgres.django.models import Job

from config import tracing
from restoration import claims, runs
from restoration.models import Scene, StageRun, Worker
from restoration.storage import AttemptFolder, Storage, storage
from tests.factories import make_run, make_take

LONG_AGO = timezone.now() - timedelta(hours=1)


def lose_lease(run: StageRun) -> claims.Claim:
    held = claims.claim(run.pk, worker="gone:1:cpu", device="cpu")
    assert held is not None
    StageRun.objects.filter(pk=run.pk).update(lease_until=LONG_AGO)
    return held


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_message_was_lost_is_sent_again_after_half_a_minute(scene: Scene) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    Job.objects.all().delete()
    assert runs.sweep().resent == []
    StageRun.objects.update(sent=timezone.now() - timedelta(seconds=31))
    assert runs.sweep().resent == [run.pk]
    assert Job.objects.get().message["args"] == [run.pk]
    assert runs.sweep().resent == [], "its message is on its way"


@pytest.mark.django_db(transaction=True)
def test_a_message_that_is_sent_again_bears_the_mark_of_the_request_that_asked(
    scene: Scene,
) -> None:
    make_run(scene=scene, request="asked-at-noon")
    StageRun.objects.update(created=LONG_AGO)
    with tracing.of_run(1):
        tracing.take_up("somebody-else")
        runs.sweep()
    assert Job.objects.get().message["options"]["request"] == "asked-at-noon"


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_message_was_never_sent_is_sent(scene: Scene) -> None:
    run = make_run(scene=scene)
    StageRun.objects.update(created=LONG_AGO)
    assert runs.sweep().resent == [run.pk]


@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_asked_for_by_a_machine_whose_clock_is_ahead_is_sent_too(
    scene: Scene,
) -> None:
    run = make_run(scene=scene)
    StageRun.objects.update(created=timezone.now() + timedelta(hours=1))
    assert runs.sweep().resent == [run.pk]


@pytest.mark.django_db(transaction=True)
def test_idle_workers_of_a_broker_that_cannot_be_asked_are_rung_for_the_first_that_waits(
    settings: object, scene: Scene
) -> None:
    with stub_broker() as broker:
        first, second = (
            runs.process_scene(scene, stages=[stage]) for stage in ("deflicker", "repair")
        )
        broker.flush_all()
        StageRun.objects.update(queue="cpu", sent=timezone.now() - timedelta(seconds=31))
        assert runs.sweep().resent == [], "nobody is there to hear it"
        Worker.objects.create(name="a:1:cpu", queue="cpu", seen=timezone.now())
        assert runs.sweep().resent == [first.pk], "one is enough: workers look into the table"
        assert runs.sweep().resent == [second.pk]
        StageRun.objects.update(sent=timezone.now() - timedelta(seconds=31))
        claims.claim(second.pk, worker="a:1:cpu", device="cpu")
        assert runs.sweep().resent == [], "a worker that has a run goes on by itself"


@contextmanager
def stub_broker() -> Iterator[dramatiq.Broker]:
    from restoration import tasks

    before, broker = dramatiq.get_broker(), StubBroker(middleware=[])
    actors = list(tasks.ACTORS.values())
    try:
        for actor in actors:
            actor.broker = broker
            broker.declare_actor(actor)
        dramatiq.set_broker(broker)
        yield broker
    finally:
        for actor in actors:
            actor.broker = before
        dramatiq.set_broker(before)


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_message_still_waits_behind_others_gets_no_second_one(scene: Scene) -> None:
    runs.process_scene(scene, stages=["deflicker"])
    StageRun.objects.update(sent=LONG_AGO)
    assert runs.sweep().resent == []
    assert Job.objects.count() == 1
    Job.objects.update(state="consumed")
    assert len(runs.sweep().resent) == 1, "whoever took it died"


@pytest.mark.django_db
def test_a_run_whose_lease_ran_out_waits_again_and_its_worker_may_not_publish(
    scene: Scene,
) -> None:
    run = make_run(scene=scene)
    held = lose_lease(run)
    assert runs.sweep().requeued == [run.pk]
    run.refresh_from_db()
    assert (run.status, run.attempt, run.worker) == ("queued", 1, "")
    assert not held.held.exists()


@pytest.mark.django_db
def test_a_lease_that_still_runs_is_left_alone(scene: Scene) -> None:
    run = make_run(scene=scene)
    claims.claim(run.pk, worker="here", device="cpu")
    assert not runs.sweep()
    run.refresh_from_db()
    assert run.status == "running"


@pytest.mark.django_db
def test_a_run_over_the_cap_is_failed_and_says_why(scene: Scene) -> None:
    run = make_run(scene=scene)
    for _ in range(3):
        lose_lease(run)
        swept = runs.sweep()
    assert swept.failed == [run.pk]
    run.refresh_from_db()
    assert run.status == "failed"
    assert "worker gone:1:cpu was lost" in run.error and "after 3 attempts" in run.error


@pytest.mark.django_db
def test_a_lost_run_that_was_to_be_cancelled_is_cancelled(scene: Scene) -> None:
    run = make_run(scene=scene)
    lose_lease(run)
    runs.cancel(run)
    runs.sweep()
    run.refresh_from_db()
    assert run.status == "cancelled"


@pytest.mark.django_db
def test_it_removes_only_folders_that_no_take_names_and_no_attempt_writes(scene: Scene) -> None:
    def folder(run: StageRun, attempt: int) -> str:
        key = f"takes/abc/0-12/deflicker/{run.pk}-{attempt}"
        storage().folder(key).mkdir(parents=True)
        (storage().folder(key) / "picture.mkv").write_bytes(b"half")
        return key

    done, running, lost = (make_run(scene=scene) for _ in range(3))
    published = make_take(scene=scene, storage_key=folder(done, 1))
    beside = folder(done, 2)
    claims.claim(running.pk, worker="here", device="cpu")
    writing, old = folder(running, 1), folder(running, 7)
    orphan = folder(lost, 1)
    assert sorted(runs.sweep().removed) == sorted([beside, old, orphan])
    assert storage().exists(published.storage_key) and storage().exists(writing)


@pytest.mark.django_db
def test_a_young_folder_is_left_alone(settings: object, scene: Scene, tmp_path: Path) -> None:
    settings.RUN_LEFTOVER_SECONDS = 60
    (tmp_path / "media/takes/abc/0-12/deflicker/77-1").mkdir(parents=True)
    assert runs.sweep().removed == []


@pytest.mark.django_db
def test_a_folder_that_goes_while_it_looks_does_not_end_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = AttemptFolder("takes/abc/0-12/deflicker/78-1", 78, 1)
    monkeypatch.setattr(Storage, "attempts", lambda store: iter([gone]))
    monkeypatch.setattr(Storage, "chunks", lambda store: iter(["chunks/gone"]))
    assert not runs.sweep()


@pytest.mark.django_db
def test_workers_that_fell_silent_are_forgotten() -> None:
    Worker.objects.create(name="a:1:cpu", queue="cpu", seen=timezone.now())
    Worker.objects.create(name="b:2:cpu", queue="cpu", seen=LONG_AGO)
    assert runs.sweep().workers == ["b:2:cpu"]
    assert [worker.name for worker in Worker.objects.alive(queue="cpu")] == ["a:1:cpu"]


@pytest.mark.django_db(transaction=True)
def test_of_several_sweepers_one_works_and_none_waits(scene: Scene) -> None:
    lost = [make_run(scene=scene) for _ in range(5)]
    for run in lost:
        lose_lease(run)
    together = threading.Barrier(4)
    swept: list[int] = []

    def sweep() -> None:
        together.wait()
        swept.extend(runs.sweep().requeued)
        connection.close()

    sweepers = [threading.Thread(target=sweep) for _ in range(4)]
    for sweeper in sweepers:
        sweeper.start()
    for sweeper in sweepers:
        sweeper.join()
    assert sorted(swept) == [run.pk for run in lost]
    assert set(StageRun.objects.values_list("attempt", flat=True)) == {1}


@pytest.mark.django_db
def test_the_command_says_what_it_did_as_json(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(scene=scene)
    lose_lease(run)
    call_command("sweep", "--json")
    assert json.loads(capsys.readouterr().out)["requeued"] == [run.pk]
