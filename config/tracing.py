"""A mark on everything that is logged for one request or one run, so that it can be followed.

Each answer bears its request's mark as `X-Request-ID`; a proxy that is trusted (BEHIND_HTTPS) may
give one. The mark goes along with what the request causes: in each message that it sends, in the
row of each run that it asks for and of those that follow it, and in the row of each event. A
worker's lines bear it again, and the run's number.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

import dramatiq
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from dramatiq.middleware import Middleware

HEADER = "X-Request-ID"
_SOUND = re.compile(r"[A-Za-z0-9._-]{1,64}")

_request: ContextVar[str] = ContextVar("request", default="")
_run: ContextVar[str] = ContextVar("run", default="")


class RequestMarkMiddleware:
    """Give each request its mark, and tell it to whoever asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "") if settings.BEHIND_HTTPS else ""
        mark = given if _SOUND.fullmatch(given) else uuid.uuid4().hex[:16]
        kept = _request.set(mark)
        try:
            response = self.get_response(request)
        finally:
            _request.reset(kept)
        response.headers[HEADER] = mark
        return response


@contextmanager
def of_run(number: int) -> Iterator[None]:
    """Mark all that is logged inside as this run's; `take_up` adds who asked for it."""
    kept, asked = _run.set(str(number)), _request.set(_request.get())
    try:
        yield
    finally:
        _request.reset(asked)
        _run.reset(kept)


def take_up(mark: str) -> None:
    """Go on under the mark of the request that caused this, until the surrounding block ends."""
    if mark:
        _request.set(mark)


def current_request() -> str:
    """The mark of the request that is answered, or worked for, here; empty where there is none."""
    return _request.get()


class MessageMarks(Middleware):
    """Has a message bear the mark of the request that sent it, and a worker work under it."""

    OPTION = "request"

    def __init__(self) -> None:
        self._kept: ContextVar[Token[str] | None] = ContextVar("kept", default=None)

    def before_enqueue(
        self, broker: dramatiq.Broker, message: dramatiq.Message[Any], delay: int | None
    ) -> None:
        if mark := _request.get():
            message.options.setdefault(self.OPTION, mark)

    def before_process_message(
        self, broker: dramatiq.Broker, message: dramatiq.MessageProxy
    ) -> None:
        mark = str(message.options.get(self.OPTION, ""))
        self._kept.set(_request.set(mark if _SOUND.fullmatch(mark) else ""))

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        if (kept := self._kept.get()) is not None:
            _request.reset(kept)
            self._kept.set(None)


class Marks(logging.Filter):
    """Lets every record pass, with `request`, `run` and both in brackets as `marks`."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_mark, record.run = _request.get(), _run.get()
        told = [("request", _request.get()), ("run", _run.get())]
        marks = ", ".join(f"{name} {value}" for name, value in told if value)
        record.marks = f" [{marks}]" if marks else ""
        return True
