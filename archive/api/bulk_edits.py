"""One field set for many reels at once: tried first, told reel by reel, taken back as an import."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from archive import importing
from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.imports import Imported
from archive.api.rows import Text
from archive.api.views import Endpoint
from archive.models import Reel

_DESCRIBE = "archive.describe"
MOST = 1_000
"""Reels of one request."""


class ManySaid(serializers.Serializer):
    """The rows of the answer are numbered from 1, in the order of `reels`."""

    reels = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), allow_empty=False,
        max_length=MOST,
    )  # fmt: skip
    column = serializers.ChoiceField(importing.EDITABLE)
    value = Text(max_length=2000)
    empty = serializers.BooleanField(
        required=False, default=False, help_text="The column is to say nothing; without a value"
    )
    dry_run = serializers.BooleanField(required=False, default=False)


class BulkEdits(Endpoint):
    """Let one column say one thing of many reels, or nothing (`empty`), or only try it (`dry_run`).
    Reels that the column does not fit are refused and stop no other; a number that names no reel
    which you describe refuses all. `imports/ID/undo` takes it back."""

    rights: ClassVar = {"POST": _DESCRIBE}
    queryset = Reel.objects.all()
    serializer_class = Imported
    reads = ManySaid
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Reel]:
        return reels_of(user, _DESCRIBE)

    @extend_schema(responses={200: Imported})
    def post(self, request: Request) -> Response:
        said = self.said()
        return writing.once(request, lambda: self._edit(said))

    def _edit(self, said: dict[str, Any]) -> Response:
        by, wanted = signed_in(self.request._request), list(dict.fromkeys(said["reels"]))
        known = set(self.rows(by).filter(pk__in=wanted).values_list("pk", flat=True))
        if unknown := [pk for pk in wanted if pk not in known]:
            raise problems.Refused(
                f"Nothing was changed: there is no reel {unknown[0]} that you describe.", 422
            )
        value = said.get("value", "")
        if bool(value.strip()) == said["empty"]:
            raise ValidationError({"value": ["Say what it is to be, or `empty`: one of both."]})
        if not importing.may_set(said["column"], value, by=by):
            raise ValidationError({"value": ["You do not describe films of that collection."]})
        made = importing.edit_many(
            wanted, said["column"], value, empty=said["empty"], by=by, dry_run=said["dry_run"]
        )
        told = made.as_json()
        if not made.done:
            told["import"] = None
        return Response(told)
