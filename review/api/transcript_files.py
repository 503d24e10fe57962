"""Transcripts that come in as files, and go out as files."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, reading, writing
from archive.api.catalogue import reels_of
from archive.api.of_reel import reel_with_right
from archive.api.rows import Text
from archive.api.views import Endpoint
from archive.models import Reel
from restoration import transcripts
from restoration.models import Transcript
from restoration.speech.transcript import TranscriptError
from review import transcript_files
from review.api.scenes import TranscriptShown
from review.formats.subtitles import SubtitleError

problems.answer_with(422, SubtitleError, TranscriptError)


class TranscriptSaid(serializers.Serializer):
    """An SRT, WebVTT or transcript JSON file of up to 20 MB."""

    name = serializers.RegexField(
        r"^[^/\\]{1,140}\.([sS][rR][tT]|[vV][tT][tT]|[jJ][sS][oO][nN])$",
        help_text="Of the file, with its ending",
    )
    file = reading.Base64(help_text="The file, as base64")
    source = serializers.CharField(max_length=250, help_text="Where it is from, and who wrote it")
    maker = serializers.ChoiceField(Transcript.Maker.choices)
    language = Text(max_length=12)


class TakeInTranscript(Endpoint):
    """Take a file in as a new transcript of the reel's scan; earlier ones stay."""

    rights: ClassVar = {"POST": "review.import_transcript"}
    queryset = Reel.objects.all()
    serializer_class = TranscriptShown
    reads = TranscriptSaid
    parser_classes = (reading.LargeJSON,)
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Reel]:
        return reels_of(user)

    @extend_schema(responses={201: TranscriptShown})
    def post(self, request: Request, pk: int) -> Response:
        reel_with_right(self)
        said = self.said()
        return writing.once(request, lambda: self._take_in(said))

    def _take_in(self, said: dict[str, Any]) -> Response:
        scan = reel_with_right(self).current_scan()
        if scan is None:
            raise problems.Refused("Nothing was taken in: this reel has no scan.", 422)
        name = said["name"]
        lines = transcript_files.read(
            name, said["file"], rate=scan.rate, language=said.get("language", "")
        )
        made = transcripts.keep(
            scan, lines, source=f"{said['source']} ({name})", maker=said["maker"],
            by=signed_in(self.request._request),
        )  # fmt: skip
        return Response(self.shown(made), 201)
