"""Who may work on a run: one at a time, by compare-and-swap."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now

from restoration import claims, runs
from restoration.errors import LeaseLost
from restoration.leg import Leg
from restoration.models import Scene, StageRun, Take
from tests.factories import make_run, make_take


def claim(run: StageRun, worker: str = "here") -> claims.Claim | None:
    return claims.claim(run.pk, worker=worker, device="cpu")


@pytest.mark.django_db
def test_a_claim_names_worker_attempt_token_and_lease(scene: Scene) -> None:
    run = make_run(scene=scene)
    assert claim(run, "north:7:cpu") is not None
    run.refresh_from_db()
    assert (run.status, run.worker, run.attempt, run.token) == ("running", "north:7:cpu", 1, 1)
    assert run.lease_until is not None and run.started is not None


@pytest.mark.django_db
def test_a_second_delivery_finds_it_claimed(scene: Scene) -> None:
    run = make_run(scene=scene)
    assert claim(run) is not None
    assert claim(run) is None
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.token) == ("running", 1)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
def test_a_run_that_has_ended_is_not_claimed(scene: Scene, status: str) -> None:
    run = make_run(scene=scene, status=status, error="words")
    assert claim(run) is None


@pytest.mark.django_db
def test_a_message_for_a_run_that_is_gone_is_no_error() -> None:
    runs.execute_run(999_999)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_exactly_one_gets_it(scene: Scene) -> None:
    run = make_run(scene=scene)
    together = threading.Barrier(6)
    won: list[claims.Claim] = []

    def race(name: str) -> None:
        together.wait()
        if (got := claim(run, name)) is not None:
            won.append(got)
        connection.close()

    threads = [threading.Thread(target=race, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.refresh_from_db()
    assert [got.run.worker for got in won] == [run.worker]
    assert (run.attempt, run.token) == (1, 1)


@pytest.mark.django_db
def test_whoever_comes_second_for_a_run_goes_on_to_the_next(scene: Scene) -> None:
    taken, waits = make_run(scene=scene), make_run(scene=scene)
    make_take(scene=scene, key=waits.key)  # so that the next one ends without computing
    assert claim(taken) is not None
    runs.execute_run(taken.pk, leg=Leg(instead=lambda: claims.next_waiting("cpu")))
    assert StageRun.objects.get(pk=waits.pk).status == "done"
    assert StageRun.objects.get(pk=taken.pk).token == 1


@pytest.mark.django_db
def test_a_run_that_is_not_to_be_had_is_not_asked_for_again_and_again(scene: Scene) -> None:
    runs_taken = [make_run(scene=scene, status="running", lease_until=Now()) for _ in range(2)]
    given = itertools.cycle([runs_taken[1].pk, runs_taken[0].pk])
    runs.execute_run(runs_taken[0].pk, leg=Leg(instead=lambda: next(given)))
    assert set(StageRun.objects.values_list("token", flat=True)) == {0}


@pytest.mark.django_db
def test_a_twin_of_a_running_run_is_left_waiting_and_gets_its_take(scene: Scene) -> None:
    first = runs.process_scene(scene, stages=["deflicker"])
    twin = runs.process_scene(scene, stages=["deflicker", "repair"])
    assert first.key == twin.key
    held = claim(first)
    assert held is not None
    runs.execute_run(twin.pk)
    twin.refresh_from_db()
    assert twin.status == "queued"
    claims.give_back(held)
    runs.execute_run(first.pk)
    twin.refresh_from_db()
    assert (twin.status, twin.offered) == ("done", True)
    assert twin.take == Take.objects.get()
    assert StageRun.objects.filter(stage="repair", input_take=twin.take).count() == 1


@pytest.mark.django_db
def test_a_take_that_a_twin_published_meanwhile_is_used_and_the_second_folder_removed(
    scene: Scene, settings: object, tmp_path: Path
) -> None:
    first = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(first.pk)
    take = Take.objects.get()
    late = make_run(scene=scene, key=first.key, params=first.params)
    runs.execute_run(late.pk)
    late.refresh_from_db()
    assert (late.status, late.take, late.offered) == ("done", take, True)
    assert Take.objects.count() == 1
    assert [path.name for path in (tmp_path / "media/takes").glob("*/*/*/*")] == [f"{first.pk}-1"]


@pytest.mark.django_db
def test_a_lease_is_renewed_only_by_its_holder(scene: Scene) -> None:
    run = make_run(scene=scene)
    first = claim(run)
    assert first is not None
    before = StageRun.objects.get().lease_until
    assert claims.renew(first, frames_done=4) is False
    run.refresh_from_db()
    assert run.lease_until is not None and before is not None
    assert run.lease_until > before and run.frames_done == 4
    claims.requeue(run)
    second = claim(run)
    assert second is not None and second.token == 2
    with pytest.raises(LeaseLost):
        claims.renew(first, frames_done=5)
    assert claims.renew(second, frames_done=1) is False


@pytest.mark.django_db
def test_a_run_given_back_has_not_used_an_attempt_but_never_the_same_folder_again(
    scene: Scene,
) -> None:
    run = make_run(scene=scene)
    first = claim(run)
    assert first is not None
    claims.give_back(first)
    run.refresh_from_db()
    assert (run.status, run.attempt, run.worker, run.sent) == ("queued", 0, "", None)
    second = claim(run)
    assert second is not None
    assert first.storage_key != second.storage_key
