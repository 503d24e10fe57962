"""A worker begins its next run while the last one is read back, and never two stages at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from restoration import runs
from restoration.models import Scene, StageRun
from restoration.relay import Relay
from tests.restoration.engine.processes import computing, wait_until, worker
from tests.restoration.engine.test_worker import check_nothing_is_broken

LIMIT = 20.0


class Runs:
    """Runs that go on, by their number, when they are let."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.stage_may_end = [threading.Event() for _ in range(4)]
        self.run_may_end = [threading.Event() for _ in range(4)]

    def work(self, number: int, computed: Callable[[], None]) -> None:
        self.told.append(f"{number} begins")
        assert self.stage_may_end[number].wait(LIMIT)
        computed()
        assert self.run_may_end[number].wait(LIMIT)
        self.told.append(f"{number} ends")


@pytest.fixture
def made() -> Runs:
    return Runs()


def hand_over(relay: Relay, *numbers: int) -> threading.Thread:
    """Have a worker's thread take these runs one after another."""

    def take_them() -> None:
        for number in numbers:
            relay.run(number)

    thread = threading.Thread(target=take_them, daemon=True)
    thread.start()
    return thread


def test_the_next_run_begins_when_the_stage_of_the_one_before_has_ended(made: Runs) -> None:
    thread = hand_over(Relay(made.work), 0, 1)
    wait_until(lambda: made.told == ["0 begins"], seconds=LIMIT)
    made.stage_may_end[0].set()
    wait_until(lambda: made.told == ["0 begins", "1 begins"], seconds=LIMIT)
    for event in (*made.run_may_end, made.stage_may_end[1]):
        event.set()
    thread.join(LIMIT)
    assert not thread.is_alive()


def test_no_more_than_one_run_is_behind(made: Runs) -> None:
    relay = Relay(made.work)
    for event in made.stage_may_end:
        event.set()
    thread = hand_over(relay, 0, 1, 2)
    wait_until(lambda: "1 begins" in made.told, seconds=LIMIT)
    made.run_may_end[1].set()
    wait_until(lambda: "1 ends" in made.told, seconds=LIMIT)
    assert made.told == ["0 begins", "1 begins", "1 ends"], "the third waits for the first"
    made.run_may_end[0].set()
    wait_until(lambda: "2 begins" in made.told, seconds=LIMIT)
    made.run_may_end[2].set()
    thread.join(LIMIT)


def test_a_worker_that_stops_waits_for_the_run_that_is_behind(made: Runs) -> None:
    relay = Relay(made.work)
    made.stage_may_end[0].set()
    relay.run(0)
    timer = threading.Timer(0.2, made.run_may_end[0].set)
    timer.start()
    relay.finish()
    assert made.told == ["0 begins", "0 ends"]


def test_a_run_that_fails_before_its_stage_ends_does_not_hold_up_the_next(made: Runs) -> None:
    def failing(number: int, computed: Callable[[], None]) -> None:
        made.told.append(f"{number} begins")
        raise RuntimeError("the database is away")

    relay = Relay(failing)
    relay.run(0)
    relay.run(1)
    relay.finish()
    assert made.told == ["0 begins", "1 begins"]


def test_runs_that_wait_follow_without_a_message_of_their_own(made: Runs) -> None:
    for event in (*made.stage_may_end, *made.run_may_end):
        event.set()
    waiting = [1, 2]
    relay = Relay(made.work)
    relay.run(0, lambda: waiting.pop(0) if waiting else None)
    relay.finish()
    assert [told for told in made.told if "begins" in told] == ["0 begins", "1 begins", "2 begins"]


def test_a_run_that_cannot_be_had_is_not_asked_for_again_and_again(made: Runs) -> None:
    for event in (*made.stage_may_end, *made.run_may_end):
        event.set()
    relay = Relay(made.work)
    relay.run(0, lambda: 1)
    relay.finish()
    assert made.told.count("1 begins") == 1


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
