"""The child's side of `sandbox`: give up what is not needed, then do the one task it was given."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive.media.derivatives import FRAME_TABLE, make_derivatives
from archive.media.errors import LimitExceeded, MediaError, NoFrames, NotAVideo
from archive.media.frames import FrameTable
from archive.media.probe import probe
from archive.media.recount import frame_digests

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PROGRESS_SECONDS = 0.2


def serve() -> None:
    """Read one order from standard input, answer in lines of JSON on standard output."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library that prints must not garble the answer
    order = json.loads(sys.stdin.buffer.readline())
    limits = order.pop("limits")
    confine(limits)
    say = _speaker(out)
    try:
        say({"answer": _TASKS[order.pop("task")](order, _progress(say))})
    except MediaError as error:
        starved = isinstance(error, NotAVideo | NoFrames) and _used_all_memory(limits)
        say(
            _no_memory(order, limits)
            if starved
            else {"error": type(error).__name__, "text": str(error)}
        )
    except MemoryError:
        say(_no_memory(order, limits))
    except OSError as error:
        if error.errno == 12:
            say(_no_memory(order, limits))
        else:
            say({"error": "MediaError", "text": f"{Path(order['path']).name}: {error}"})


def _no_memory(order: dict[str, Any], limits: dict[str, Any]) -> dict[str, str]:
    name = Path(order["path"]).name
    text = f"{name} needs more than {limits['memory_bytes'] >> 20} MiB of memory to decode"
    return {"error": LimitExceeded.__name__, "text": text}


def _used_all_memory(limits: dict[str, Any]) -> bool:
    """Whether memory came within a tenth of its limit: decoders then fail in other words."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return False
    peak = next((line for line in status.splitlines() if line.startswith("VmPeak")), "VmPeak 0 kB")
    return int(peak.split()[1]) * 1024 > 0.9 * int(limits["memory_bytes"])


def confine(limits: dict[str, Any]) -> None:
    """Set the limits on this process; they cannot be raised again."""
    _leave_network()
    bounds = {
        resource.RLIMIT_AS: limits["memory_bytes"],
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_CORE: 0,
    }
    for what, bound in bounds.items():
        _, hard = resource.getrlimit(what)
        most = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        # At the hard limit on time the kernel kills without saying why.
        spare = 5 if what == resource.RLIMIT_CPU and most == bound else 0
        resource.setrlimit(what, (most, most + spare))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it


def _leave_network() -> None:
    """Die with the parent, gain no rights, and step into an empty network if we may."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() == 0:
        libc.unshare(_CLONE_NEWNET)


def _speaker(out: Any) -> Callable[[dict[str, Any]], None]:
    def say(message: dict[str, Any]) -> None:
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        view = memoryview(data)
        while view:
            view = view[out.write(view) :]

    return say


def _progress(say: Callable[[dict[str, Any]], None]) -> Callable[[int, int], None]:
    last = 0.0

    def progress(done: int, expected: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PROGRESS_SECONDS:
            last = now
            say({"progress": [done, expected]})

    return progress


def _probe(order: dict[str, Any], progress: Callable[[int, int], None]) -> Any:
    rate = Fraction(order["rate"]) if order["rate"] else None
    return probe(Path(order["path"]), rate=rate, progress=progress).as_json()


def _derive(order: dict[str, Any], progress: Callable[[int, int], None]) -> Any:
    folder = Path(order["folder"])
    made = make_derivatives(
        Path(order["path"]),
        folder,
        table=FrameTable.load(folder / FRAME_TABLE),
        rate=Fraction(order["rate"]),
        max_height=order["max_height"],
        progress=progress,
    )
    return asdict(made)


def _digests(order: dict[str, Any], progress: Callable[[int, int], None]) -> Any:
    table = FrameTable.from_json(order["table"])
    return frame_digests(Path(order["path"]), table, progress=progress)


_TASKS: dict[str, Callable[[dict[str, Any], Callable[[int, int], None]], Any]] = {
    "probe": _probe,
    "derive": _derive,
    "digests": _digests,
}
