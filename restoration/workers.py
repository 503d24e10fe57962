"""What a worker process says of itself: that it is alive, and that it is about to stop."""

from __future__ import annotations

import logging
import os
import socket
import threading
from functools import cache
from pathlib import Path

import dramatiq
import psutil
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now
from dramatiq.middleware import Middleware

from config.environment import env_int

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10.0

stopping = threading.Event()
"""Set when this worker was asked to stop: its runs go back to the queue at once."""

_queues: list[str] = []


def queue_name() -> str:
    """The queues that this process serves; "command" for one that is no worker."""
    return "+".join(_queues) or "command"


def served() -> frozenset[str]:
    """The queues that this process serves; empty for one that is no worker."""
    return frozenset(_queues)


def memory() -> int:
    """GiB that a run of this process may take: WORKER_MEMORY_GIB, or all that the machine has.

    A command is no worker: whoever calls it has a run computed here whatever it takes.
    """
    from restoration.models import Worker

    if not _queues:
        return Worker.ANY
    return min(Worker.ANY, env_int("WORKER_MEMORY_GIB", default=0) or of_the_machine())


@cache
def of_the_machine() -> int:
    """GiB of memory, rounded, that this machine has, or its container may use (cgroup v2, v1)."""
    found = [psutil.virtual_memory().total]
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        place = Path("/sys/fs/cgroup") / limit
        if place.exists() and (words := place.read_text().strip()).isdecimal():
            found.append(int(words))
    return max(1, round(min(found) / 2**30))


class Presence(Middleware):
    """Keeps a row of `Worker` for each queue that the process serves."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        stopping.clear()
        _queues[:] = sorted(worker.consumer_whitelist or broker.get_declared_queues())
        self.thread = threading.Thread(target=self.keep_saying, daemon=True, name="presence")
        self.thread.start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        stopping.set()
        if self.thread is not None:
            self.thread.join(timeout=5)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        stopping.clear()  # a process may outlive its worker: in tests, and in a shell
        _queues.clear()

    def keep_saying(self) -> None:
        while not stopping.is_set():
            self._quietly(say_alive)
            stopping.wait(HEARTBEAT_SECONDS)
        self._quietly(say_goodbye)
        connection.close()

    def _quietly(self, speak: object) -> None:
        try:
            speak()  # type: ignore[operator]
        except (DatabaseError, InterfaceError) as error:
            log.warning("the database is away: %s", error)
            connection.close()


def _names() -> dict[str, str]:
    return {queue: f"{socket.gethostname()}:{os.getpid()}:{queue}" for queue in _queues}


def say_alive() -> None:
    from restoration.models import Worker

    for queue, name in _names().items():
        Worker.objects.update_or_create(
            name=name,
            defaults={
                "queue": queue,
                "seen": Now(),
                "device": str(getattr(settings, "DEVICE", "cpu")),
                "memory": memory(),
            },
        )


def say_goodbye() -> None:
    from restoration.models import Worker

    Worker.objects.filter(name__in=_names().values()).delete()
