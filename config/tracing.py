"""A mark on everything that is logged for one request or one run, so that it can be followed.

Each answer bears its request's mark as `X-Request-ID`; a proxy that is trusted (BEHIND_HTTPS) may
give one. A worker's lines, and those of the process that computes for it, bear the run's number.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

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
    """Mark all that is logged inside as this run's."""
    kept = _run.set(str(number))
    try:
        yield
    finally:
        _run.reset(kept)


def current_request() -> str:
    """The mark of the request that is answered here; empty outside of one."""
    return _request.get()


class Marks(logging.Filter):
    """Lets every record pass, with `request`, `run` and both in brackets as `marks`."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_mark, record.run = _request.get(), _run.get()
        told = [("request", _request.get()), ("run", _run.get())]
        marks = ", ".join(f"{name} {value}" for name, value in told if value)
        record.marks = f" [{marks}]" if marks else ""
        return True
