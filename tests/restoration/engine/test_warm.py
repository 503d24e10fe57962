"""A process that has read a stage's networks is given that stage's next run, all else equal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from restoration import claims, nursery, runs
from restoration.models import Scene, StageRun, Take
from restoration.nursery import Nursery
from tests.factories import make_run, make_scan, make_scene, make_scenes
from tests.restoration.engine.test_rest import begin, did, heard

LIGHT = "tests.restoration.engine.light:execute"


@pytest.fixture
def two(settings: object) -> Iterator[list[Nursery]]:
    settings.RUN_EXECUTOR = LIGHT
    nursery.discard_idle()
    started = [Nursery(LIGHT).wait() for _ in range(2)]
    yield started
    nursery.discard_idle()


@pytest.mark.slow
def test_a_process_that_has_read_the_networks_is_taken_first(two: list[Nursery]) -> None:
    first, second = two
    for each in two:
        did(each)
        nursery.give_back(each)
    second.has_read("repair")
    assert nursery.warm() == {"repair"}
    assert nursery.take("repair") is second
    assert nursery.warm() == frozenset(), "it computes"
    nursery.give_back(second)
    assert nursery.take("grade") is first
    nursery.give_back(first)


@pytest.mark.slow
def test_what_a_process_had_read_is_forgotten_when_it_ends(two: list[Nursery]) -> None:
    first, second = two
    did(first)
    first.has_read("repair")
    begin(first, "refuse")
    heard(first)
    nursery.give_back(first)
    nursery.give_back(second)
    assert nursery.warm() == frozenset()


@pytest.mark.django_db
def test_of_a_persons_runs_of_a_scan_those_come_first_whose_network_is_read() -> None:
    scenes = make_scenes(make_scan(), length=12)
    cold = make_run(scene=scenes[0], stage="denoise", queue="cpu")
    alike = make_run(scene=scenes[1], stage="colourise", queue="cpu")
    assert claims.next_waiting("cpu", warm=["colourise"]) == alike.pk
    assert claims.next_waiting("cpu", warm=["upscale"]) == cold.pk
    assert claims.next_waiting("cpu") == cold.pk
    StageRun.objects.filter(pk=cold.pk).update(created=timezone.now() - timedelta(hours=1))
    assert claims.next_waiting("cpu", warm=["colourise"]) == cold.pk, "it has waited long enough"


@pytest.mark.django_db
def test_whose_turn_it_is_counts_more_than_what_is_read(member: Callable[..., User]) -> None:
    early, late = member("early"), member("late")
    make_run(
        scene=make_scene(), stage="colourise", requested_by=early, status="running",
        started=timezone.now(), lease_until=timezone.now(), frames_total=24,
    )  # fmt: skip
    alike = make_run(scene=make_scene(), stage="colourise", requested_by=early)
    cold = make_run(scene=make_scene(), stage="denoise", requested_by=late)
    assert claims.next_waiting("cpu", warm=["colourise"]) == cold.pk
    claims.claim(cold.pk, worker="here", device="cpu")
    assert claims.next_waiting("cpu", warm=["colourise"]) == alike.pk


def asked(scene: Scene) -> StageRun:
    """A run that reads a network."""
    return runs.process_scene(scene, stages=["repair"], params={"repair": {"engine": "network"}})


@pytest.mark.slow
@pytest.mark.django_db
def test_the_second_run_in_a_process_reads_no_network_and_makes_the_same(
    scenes_of_film: list[Scene], settings: object
) -> None:
    settings.RUN_PROGRESS_SECONDS, settings.RUN_LEASE_SECONDS = 600, 300
    nursery.discard_idle()
    assert "RUN_NETWORKS" not in os.environ
    first, second = (asked(scene) for scene in scenes_of_film[:2])
    for run in (first, second):
        runs.execute_run(run.pk)
        run.refresh_from_db()
        assert run.status == "done", run.error
    assert (first.timings["networks_read"], second.timings["networks_read"]) == (1, 0)
    assert nursery.warm() == {"repair"}
    kept = second.take.digest
    nursery.discard_idle()
    StageRun.objects.update(take=None)
    Take.objects.all().delete()
    anew = asked(scenes_of_film[1])
    runs.execute_run(anew.pk)
    anew.refresh_from_db()
    assert anew.timings["networks_read"] == 1
    assert anew.take.digest == kept, "the same as a process that has just read it makes"
