"""The engine's share: busy time of the workers, each second once, less what the stages computed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from restoration.engine_share import engine_share
from restoration.models import StageRun

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def run(begin: float, end: float, *, stage: float, worker: str = "one") -> StageRun:
    return StageRun(
        worker=worker,
        started=NOON + timedelta(seconds=begin),
        ended=NOON + timedelta(seconds=end),
        timings={"stage": stage},
    )


def test_seconds_in_which_two_runs_of_a_worker_overlap_count_once() -> None:
    found = engine_share([run(0, 10, stage=9), run(9, 20, stage=10)])
    assert found.busy == 20
    assert found.share == pytest.approx(0.05)


def test_fetching_the_next_run_counts_and_idling_does_not() -> None:
    found = engine_share([run(0, 10, stage=9), run(10.5, 20, stage=9), run(60, 70, stage=9)])
    assert found.busy == 30
    assert found.share == pytest.approx(0.1)


def test_workers_are_added_up() -> None:
    found = engine_share([run(0, 10, stage=9), run(0, 10, stage=9, worker="two")])
    assert found.busy == 20
    assert found.share == pytest.approx(0.1)


def test_runs_that_computed_nothing_are_left_out() -> None:
    offered = StageRun(worker="", started=None, ended=NOON, timings={})
    assert engine_share([offered]).share == 0.0
