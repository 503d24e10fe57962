"""How fast real worker processes empty a queue of runs whose stage does nothing."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import psutil
from django.db import connection

from restoration import runs
from restoration.engine_bench import busy_share, machine_seconds, make_scan
from restoration.models import Scene, StageRun
from restoration.waiting_bench import seconds_of, wait_for_runs
from restoration.worker_processes import processor_seconds, worker_processes

IDLE = "restoration.idle_settings"
_STARTED = 0.1
"""When that share of the runs has ended, the workers have long loaded what they load."""
_BELLS_SECONDS = 60.0

log = logging.getLogger(__name__)


def measure_drain(count: int, workers: int) -> dict[str, Any]:
    """Wall milliseconds of a worker for each of `count` queued runs whose stage does nothing.

    `engine_ms_a_run`: of one worker, from the first claim to the last end. `processor_ms_a_run`: of
    the workers and what they start, their start included; the database's is not in it.
    `processor_ms_a_run_once_started`: the same from the end of the first tenth on.
    `processor_ms_a_bell`: of the messages of these runs, which find afterwards that there is
    nothing left to do.
    """
    scan = make_scan(Path(f"drain {workers}"), frames=count, width=1, height=1)
    asked = _ask(scan.pk, count)
    before = machine_seconds()
    wanted = StageRun.objects.filter(scan=scan)
    with worker_processes(workers, IDLE, "cpu", one_core=False) as processes:
        spent = Spent(processes, int(count * _STARTED))
        wait_for_runs(wanted, spent.look)
        busy = busy_share(before, machine_seconds())
        bell = _milliseconds_a_bell(processes)
    seconds = seconds_of(wanted)
    return {
        "runs": count,
        "workers": workers,
        "seconds": round(seconds, 1),
        "engine_ms_a_run": round(1000 * seconds * workers / count, 2),
        "ms_between_ends": round(1000 * seconds / count, 2),
        "processor_ms_a_run": round(1000 * spent.now / count, 2),
        "processor_ms_a_run_once_started": round(1000 * spent.once_started(count), 2),
        "processor_ms_a_bell": bell,
        "asked_for_ms_a_run": round(1000 * asked / count, 2),
        "machine_busy": busy,
        "load": os.getloadavg()[0],
    }


def _ask(scan: int, count: int) -> float:
    """Ask for as many runs, each in its transaction; the seconds that it took."""
    began = time.perf_counter()
    scenes = Scene.objects.bulk_create(
        Scene(scan_id=scan, start_frame=n, end_frame=n + 1) for n in range(count)
    )
    for done, scene in enumerate(scenes):
        runs.process_scene(scene, stages=["deflicker"])
        if done % 1000 == 999:
            log.info("%s of %s runs are asked for", done + 1, count)
    asked = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return asked


class Spent:
    """Processor seconds of workers, read as their runs end."""

    def __init__(self, processes: list[psutil.Process], first: int) -> None:
        """first: so many runs are the workers' start."""
        self.now = 0.0
        self._processes, self._first = processes, first
        self._begun: tuple[int, float] | None = None

    def look(self, ended: int) -> None:
        self.now = processor_seconds(self._processes)
        if self._begun is None and ended >= self._first:
            self._begun = ended, self.now

    def once_started(self, count: int) -> float:
        """Seconds for each run after those of the start."""
        ended, spent = self._begun or (0, 0.0)
        return (self.now - spent) / max(1, count - ended)


def _milliseconds_a_bell(processes: list[psutil.Process]) -> float | None:
    """Processor milliseconds of each message that is left of runs that have ended.

    The messages that have viewing files made are taken away first: there are no pictures here.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM dramatiq.queue WHERE message->>'actor_name' = 'make_view'")
    before, left = processor_seconds(processes), _bells()
    until = time.monotonic() + _BELLS_SECONDS
    while (now := _bells()) and time.monotonic() < until:
        time.sleep(0.3)
    spent = processor_seconds(processes) - before
    return round(1000 * spent / (left - now), 2) if left > now else None


def _bells() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM dramatiq.queue WHERE state IN ('queued', 'consumed')")
        return int(cursor.fetchone()[0])
