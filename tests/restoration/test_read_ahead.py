"""Values made ahead of their use: in order, a few at a time, errors in their turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from restoration.read_ahead import ReadAhead


def test_they_come_in_order_to_the_end() -> None:
    assert list(ReadAhead(iter(range(50)), depth=4)) == list(range(50))


def test_no_more_are_made_than_may_wait() -> None:
    made: list[int] = []
    enough = threading.Event()

    def values() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            if len(made) == 3:
                enough.set()
            yield number

    ahead = ReadAhead(values(), depth=3)
    assert enough.wait(10)
    assert len(made) == 3
    assert next(ahead) == 0
    ahead.close()
    assert len(made) <= 4


def test_an_error_comes_after_the_values_before_it() -> None:
    def values() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    ahead = ReadAhead(values(), depth=4)
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken"):
        next(ahead)


def test_closing_ends_the_thread_and_what_it_reads() -> None:
    ended = threading.Event()

    def values() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            ended.set()

    ahead = ReadAhead(values(), depth=2)
    next(ahead)
    ahead.close()
    assert ended.is_set()
    assert not any(thread.name == "read-ahead" for thread in threading.enumerate())
