"""A worker that is to use one core (RUN_THREADS=1) does all in one thread, one run at a time."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from restoration.in_turn import pool
from restoration.leg import Leg
from restoration.relay import Relay
from restoration.stages.contract import StageError
from tests.restoration.takes import BRIGHTEN, PATCH, run_stage, write_scan


def chain(scan: Path, folder: Path) -> tuple[str, str]:
    first = run_stage(scan, BRIGHTEN, folder / "1")
    second = run_stage(
        scan, PATCH, folder / "2", input_folder=folder / "1", input_digest=first.digest
    )
    return first.digest, second.digest


def test_the_same_takes_are_made_and_no_thread_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    start = threading.Thread.start

    def told(thread: threading.Thread, *args: Any) -> None:
        begun.append(thread.name)
        start(thread, *args)

    scan = write_scan(tmp_path / "scan.mkv")
    monkeypatch.setattr(threading.Thread, "start", told)
    monkeypatch.delenv("RUN_THREADS", raising=False)
    with_threads = chain(scan, tmp_path / "several")
    assert begun, "beside the stage others read, encode and read back"
    begun.clear()
    monkeypatch.setenv("RUN_THREADS", "1")
    assert chain(scan, tmp_path / "one") == with_threads
    assert begun == []


def test_an_altered_input_take_is_refused_and_whoever_waits_hears_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = write_scan(tmp_path / "scan.mkv")
    first = run_stage(scan, BRIGHTEN, tmp_path / "1")
    monkeypatch.setenv("RUN_THREADS", "1")
    monkeypatch.setattr("archive.fixity._CHUNK", 64)
    told: list[int] = []
    order: dict[str, Any] = {"input_folder": tmp_path / "1", "input_digest": first.digest}
    run_stage(scan, PATCH, tmp_path / "2", progress=lambda done, total: told.append(done), **order)
    bytes_read = sum((tmp_path / "1" / name).stat().st_size for name in ("picture.mkv", "map.mkv"))
    assert len(told) > bytes_read / 64, "a piece of the input take, a word"
    with (tmp_path / "1" / "picture.mkv").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    with pytest.raises(StageError, match="altered or damaged"):
        run_stage(scan, PATCH, tmp_path / "3", **order)


def test_ctrl_c_is_not_kept_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("RUN_THREADS", "1")
    with pool(1, "beside") as beside, pytest.raises(KeyboardInterrupt):
        beside.submit(interrupted)


def test_a_run_begins_when_the_one_before_it_has_wholly_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []

    def work(number: int, leg: Leg) -> None:
        told.append(f"{number} opens")
        leg.near.set()
        leg.progressed(9, 9)
        told.append(f"{number} ends")

    monkeypatch.setenv("RUN_THREADS", "1")
    waiting = [1, 2]
    relay = Relay(work)
    relay.run(0, lambda: waiting.pop(0) if waiting else None)
    relay.finish()
    assert told == [f"{number} {what}" for number in (0, 1, 2) for what in ("opens", "ends")]


def test_a_run_that_is_left_to_its_lease_does_not_keep_the_next_from_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []

    def work(number: int, leg: Leg) -> None:
        told.append(number)
        if number == 0:
            raise RuntimeError("the database is away")

    monkeypatch.setenv("RUN_THREADS", "1")
    waiting = [1]
    relay = Relay(work)
    relay.run(0, lambda: waiting.pop(0) if waiting else None)
    relay.finish()
    assert told == [0, 1]
