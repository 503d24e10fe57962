"""How fast real worker processes empty a queue: with a stage that does nothing, and with repair."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connection
from django.db.models import Max, Min

from archive.models import Scan
from fixtures.clips import write_clip
from restoration import runs
from restoration.engine_bench import busy_share, machine_seconds, make_scan
from restoration.models import Scene, StageRun, Worker

IDLE = "restoration.idle_settings"
SCENE_FRAMES = 24
_READY_SECONDS = 120.0
_STALLED_SECONDS = 60.0
_TOLD_SECONDS = 5.0

log = logging.getLogger(__name__)


def measure_drain(count: int, workers: int) -> dict[str, Any]:
    """Wall milliseconds of a worker for each of `count` queued runs whose stage does nothing.

    `engine_ms_a_run`: of one worker, from the first claim to the last end. `processor_ms_a_run`: of
    the workers and what they start, their start included; the database's is not in it.
    """
    scan = make_scan(Path(f"drain {workers}"), frames=count, width=1, height=1)
    began = time.perf_counter()
    scenes = Scene.objects.bulk_create(
        Scene(scan=scan, start_frame=n, end_frame=n + 1) for n in range(count)
    )
    for done, scene in enumerate(scenes):
        runs.process_scene(scene, stages=["deflicker"])
        if done % 1000 == 999:
            log.info("%s of %s runs are asked for", done + 1, count)
    asked = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    before = machine_seconds()
    seconds, spent = _drained(scan, workers, IDLE)
    return {
        "runs": count,
        "workers": workers,
        "seconds": round(seconds, 1),
        "engine_ms_a_run": round(1000 * seconds * workers / count, 2),
        "ms_between_ends": round(1000 * seconds / count, 2),
        "processor_ms_a_run": round(1000 * spent / count, 2),
        "asked_for_ms_a_run": round(1000 * asked / count, 2),
        "machine_busy": busy_share(before, machine_seconds()),
        "load": os.getloadavg()[0],
    }


def measure_workers(scenes: int, stage: str = "repair") -> dict[str, Any]:
    """Seconds for as many equal scenes with one worker process and with two, a thread each."""
    seconds, cores = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        frames = scenes * SCENE_FRAMES
        for workers in (1, 2):
            path = Path(folder) / f"{workers}.mkv"
            write_clip(
                path, frames=frames, rate=24, width=320 + 2 * workers, height=240, pixel="gray"
            )
            scan = make_scan(path, frames=frames, width=320 + 2 * workers, height=240)
            for start in range(0, frames, SCENE_FRAMES):
                scene = Scene.objects.create(
                    scan=scan, start_frame=start, end_frame=start + SCENE_FRAMES
                )
                runs.process_scene(scene, stages=[stage])
            seconds[workers], spent = _drained(
                scan, workers, "config.settings", scan.runs.latest("pk").queue
            )
            cores[workers] = round(spent / seconds[workers], 2)
            log.info("%s workers: %.1f s", workers, seconds[workers])
    return {
        "scenes": scenes,
        "stage": stage,
        "seconds_with_one": round(seconds[1], 1),
        "seconds_with_two": round(seconds[2], 1),
        "two_over_one": round(seconds[2] / seconds[1], 3),
        "cores_used_with_one": cores[1],
        "cores_used_with_two": cores[2],
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _drained(scan: Scan, workers: int, module: str, queue: str = "cpu") -> tuple[float, float]:
    """Seconds from the first claim to the last end, and processor seconds of the workers."""
    wanted = StageRun.objects.filter(scan=scan)
    count = wanted.count()
    with _worker_processes(workers, module, queue) as processes:
        last, moved = -1, time.monotonic()
        told = moved
        while (left := wanted.filter(status__in=StageRun.OPEN).count()) > 0:
            spent = _processor_seconds(processes)
            if left != last:
                last, moved = left, time.monotonic()
            if time.monotonic() - moved > _STALLED_SECONDS:
                raise RuntimeError(f"{left} runs are left and nothing moves")
            if time.monotonic() - told >= _TOLD_SECONDS:
                told = time.monotonic()
                log.info("%s workers: %s of %s runs have ended", workers, count - left, count)
            time.sleep(0.3)
        spent = _processor_seconds(processes)
    if wronged := wanted.exclude(status=StageRun.Status.DONE).first():
        raise RuntimeError(f"{wronged}: {wronged.status} {wronged.error}")
    span = wanted.aggregate(first=Min("started"), last=Max("ended"))
    first, end = span["first"], span["last"]
    assert isinstance(first, datetime) and isinstance(end, datetime)
    return (end - first).total_seconds(), spent


@contextmanager
def _worker_processes(count: int, module: str, queue: str) -> Iterator[list[psutil.Process]]:
    """Workers as `manage.py up` starts them, a thread each for whatever computes."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    environment = {**os.environ, **threads, "DJANGO_SETTINGS_MODULE": module}
    command = [sys.executable, "-m", "dramatiq", "dramatiq_postgres.django.worker",
               "-p", "1", "-t", "1", "-Q", queue]  # fmt: skip
    Worker.objects.all().delete()
    started = [
        subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(count)
    ]  # fmt: skip
    try:
        until = time.monotonic() + _READY_SECONDS
        while Worker.objects.alive().count() < count:
            if time.monotonic() > until:
                raise RuntimeError("the workers do not start")
            time.sleep(0.05)
        yield [psutil.Process(each.pid) for each in started]
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait()


def _processor_seconds(processes: list[psutil.Process]) -> float:
    """Of these processes, and of all that they started and that has ended since."""
    total = 0.0
    for process in [p for each in processes for p in (each, *each.children(recursive=True))]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
