"""One shape for everything that goes wrong: RFC 9457, application/problem+json.

{"type": "/api/v1/#conflict", "title": "...", "status": 409, "detail": "what to do next",
 "request": "mark in the log", "errors": [{"pointer": "/credits/0/role", "detail": "..."}]}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from config import tracing

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: ("invalid", "What was sent is not right"),
    401: ("not-logged-in", "Nobody is logged in"),
    403: ("forbidden", "Not allowed"),
    404: ("not-found", "There is nothing here"),
    405: ("method", "This address does not take that method"),
    409: ("conflict", "It cannot be done as things stand"),
    410: ("gone", "It may not be fetched any more"),
    412: ("changed", "Somebody changed it meanwhile"),
    413: ("too-large", "Too much was sent"),
    415: ("media-type", "Only JSON is read here"),
    422: ("refused", "It was understood, and refused"),
    428: ("if-match", "Say which state you saw"),
    429: ("too-many", "Too many requests"),
    500: ("fault", "A fault of ours"),
    503: ("away", "Not possible at the moment"),
}
NOTHING_HERE = "There is nothing here, or it is not open to you."
_REFUSALS: dict[type[Exception], int] = {}


class Problem(serializers.Serializer):
    """What every error looks like."""

    type = serializers.CharField(help_text="Address of what it means")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened and what to do next")
    request = serializers.CharField(required=False, help_text="Its mark in the log")
    errors = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField()),
        required=False,
        help_text="Each with `detail` and the `pointer` into the body or the `parameter`",
    )


class BadQuery(exceptions.ValidationError):
    """Parameters of the address that make no sense."""


class Refused(exceptions.APIException):
    """An answer with that status, in words that say what to do next."""

    def __init__(self, detail: str, status: int) -> None:
        self.status_code = status
        super().__init__(detail)


def answer_with(status: int, *refusals: type[Exception]) -> None:
    """Have these exceptions, whose messages people may read, answered with a status."""
    _REFUSALS.update(dict.fromkeys(refusals, status))


def body(status: int, detail: str, **more: Any) -> dict[str, Any]:
    name, title = TITLES.get(status, ("error", "It could not be done"))
    told = {"type": f"/api/v1/#{name}", "title": title, "status": status, "detail": detail}
    if mark := tracing.current_request():
        told["request"] = mark
    return told | {name: value for name, value in more.items() if value}


def handle(error: Exception, context: Any) -> Response | None:
    """DRF's exception handler; None leaves a fault of ours to Django, which logs it."""
    status, detail, headers = _told(error)
    if status is None:
        return None
    errors = list(_faults(error)) if isinstance(error, exceptions.ValidationError) else []
    errors += [{"detail": str(reason)} for reason in getattr(error, "reasons", ())]
    told = body(status, detail, errors=errors)
    return Response(told, status, headers=headers, content_type=MEDIA_TYPE)


def _told(error: Exception) -> tuple[int | None, str, dict[str, str]]:
    if isinstance(error, Http404 | exceptions.NotFound):
        return 404, NOTHING_HERE, {}
    if isinstance(error, DjangoPermissionDenied):
        return 403, str(error) or TITLES[403][1], {}
    if isinstance(error, exceptions.ValidationError):
        where = "the address" if isinstance(error, BadQuery) else "the body"
        return 400, f"Nothing was done: see `errors` for what is wrong in {where}.", {}
    if isinstance(error, exceptions.APIException):
        return error.status_code, str(error.detail), _headers(error)
    for kind, status in _REFUSALS.items():
        if isinstance(error, kind):
            return status, str(error), {}
    return None, "", {}


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait) + 1)
    return headers


def _faults(error: exceptions.ValidationError) -> Iterator[dict[str, str]]:
    name = "parameter" if isinstance(error, BadQuery) else "pointer"
    for path, detail in _leaves(error.detail, ""):
        yield {name: path.lstrip("/") if name == "parameter" else path, "detail": detail}


def _leaves(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{name}"
            yield from _leaves(inner, path + step)
    elif isinstance(detail, list) and any(isinstance(each, dict | list) for each in detail):
        for place, inner in enumerate(detail):
            yield from _leaves(inner, f"{path}/{place}")
    elif isinstance(detail, list):
        yield from ((path, str(each)) for each in detail)
    else:
        yield path, str(detail)


def answer(status: int, detail: str) -> HttpResponse:
    """The same outside of DRF."""
    return JsonResponse(body(status, detail), status=status, content_type=MEDIA_TYPE)


def is_ours(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
