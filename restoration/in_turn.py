"""Work beside the stage: in threads of its own or, where a process is to use one core, in turn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from archive.media.threads import one_alone

P = ParamSpec("P")
T = TypeVar("T")


class InTurn(Executor):
    """Does what it is given before it answers, in the thread that gives it.

    What is raised meanwhile is raised there, an interruption too.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def pool(threads: int, name: str) -> Executor:
    """So many threads, or none but the caller's if RUN_THREADS is 1."""
    return InTurn() if one_alone() else ThreadPoolExecutor(threads, thread_name_prefix=name)
