"""What went wrong outside of a view: a page for people, a problem document below /api/."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from archive.api import problems
from archive.bucket import StoreError

log = logging.getLogger(__name__)
STORE_AWAY = (
    "The store of films cannot be asked for this file, or has lost it; the log says which. Try "
    "again later, or ask whoever runs the archive: manage.py doctor looks."
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_ours(request):
        return problems.answer(400, "Nothing was done: the request is not a sound one.")
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_ours(request):
        return problems.answer(403, str(exception) or "Not allowed.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_ours(request):
        return problems.answer(404, problems.NOTHING_HERE)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if problems.is_ours(request):
        words = "A fault of ours, which was logged. Nothing was changed. Try again later."
        return problems.answer(500, words)
    return defaults.server_error(request)


class StoreMiddleware:
    """A file that the bucket has lost, or that cannot be asked for, is told in words: 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, StoreError):
            return None
        log.error("%s", error)
        if problems.is_ours(request):
            return problems.answer(503, STORE_AWAY)
        return HttpResponse(f"{STORE_AWAY}\n", "text/plain; charset=utf-8", status=503)


@csrf_exempt
@login_not_required
def no_such_address(request: HttpRequest, **_rest: Any) -> HttpResponse:
    """Below /api/ nobody is sent to a log-in page, which no program can read."""
    return problems.answer(404, problems.NOTHING_HERE)
