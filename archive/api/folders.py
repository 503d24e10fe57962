"""Folders of numbered frames sent by a program: announced at once, each file sent in pieces, then
taken in as one scan."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive import folder_upload
from archive.access import signed_in
from archive.api import reading, writing
from archive.api.rows import LARGEST, Text
from archive.api.uploads import BYTES, TAKES_IN, OwnUploads, TakesBytes, UploadShown, in_words
from archive.api.views import Rows
from archive.folder_upload import OfferedFile
from archive.models import Upload, UploadedFrame


class FileSaid(serializers.Serializer):
    name = serializers.CharField(max_length=255)
    bytes = serializers.IntegerField(min_value=0, max_value=2**60)
    modified = serializers.IntegerField(
        min_value=0, max_value=LARGEST, required=False, default=0,
        help_text="Milliseconds since 1970: with names and sizes, by which a folder is known again",
    )  # fmt: skip


class FolderSaid(serializers.Serializer):
    """A folder of numbered frames (DPX, TIFF, PNG ...) that make one scan."""

    name = serializers.CharField(max_length=200, help_text="Of the folder")
    files = FileSaid(many=True, allow_empty=False, max_length=folder_upload.MOST_FILES)
    title = serializers.CharField(max_length=400)
    collection = Text(max_length=200)
    rate = Text(max_length=20, help_text="18, 24000/1001; DPX files may say it themselves")


class FrameShown(serializers.ModelSerializer):
    """One file of a folder, in the order of frames; `offset` bytes of `length` have arrived."""

    offset = serializers.SerializerMethodField()

    class Meta:
        model = UploadedFrame
        fields = ("id", "place", "name", "length", "offset")

    @extend_schema_field(OpenApiTypes.INT64)
    def get_offset(self, frame: UploadedFrame) -> int:
        return folder_upload.held(frame.upload, frame.name)


class Folders(OwnUploads):
    """Announce a folder. What it would be refused for later is refused now: a missing number, two
    sequences, no rate. The same folder announced again goes on where it stopped. Then send each
    file that `uploads/ID/frames` lists, and finish."""

    reads = FolderSaid
    parser_classes = (reading.LargeJSON,)
    pagination_class = None

    @extend_schema(responses={201: UploadShown})
    def post(self, request: Request) -> Response:
        said = self.said()
        return writing.once(request, lambda: self._announce(said))

    def _announce(self, said: dict[str, Any]) -> Response:
        offered = [OfferedFile(**each) for each in said.pop("files")]
        with in_words():
            made = folder_upload.announce(
                owner=signed_in(self.request._request), files=offered, **said
            )
        where = {"Location": f"/api/v1/uploads/{made.upload.pk}"}
        return Response(self.shown(self.row(pk=made.upload.pk)), 201, headers=where)


class Frames(Rows):
    """The files of a folder of yours that is being sent; none once it is whole."""

    rights: ClassVar = TAKES_IN
    queryset = UploadedFrame.objects.all()
    serializer_class = FrameShown
    order = ("place",)

    def rows(self, user: Any) -> QuerySet[UploadedFrame]:
        if not Upload.objects.filter(owner=user, pk=self.kwargs["pk"], files__gt=0).exists():
            raise NotFound
        return UploadedFrame.objects.filter(upload=self.kwargs["pk"]).select_related("upload")


class FrameBytes(TakesBytes):
    """The bytes of one file of a folder, in order."""

    queryset: Any = UploadedFrame.objects.all()
    serializer_class = FrameShown

    def rows(self, user: Any) -> QuerySet[Any]:
        found = UploadedFrame.objects.filter(upload=self.kwargs["pk"], upload__owner=user)
        return found.select_related("upload")

    def film_of(self, row: Any) -> None:
        return None

    @extend_schema(**BYTES | {"responses": {200: FrameShown}})
    def patch(self, request: Request, pk: Any, place: int) -> Response:
        """Add bytes at `Upload-Offset`; after a broken line, go on at the file's `offset`."""
        frame = self.row(place=place)
        with in_words():
            folder_upload.append(frame, **self.piece())
        return Response(self.shown(frame))


class FinishFolder(OwnUploads):
    """Every file has arrived: have the folder taken in. Files that are not whole are named."""

    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Upload]:
        return super().rows(user).filter(files__gt=0)

    @extend_schema(request=None, responses={200: UploadShown})
    def post(self, request: Request, pk: Any) -> Response:
        self.row()
        return writing.once(request, self._finish)

    def _finish(self) -> Response:
        with in_words():
            folder_upload.finish(self.row())
        return Response(self.shown(self.row()))
