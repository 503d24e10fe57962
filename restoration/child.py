"""The process that computes: `python -m restoration.child` forks one child for each order.

The worker that starts it keeps a pipe to its standard input. Libraries are loaded once, so a child
starts within milliseconds: the executor's at once, torch when it is named at the start or after the
first child that needed it. This process computes nothing and has one thread, so that forking it is
sound; threads are begun in the children. A child that crashes, is killed or runs out of memory
takes nothing with it. When the worker dies, however it dies, its end of the pipe closes and the
child is killed: no orphan goes on computing. PLAIN: no Django here, so no database connection is
ever forked.

Lines of JSON go both ways. In: `{"order": ..., "hold": ...}`, `{"go": true}` for an order that is
held, `{"stop": true}`. Out: `{"ready"}`,
`{"progress": [done, total]}`, `{"made": ...}` or `{"error": ...}`, and always at last `{"ended"}`.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import importlib
import json
import mmap
import os
import resource
import selectors
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO

from config.tether import tie
from restoration import turn
from restoration.orders import Order

EXECUTOR = "restoration.execution:execute"
PERMANENT = ("StageError", "ProvenanceError", "MediaError")
"""Names of errors that the same input would meet again: a second attempt cannot help."""
PROGRESS_SECONDS = 0.1
GRACE_SECONDS = 2.0
SHOWN_CHARACTERS = 2000
MOST_STDERR_BYTES = 1 << 20
THREADS = 2
HEAVY = ("torch",)
"""Libraries that take seconds to load and that not every stage needs."""

Execute = Callable[[Order, Callable[[int, int], None]], Any]


def say(message: dict[str, Any]) -> None:
    """One line to the worker; the newline before it ends whatever a killed child left half said."""
    line = b"\n" + json.dumps(message, separators=(",", ":")).encode() + b"\n"
    while line:
        line = line[os.write(1, line) :]


def find_executor(name: str) -> Execute:
    module, _, function = name.partition(":")
    found: Execute = getattr(importlib.import_module(module), function)
    return found


def main(arguments: list[str]) -> None:
    """Arguments: where the executor is, then the heavy libraries to load before the first order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group; the worker decides.
    execute = find_executor(arguments[0] if arguments else EXECUTOR)
    say({"ready": os.getpid()})
    load(arguments[1:])
    # Unbuffered: a line read ahead into a buffer would never wake the selector.
    orders: RawIOBase = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115
    while line := orders.readline():
        message = json.loads(line)
        if "order" in message:  # A late "stop" is for a child that has ended by itself.
            order = Order.from_json(message["order"])
            watch(order, execute, orders, hold=bool(message.get("hold")))


def load(libraries: list[str]) -> None:
    """Import what children would import each for itself; a missing one is the stage's to miss."""
    for name in libraries:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def watch(order: Order, execute: Execute, orders: RawIOBase, *, hold: bool) -> None:
    """Fork a child for the order and report how it ended; kill it if asked to or left alone.

    Args:
        hold: have the child wait for its turn before its stage begins.
    """
    with (
        tempfile.TemporaryFile() as words,
        mmap.mmap(-1, len(HEAVY)) as loaded,
        pipe_if(hold) as (gate, key),
    ):
        pid = os.fork()
        if pid == 0:
            if gate is not None:
                turn.hold(gate)
            run_child(order, execute, words, loaded)
        handle = os.pidfd_open(pid)
        with contextlib.closing(selectors.DefaultSelector()) as selector:
            selector.register(handle, selectors.EVENT_READ)
            selector.register(orders, selectors.EVENT_READ)
            alone = wait_or_stop(pid, handle, orders, selector, key)
        os.close(handle)
        _, status = os.waitpid(pid, 0)
        if alone:
            os._exit(0)
        say({"ended": os.waitstatus_to_exitcode(status), "stderr": last_words(words)})
        load([name for place, name in enumerate(HEAVY) if loaded[place]])


