"""A reel's description as files of other systems' kinds, out and in; and how it came to be."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from archive import description, exchange
from archive.access import signed_in
from archive.api import problems, reading, writing
from archive.api.catalogue import BROWSE, reels_of
from archive.api.of_reel import reel_with_right
from archive.api.views import Endpoint, Rows
from archive.errors import DescriptionRefused
from archive.models import Event, Reel

HISTORY = "archive.view_history"
DESCRIBE = "archive.describe"

problems.answer_with(422, DescriptionRefused)


class _OfReel(Endpoint):
    queryset = Reel.objects.all()
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Reel]:
        return reels_of(user)


class RecordOut(_OfReel):
    """The description as XML: `pbcore` (2.1) or `dc` (Dublin Core) for everybody who sees the
    reel, `premis` (3) or `mets` with its events for staff."""

    rights: ClassVar = BROWSE

    @extend_schema(
        operation_id="record",
        responses={(200, "application/xml"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, pk: int, kind: str) -> HttpResponse:
        reading.wanted(request, None, ())
        reel = reel_with_right(self)
        if kind not in exchange.OUT:
            raise NotFound
        if kind in exchange.STAFF_ONLY and not request.user.has_perm(HISTORY, reel):
            raise PermissionDenied("What happened in the house is for its staff.")
        name = f"reel-{reel.pk}-{kind}.xml"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(exchange.OUT[kind](reel), content_type="application/xml",
                            headers=headers)  # fmt: skip


class RecordSaid(serializers.Serializer):
    name = serializers.CharField(max_length=200, help_text="Of the file; it stands in the history")
    file = reading.Base64(help_text="PBCore 2.1 or Dublin Core as XML, as base64")


class TakenIn(serializers.Serializer):
    """What reads differently now, part by part: each field with what it said and says."""

    changes = serializers.JSONField()


class RecordIn(_OfReel):
    """Let the description say what another system's record says; what the record leaves out
    stays."""

    rights: ClassVar = {"POST": DESCRIBE}
    serializer_class = TakenIn
    reads = RecordSaid
    parser_classes = (reading.LargeJSON,)

    @extend_schema(responses={200: TakenIn})
    def post(self, request: Request, pk: int) -> Response:
        reel_with_right(self)
        said = self.said()
        return writing.once(request, lambda: self._take_in(said))

    def _take_in(self, said: dict[str, Any]) -> Response:
        reel, by = reel_with_right(self), signed_in(self.request._request)
        record = exchange.read(said["file"])
        changes = exchange.take_in(reel, record, by=by, source=said["name"])
        return Response({"changes": changes})


class ChangeShown(serializers.ModelSerializer):
    """One change of what the description says: `detail` names each field with what it said before
    and says since, or what an examination found."""

    by = serializers.CharField(source="agent.name")
    detail = serializers.JSONField()

    class Meta:
        model = Event
        fields = ("id", "at", "kind", "subject", "by", "detail")


class History(Rows):
    """Every change of what a reel's description says, the newest first."""

    rights: ClassVar = {"GET": HISTORY}
    queryset = Event.objects.all()
    serializer_class = ChangeShown
    order = ("-pk",)

    def rows(self, user: Any) -> QuerySet[Event]:
        return description.history(reel_with_right(self))
