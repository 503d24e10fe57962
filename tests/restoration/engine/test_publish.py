"""Publishing: once, numbered, by the holder of the current token alone."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from restoration import claims, publishing, runs
from restoration.errors import LeaseLost
from restoration.models import Scene, StageRun, Take
from restoration.publishing import Result
from restoration.stages.contract import Cancelled
from tests.factories import make_run, make_totals, unique_digest


def claim(run: StageRun) -> claims.Claim:
    got = claims.claim(run.pk, worker="here", device="cpu")
    assert got is not None
    return got


def result() -> Result:
    return Result(
        manifest={"stage": "deflicker"},
        digest=unique_digest(),
        totals=make_totals(10),
        findings=None,
        timings={"stage": 1.0},
    )


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_cannot_publish(scene: Scene) -> None:
    run = make_run(scene=scene)
    zombie = claim(run)
    assert claims.requeue(StageRun.objects.get())
    with pytest.raises(LeaseLost):
        publishing.finish_run(zombie, result())
    second = claim(run)
    with pytest.raises(LeaseLost):
        publishing.finish_run(zombie, result())
    take = publishing.finish_run(second, result())
    with pytest.raises(LeaseLost):
        publishing.finish_run(zombie, result())
    run.refresh_from_db()
    assert (run.status, run.take) == ("done", take)
    assert Take.objects.count() == 1


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_cannot_fail_the_run_either(scene: Scene) -> None:
    run = make_run(scene=scene)
    zombie = claim(run)
    claims.requeue(StageRun.objects.get())
    second = claim(run)
    assert publishing.fail_run(zombie.run, "too late") is False
    claims.give_back(zombie)
    run.refresh_from_db()
    assert (run.status, run.token, run.error) == ("running", second.token, "")


@pytest.mark.django_db
def test_it_does_not_publish_what_was_cancelled_meanwhile(scene: Scene) -> None:
    run = make_run(scene=scene)
    held = claim(run)
    runs.cancel(run)
    with pytest.raises(Cancelled):
        publishing.finish_run(held, result())
    assert not Take.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_takes_published_at_the_same_moment_get_different_numbers(scene: Scene) -> None:
    held = [claim(make_run(scene=scene)) for _ in range(6)]
    together = threading.Barrier(len(held))
    errors: list[BaseException] = []

    def publish(mine: claims.Claim) -> None:
        together.wait()
        try:
            publishing.finish_run(mine, result())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=(mine,)) for mine in held]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(Take.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.django_db(transaction=True)
def test_of_two_runs_of_the_same_key_that_end_together_both_get_the_one_take(
    scene: Scene,
) -> None:
    first, second = make_run(scene=scene), make_run(scene=scene)
    held = [claim(first), claim(second)]
    StageRun.objects.update(key="same")
    for mine in held:
        mine.run.key = "same"
    together = threading.Barrier(2)
    errors: list[BaseException] = []

    def publish(mine: claims.Claim) -> None:
        together.wait()
        try:
            publishing.finish_run(mine, result())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=(mine,)) for mine in held]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    take = Take.objects.get()
    ended = StageRun.objects.order_by("offered")
    assert [(run.status, run.take, run.offered) for run in ended] == [
        ("done", take, False),
        ("done", take, True),
    ]


@pytest.mark.django_db
def test_what_does_not_follow_is_written_down_as_failed_and_not_silent(scene: Scene) -> None:
    run = make_run(scene=scene, following=[{"stage": "repair", "params": {"gone": 1}}])
    publishing.finish_run(claim(run), result())
    follower = StageRun.objects.exclude(pk=run.pk).get()
    assert follower.status == "failed" and "no parameter gone" in follower.error
    run.refresh_from_db()
    assert run.status == "done"
