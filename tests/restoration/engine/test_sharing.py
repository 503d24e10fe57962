"""People and reels take turns at the workers, however many runs each has asked for."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection

from archive.models import Scan
from restoration import claims
from restoration.models import StageRun
from tests.factories import make_run, make_scan, make_scene, unique_digest

pytestmark = pytest.mark.django_db


def asked(scan: Scan, by: User | None, *, runs: int, frames: int = 12) -> list[StageRun]:
    return [
        make_run(
            scene=make_scene(scan=scan, frames=(n * frames, (n + 1) * frames)),
            requested_by=by,
            queue="cpu",
            frames_total=frames,
        )
        for n in range(runs)
    ]


def order(count: int) -> list[StageRun]:
    """The next runs of the queue, each begun when its turn comes, in the order of their turns."""
    taken = []
    for _ in range(count):
        number = claims.next_waiting("cpu")
        assert number is not None
        held = claims.claim(number, worker="here", device="cpu")
        assert held is not None
        taken.append(held.run)
    return taken


def test_somebody_who_comes_late_waits_for_one_run_and_not_for_all(
    member: Callable[..., User],
) -> None:
    early, late = member("early"), member("late")
    asked(make_scan(), early, runs=6)
    assert {run.requested_by for run in order(2)} == {early}
    asked(make_scan(), late, runs=2)
    assert [run.requested_by for run in order(4)] == [late, late, early, early]


def test_people_take_turns_and_so_do_the_reels_of_each(member: Callable[..., User]) -> None:
    anna, bert = member("a"), member("b")
    first, second, third = make_scan(), make_scan(), make_scan()
    asked(first, anna, runs=4)
    asked(second, anna, runs=2)
    asked(third, bert, runs=3)
    taken = order(6)
    assert [run.requested_by for run in taken] == [anna, bert] * 3
    assert [run.scan for run in taken if run.requested_by == anna] == [first, second, first]


def test_whoever_asks_for_long_runs_gets_fewer_of_them(member: Callable[..., User]) -> None:
    long, short = member("long"), member("short")
    asked(make_scan(frames=400), long, runs=3, frames=48)
    asked(make_scan(), short, runs=4, frames=12)
    assert [run.requested_by for run in order(5)] == [long, short, short, short, short]


@pytest.mark.slow
def test_among_ten_thousand_runs_the_next_is_found_within_ten_milliseconds(
    member: Callable[..., User],
) -> None:
    people = [member(f"person {n}") for n in range(5)]
    for number in range(20):
        scene = make_scene(scan=make_scan())
        template = make_run(scene=scene, requested_by=people[number % 5])
        StageRun.objects.bulk_create(
            StageRun(
                scan=scene.scan, scene=scene, stage="deflicker", start_frame=0, end_frame=24,
                key=unique_digest(), queue="cpu", requested_by=template.requested_by,
            )
            for _ in range(499)
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE restoration_stagerun")
    spent = []
    for _ in range(20):
        began = time.perf_counter()
        assert claims.next_waiting("cpu") is not None
        spent.append(time.perf_counter() - began)
    assert statistics.median(spent) <= 0.010, spent


def test_within_a_reel_runs_go_as_they_were_asked_for() -> None:
    runs = asked(make_scan(), None, runs=3)
    assert order(3) == runs
    assert claims.next_waiting("cpu") is None
