"""Publishing: once, numbered, by the holder of the current token alone."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from dramatiq_postgres.django.models import Job
from pytest_django import DjangoAssertNumQueries

from archive.models import Scan
from restoration import claims, publishing, runs
from restoration.errors import LeaseLost
from restoration.models import Scene, StageRun, Take
from restoration.publishing import Result
from restoration.stages.contract import Cancelled
from tests.factories import make_run, make_totals, unique_digest

SAVEPOINTS = 2
"""A test's own transaction makes of BEGIN and COMMIT a savepoint and its release."""


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


@pytest.mark.django_db
def test_from_claim_to_take_it_asks_the_database_nine_questions(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    publishing.finish_run(claim(make_run(scene=scene)), result())  # its reader's rows are known
    make_run(scene=scene)
    with django_assert_num_queries(9 + SAVEPOINTS):
        turn = claims.next_waiting("cpu")
        assert turn is not None
        publishing.finish_run(claim(StageRun(pk=turn)), result())


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


@pytest.mark.django_db
def test_the_message_for_the_viewing_files_stands_and_falls_with_the_take(scene: Scene) -> None:
    held = claim(make_run(scene=scene))
    about = Job.objects.filter(message__actor_name="make_view")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publishing.finish_run(held, result())
        assert about.count() == 1
        raise ZeroDivisionError
    assert not about.exists() and not Take.objects.exists()
    take = publishing.finish_run(held, result())
    assert take is not None
    assert [job.message["args"] for job in about] == [[take.pk]]


@pytest.mark.django_db
def test_a_run_works_on_the_scan_as_it_was_when_it_was_claimed(scene: Scene) -> None:
    first = claim(make_run(scene=scene))
    Scan.objects.filter(pk=scene.scan_id).update(path="/moved/film.mkv")
    second = claim(make_run(scene=scene, key=unique_digest()))
    assert second.run.scan.path == "/moved/film.mkv" != first.run.scan.path
    second.run.scan.path = "elsewhere"
    third = claim(make_run(scene=scene, key=unique_digest()))
    assert third.run.scan.path == "/moved/film.mkv", "what one run does, another does not see"
