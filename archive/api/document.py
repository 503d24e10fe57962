"""The OpenAPI document: what drf-spectacular finds, and what all addresses share."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.validation import validate_schema
from jsonschema import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.problems import MEDIA_TYPE, Problem
from archive.api.writing import LONGEST_KEY

WRITES = ("POST", "PATCH", "DELETE")


class Describe(AutoSchema):
    """Filters as parameters, the headers of writes, and one answer for all that goes wrong."""

    def get_override_parameters(self) -> list[Any]:
        filters = getattr(self.view, "filters", None)
        found: list[Any] = [filters] if filters is not None and self.method == "GET" else []
        if self.method in WRITES and self.view.scope and self.view.is_keyed:
            found.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    {"type": "string", "maxLength": LONGEST_KEY},
                    OpenApiParameter.HEADER,
                    description="The same key and body again are answered as before, and not done.",
                )
            )
        if self.method in WRITES and self.view.is_guarded:
            found.append(
                OpenApiParameter(
                    "If-Match",
                    str,
                    OpenApiParameter.HEADER,
                    required=True,
                    description="The ETag of the state that you saw.",
                )
            )
        return found

    def get_request_serializer(self) -> Any:
        return getattr(self.view, "reads", None)

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        problem = self._get_response_for_code(Problem, "default", [MEDIA_TYPE], direction)
        return bodies | {"default": problem | {"description": "What went wrong (RFC 9457)"}}

    def get_tags(self) -> list[str]:
        rest = self.path.removeprefix("/api/v1/").split("/")
        return [rest[0]]


def ours(endpoints: list[Any]) -> list[Any]:
    """The addresses of this interface alone."""
    return [each for each in endpoints if each[0].startswith("/api/v1/")]


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """OpenAPI 3.0 of all addresses; the same for everybody."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def in_a_line() -> str:
    """How much there is to ask, and whether the document holds against OpenAPI's own schema."""
    told = document()
    acts = sum(len(methods) for methods in told["paths"].values())
    counted = f"{len(told['paths'])} addresses, {acts} things to ask or do"
    try:
        validate_schema(told)
    except ValidationError as error:
        return f"{counted}; its document is not valid: {error.message}"
    return f"{counted}; its OpenAPI document is valid."


class Schema(APIView):
    """The document, open to everybody: it says what there is to ask, and nothing of the archive."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    schema = None

    def get(self, request: Any) -> Response:
        return Response(document(), headers={"Cache-Control": "public, max-age=300"})
