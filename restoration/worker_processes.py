"""Worker processes to be measured, started as `manage.py up` starts them, and what they use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import psutil
from django.conf import settings

from config.tether import tied
from restoration.models import Worker

READY_SECONDS = 120.0


@contextmanager
def worker_processes(
    count: int, module: str, queue: str, *, bound: bool = False, one_core: bool = True
) -> Iterator[list[psutil.Process]]:
    """So many, alive, with one thread for each library that computes.

    Args:
        module: the settings that they have.
        bound: hold each, with all that it starts, to a core of its own.
        one_core: have each use one core (RUN_THREADS), or else as `manage.py up` starts them.
    """
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    environment = {**os.environ, **threads, "DJANGO_SETTINGS_MODULE": module}
    environment |= {"RUN_THREADS": "1"} if one_core else {}
    command = [sys.executable, "-m", "dramatiq", "dramatiq_postgres.django.worker",
               "-p", "1", "-t", "1", "-Q", queue]  # fmt: skip
    Worker.objects.all().delete()
    cores, tie = sorted(os.sched_getaffinity(0)), tied(signal.SIGKILL)
    started = [
        subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=partial(_begin, tie, cores[n % len(cores)] if bound else None),
        )
        for n in range(count)
    ]  # fmt: skip
    try:
        until = time.monotonic() + READY_SECONDS
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


def _begin(tie: Callable[[], None], core: int | None) -> None:
    """In the worker, before it is one: it ends with whoever measures, and has that core alone."""
    tie()
    if core is not None:
        os.sched_setaffinity(0, {core})


def processor_seconds(processes: list[psutil.Process]) -> float:
    """Of these processes, and of all that they started and that has ended since."""
    total = 0.0
    for process in [p for each in processes for p in (each, *each.children(recursive=True))]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
