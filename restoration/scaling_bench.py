"""How much sooner two workers are done with equal scenes than one, beside what the machine can do.

Workers are warm: each has done scenes of the same size before those that count, so that loading
libraries and networks is in neither time. All scenes that count are asked for at once.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from django.db import transaction

from archive.models import Scan
from fixtures.clips import write_clip
from restoration import runs
from restoration.engine_bench import make_scan
from restoration.models import Scene, StageRun
from restoration.waiting_bench import seconds_of, wait_for_runs
from restoration.worker_processes import processor_seconds, worker_processes

SCENE_FRAMES = 24
_WARM = 4
"""Scenes for each worker before those that count: its two processes do two each."""
_HASHED = bytes(1 << 20)
_LOOPS = 150
SETTINGS = "config.settings"


class Timed(NamedTuple):
    seconds: float
    """From the first claim to the last end."""
    cores: float
    """Processor seconds of the workers, and of all that they started, over that time."""
    scenes: int

    @property
    def a_scene(self) -> float:
        """Processor seconds: the same with one worker and with two, if the work is the same."""
        return self.cores * self.seconds / self.scenes


def measure_workers(scenes: int, stage: str = "repair") -> dict[str, Any]:
    """Seconds for as many equal scenes with one worker process and with two.

    Once with each worker held to a core of its own, so that one does not use what the other is to
    have; once as workers run, where one decodes and encodes on other cores than it computes on.
    """
    machine = _of_the_machine(scenes)
    held = [_timed(workers, scenes, stage, bound=True) for workers in (1, 2)]
    free = [_timed(workers, scenes, stage, bound=False) for workers in (1, 2)]
    return {
        "scenes": scenes,
        "stage": stage,
        "processors": len(os.sched_getaffinity(0)),
        "machine": machine,
        "a_core_each": _told(held),
        "as_they_run": _told(free),
        "load": os.getloadavg()[0],
    }


def _told(found: list[Timed]) -> dict[str, float]:
    one, two = found
    return {
        "seconds_with_one": round(one.seconds, 1),
        "seconds_with_two": round(two.seconds, 1),
        "two_over_one": round(two.seconds / one.seconds, 3),
        "cores_used_with_one": round(one.cores, 2),
        "cores_used_with_two": round(two.cores, 2),
        "processor_s_a_scene_with_one": round(one.a_scene, 2),
        "processor_s_a_scene_with_two": round(two.a_scene, 2),
    }


def _timed(workers: int, scenes: int, stage: str, *, bound: bool) -> Timed:
    """The same film each time, of another length: nothing that was made before is offered."""
    warm = workers * _WARM
    frames = (warm + scenes) * SCENE_FRAMES + 2 * workers + bound
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mkv"
        write_clip(path, frames=frames, rate=24, width=320, height=240, pixel="gray")
        scan = make_scan(path, frames=frames, width=320, height=240)
        queue = _asked_for(scan, 0, warm, stage)[0].queue
        with worker_processes(workers, SETTINGS, queue, bound=bound) as processes:
            wait_for_runs(StageRun.objects.filter(scan=scan))
            before = processor_seconds(processes)
            asked = _asked_for(scan, warm, warm + scenes, stage)
            counted = StageRun.objects.filter(pk__in=[run.pk for run in asked])
            wait_for_runs(counted)
            spent = processor_seconds(processes) - before
    seconds = seconds_of(counted)
    return Timed(seconds, spent / seconds, scenes)


def _asked_for(scan: Scan, first: int, stop: int, stage: str) -> list[StageRun]:
    with transaction.atomic():
        return [
            runs.process_scene(
                Scene.objects.create(
                    scan=scan, start_frame=n * SCENE_FRAMES, end_frame=(n + 1) * SCENE_FRAMES
                ),
                stages=[stage],
            )
            for n in range(first, stop)
        ]


def _of_the_machine(pieces: int) -> dict[str, float]:
    """The same for pieces of nothing but computing: what two processes can gain here at best."""
    seconds = []
    for workers in (1, 2):
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(_compute, range(workers)))  # the processes are there
            began = time.perf_counter()
            list(pool.map(_compute, [_LOOPS] * pieces))
            seconds.append(time.perf_counter() - began)
    one, two = seconds
    return {
        "seconds_with_one": round(one, 1),
        "seconds_with_two": round(two, 1),
        "two_over_one": round(two / one, 3),
    }


def _compute(loops: int) -> str:
    digest = hashlib.sha256()
    for _ in range(loops):
        digest.update(_HASHED)
    return digest.hexdigest()
