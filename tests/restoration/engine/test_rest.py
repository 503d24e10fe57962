"""A process whose order ended well rests and takes the next one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restoration.nursery import Nursery
from restoration.orders import Order
from tests.restoration.engine.light import MEMORY


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    started = Nursery("tests.restoration.engine.light:execute").wait()
    yield started
    started.close()


def begin(nursery: Nursery, stage: str = "nothing", *, hold: bool = False) -> None:
    nursery.begin(Order(Path("none"), "0" * 64, stage, 0, 1), hold=hold)


def heard(nursery: Nursery) -> dict[str, Any]:
    """All that is said of an order until it has ended."""
    said: dict[str, Any] = {}
    while "ended" not in said:
        message = nursery.receive(30)
        assert message is not None
        said |= message
    return said


def did(nursery: Nursery, stage: str = "nothing") -> dict[str, Any]:
    begin(nursery, stage)
    said = heard(nursery)
    return dict(said["made"]["timings"]) if "made" in said else said


def test_the_next_order_is_for_the_same_process(nursery: Nursery) -> None:
    assert did(nursery)["pid"] == did(nursery)["pid"]


def test_after_an_error_the_next_order_is_for_a_new_process(nursery: Nursery) -> None:
    first = did(nursery)["pid"]
    refused = did(nursery, "refuse")
    assert (refused["error"]["message"], refused["ended"]) == ("no", 1)
    assert did(nursery)["pid"] not in (first, 0)


def test_one_that_was_killed_while_it_rested_costs_nothing(nursery: Nursery) -> None:
    first = int(did(nursery)["pid"])
    os.kill(first, signal.SIGKILL)
    while Path(f"/proc/{first}/stat").read_text().split()[2] != "Z":
        pass
    assert did(nursery)["pid"] != first


def test_an_order_that_is_held_waits_for_its_turn_in_a_process_that_rested(
    nursery: Nursery,
) -> None:
    first = did(nursery)["pid"]
    for _ in range(2):
        begin(nursery, hold=True)
        assert nursery.receive(0.1) is None
        nursery.go()
        assert heard(nursery)["made"]["timings"]["pid"] == first


def test_a_stop_that_comes_too_late_harms_nothing(nursery: Nursery) -> None:
    first = did(nursery)["pid"]
    nursery.stop()
    assert did(nursery)["pid"] == first


def test_the_peak_of_memory_is_that_of_the_order(nursery: Nursery) -> None:
    filled, after = (did(nursery, stage)["peak_memory_bytes"] for stage in ("fill", "nothing"))
    assert filled > after + MEMORY // 2


def test_computing_gives_way_to_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUN_NICENESS")
    started = Nursery("tests.restoration.engine.light:execute").wait()
    assert did(started)["nice"] == min(19, os.nice(0) + 10)
    started.close()
