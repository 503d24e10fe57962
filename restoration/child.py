"""The process that computes: `python -m restoration.child` forks children for orders.

The worker that starts it keeps a pipe to its standard input. Libraries are loaded once, so a child
starts within milliseconds: the executor's at once, torch when it is named at the start or after the
first child that needed it. A child whose order ended well rests and takes the next: forking a
process with torch in it costs tens of milliseconds, and what a stage keeps in its process, such as
a network that it has read, is there still. This process computes nothing and has one thread, so
that forking it is sound; threads are begun in the children. A child that crashes, is killed or runs
out of memory takes nothing with it. When the worker dies, however it dies, its end of the pipe
closes and the child is killed: no orphan goes on computing. PLAIN: no Django here, so no database
connection is ever forked.

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
import select
import selectors
import signal
import socket
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO

from archive.media.threads import asked_for
from config.tether import tie
from restoration import turn
from restoration.orders import Order

EXECUTOR = "restoration.execution:execute"
PERMANENT = ("StageError", "ProvenanceError", "MediaError")
"""Names of errors that the same input would meet again: a second attempt cannot help."""
PROGRESS_SECONDS = 0.1
GRACE_SECONDS = 2.0
SHOWN_CHARACTERS = 2000
MOST_ORDERS = 100
NICENESS = 10
"""Of a child (nice(2)), unless RUN_NICENESS says otherwise."""
REST_BYTES = 1 << 30
"""A child that holds more after an order ends, and so gives it back."""
DEVICE_REST_BYTES = 8 << 30
"""The same of one that computes on a device, whose libraries alone may take gigabytes: to begin to
use a device takes seconds, and is not done anew for each scene."""
REST_SECONDS = 60.0
"""How long one waits for another order; what it holds is the machine's again then."""
MOST_STDERR_BYTES = 1 << 20
THREADS = 2
"""Of a child's libraries, unless RUN_THREADS says otherwise."""
HEAVY = ("torch",)
"""Libraries that take seconds to load and that not every stage needs."""

LIGHT = ("cv2",)
"""What each child needs, whatever it executes, to be told how many threads it has."""

GO, RESTED = b"1", b"."
_HEAD = struct.Struct("<I?")
"""Before an order on a child's line: how many bytes it has, and whether it is held."""

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
    load(LIGHT)
    say({"ready": os.getpid()})
    load(arguments[1:])
    # Unbuffered: a line read ahead into a buffer would never wake the selector.
    orders: RawIOBase = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115
    child: Child | None = None
    while True:
        if child is not None and not select.select([orders], [], [], REST_SECONDS)[0]:
            dismiss(child)
            child = None
        if not (line := orders.readline()):
            return  # A child that rests ends with this process.
        message = json.loads(line)
        if "order" in message:  # A late "stop" is for a child that has ended by itself.
            if child is not None and not child.lives:
                dismiss(child)
                child = None
            order = json.dumps(message["order"]).encode()
            held = bool(message.get("hold"))
            child = watch(child or fork(execute), order, orders, hold=held)


def dismiss(child: Child) -> None:
    """End a child that rests, or has died meanwhile."""
    kill_group(child.pid, signal.SIGKILL)
    child.end()


def load(libraries: Iterable[str]) -> None:
    """Import what children would import each for itself; a missing one is the stage's to miss."""
    for name in libraries:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


