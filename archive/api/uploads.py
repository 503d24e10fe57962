"""Films sent by a program, in pieces that go on after a broken line, as from the pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from archive import upload as uploads
from archive import upload_places as places
from archive.access import signed_in
from archive.api import problems, writing
from archive.api.pages import PagesByTime
from archive.api.rows import LARGEST, Text
from archive.api.views import Endpoint, Row, Rows
from archive.errors import UploadError
from archive.models import Upload
from archive.upload_views import read_checksum

TAKES_IN = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), "archive.ingest")
PIECE = "application/offset+octet-stream"


class UploadShown(serializers.ModelSerializer):
    """A film on its way in. `offset` bytes of `length` have arrived; once it is whole a worker
    takes it in, and `reel` names what became of it, or `error` why it was refused."""

    offset = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = (
            *("id", "name", "files", "length", "offset", "title", "collection", "rate", "status"),
            *("error", "reel", "existing", "frames_done", "created", "touched"),
        )

    @extend_schema_field(OpenApiTypes.INT64)
    def get_offset(self, upload: Upload) -> int:
        return places.received(upload)


class UploadFilters(serializers.Serializer):
    status = serializers.ChoiceField(Upload.Status.choices, required=False)


class UploadSaid(serializers.Serializer):
    """A video file that will be sent."""

    name = serializers.CharField(max_length=200, help_text="Of the file")
    length = serializers.IntegerField(min_value=0, max_value=LARGEST, help_text="Bytes")
    title = serializers.CharField(max_length=400)
    collection = Text(max_length=200)
    rate = Text(max_length=20, help_text="18, 24000/1001; left out: the file's own")


class RetrySaid(serializers.Serializer):
    title = Text(max_length=400)
    rate = Text(max_length=20)


@contextmanager
def in_words() -> Iterator[None]:
    """A refusal of an upload with its own status."""
    try:
        yield
    except UploadError as error:
        raise problems.Refused(str(error), error.status) from error


class OwnUploads(Endpoint):
    """Uploads are their owner's alone."""

    rights: ClassVar = TAKES_IN
    queryset = Upload.objects.all()
    serializer_class: Any = UploadShown

    def rows(self, user: Any) -> QuerySet[Upload]:
        return Upload.objects.filter(owner=user)


class Uploads(OwnUploads, Rows):
    """Your uploads, those from the pages too."""

    filters = UploadFilters
    reads = UploadSaid
    order = ("created",)
    pagination_class = PagesByTime

    @extend_schema(responses={201: UploadShown})
    def post(self, request: Request) -> Response:
        """Announce a file. Then send its bytes to `uploads/ID/bytes`, in pieces of any size."""
        said = self.said()
        return writing.once(request, lambda: self._announce(said))

    def _announce(self, said: dict[str, Any]) -> Response:
        with in_words():
            made = uploads.create(owner=signed_in(self.request._request), **said)
        where = {"Location": f"/api/v1/uploads/{made.pk}"}
        return Response(self.shown(made), 201, headers=where)


class OneUpload(OwnUploads, Row):
    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: Any) -> Response:
        """Stop it, or throw a refused file away; a film in custody is never touched."""
        return writing.once(request, self._discard)

    def _discard(self) -> Response:
        with in_words():
            uploads.discard(self.row())
        return Response(status=204)


class RetryUpload(OwnUploads):
    """Have a refused film taken in once more, with another rate or title."""

    reads = RetrySaid
    pagination_class = None

    @extend_schema(responses={200: UploadShown})
    def post(self, request: Request, pk: Any) -> Response:
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._retry(said))

    def _retry(self, said: dict[str, Any]) -> Response:
        with in_words():
            uploads.retry(self.row(), rate=said.get("rate", ""), title=said.get("title", ""))
        return Response(self.shown(self.row()))


class Pieces(BaseParser):
    """Bytes are not read here: they go from the line to the disk."""

    media_type = PIECE

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream


BYTES: Any = {
    "request": {PIECE: OpenApiTypes.BINARY},
    "responses": {200: UploadShown},
    "parameters": [
        OpenApiParameter(
            "Upload-Offset", {"type": "integer", "minimum": 0}, OpenApiParameter.HEADER,
            required=True, description="Where these bytes begin: `offset` of the file",
        ),
        OpenApiParameter(
            "Upload-Checksum", str, OpenApiParameter.HEADER,
            description="`sha256 BASE64`: bytes that are others are thrown away (460)",
        ),
    ],
}  # fmt: skip
"""What is said of addresses that take bytes."""


class TakesBytes(OwnUploads):
    """Bytes of a file, in order."""

    parser_classes = (Pieces,)
    pagination_class = None
    is_keyed = False
    """The offset says which piece it is: one that was sent before is refused with 409."""

    def piece(self) -> dict[str, Any]:
        """What a request carries, as `upload.append` and `folder_upload.append` take it.

        Raises: Refused, UploadError.
        """
        if self.request.content_type != PIECE:
            raise problems.Refused(f"Nothing was kept: send bytes as {PIECE}.", 415)
        offset = self.request.headers.get("Upload-Offset", "")
        if not (offset.isascii() and offset.isdecimal() and len(offset) < 19):
            raise problems.Refused("Nothing was kept: Upload-Offset is a whole number.", 400)
        checksum = read_checksum(self.request.headers.get("Upload-Checksum", ""))
        return {"offset": int(offset), "source": self.request._request, "checksum": checksum}


class UploadBytes(TakesBytes):
    """The bytes of a file, in order; the last has the film taken in."""

    def rows(self, user: Any) -> QuerySet[Upload]:
        return super().rows(user).filter(files=0)

    @extend_schema(**BYTES)
    def patch(self, request: Request, pk: Any) -> Response:
        """Add bytes at `Upload-Offset`. What arrived before the line broke stays: ask for the
        upload, and go on at its `offset`."""
        upload = self.row()
        with in_words():
            uploads.append(upload, **self.piece())
        return Response(self.shown(self.row()))
