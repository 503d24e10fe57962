"""Compiled loops are compiled anew when any source of theirs has changed."""

from __future__ import annotations

import fcntl
from pathlib import Path
from threading import Thread

from numba.core import config

from restoration.imaging.compiled import compiled, sources_digest
from tests.restoration.imaging.loops_beside import step


@compiled
def _sum_of_steps(count: int) -> int:
    total = 0
    for number in range(count):
        total += step(number)  # of another module, which calls a third loop
    return total


@compiled
def _twice(count: int) -> int:
    return 2 * _sum_of_steps(count)


def test_loops_of_several_modules_call_each_other_whichever_is_called_first() -> None:
    before = _twice
    assert _twice(4) == before(4) == 2 * (0 + 1 + 2 + 3 + 4)


def test_a_changed_constant_of_another_file_changes_the_place_of_the_machine_code(
    tmp_path: Path,
) -> None:
    (tmp_path / "loop.py").write_text("from cells import CELL\n")
    (tmp_path / "cells.py").write_text("CELL = 8\n")
    before = sources_digest((tmp_path,))
    (tmp_path / "cells.py").write_text("CELL = 16\n")
    assert sources_digest((tmp_path,)) != before


def test_machine_code_is_kept_outside_the_sources() -> None:
    def doubled(number: int) -> int:
        return 2 * number

    assert compiled(doubled)(4) == 8
    assert Path(config.CACHE_DIR).is_dir()
    assert not Path(config.CACHE_DIR).is_relative_to(Path(__file__).parents[3] / "restoration")


def test_while_another_process_compiles_a_loop_waits_for_what_it_keeps() -> None:
    def tripled(number: int) -> int:
        return 3 * number

    assert compiled(tripled)(1) == 3, "so that the place is there"
    loop, told = compiled(tripled), list[int]()
    waiting = Thread(target=lambda: told.append(loop(4)))
    with (Path(config.CACHE_DIR) / "lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting.start()
        waiting.join(0.5)
        assert told == []
    waiting.join()
    assert told == [12]
