"""What went wrong outside of a view: a page for people, a problem document below /api/."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from archive.api import problems


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


@csrf_exempt
@login_not_required
def no_such_address(request: HttpRequest, **_rest: Any) -> HttpResponse:
    """Below /api/ nobody is sent to a log-in page, which no program can read."""
    return problems.answer(404, problems.NOTHING_HERE)
