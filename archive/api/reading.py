"""What is read of a request: JSON alone, of a bounded size, with nothing that no database holds."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from archive.api.problems import BadQuery, Refused

MOST_BYTES = 1 << 20
"""Of a body: descriptions and drawings are small, and films come another way."""


class BoundedJSON(JSONParser):
    most_bytes = MOST_BYTES

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        raw = stream.read(self.most_bytes + 1)
        if len(raw) > self.most_bytes:
            raise Refused(f"Nothing was done: a body may have {self.most_bytes >> 20} MiB.", 413)
        try:
            found = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
            # What JSON can say and no database holds: half a character, and NUL.
            if "\\u0000" in json.dumps(found, allow_nan=False):
                raise ValueError("it holds a NUL character")
            json.dumps(found, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise ParseError(f"Nothing was done: the body is no sound JSON ({error}).") from error
        return found


class LargeJSON(BoundedJSON):
    """Of addresses that take pictures, tables, or the names of a whole folder's files."""

    most_bytes = 32 << 20


class Base64(serializers.CharField):
    """Bytes, written as base64 (RFC 4648)."""

    def to_internal_value(self, data: Any) -> bytes:
        try:
            return base64.b64decode(super().to_internal_value(data), validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError("That is no base64.") from error


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


class JSONAlone(DefaultContentNegotiation):
    """Answers in JSON whatever is asked for: an error in another language would help nobody."""

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)


def wanted(request: Request, filters: type[Serializer] | None, also: tuple[str, ...]) -> Any:
    """The parameters of the address that narrow a list, checked.

    Args:
        also: names that others read.

    Raises: BadQuery; also for a name that nobody knows, since a misspelt filter that is passed over
        would answer with everything.
    """
    known = filters(data=request.query_params) if filters is not None else None
    names = set(known.fields) if known is not None else set()
    strange = sorted(set(request.query_params) - names - set(also))
    if strange:
        offered = ", ".join(sorted(names | set(also))) or "none"
        raise BadQuery({strange[0][:60]: f"No such parameter; there are: {offered}."})
    if any("\x00" in value for value in request.query_params.values()):
        raise BadQuery({"": "A parameter holds a NUL character."})
    if known is None:
        return {}
    if not known.is_valid():
        raise BadQuery(known.errors)
    return {name: value for name, value in known.validated_data.items() if value not in ("", None)}
