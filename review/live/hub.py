"""One watcher a process: it asks the database for all rooms that are open there, and tells each.

An open stream holds a thread of the web server, so there are at most `LIVE_STREAMS` in a process;
who comes later asks now and then instead (static/js/live.js). While nobody listens, nothing runs.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from review.live import marks, presence
from review.live.marks import Event, Marks, Room

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
ASKED_AGAIN_SECONDS = 12.0
"""So often it is noted who is here, and asked whether they still may be."""
HEARTBEAT_SECONDS = 15.0
LIFE_SECONDS = 240.0
"""After which a stream ends and the browser opens the next: it then passes every door again."""


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream."""

    user: int
    session: str
    room: Room
    seen: Marks
    told: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)
    """Events as text; None: it is over."""


class Hub:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._watcher: threading.Thread | None = None
        self._woken = threading.Event()
        self._closed = False

    def join(self, listener: Listener) -> bool:
        """False: this process has as many streams as it may have, or ends."""
        with self._lock:
            if self._closed or len(self._listeners) >= settings.LIVE_STREAMS:
                return False
            self._listeners.add(listener)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="live", daemon=True)
                self._watcher.start()
        return True

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)

    def open(self) -> None:
        """Take listeners again, after `end`."""
        with self._lock:
            self._closed = False

    def end(self) -> None:
        """End every stream, take no other, and wait for the watcher to leave its database."""
        with self._lock:
            self._closed = True
            listeners, watcher = list(self._listeners), self._watcher
            self._listeners.clear()
        for each in listeners:
            each.told.put(None)
        self._woken.set()
        if watcher is not None:
            watcher.join()
        self._woken.clear()

    def count(self) -> int:
        with self._lock:
            return len(self._listeners)

    def _watch(self) -> None:
        """Runs while somebody listens."""
        asked = 0.0
        try:
            while listeners := self._those_listening():
                try:
                    if time.monotonic() - asked > ASKED_AGAIN_SECONDS:
                        asked = time.monotonic()
                        self._ask_again(listeners)
                    tell(listeners)
                except (DatabaseError, InterfaceError, ObjectDoesNotExist) as error:
                    log.warning("open rooms are not told what is new: %s", error)
                    connection.close()
                self._woken.wait(EVERY_SECONDS)
        finally:
            connection.close()
            self._ended()

    def _ended(self) -> None:
        """Whoever comes next starts a new watcher, also where this one came to grief."""
        with self._lock:
            if self._watcher is threading.current_thread():
                self._watcher = None

    def _those_listening(self) -> list[Listener]:
        with self._lock:
            if not self._listeners:
                self._watcher = None
            return list(self._listeners)

    def _ask_again(self, listeners: list[Listener]) -> None:
        allowed = [each for each in listeners if may_listen(each)]
        presence.note_down((each.user, each.room) for each in allowed)
        for each in set(listeners) - set(allowed):
            self.leave(each)
            each.told.put(None)


def tell(listeners: list[Listener]) -> None:
    """Tell each listener what is new in its room since it was told last, if it may know it."""
    now = {room: marks.marks_of(room) for room in {each.room for each in listeners}}
    for listener in listeners:
        current = now[listener.room]
        if current == listener.seen or not may_listen(listener):
            continue
        events = list(marks.news(listener.room, listener.seen, current))
        listener.seen = current
        listener.told.put("".join(as_text(event, current) for event in events))


def may_listen(listener: Listener) -> bool:
    """Whether this person is logged in still, and may see the room: asked of the database anew."""
    user = User.objects.filter(pk=listener.user).first()
    reel = marks.reel_of(listener.room)
    if user is None or reel is None:
        return False
    is_in = Session.objects.filter(pk=listener.session, expire_date__gt=timezone.now()).exists()
    return (
        is_in
        and user.has_perm("review.open_review", reel)
        and user.has_perm("archive.view_media", reel)
    )


def as_text(event: Event, current: Marks) -> str:
    """An event as the standard writes it (HTML, server-sent events)."""
    facts = json.dumps(event.facts, separators=(",", ":"))
    return f"event: {event.kind}\nid: {marks.written(current)}\ndata: {facts}\n\n"


class Stream:
    """The body of an answer that stays open; the server closes it when the browser is gone."""

    def __init__(self, hub: Hub, listener: Listener) -> None:
        self._hub, self._listener = hub, listener
        self._ends = time.monotonic() + LIFE_SECONDS

    def __iter__(self) -> Iterator[bytes]:
        # The thread waits for minutes; its own connection is not kept open meanwhile.
        if not connection.in_atomic_block:
            connection.close()
        yield b"retry: 3000\n\n"
        while (left := self._ends - time.monotonic()) > 0:
            try:
                text = self._listener.told.get(timeout=min(HEARTBEAT_SECONDS, left))
            except queue.Empty:
                text = ": still here\n\n"
            if text is None:
                yield b"event: closed\ndata: {}\n\n"
                return
            yield text.encode()

    def close(self) -> None:
        self._hub.leave(self._listener)


HUB = Hub()
"""Of this process; made before the web server forks, it holds no thread until somebody listens."""
