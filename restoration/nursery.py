"""The worker's side of `restoration.child`: hand over an order, listen, stop it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

from django.conf import settings

from archive.media.threads import asked_for
from restoration.child import EXECUTOR, HEAVY, REST_SECONDS, THREADS
from restoration.errors import ChildFailed
from restoration.orders import Order
from restoration.stages.kept import SETTING

START_SECONDS = 60.0
ENVIRONMENT = {
    # A process that is forked has one thread; children may begin a few.
    "OPENBLAS_NUM_THREADS": "1",
    # By default glibc returns a picture's memory to the kernel whenever one is freed, and the next
    # one costs a page fault for every 4 KiB: an eighth of a run's processor time.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    # Networks that it keeps from scene to scene (`restoration.stages.kept`).
    SETTING: "4",
}
"""Of the process that computes, unless the worker's own environment says otherwise."""
Message = dict[str, Any]


class Nursery:
    """One process that forks a child per order, one after another; kept between orders."""

    def __init__(self, executor: str, libraries: tuple[str, ...] = ()) -> None:
        """Begin to start the process; `wait` for it before the first order.

        Args:
            libraries: heavy ones, loaded as soon as it has started.
        """
        self.executor = executor
        self.started = False
        self.warm: dict[str, None] = {}
        """Stages whose networks the child that rests has read, the last that it computed last."""
        self._rests_since = 0.0
        self._sending = threading.Lock()
        self.buffer = b""
        # Its own session: Ctrl-C in a terminal reaches the worker, which then decides.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "restoration.child", executor, *libraries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=settings.BASE_DIR,
            start_new_session=True,
            env=ENVIRONMENT | {"OMP_NUM_THREADS": str(asked_for() or THREADS)} | os.environ,
        )

    def wait(self) -> Nursery:
        """Itself, once it has started.

        Raises: ChildFailed if it does not.
        """
        if not self.started:
            told = self.receive(START_SECONDS)
            if told is None or "ready" not in told:
                self.close()
                raise ChildFailed(
                    f"the computing process did not start within {START_SECONDS:.0f} s"
                )
            self.started = True
        return self

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def warm_stages(self) -> tuple[str, ...]:
        """The same, or none if nothing was asked of the child for so long that it is gone."""
        if time.monotonic() - self._rests_since > REST_SECONDS:
            self.warm.clear()
        return tuple(self.warm)

    def has_read(self, stage: str) -> None:
        """The child has read that stage's networks, of which it keeps a few."""
        self.warm.pop(stage, None)
        self.warm[stage] = None
        while len(self.warm) > int(os.environ.get(SETTING) or ENVIRONMENT[SETTING]):
            del self.warm[next(iter(self.warm))]

    def begin(self, order: Order, *, hold: bool = False) -> None:
        """Have a child execute the order; one that is held opens its files and waits for `go`."""
        self._send({"order": order.as_json(), "hold": hold})

    def go(self) -> None:
        """Let the stage of a held order begin. Any thread may say so."""
        self._send({"go": True})

    def stop(self) -> None:
        """End the child that is computing: asked first, killed soon after. `ended` will follow."""
        self._send({"stop": True})

    def receive(self, seconds: float) -> Message | None:
        """The next message, or None if there is none within that time.

        Raises: ChildFailed if the process itself is gone.
        """
        deadline = time.monotonic() + seconds
        while True:
            if (message := self._next()) is not None:
                return message
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._out], [], [], left)[0]:
                return None
            if not (chunk := os.read(self._out, 1 << 16)):
                raise ChildFailed("the computing process died")
            self.buffer += chunk

    def close(self) -> None:
        """Closing its input makes it kill its child and go."""
        assert self.process.stdin and self.process.stdout
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):  # An order that a dead process never took.
                pipe.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def _out(self) -> int:
        assert self.process.stdout
        return self.process.stdout.fileno()

    def _send(self, message: Message) -> None:
        assert self.process.stdin
        try:
            with self._sending:
                self.process.stdin.write(json.dumps(message).encode() + b"\n")
                self.process.stdin.flush()
        except BrokenPipeError as error:
            raise ChildFailed("the computing process died") from error

    def _next(self) -> Message | None:
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            if not line:
                continue
            try:
                message: Message = json.loads(line)
            except ValueError:  # What a child that was killed left half said.
                continue
            if "ended" in message:
                self._rests_since = time.monotonic()
                if not message.get("rests"):  # What it had read is gone with it.
                    self.warm.clear()
            return message
        return None


_idle: list[Nursery] = []
_lock = threading.Lock()


def executor_name() -> str:
    return str(getattr(settings, "RUN_EXECUTOR", EXECUTOR))


def prepare(count: int = 1) -> None:
    """Start nurseries for the first runs; to be called when a worker boots.

    While nobody waits yet, they also load the heavy libraries that are installed.
    """
    wanted: tuple[str, ...] = getattr(settings, "RUN_LIBRARIES", HEAVY)
    installed = tuple(name for name in wanted if importlib.util.find_spec(name))
    started = [Nursery(executor_name(), installed) for _ in range(count)]
    with _lock:
        _idle.extend(started)


def take(stage: str = "") -> Nursery:
    """A nursery that computes nothing yet, started if none stands ready; `give_back` it.

    Args:
        stage: what is to be computed: one that is warm for it is taken first.

    Raises: ChildFailed if it does not start.
    """
    executor = executor_name()
    while (standing := _next_idle(stage)) is not None:
        if standing.alive and standing.executor == executor:
            return standing.wait()
        standing.close()
    return Nursery(executor).wait()


def give_back(nursery: Nursery) -> None:
    """Keep a nursery whose child has ended for the next order."""
    with _lock:
        _idle.append(nursery)


def discard_idle() -> None:
    """End the nurseries that nobody has taken; they have no child that could be left."""
    while (unused := _next_idle()) is not None:
        unused.process.kill()  # It may be loading a library and would not hear for seconds.
        unused.close()


def warm() -> frozenset[str]:
    """Stages whose networks lie ready in a process that computes nothing now."""
    with _lock:
        return frozenset(stage for nursery in _idle for stage in nursery.warm_stages)


def _next_idle(stage: str = "") -> Nursery | None:
    """One that is warm for the stage; else the one that was started, or given back, first: it has
    had the most time to load."""
    with _lock:
        if not _idle:
            return None
        warm = (n for n, nursery in enumerate(_idle) if stage in nursery.warm_stages)
        return _idle.pop(next(warm, 0))
