"""Reading unknown files in a process of their own, with limits on time, memory and files.

A decoder is a large parser written for speed; a file that breaks it must not take the worker along.
The child process may use so much processor time and memory and write so much and no more, cannot
reach the network where the system lets it give that up, opens local files only (see `opening`), is
stopped when it makes no progress, and dies with its parent.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive.media import errors
from archive.media.derivatives import FRAME_TABLE, Derivatives
from archive.media.errors import LimitExceeded, MediaError, NotAVideo
from archive.media.frames import FrameTable
from archive.media.probe import Probe

Progress = Callable[[int, int], None]

_ROOT = Path(__file__).resolve().parents[2]
CHILD = [sys.executable, "-m", "archive.media.sandbox"]
_ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, MediaError)
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take."""

    cpu_seconds: int = 12 * 3600
    wall_seconds: float = 6 * 3600
    stall_seconds: float = 120
    """Seconds without one more frame after which the child counts as hung."""
    memory_bytes: int = 6 << 30
    """Address space; frame threads of a 4K decoder take 2 to 3 GiB of it."""
    file_bytes: int = 64 << 30
    """The largest file that it may write."""
    open_files: int = 128
    answer_bytes: int = 1 << 30
    """The longest answer: a frame table takes about 60 bytes a frame."""


DEFAULT_LIMITS = Limits()
_WORDS_BYTES = 1 << 20
"""A child that only reads still writes its last words to standard error."""


def probe_safely(
    path: Path | str,
    *,
    rate: Fraction | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Probe:
    """`probe.probe` in a limited process, which may write no file of more than 1 MiB.

    Raises: MediaError as `probe` does; LimitExceeded naming the limit.
    """
    order = {"task": "probe", "path": os.fspath(path), "rate": str(rate) if rate else None}
    answer = _ask(order, name=Path(path).name, limits=limits, writes=False, progress=progress)
    return Probe.from_json(answer)


def derive_safely(
    path: Path | str,
    folder: Path,
    *,
    table: FrameTable,
    rate: Fraction,
    max_height: int = 1080,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Derivatives:
    """`derivatives.make_derivatives` in a limited process.

    Raises: MediaError; LimitExceeded naming the limit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table.save(folder / FRAME_TABLE)
    order = {
        "task": "derive",
        "path": os.fspath(path),
        "folder": os.fspath(folder),
        "rate": str(rate),
        "max_height": max_height,
    }
    answer = _ask(order, name=Path(path).name, limits=limits, writes=True, progress=progress)
    return Derivatives(stills=tuple(answer["stills"]), sound_tracks=answer["sound_tracks"])


def digests_safely(
    path: Path | str, *, table: FrameTable, limits: Limits = DEFAULT_LIMITS
) -> list[str]:
    """`recount.frame_digests` in a limited process.

    Raises: MediaError; LimitExceeded naming the limit.
    """
    order = {"task": "digests", "path": os.fspath(path), "table": table.as_json()}
    answer = _ask(order, name=Path(path).name, limits=limits, writes=False, progress=None)
    return [str(one) for one in answer]


def _ask(
    order: dict[str, Any],
    *,
    name: str,
    limits: Limits,
    writes: bool,
    progress: Progress | None,
) -> Any:
    order["limits"] = asdict(limits) | ({} if writes else {"file_bytes": _WORDS_BYTES})
    with tempfile.TemporaryFile() as complaints, _child(complaints) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps(order).encode() + b"\n")
        child.stdin.close()
        for message in _messages(child, name=name, limits=limits):
            if "progress" in message and progress is not None:
                progress(*message["progress"])
            if "error" in message:
                kind = _ERRORS.get(message["error"], MediaError)
                raise kind(message["text"])
            if "answer" in message:
                return message["answer"]
        child.wait()
        raise _death(child.returncode, name=name, limits=limits, complaints=complaints)


@contextmanager
def _child(complaints: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The child in a process group of its own; whatever is left of it is killed in the end."""
    environment = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TMPDIR")
        if name in os.environ
    }
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    child = subprocess.Popen(
        CHILD,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        cwd=_ROOT,
        env=environment,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
        if child.stdin is not None and not child.stdin.closed:
            child.stdin.close()


def _messages(
    child: subprocess.Popen[bytes], *, name: str, limits: Limits
) -> Iterator[dict[str, Any]]:
    """The child's lines as they come; ends when it closes its pipe."""
    assert child.stdout is not None
    end = time.monotonic() + limits.wall_seconds
    held = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            left = min(limits.stall_seconds, end - time.monotonic())
            if left <= 0 or not selector.select(left):
                raise _too_slow(name, limits, whole=time.monotonic() >= end)
            piece = os.read(child.stdout.fileno(), 1 << 20)
            if not piece:
                return
            held += piece
            if len(held) > limits.answer_bytes:
                raise LimitExceeded(
                    f"{name}: its description is longer than {limits.answer_bytes} bytes; "
                    "cut the file into parts"
                )
            *lines, rest = held.split(b"\n")
            held = bytearray(rest)
            for line in lines:
                yield json.loads(line)


def _too_slow(name: str, limits: Limits, *, whole: bool) -> LimitExceeded:
    if whole:
        return LimitExceeded(
            f"{name} was not read within {limits.wall_seconds:g} seconds and was given up"
        )
    return LimitExceeded(
        f"{name}: no new frame for {limits.stall_seconds:g} seconds; the file seems to hang the "
        "decoder and was given up"
    )


def _death(code: int, *, name: str, limits: Limits, complaints: Any) -> MediaError:
    """Why the child ended without an answer."""
    complaints.seek(0)
    words = complaints.read(65536).decode("utf-8", "replace").strip().splitlines()[-1:]
    if code == -signal.SIGXCPU:
        return LimitExceeded(
            f"{name} took more than {limits.cpu_seconds} seconds of processor time"
        )
    if code == -signal.SIGXFSZ:
        return LimitExceeded(f"{name} made more than {limits.file_bytes} bytes of output")
    if code == -signal.SIGKILL:
        return LimitExceeded(f"{name}: the reader was killed, most likely because memory ran out")
    if code < 0:
        return NotAVideo(
            f"{name} crashed the decoder ({signal.Signals(-code).name}); it is damaged, made to do "
            f"harm, or needs more than {limits.memory_bytes >> 20} MiB of memory"
        )
    return MediaError(f"{name} could not be read: {''.join(words) or f'exit code {code}'}")


if __name__ == "__main__":
    from archive.media.confinement import serve

    serve()
