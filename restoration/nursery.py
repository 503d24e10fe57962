"""The worker's side of `restoration.child`: hand over an order, listen, stop it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

from django.conf import settings

from restoration.child import EXECUTOR
from restoration.errors import ChildFailed
from restoration.orders import Order

START_SECONDS = 60.0
Message = dict[str, Any]


class Nursery:
    """One process that forks a child per order; kept between orders, one for each thread."""

    def __init__(self, executor: str) -> None:
        self.executor = executor
        self.buffer = b""
        # Its own session: Ctrl-C in a terminal reaches the worker, which then decides.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "restoration.child", executor],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=settings.BASE_DIR,
            start_new_session=True,
        )
        started = self.receive(START_SECONDS)
        if started is None or "ready" not in started:
            self.close()
            raise ChildFailed(f"the computing process did not start within {START_SECONDS:.0f} s")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def begin(self, order: Order) -> None:
        self._send({"order": order.as_json()})

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
            return message
        return None


_own = threading.local()


def nursery() -> Nursery:
    """This thread's nursery, started when first needed and again after it died."""
    executor = getattr(settings, "RUN_EXECUTOR", EXECUTOR)
    standing: Nursery | None = getattr(_own, "nursery", None)
    if standing is not None and (not standing.alive or standing.executor != executor):
        standing.close()
        standing = None
    if standing is None:
        standing = _own.nursery = Nursery(executor)
    return standing


def discard() -> None:
    """End this thread's nursery and whatever it computes."""
    standing: Nursery | None = getattr(_own, "nursery", None)
    if standing is not None:
        _own.nursery = None
        standing.close()
