"""The real `assemble`, with something going wrong on the way; run in the delivery's child process.

Tests name one of these in the setting DELIVERY_ASSEMBLER.
"""

from __future__ import annotations

import errno
import os
import signal
import time

from review.delivery.assembly import MASTER, Assembled, Order, Progress, assemble


def _at_the_third_frame(told: Progress, act: object) -> Progress:
    def tell(step: str, done: int, total: int) -> None:
        told(step, done, total)
        if step == MASTER and done == 3:
            act()  # type: ignore[operator]

    return tell


def slow(order: Order, told: Progress) -> Assembled:
    """A twentieth of a second more at each step, so that all of them are seen."""

    def tell(step: str, done: int, total: int) -> None:
        told(step, done, total)
        time.sleep(0.05)

    return assemble(order, tell)


def hanging(order: Order, told: Progress) -> Assembled:
    def hang() -> None:
        time.sleep(0.2)
        told(MASTER, 3, 12)  # past the pause between two tellings
        time.sleep(3600)

    return assemble(order, _at_the_third_frame(told, hang))


def killed(order: Order, told: Progress) -> Assembled:
    return assemble(order, _at_the_third_frame(told, lambda: os.kill(os.getpid(), signal.SIGKILL)))


def killed_once(order: Order, told: Progress) -> Assembled:
    """Dies in the first attempt only; the name of a folder ends in the attempt."""
    return (killed if order.folder.name.endswith("-1") else assemble)(order, told)


def full_disk(order: Order, told: Progress) -> Assembled:
    def fill() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return assemble(order, _at_the_third_frame(told, fill))


def mistaken(order: Order, told: Progress) -> Assembled:
    raise ZeroDivisionError("division by zero")
