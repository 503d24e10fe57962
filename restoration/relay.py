"""A worker's runs one after another, the next begun while the last is still being read back.

After a stage's last frame a run has a while to go: frames to encode, to read back and to compare,
files to hash, a take to publish. That keeps one core busy at most; the next run's start, another
process, open files, first frames, fits beside it. No two stages of one worker compute at once, and
no more than one run is behind.

A run's message is acknowledged when its stage is done. What becomes of the run is safe all the
same: it has a lease, and the sweeper sees to runs whose worker is gone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import dramatiq
from django.db import connections
from dramatiq.middleware import Middleware

from restoration.attempts import execute_run
from restoration.nursery import discard_idle, prepare

log = logging.getLogger(__name__)

NURSERIES = 2
"""Processes that stand ready, one for the run that computes and one for the run behind."""

Work = Callable[[int, Callable[[], None]], None]


class Relay:
    """Hands the next run the baton as soon as the stage of the one before has ended.

    For one thread, which may be any.
    """

    def __init__(self, work: Work) -> None:
        """work: called with a run's id and what it calls when its stage has ended."""
        self._work = work
        self._threads: ThreadPoolExecutor | None = None
        self._behind: Future[None] | None = None

    def run(self, run_id: int) -> None:
        """Work on a run until its stage has made its last frame or the run has ended.

        Returns when the run before has ended as well.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(2, thread_name_prefix="run")
        computed = threading.Event()
        running = self._threads.submit(self._execute, run_id, computed)
        computed.wait()
        self._see_out()
        self._behind = running

    def finish(self) -> None:
        """Wait for the run that is behind."""
        self._see_out()
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None

    def _see_out(self) -> None:
        behind, self._behind = self._behind, None
        if behind is not None:
            wait([behind])

    def _execute(self, run_id: int, computed: threading.Event) -> None:
        try:
            self._work(run_id, computed.set)
        except Exception:  # Said here: by now nobody may be waiting for it.
            log.exception("run %s: left to its lease", run_id)
        finally:
            connections.close_all()  # the thread's own
            computed.set()


_own = threading.local()
_relays: list[Relay] = []


def work_on(run_id: int) -> None:
    """What a worker does with a run, in whichever of its threads."""
    relay: Relay | None = getattr(_own, "relay", None)
    if relay is None or relay not in _relays:
        relay = _own.relay = Relay(lambda run, computed: execute_run(run, computed=computed))
        _relays.append(relay)
    relay.run(run_id)


class Relays(Middleware):
    """Has processes ready when a worker boots, and waits for the runs behind when it stops."""

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        prepare(NURSERIES)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        while _relays:
            _relays.pop().finish()
        discard_idle()