@contextlib.contextmanager
def pipe_if(wanted: object) -> Iterator[tuple[int | None, int | None]]:
    """The two ends of a pipe, or neither."""
    if not wanted:
        yield None, None
        return
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def wait_or_stop(
    pid: int,
    handle: int,
    orders: RawIOBase,
    selector: selectors.BaseSelector,
    key: int | None,
) -> bool:
    """Return when the child has ended; True if the worker is gone.

    Args:
        key: where a byte lets a child go that is held.
    """
    deadline: float | None = None
    alone = False
    while True:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = {key.fd for key, _ in selector.select(patience)}
        if handle in ready:
            return alone
        if deadline is not None and not ready:
            kill_group(pid, signal.SIGKILL)
            deadline = None
        if orders.fileno() in ready:
            line = orders.readline()
            if line and "go" in json.loads(line):
                if key is not None:
                    os.write(key, b"1")
                continue
            alone = not line
            kill_group(pid, signal.SIGKILL if alone else signal.SIGTERM)
            deadline = None if alone else time.monotonic() + GRACE_SECONDS
            if alone:
                selector.unregister(orders)


def kill_group(pid: int, number: signal.Signals) -> None:
    # The child may not have made its own group yet, so it is signalled by itself as well.
    for send in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            send(pid, number)


def last_words(words: BinaryIO) -> str:
    """What the child wrote to standard error, in short; all of it is also passed on."""
    words.seek(0)
    text = words.read(MOST_STDERR_BYTES)
    sys.stderr.buffer.write(text)
    sys.stderr.flush()
    lines = text.decode(errors="replace").strip().splitlines()
    said = "\n".join(line for line in lines if not line.startswith("Extension modules:"))
    # What happened stands first in a crash of the interpreter, last in most tools' complaints.
    half = SHOWN_CHARACTERS // 2
    return said if len(said) <= 2 * half else f"{said[:half]}\n[...]\n{said[-half:]}"


def run_child(order: Order, execute: Execute, words: BinaryIO, loaded: mmap.mmap) -> None:
    """Compute, report, exit; never returns. `loaded`: shared flags, one for each of `HEAVY`."""
    code = 1
    try:
        tie(signal.SIGKILL, parent=os.getppid())
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(words.fileno(), 2)
        faulthandler.enable(file=2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        limit_threads()
        offer_to_the_reaper()
        code = report(order, execute)
        for place, name in enumerate(HEAVY):
            loaded[place] = name in sys.modules
    finally:
        os._exit(code)


def report(order: Order, execute: Execute) -> int:
    try:
        made = execute(order, Telling())
    except Exception as error:  # The one place that must put any failure into words.
        traceback.print_exc()
        say({"error": describe(error)})
        return 1
    values = {name: getattr(made, name) for name in ("manifest", "digest", "totals", "findings")}
    values["timings"] = dict(made.timings) | {"peak_memory_bytes": peak_memory()}
    say({"made": values})
    return 0


class Telling:
    """The stage's progress, told at most ten times a second."""

    def __init__(self) -> None:
        self.told = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.told >= PROGRESS_SECONDS or done == total:
            self.told = now
            say({"progress": [int(done), int(total)]})


def describe(error: Exception) -> dict[str, Any]:
    names = [kind.__name__ for kind in type(error).__mro__]
    return {
        "kind": names[0],
        "message": str(error),
        "permanent": any(name in names for name in PERMANENT) or not retriable(error),
        "disk_full": getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT),
    }


def retriable(error: Exception) -> bool:
    """Memory and devices may be there next time; a mistake in the code will not go away."""
    return isinstance(error, (MemoryError, OSError))


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def limit_threads() -> None:
    """Several workers share one machine: no child may take all of it."""
    import cv2

    cv2.setNumThreads(THREADS)
    if torch := sys.modules.get("torch"):  # One loaded later reads OMP_NUM_THREADS.
        torch.set_num_threads(THREADS)


def offer_to_the_reaper() -> None:
    """If memory runs out, the kernel should take this process, not the database."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("600")


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # There is nothing to put away; with torch loaded, that would take a second.
