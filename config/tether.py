"""Ties a child process to its parent: when the parent dies, however it dies, so does the child.

`python -m config.tether [--signal NAME] PROGRAM ARGUMENT...` ties itself and becomes the program.
The kernel forgets the tie when a process changes its user, so it is made after that.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def tie(sent: signal.Signals, *, parent: int) -> None:
    """Ask the kernel to send `sent` to this process when its parent (of that id) is gone."""
    if LIBC.prctl(PR_SET_PDEATHSIG, sent.value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), sent)


def tied(sent: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` for `subprocess` that ties the child to this process."""
    parent = os.getpid()

    def tie_child() -> None:
        tie(sent, parent=parent)

    return tie_child


def main(arguments: list[str]) -> None:
    sent = signal.SIGTERM
    if arguments[:1] == ["--signal"]:
        sent = signal.Signals[arguments[1]]
        arguments = arguments[2:]
    if not arguments:
        raise SystemExit("usage: python -m config.tether [--signal NAME] PROGRAM ARGUMENT...")
    tie(sent, parent=os.getppid())
    os.execvp(arguments[0], arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
