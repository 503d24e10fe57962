"""Photographs of a film's characters; nothing of it where the archive tells no faces apart."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, reading, writing
from archive.api.of_reel import reel_named, reel_with_right
from archive.api.views import Revocable, Rows
from archive.models import Scan
from restoration import photographs
from restoration.models import Character, Photograph
from restoration.storage import storage
from review.api.cast import refuse_switched_off

_RIGHTS = {"GET": "review.view_cast"} | dict.fromkeys(("POST", "DELETE"), "review.keep_photographs")


class PhotographShown(serializers.ModelSerializer):
    """A photograph of a character; its pixels are at `reels/N/photographs/ID`."""

    by = serializers.CharField(source="by.username", default=None, allow_null=True)

    class Meta:
        model = Photograph
        fields = ("id", "character", "sha256", "width", "height", "source", "by", "at")


class PhotographSaid(serializers.Serializer):
    file = reading.Base64(help_text="PNG, JPEG, WebP or TIFF, as base64; only its pixels are kept")
    source = serializers.CharField(max_length=300, help_text="What it is and where it is from")


class Photographs(Rows):
    """Photographs of one character, by which the next run knows them."""

    rights: ClassVar = _RIGHTS
    queryset = Photograph.objects.all()
    serializer_class = PhotographShown
    reads = PhotographSaid
    parser_classes = (reading.LargeJSON,)

    def rows(self, user: Any) -> QuerySet[Photograph]:
        return self._character().photographs.select_related("by")

    def _character(self) -> Character:
        title = reel_with_right(self).element.title_id
        refuse_switched_off()
        found = Character.objects.filter(pk=self.kwargs["character"], title=title).first()
        if found is None:
            raise NotFound
        return found

    @extend_schema(responses={201: PhotographShown})
    def post(self, request: Request, pk: int, character: int) -> Response:
        """Keep a photograph; no run is started by it."""
        self._character()
        said = self.said()
        return writing.once(request, lambda: self._keep(said))

    def _keep(self, said: dict[str, Any]) -> Response:
        made = photographs.keep(
            scan_named(self), self._character(), said["file"], source=said["source"],
            by=signed_in(self.request._request),
        )  # fmt: skip
        where = f"/api/v1/reels/{self.kwargs['pk']}/photographs/{made.pk}"
        return Response(self.shown(made), 201, headers={"Location": where})


class OnePhotograph(Revocable):
    """A photograph's pixels, as JPEG; removed, the next run does not know it."""

    rights: ClassVar = _RIGHTS
    queryset = Photograph.objects.all()
    serializer_class = PhotographShown

    def rows(self, user: Any) -> QuerySet[Photograph]:
        title = reel_with_right(self).element.title_id
        refuse_switched_off()
        return Photograph.objects.filter(
            pk=self.kwargs["photograph"], character__title=title
        ).select_related("character")

    def row(self, **_named: Any) -> Any:
        return super().row(pk=self.kwargs["photograph"])

    def film_of(self, row: Photograph) -> None:
        return None  # the reel of the address was asked

    @extend_schema(
        operation_id="photograph",
        responses={(200, "image/jpeg"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, pk: int, photograph: int) -> HttpResponse:  # type: ignore[override]  # a file
        reading.wanted(request, None, ())
        try:
            jpeg = storage().folder(self.row().storage_key).read_bytes()
        except OSError as error:
            raise problems.Refused(
                "The file of this photograph is not in the store.", 410
            ) from error
        headers = {"Cache-Control": "private, no-store"}
        return HttpResponse(jpeg, content_type="image/jpeg", headers=headers)

    def take_back(self, row: Photograph, by: Any) -> None:
        photographs.remove(row, scan_named(self), by=by)


def scan_named(view: Any) -> Scan:
    """The newest scan of the reel of the address.

    Raises: NotFound; Refused if it has none.
    """
    scan = reel_named(view).current_scan()
    if scan is None:
        raise problems.Refused("Nothing was done: this reel has no scan.", 422)
    return scan
