"""A worker begins its next run while the last one is read back, and never two stages at once."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from django.db import OperationalError, connections
from pytest_django import DjangoAssertNumQueries

from restoration import nursery, runs
from restoration.attempts import execute_run
from restoration.leg import Leg
from restoration.models import Scene, StageRun
from restoration.relay import Relay, work_on
from tests.factories import make_run
from tests.restoration.engine.processes import computing, wait_until, worker
from tests.restoration.engine.test_worker import check_nothing_is_broken

LIMIT = 90.0


class Runs:
    """Runs that go on, by their number, when they are let."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.near = [threading.Event() for _ in range(4)]
        self.stage_may_end = [threading.Event() for _ in range(4)]
        self.run_may_end = [threading.Event() for _ in range(4)]

    def work(self, number: int, leg: Leg) -> None:
        self.told.append(f"{number} opens")
        my_turn = threading.Event()
        leg.when_going(my_turn.set)
        assert my_turn.wait(LIMIT)
        self.told.append(f"{number} computes")
        assert self.near[number].wait(LIMIT)
        leg.near.set()
        assert self.stage_may_end[number].wait(LIMIT)
        leg.progressed(9, 9)
        assert self.run_may_end[number].wait(LIMIT)
        self.told.append(f"{number} ends")

    def let(self, *numbers: int) -> None:
        """Let these go through to their ends."""
        for number in numbers:
            for events in (self.near, self.stage_may_end, self.run_may_end):
                events[number].set()


@pytest.fixture
def made() -> Runs:
    return Runs()


def hand_over(relay: Relay, *numbers: int) -> threading.Thread:
    """Have a worker's thread take the first of these runs; the others wait in the table."""
    waiting = list(numbers)
    following = lambda: waiting.pop(0) if waiting else None  # noqa: E731
    thread = threading.Thread(target=relay.run, args=(waiting.pop(0), following), daemon=True)
    thread.start()
    return thread


def test_the_next_run_is_opened_when_the_stage_before_it_is_near_its_end(made: Runs) -> None:
    thread = hand_over(Relay(made.work), 0, 1)
    wait_until(lambda: made.told == ["0 opens", "0 computes"], seconds=LIMIT)
    made.near[0].set()
    wait_until(lambda: "1 opens" in made.told, seconds=LIMIT)
    assert "1 computes" not in made.told
    made.stage_may_end[0].set()
    wait_until(lambda: "1 computes" in made.told, seconds=LIMIT)
    assert "0 ends" not in made.told, "it is still being read back"
    made.let(0, 1)
    thread.join(LIMIT)
    assert not thread.is_alive()


def test_no_more_than_two_runs_are_there_at_a_time(made: Runs) -> None:
    relay = Relay(made.work)
    made.near[0].set()
    made.stage_may_end[0].set()
    made.near[1].set()
    thread = hand_over(relay, 0, 1, 2)
    wait_until(lambda: "1 computes" in made.told, seconds=LIMIT)
    made.let(0)
    wait_until(lambda: "2 opens" in made.told, seconds=LIMIT)
    assert made.told.index("0 ends") < made.told.index("2 opens")
    made.let(1, 2)
    thread.join(LIMIT)
    assert not thread.is_alive()


def test_a_worker_that_stops_waits_for_the_run_that_is_behind(made: Runs) -> None:
    relay = Relay(made.work)
    made.near[0].set()
    made.stage_may_end[0].set()
    relay.run(0)
    threading.Timer(0.2, made.run_may_end[0].set).start()
    relay.finish()
    assert made.told[-1] == "0 ends"


def test_a_run_that_fails_before_its_stage_ends_does_not_hold_up_the_next(made: Runs) -> None:
    def failing(number: int, leg: Leg) -> None:
        made.told.append(f"{number} opens")
        raise RuntimeError("the database is away")

    relay = Relay(failing)
    relay.run(0)
    relay.run(1)
    relay.finish()
    assert made.told == ["0 opens", "1 opens"]


def test_a_run_that_cannot_be_had_is_not_asked_for_again_and_again(made: Runs) -> None:
    made.let(0, 1)
    relay = Relay(made.work)
    relay.run(0, lambda: 1)
    relay.finish()
    assert made.told.count("1 computes") == 1


def test_a_table_that_cannot_be_read_lets_no_second_stage_compute(made: Runs) -> None:
    def away() -> int | None:
        raise OperationalError("the database is away")

    relay = Relay(made.work)
    made.near[0].set()
    made.stage_may_end[0].set()
    relay.run(0, away)
    thread = hand_over(relay, 1)
    made.let(1)
    thread.join(1)
    assert thread.is_alive(), "the first is still behind"
    made.let(0)
    thread.join(LIMIT)
    relay.finish()
    assert {"0 ends", "1 ends"} <= set(made.told)


def test_a_stage_is_near_its_end_by_the_pace_of_its_frames() -> None:
    leg = Leg()
    leg.progressed(0, 1_000_000)
    leg.progressed(1, 1_000_000)
    assert not leg.near.is_set()
    leg.progressed(1_000_000, 1_000_000)
    assert leg.near.is_set() and leg.computed.is_set()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_overlaps_its_runs_and_every_take_is_sound(
    scenes_of_film: list[Scene], tmp_path: Path
) -> None:
    """The executor named slow spends a tenth of a second on each packet that it reads back."""
    runs.process_reel(scenes_of_film[0].scan.reel, stages=["deflicker"])
    with worker(tmp_path / "log") as process:
        wait_until(lambda: StageRun.objects.filter(status="done").count() == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    first, second = StageRun.objects.order_by("started")
    assert second.started < first.ended
    check_nothing_is_broken(scenes_of_film[0])
    assert computing() == []


def test_a_run_that_another_worker_took_gives_way_to_the_next_that_waits() -> None:
    asked: list[int | None] = []
    waiting = [7, None, None]
    relay = Relay(lambda number, leg: asked.extend([number, leg.instead()]))
    relay.run(5, lambda: waiting.pop(0))
    relay.finish()
    assert asked == [5, 7]


@pytest.mark.django_db
def test_a_message_of_a_run_that_has_ended_costs_one_question(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = make_run(scene=scene, status="done")
    with django_assert_num_queries(1):
        work_on(run.pk, "cpu")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_stopped_while_a_run_is_behind_loses_neither(
    scenes_of_film: list[Scene], tmp_path: Path
) -> None:
    runs.process_reel(scenes_of_film[0].scan.reel, stages=["deflicker"])
    with worker(tmp_path / "log") as process:
        wait_until(lambda: StageRun.objects.filter(status="running").count() == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert set(StageRun.objects.values_list("status", flat=True)) <= {"queued", "done"}
    with worker(tmp_path / "log", slowed="execute"):
        wait_until(lambda: not StageRun.objects.exclude(status="done").exists())
    check_nothing_is_broken(scenes_of_film[0])


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_held_computes_nothing_before_its_turn(scene: Scene) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    leg = Leg(held=True)

    def work() -> None:
        execute_run(run.pk, leg=leg)
        connections.close_all()  # the thread's own

    thread = threading.Thread(target=work)
    thread.start()
    try:
        wait_until(lambda: StageRun.objects.get(pk=run.pk).status == "running", seconds=LIMIT)
        thread.join(3)
        assert thread.is_alive() and not leg.computed.is_set()
    finally:
        leg.go()
        thread.join(LIMIT)
    run.refresh_from_db()
    assert run.status == "done"
    assert "held" in run.timings
    nursery.discard_idle()