@dataclass(frozen=True, slots=True)
class Child:
    """A process that executes orders, one after another, as the process that forked it sees it."""

    pid: int
    handle: int
    """Readable when it has ended."""
    line: socket.socket
    """Orders and `GO` out; in: `RESTED` after an order that ended well."""
    words: BinaryIO
    """What it writes to standard error."""
    loaded: mmap.mmap
    """Shared flags, one for each of `HEAVY`."""

    @property
    def lives(self) -> bool:
        return not select.select([self.handle], [], [], 0)[0]

    def end(self) -> int:
        """Wait until it is gone; its exit code."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.handle)
        self.line.close()
        self.words.close()
        return os.waitstatus_to_exitcode(status)


def fork(execute: Execute) -> Child:
    """A child that waits for its first order."""
    words, loaded = tempfile.TemporaryFile(), mmap.mmap(-1, len(HEAVY))  # noqa: SIM115 (its end)
    mine, its = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        mine.close()
        run_child(its, execute, words, loaded)
    its.close()
    return Child(pid, os.pidfd_open(pid), mine, words, loaded)


def watch(child: Child, order: bytes, orders: RawIOBase, *, hold: bool) -> Child | None:
    """Have the child execute the order and report how it ended; kill it if asked to or left alone.

    Args:
        order: JSON.
        hold: have the child wait for its turn before its stage begins.
    Returns: the child if it rests and takes another order; None if it is gone.
    """
    with contextlib.suppress(OSError):  # It has just died, and is reported so.
        child.line.sendall(_HEAD.pack(len(order), hold) + order)
    with selectors.DefaultSelector() as selector:
        for ready in (child.handle, child.line, orders):
            selector.register(ready, selectors.EVENT_READ)
        rests, alone = wait_or_stop(child, orders, selector, hold=hold)
    if rests:
        say({"ended": 0, "rests": True, "stderr": last_words(child.words)})
        return child
    if alone:
        os.waitpid(child.pid, 0)
        os._exit(0)
    stderr, flags = last_words(child.words), bytes(child.loaded)
    code = child.end()
    say({"ended": code, "stderr": stderr})
    load([name for name, used in zip(HEAVY, flags, strict=True) if used])
    return None


def wait_or_stop(
    child: Child, orders: RawIOBase, selector: selectors.BaseSelector, *, hold: bool
) -> tuple[bool, bool]:
    """Return when the child has ended or rests: whether it rests, whether the worker is gone."""
    deadline: float | None = None
    alone = False
    while True:
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = {key.fd for key, _ in selector.select(patience)}
        if child.line.fileno() in ready:
            if rested(child) and deadline is None and not alone:
                return True, False
            selector.unregister(child.line)  # It is ending, or was told to.
        if child.handle in ready:
            return False, alone
        if deadline is not None and not ready:
            kill_group(child.pid, signal.SIGKILL)
            deadline = None
        if orders.fileno() in ready:
            line = orders.readline()
            if line and "go" in json.loads(line):
                if hold:
                    child.line.sendall(GO)
                continue
            alone = not line
            kill_group(child.pid, signal.SIGKILL if alone else signal.SIGTERM)
            deadline = None if alone else time.monotonic() + GRACE_SECONDS
            if alone:
                selector.unregister(orders)


def rested(child: Child) -> bool:
    with contextlib.suppress(OSError):
        return child.line.recv(1) == RESTED
    return False


def kill_group(pid: int, number: signal.Signals) -> None:
    # The child may not have made its own group yet, so it is signalled by itself as well.
    for send in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            send(pid, number)


def last_words(words: BinaryIO) -> str:
    """What the child wrote to standard error, in short; all of it is passed on, and forgotten."""
    words.seek(0)
    text = words.read(MOST_STDERR_BYTES)
    words.seek(0)  # The child's own descriptor shares the place.
    words.truncate()
    sys.stderr.buffer.write(text)
    sys.stderr.flush()
    lines = text.decode(errors="replace").strip().splitlines()
    said = "\n".join(line for line in lines if not line.startswith("Extension modules:"))
    # What happened stands first in a crash of the interpreter, last in most tools' complaints.
    half = SHOWN_CHARACTERS // 2
    return said if len(said) <= 2 * half else f"{said[:half]}\n[...]\n{said[-half:]}"


def run_child(line: socket.socket, execute: Execute, words: BinaryIO, loaded: mmap.mmap) -> None:
    """Compute and report, order after order; never returns.

    After an error, with much memory, or after many orders it ends: the next one gets a new process.
    """
    code = 1
    try:
        tie(signal.SIGKILL, parent=os.getppid())
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(words.fileno(), 2)
        faulthandler.enable(file=2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        offer_to_the_reaper()
        give_way()
        for number in range(MOST_ORDERS):
            limit_threads()
            order = next_order(line)
            code = report(order, execute)
            for place, name in enumerate(HEAVY):
                loaded[place] = name in sys.modules
            most = REST_BYTES if order.device == "cpu" else DEVICE_REST_BYTES
            if code != 0 or number == MOST_ORDERS - 1 or resident() > most:
                break
            free_device_memory()
            line.sendall(RESTED)
    finally:
        os._exit(code)


def next_order(line: socket.socket) -> Order:
    """Wait for it; whether it is held is told to `turn`."""
    size, hold = _HEAD.unpack(received(line, _HEAD.size))
    order = Order.from_json(json.loads(received(line, size)))
    forget_the_peak()
    if hold:
        turn.hold(line.fileno())
    return order


def received(line: socket.socket, size: int) -> bytes:
    """Exactly so many bytes: what follows may be a `GO` that `turn` reads."""
    parts = bytearray()
    while len(parts) < size:
        if not (part := line.recv(size - len(parts))):
            os._exit(0)  # Whoever gives orders is gone.
        parts += part
    return bytes(parts)


def resident() -> int:
    """Bytes of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def free_device_memory() -> None:
    """While it rests, others may need what it keeps of a graphics processor's memory."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def forget_the_peak() -> None:
    """Each order's peak of memory is its own (proc(5), clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


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

    threads = asked_for() or THREADS
    cv2.setNumThreads(threads)
    if torch := sys.modules.get("torch"):  # One loaded later reads OMP_NUM_THREADS.
        torch.set_num_threads(threads)


def offer_to_the_reaper() -> None:
    """If memory runs out, the kernel should take this process, not the database."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("600")


def give_way() -> None:
    """Whoever waits for a page comes first: computing takes what pages and the database leave.

    Where the kernel groups processes by session (sched(7), autogroup), the group is told as well.
    """
    niceness = int(os.environ.get("RUN_NICENESS", NICENESS))
    os.nice(niceness)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(min(19, niceness)))


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # There is nothing to put away; with torch loaded, that would take a second.
