"""A worker's runs one after another, the next begun while the last is still being read back.

After a stage's last frame a run has a while to go: frames to encode, to read back and to compare,
files to hash, a take to publish. And before its first a run has to be claimed, to get a process, to
open its files, to decode some frames. Neither keeps more than one core busy, so both go on beside
the stage of another run: the next is opened when the stage before it nears its end, and let go when
that has made its last frame. No two stages of one worker compute at once.

The next run is looked up in its table, where the truth is: the broker would take longer to deliver
its message than the start of a run takes. That message then finds nothing to do. A message is
acknowledged when its run's stage is done, or later; what becomes of the run is safe all the same,
by its lease: the sweeper sees to runs whose worker is gone.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import dramatiq
from django.db import Error, connections
from dramatiq.middleware import Middleware

from archive.media.threads import one_alone
from restoration import queues, workers
from restoration.attempts import execute_run
from restoration.claims import next_waiting
from restoration.leg import Leg
from restoration.nursery import discard_idle, prepare, warm

log = logging.getLogger(__name__)

THREADS = NURSERIES = 2
"""Processes that stand ready, one for the run that computes and one for the run behind."""
ROW_SECONDS = 30.0
"""For how long runs are taken from the table before other messages of the queue have their turn."""

Work = Callable[[int, Leg], None]
Next = Callable[[], int | None]


@dataclass(frozen=True, slots=True)
class _Running:
    number: int
    leg: Leg
    future: Future[None]


class Relay:
    """Hands the next run the baton as soon as the stage of the one before has ended.

    For one thread, which may be any.
    """

    def __init__(self, work: Work) -> None:
        """work: called with a run's id and its leg, whose `go` it waits for before it computes."""
        self._work = work
        self._threads: ThreadPoolExecutor | None = None
        self._behind: Future[None] | None = None

    def run(self, run_id: int, following: Next = lambda: None) -> None:
        """Work on a run, and for a while on those that follow, to the end of the last one's stage.

        No more than two runs are there at a time: the one that computes, and the one behind it or
        the one before it.

        Args:
            following: gives the next run to work on, or None.
        """
        until = time.monotonic() + ROW_SECONDS
        current = self._start(run_id, following, held=False)
        if one_alone():
            self._run_in_turn(current, following, until)
            return
        while True:
            current.leg.near.wait()
            self._see_out()
            ahead = self._start_next(current, following, until, held=True)
            current.leg.computed.wait()
            if ahead is None:
                ahead = self._start_next(current, following, until, held=False)
            else:
                ahead.leg.go()
            self._behind = current.future
            if ahead is None:
                return
            current = ahead

    def _run_in_turn(self, current: _Running | None, following: Next, until: float) -> None:
        """A run begins when the one before it has wholly ended: the worker is to use one core."""
        while current is not None:
            self._behind = current.future
            self._see_out()
            current = self._start_next(current, following, until, held=False)

    def finish(self) -> None:
        """Wait for the run that is behind, and let the threads go."""
        self._see_out()
        if self._threads is not None:
            both = threading.Barrier(THREADS)
            for _ in range(THREADS):
                self._threads.submit(_close_connections, both)
            self._threads.shutdown()
            self._threads = None

    def _start_next(
        self, current: _Running, following: Next, until: float, *, held: bool
    ) -> _Running | None:
        try:
            next_id = following() if time.monotonic() < until else None
        except Error:  # Its message will come; the run that computes still has to be seen out.
            log.exception("the next run could not be looked up")
            next_id = None
        # The same one cannot be had just now; its message will come.
        return (
            None
            if next_id in (None, current.number)
            else self._start(next_id, following, held=held)
        )

    def _start(self, run_id: int, following: Next, *, held: bool) -> _Running:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="run")
        leg = Leg(held=held, instead=following)
        return _Running(run_id, leg, self._threads.submit(self._execute, run_id, leg))

    def _see_out(self) -> None:
        behind, self._behind = self._behind, None
        if behind is not None and (error := behind.exception()) is not None:
            log.error("a run was left to its lease", exc_info=error)

    def _execute(self, run_id: int, leg: Leg) -> None:
        try:
            _drop_dead_connections()
            self._work(run_id, leg)
        finally:
            leg.end()


def _drop_dead_connections() -> None:
    """What works is kept from run to run: a new one costs as much as half of an empty run."""
    for each in connections.all(initialized_only=True):
        if each.connection is not None and _has_been_told(each.connection) and not each.is_usable():
            each.close()


def _has_been_told(held: Any) -> bool:
    """Whether the server said something to a connection that asked for nothing: a goodbye, mostly.

    That costs no round trip; whether the connection is usable would.
    """
    if held.closed:
        return True
    waiting = select.poll()
    waiting.register(held.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _close_connections(both: threading.Barrier) -> None:
    """Close the thread's own connections; each thread has to meet the other to come here twice."""
    both.wait()
    connections.close_all()


_own = threading.local()
_relays: list[Relay] = []


def work_on(run_id: int, queue: str) -> None:
    """What a worker does with a run's message, in whichever of its threads.

    A message rings the bell; whose turn it is, the table says. Most messages find that their run
    was done long ago: then one question is all that they cost.
    """
    first = _next_of(queue)
    if first is None and not workers.stopping.is_set():
        return
    relay: Relay | None = getattr(_own, "relay", None)
    if relay is None or relay not in _relays:
        relay = _own.relay = Relay(lambda run, leg: execute_run(run, leg=leg))
        _relays.append(relay)
    # Who stops gives its run back, which rings for another worker.
    relay.run(first or run_id, lambda: _next_of(queue))


def _next_of(queue: str) -> int | None:
    if workers.stopping.is_set():
        return None
    usual, sooner = queues.looked_at(queue, workers.served())
    return next_waiting(usual, workers.memory(), sooner, warm())


class Relays(Middleware):
    """Has processes ready when a worker boots, and waits for the runs behind when it stops."""

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        prepare(NURSERIES)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        while _relays:
            _relays.pop().finish()
        discard_idle()
