"""The trash: what lies in it, put there, brought back, held. It is emptied by its time alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in, with_right, without_held
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.of_reel import reel_with_right
from archive.api.rows import Id, Text
from archive.api.views import Endpoint, Row, Rows
from archive.models import Reel, TrashedReel
from archive.trash import empties_at
from review import trash

_DISCARD = dict.fromkeys(("GET", "POST"), "archive.discard")

problems.answer_with(409, trash.TrashRefused)


class TrashedShown(serializers.ModelSerializer):
    """A reel that nobody sees any more. It is emptied at `empties` (null: never, it is held or the
    archive keeps all); then its files are gone and its record stays."""

    id = serializers.IntegerField(source="pk", help_text="The reel's number")
    name = serializers.CharField(source="reel.element.title.name", help_text="Of the title")
    by = serializers.CharField(source="by.username")
    held_by = serializers.CharField(source="held_by.username", default=None, allow_null=True)
    empties = serializers.SerializerMethodField()

    class Meta:
        model = TrashedReel
        fields = (
            *("id", "name", "act", "at", "by", "reason", "held", "held_by", "empties", "emptied"),
        )

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_empties(self, row: TrashedReel) -> str | None:
        at = empties_at(row)
        return serializers.DateTimeField().to_representation(at) if at is not None else None


class TrashFilters(serializers.Serializer):
    act = serializers.UUIDField(required=False, help_text="What was put there at once")
    reel = Id()


class PutSaid(serializers.Serializer):
    reason = serializers.CharField(max_length=400, help_text="It stands in the reel's custody")
    whole_title = serializers.BooleanField(
        required=False, default=False, help_text="All reels of its title that you may put there"
    )


class HoldSaid(serializers.Serializer):
    reason = Text(max_length=400, help_text="Left out or empty: the hold ends")


class Trash(Rows):
    """What lies in the trash."""

    rights: ClassVar = _DISCARD
    queryset = TrashedReel.objects.all()
    serializer_class = TrashedShown
    filters = TrashFilters

    def rows(self, user: Any) -> QuerySet[TrashedReel]:
        return trashed_of(user)


class OneTrashed(Row):
    """A reel in the trash."""

    rights: ClassVar = _DISCARD
    queryset = TrashedReel.objects.all()
    serializer_class = TrashedShown

    def rows(self, user: Any) -> QuerySet[TrashedReel]:
        return trashed_of(user)


class PutInTrash(Endpoint):
    """Put a reel, or all reels of its title, in the trash: out of sight of everybody at once, and
    back as it was until it is emptied. Refused while runs or deliveries of it are under way."""

    rights: ClassVar = _DISCARD
    queryset = Reel.objects.all()
    serializer_class = TrashedShown
    reads = PutSaid
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Reel]:
        return reels_of(user)

    @extend_schema(responses={201: TrashedShown(many=True)})
    def post(self, request: Request, pk: int) -> Response:
        return writing.once(request, self._put)

    def _put(self) -> Response:
        # Within `once`: asked again, the reel is out of sight, and the answer is as before.
        by, reels = signed_in(self.request._request), [reel_with_right(self)]
        said = self.said()
        if said["whole_title"]:
            of_title = Reel.objects.filter(element__title=reels[0].title)
            reels = list(without_held(by, of_title, right=_DISCARD["POST"]))
        made = trash.put(reels, by=by, reason=said["reason"])
        shown = trashed_of(by).filter(pk__in=[row.pk for row in made]).order_by("pk")
        return Response(TrashedShown(shown, many=True).data, 201)


class _OfTrashed(Endpoint):
    rights: ClassVar = _DISCARD
    queryset = TrashedReel.objects.all()
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[TrashedReel]:
        return trashed_of(user)


class RestoreFromTrash(_OfTrashed):
    """Bring a reel back with everything."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        return writing.once(request, self._restore)

    def _restore(self) -> Response:
        made = trash.restore(self.row(), by=signed_in(self.request._request))
        return Response(status=204, headers={"Location": f"/api/v1/reels/{made.pk}"})


class HoldInTrash(_OfTrashed):
    """Keep a reel in the trash from being emptied, or let go of it again."""

    serializer_class = TrashedShown
    reads = HoldSaid

    @extend_schema(responses={200: TrashedShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._hold(said))

    def _hold(self, said: dict[str, Any]) -> Response:
        trash.hold(self.row(), by=signed_in(self.request._request), reason=said.get("reason", ""))
        return Response(self.shown(self.row()))


def trashed_of(user: Any) -> QuerySet[TrashedReel]:
    """Seen by who may put reels there; films of collections in which they may not are left out."""
    rows = TrashedReel.objects.select_related("reel__element__title__collection", "by", "held_by")
    return with_right(user, _DISCARD["GET"], rows, "reel__")
