"""Values that a thread fetches before they are asked for, so that nobody waits for a decoder."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, Self, TypeVar

from restoration.interruption import held

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """An iterator whose next few values are made in a thread of their own.

    Until `close` nobody else may use what the values are made from. For one consumer, which is the
    main thread if signals are to be taken.
    """

    def __init__(self, values: Iterator[T], *, depth: int) -> None:
        """depth: values that may wait; more would only cost memory."""
        self._values = values
        self._depth = depth
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = self._ended = False
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._fetch, name="read-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        """Raises: whatever making the value raised, in its turn."""
        with held(), self._changed:
            while not self._ready and not self._ended:
                self._changed.wait()
            if self._ready:
                self._changed.notify_all()
                return self._ready.popleft()
        if self._failed is not None:
            raise self._failed
        raise StopIteration

    def close(self) -> None:
        """Stop the thread and let go of every value."""
        with held():
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            self._thread.join()
        self._ready.clear()

    def _fetch(self) -> None:
        try:
            while self._wait_for_room():
                value = next(self._values)
                with self._changed:
                    self._ready.append(value)
                    self._changed.notify_all()
                del value  # or one more would be held than was asked for
        except StopIteration:
            pass
        except BaseException as error:  # raised where the value is asked for
            self._failed = error
        finally:
            close = getattr(self._values, "close", None)
            if close is not None:
                close()  # a generator holds its decoder until then
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _wait_for_room(self) -> bool:
        """True once a value may be fetched, False if none is wanted any more."""
        with self._changed:
            while len(self._ready) >= self._depth and not self._closed:
                self._changed.wait()
            return not self._closed
