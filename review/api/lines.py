"""Many lines of a transcript in one act: who speaks, words found and replaced, taken back."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, reading, writing
from archive.api.catalogue import reels_of
from archive.api.of_reel import reel_with_right
from archive.api.rows import Text
from archive.api.views import Endpoint
from archive.models import Reel
from restoration import together
from restoration.models import Transcript
from restoration.speech.replacing import Wanted
from review.api.corrections import CorrectionShown
from review.replacing import preview, replace_in
from review.speaking import name_speaker

_CORRECT = "review.correct_transcript"
_SCOPES = (("line", "this line"), ("voice", "this voice"), ("everywhere", "everywhere"))


class _Lines(Endpoint):
    rights: ClassVar = dict.fromkeys(("GET", "POST", "DELETE"), _CORRECT)
    queryset = Reel.objects.all()
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Reel]:
        return reels_of(user)

    def newest(self) -> Transcript:
        """The reel's newest transcript.

        Raises: NotFound, PermissionDenied, Refused if the reel has none.
        """
        reel = reel_with_right(self)
        found = Transcript.objects.filter(scan=reel.current_scan()).select_related("scan__reel")
        transcript = found.order_by("-number").first()
        if transcript is None:
            raise problems.Refused("Nothing was done: this reel has no transcript.", 422)
        return transcript


class SpeakerSaid(serializers.Serializer):
    key = serializers.CharField(max_length=120, help_text="Of a line in `reels/N/lines`")
    seen = Text(help_text="How it read: needed for a line")
    speaker = serializers.CharField(max_length=200)
    scope = serializers.ChoiceField(_SCOPES)


class LinesChanged(serializers.Serializer):
    lines = serializers.IntegerField()


class NameSpeaker(_Lines):
    """Say who speaks: in one line, in all lines of its voice, or wherever its name stands."""

    serializer_class = LinesChanged
    reads = SpeakerSaid

    @extend_schema(responses={200: LinesChanged})
    def post(self, request: Request, pk: int) -> Response:
        self.newest()
        said = self.said()
        return writing.once(request, lambda: self._name(said))

    def _name(self, said: dict[str, Any]) -> Response:
        count = name_speaker(
            self.newest(), said["key"], said["speaker"], scope=said["scope"],
            by=signed_in(self.request._request), seen=said.get("seen"),
        )  # fmt: skip
        return Response({"lines": count})


class ReplaceAsked(serializers.Serializer):
    find = serializers.CharField(max_length=200)
    by = Text(max_length=200, help_text="Left out: the words are taken out")
    case = serializers.BooleanField(required=False, default=False, help_text="As it is written")
    machine = serializers.BooleanField(
        required=False, default=False, help_text="Leave alone what a person typed or checked"
    )


class LineSaid(serializers.Serializer):
    key = serializers.CharField(max_length=120)
    seen = serializers.CharField(max_length=20_000, allow_blank=True, help_text="How it read")


class ReplaceSaid(ReplaceAsked):
    lines = LineSaid(many=True, allow_empty=False, max_length=together.MOST)


class ReplacePlace(serializers.Serializer):
    key = serializers.CharField()
    seen = serializers.CharField()
    to = serializers.CharField(help_text="Empty: it would have no words left")
    count = serializers.IntegerField()


class ReplacePreview(serializers.Serializer):
    """What a replacement would do; `places` are of the first lines where there are more."""

    lines = serializers.IntegerField()
    words = serializers.IntegerField()
    places = ReplacePlace(many=True)


class Replace(_Lines):
    """Words of the newest transcript looked for, and replaced in the lines that you choose."""

    serializer_class = ReplacePreview
    filters = ReplaceAsked
    reads = ReplaceSaid

    @extend_schema(operation_id="replace_preview")
    def get(self, request: Request, pk: int) -> Response:
        """What would be changed; nothing is."""
        transcript = self.newest()
        asked = reading.wanted(request, ReplaceAsked, ())
        found = preview(transcript, _wanted(asked), machine_only=asked["machine"])
        return Response(ReplacePreview(found).data)

    @extend_schema(responses={201: CorrectionShown(many=True)})
    def post(self, request: Request, pk: int) -> Response:
        """Replace in the lines that are named, as they read when you looked; all or none. The
        corrections share their `act`."""
        self.newest()
        said = self.said()
        return writing.once(request, lambda: self._replace(said))

    def _replace(self, said: dict[str, Any]) -> Response:
        keys = [each["key"] for each in said["lines"]]
        made = replace_in(
            self.newest(), _wanted(said), keys, [each["seen"] for each in said["lines"]],
            machine_only=said["machine"], by=signed_in(self.request._request),
        )  # fmt: skip
        return Response(CorrectionShown(made, many=True).data, 201)


def _wanted(said: dict[str, Any]) -> Wanted:
    return Wanted(said["find"], said.get("by", ""), said["case"])


class TakeBackAct(_Lines):
    """Take back what one act did in many lines; it stays on record."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: int, act: UUID) -> Response:
        return writing.once(request, lambda: self._take_back(act))

    def _take_back(self, act: UUID) -> Response:
        scan = reel_with_right(self).current_scan()
        if scan is None:
            raise NotFound
        together.withdraw(scan, act, by=signed_in(self.request._request))
        return Response(status=204)
