"""Single frames of scans and takes, and takes' maps, as PNG: for programs, by their token, and for
pages of others by an address that ends after some minutes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive import reading as readers
from archive.api import addresses, problems, reading
from archive.api.catalogue import BROWSE, reels_of
from archive.api.views import Endpoint
from archive.models import Scan
from archive.views import scan_frame_png
from restoration import frame_pictures
from restoration.api.takes import SEE_WORK, takes_of
from restoration.models import Take

_PNG: Any = {(200, "image/png"): OpenApiResponse(OpenApiTypes.BINARY)}
_FORGOTTEN = {"Cache-Control": "private, no-store"}
"""What may be closed to somebody tomorrow lies in no cache."""
PICTURE = "api-picture"


class PictureAsked(serializers.Serializer):
    of = serializers.ChoiceField(
        frame_pictures.KINDS, required=False, default="take",
        help_text="The frame, its map laid over it, the error to expect, or how far what was made "
        "up lies from the scan",
    )  # fmt: skip
    plane = serializers.ChoiceField(
        frame_pictures.PLANES, required=False, default="structure", help_text="Of the map"
    )


class ScanFrame(Endpoint):
    """A frame of a scan, exact, as PNG."""

    rights: ClassVar = BROWSE
    queryset = Scan.objects.all()
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Scan]:
        return Scan.objects.filter(reel__in=reels_of(user)).select_related("reel")

    @extend_schema(operation_id="scan_frame", responses=_PNG)
    def get(self, request: Request, pk: int, frame: int) -> HttpResponse:
        reading.wanted(request, None, ())
        scan = self.row()
        readers.note(request._request, scan.reel)
        try:
            response = scan_frame_png(scan, frame)
        except Http404 as error:
            raise problems.Refused(str(error), 409 if frame < scan.frames else 404) from error
        response.headers["Cache-Control"] = _FORGOTTEN["Cache-Control"]
        return response


class TakeFrame(Endpoint):
    """A frame of a take as PNG, numbered as in the scan, or its map over it."""

    rights: ClassVar = SEE_WORK
    queryset = Take.objects.all()
    filters = PictureAsked
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Take]:
        return takes_of(user).select_related("scan__reel")

    @extend_schema(operation_id="take_frame", responses=_PNG)
    def get(self, request: Request, pk: int, frame: int) -> HttpResponse:
        asked = reading.wanted(request, PictureAsked, ())
        take = self.row()
        readers.note(request._request, take.scan.reel)
        try:
            picture = frame_pictures.shown(take, frame, asked["of"], asked["plane"])
        except frame_pictures.NoPicture as error:
            raise problems.Refused(str(error), error.status) from error
        return HttpResponse(picture, content_type="image/png", headers=_FORGOTTEN)


class TakeFrameLink(Endpoint):
    """An address at which that picture opens without a token; it ends after five minutes, or when
    you may not see the film any more."""

    rights: ClassVar = {"POST": SEE_WORK["GET"]}
    scope = "read"
    queryset = Take.objects.all()
    serializer_class = addresses.LinkShown
    reads = PictureAsked
    is_keyed = False
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Take]:
        return takes_of(user)

    @extend_schema(responses={201: addresses.LinkShown})
    def post(self, request: Request, pk: int, frame: int) -> Response:
        take, said = self.row(), self.said()
        if not take.start_frame <= frame < take.end_frame:
            raise NotFound
        told = addresses.link(request, PICTURE, take.pk, frame, said["of"], said["plane"])
        return Response(told, 201)


@login_not_required
@require_safe
def picture(request: HttpRequest, signed: str) -> HttpResponse:
    right = SEE_WORK["GET"]
    try:
        user, what = addresses.opened(PICTURE, signed, right=right, scope="read")
    except signing.BadSignature:
        return problems.answer(404, "This address opens nothing, or not any more: ask for another.")
    pk, frame, kind, plane = what
    take = takes_of(user).select_related("scan__reel").filter(pk=pk).first() if user else None
    if user is None or take is None or not user.has_perm(right, take.scan.reel):
        return problems.answer(404, problems.NOTHING_HERE)
    try:
        data = frame_pictures.shown(take, frame, kind, plane)
    except frame_pictures.NoPicture as error:
        return problems.answer(error.status, str(error))
    readers.write(user, {take.scan.reel_id}, what=PICTURE, address="", media=True)
    return HttpResponse(data, content_type="image/png", headers=_FORGOTTEN)
