"""Faces put together and parted by hand, where a run took two for one, or one for two."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.of_reel import reel_with_right
from archive.api.rows import Id
from archive.api.views import Endpoint
from archive.models import Reel
from restoration import regrouping
from restoration.models import FaceTrack
from review.api.cast import faces_of, refuse_switched_off

_NAME: dict[str, str] = {"POST": "review.name_faces"}
MOST = 500


class _OfFace(Endpoint):
    rights: ClassVar = _NAME
    queryset = FaceTrack.objects.all()
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[FaceTrack]:
        return faces_of(user)


class SameSaid(serializers.Serializer):
    face = Id(required=True, help_text="Of the person whom this is")


class PutTogether(_OfFace):
    """This face, and all that are alike to it, show the person of another one."""

    reads = SameSaid

    @extend_schema(responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        refuse_switched_off()
        said = self.said()
        return writing.once(request, lambda: self._put(said))

    def _put(self, said: dict[str, Any]) -> Response:
        face = self.row()
        other = faces_of(self.request.user).filter(scan=face.scan, pk=said["face"]).first()
        if other is None:
            raise problems.Refused("Nothing was changed: this reel has no such face.", 422)
        regrouping.put_together(face, other, by=signed_in(self.request._request))
        return Response(status=204)


class PutBack(_OfFace):
    """All faces of its person are again of whom the run took them for."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        refuse_switched_off()
        return writing.once(request, self._back)

    def _back(self) -> Response:
        regrouping.put_back(self.row(), by=signed_in(self.request._request))
        return Response(status=204)


class PartSaid(serializers.Serializer):
    faces = serializers.ListField(
        child=Id(), allow_empty=False, max_length=MOST, help_text="Of one person"
    )


class PartShown(serializers.Serializer):
    person = serializers.IntegerField(help_text="The number that they share from now on")


class PartFaces(Endpoint):
    """Faces of a reel show somebody else than those that they were put to."""

    rights: ClassVar = _NAME
    queryset = Reel.objects.all()
    serializer_class = PartShown
    reads = PartSaid
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Reel]:
        return reels_of(user)

    @extend_schema(responses={200: PartShown})
    def post(self, request: Request, pk: int) -> Response:
        reel_with_right(self)
        refuse_switched_off()
        said = self.said()
        return writing.once(request, lambda: self._part(said))

    def _part(self, said: dict[str, Any]) -> Response:
        reel, wanted = reel_with_right(self), set(said["faces"])
        faces = list(faces_of(self.request.user).filter(scan__reel=reel, pk__in=wanted))
        if len(faces) != len(wanted):
            raise problems.Refused("Nothing was changed: this reel has no such face.", 422)
        person = regrouping.part(faces, by=signed_in(self.request._request))
        return Response({"person": person})
