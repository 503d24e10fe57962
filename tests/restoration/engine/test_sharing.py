"""People and reels take turns at the workers, however many runs each has asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from archive.models import Scan
from restoration import claims
from restoration.models import StageRun
from tests.factories import make_run, make_scan, make_scene

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


def test_within_a_reel_runs_go_as_they_were_asked_for() -> None:
    runs = asked(make_scan(), None, runs=3)
    assert order(3) == runs
    assert claims.next_waiting("cpu") is None
