"""A run is given only to a worker with the memory that it needs, and says if there is none."""

from __future__ import annotations

import importlib
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from dramatiq_postgres.django.models import Job

from restoration import claims, pools, runs, workers
from restoration.models import Scene, StageRun, Worker
from restoration.sweeper import sweep
from restoration.tasks import run_on_cpu
from tests.factories import make_run, make_scan, make_scene, make_take

pytestmark = pytest.mark.django_db


def alive(memory: int, queue: str = "cpu", name: str = "north") -> Worker:
    return Worker.objects.create(
        name=f"{name}:{memory}:{queue}", queue=queue, memory=memory, seen=timezone.now()
    )


def test_a_run_goes_to_a_worker_that_can_hold_it_and_smaller_ones_go_on(scene: Scene) -> None:
    large = make_run(scene=scene, memory=16)
    small = make_run(scene=scene, memory=2)
    assert claims.next_waiting("cpu", memory=8) == small.pk
    assert claims.claim(large.pk, worker="small", device="cpu", memory=8) is None
    assert claims.next_waiting("cpu", memory=16) == large.pk
    assert claims.claim(large.pk, worker="large", device="cpu", memory=16) is not None


def test_a_run_says_what_its_stage_takes_for_pictures_of_that_size(scene: Scene) -> None:
    asked = runs.process_scene(scene, stages=["deflicker"])
    assert asked.memory == 1
    wide = make_scene(scan=make_scan(width=8192, height=6224))
    assert runs.process_scene(wide, stages=["deflicker"]).memory > asked.memory
    take = make_take(scene=wide, manifest={"picture": {"width": 640, "height": 480}})
    small = runs.start_run(
        scan=wide.scan, stage="deflicker", scene=wide, input_take=take,
        start_frame=wide.start_frame, end_frame=wide.end_frame,
    )  # fmt: skip
    assert small.memory == 1, "the take that it works on is small"


def test_a_worker_has_what_is_set_or_all_that_its_machine_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert workers.memory() == Worker.ANY, "a command is no worker"
    monkeypatch.setattr(workers, "_queues", ["cpu"])
    monkeypatch.delenv("WORKER_MEMORY_GIB", raising=False)
    assert workers.memory() == workers.of_the_machine() >= 1
    monkeypatch.setenv("WORKER_MEMORY_GIB", "6")
    assert workers.memory() == 6


def test_what_no_live_worker_can_hold_is_ill_for_doctor_until_one_comes(scene: Scene) -> None:
    doctor = importlib.import_module("archive.management.commands.doctor")
    make_run(scene=scene, memory=16)
    assert list(doctor._too_large()) == [], "that none is alive is said elsewhere"
    alive(4)
    (found,) = doctor._too_large()
    assert found.state == "ill"
    assert "1 run of cpu waits for a worker with 16 GiB" in found.words
    assert "the largest that is alive has 4" in found.words
    alive(32, name="south")
    assert list(doctor._too_large()) == []


@pytest.mark.slow
def test_it_is_told_at_the_run_on_pages_and_to_programs(
    client: Client, scene: Scene, restorer: User
) -> None:
    make_run(scene=scene, memory=16)
    client.force_login(restorer)
    told = "waits for a worker with 16 GiB"
    assert told not in client.get(reverse("work")).content.decode(), "none is alive"
    alive(4)
    page = client.get(reverse("work")).content.decode()
    assert page.count(told) == 2 and f"1 run of cpu {told}" in page
    assert told in client.get(reverse("reel", args=[scene.scan.reel_id])).content.decode()
    (row,) = client.get("/api/v1/runs").json()["results"]
    assert (row["memory"], row["waits_for"]) == (16, told)
    alive(32, name="south")
    assert told not in client.get(reverse("work")).content.decode()


def test_a_worker_of_another_queue_or_one_that_is_lost_is_no_help(scene: Scene) -> None:
    make_run(scene=scene, memory=16)
    alive(4)
    alive(32, queue="gpu")
    Worker.objects.filter(pk=alive(64).pk).update(seen=timezone.now() - timedelta(hours=1))
    assert Worker.objects.most_held() == {"cpu": 4, "gpu": 32}
    assert len(StageRun.objects.waiting_for_memory(Worker.objects.most_held())) == 1


@pytest.mark.django_db(transaction=True)
def test_a_message_that_reaches_a_worker_which_cannot_hold_its_run_is_passed_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(scene=scene, memory=16)
    monkeypatch.setattr(workers, "_queues", ["cpu"])
    monkeypatch.setenv("WORKER_MEMORY_GIB", "4")
    Worker.objects.all().delete()

    def sent() -> list[Job]:
        return [job for job in Job.objects.all() if job.message["args"] == [run.pk]]

    run_on_cpu(run.pk, memory=16)
    assert sent() == [], "nobody could hear it"
    alive(32)
    run_on_cpu(run.pk, memory=16)
    (job,) = sent()
    assert job.message["kwargs"] == {"memory": 16, "passed": 1}
    assert job.message["options"]["eta"] > job.message["message_timestamp"]
    run_on_cpu(run.pk, memory=16, passed=len(pools.PAUSES))
    StageRun.objects.update(status="done")
    run_on_cpu(run.pk, memory=16)
    assert len(sent()) == 1, "not without end, and not for what has ended"


@pytest.mark.django_db(transaction=True)
def test_nobody_is_rung_for_a_run_that_none_can_hold(scene: Scene) -> None:
    make_run(scene=scene, memory=16)
    held = make_run(scene=scene, memory=2)
    StageRun.objects.update(created=timezone.now() - timedelta(hours=1))
    alive(4)
    assert sweep().resent == [held.pk]
