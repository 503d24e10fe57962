"""What people correct of transcripts: listed, corrected, taken back."""

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
from archive.api.rows import Id, Text
from archive.api.views import Row, Rows
from archive.models import Scan
from restoration import transcripts
from restoration.api.takes import SEE_WORK
from restoration.models import Transcript, TranscriptCorrection
from restoration.speech.transcript import sample_of_frame

_RIGHTS = SEE_WORK | dict.fromkeys(("POST", "DELETE"), "review.correct_transcript")
_FRAME = {"min_value": 0, "max_value": 2**31 - 1, "required": False}
Kind = TranscriptCorrection.Kind
_NEEDS: dict[str, tuple[str, ...]] = {
    Kind.TEXT: ("text",), Kind.SPLIT: ("word",), Kind.SPEAKER: ("speaker",),
    Kind.TIMES: ("start_frame", "end_frame"), Kind.ADD: ("text", "start_frame", "end_frame"),
}  # fmt: skip
"""What each kind has to say besides the lines that it is about."""


class CorrectionShown(serializers.ModelSerializer):
    """What one person changed in the lines, bound to them as they read then. `targets` are
    [key, start, end, text], `payload` what was said; times are samples of 16 kHz."""

    reel = serializers.IntegerField(source="scan.reel_id")
    targets = serializers.JSONField()
    payload = serializers.JSONField()
    by = serializers.CharField(source="by.username")
    withdrawn_by = serializers.CharField(
        source="withdrawn_by.username", default=None, allow_null=True
    )

    class Meta:
        model = TranscriptCorrection
        fields = (
            *("id", "reel", "scan", "transcript", "kind", "targets", "payload", "act", "about"),
            *("by", "at", "withdrawn", "withdrawn_by"),
        )


class CorrectionFilters(serializers.Serializer):
    reel = Id()
    transcript = Id()
    kind = serializers.ChoiceField(Kind.choices, required=False)
    stands = serializers.BooleanField(required=False, allow_null=True, default=None)


class CorrectionSaid(serializers.Serializer):
    """A change of lines. `text` and `speaker` say how it is to read, `word` before which word a
    line is split (from 1), frames from where to where it is."""

    transcript = Id(required=True, help_text="The newest of its reel")
    kind = serializers.ChoiceField(Kind.choices)
    keys = serializers.ListField(
        child=serializers.CharField(max_length=120), max_length=2, required=False, default=list,
        help_text="Of `reels/N/lines`; two to merge, none to put a line in",
    )  # fmt: skip
    seen = Text(help_text="How the first line read when you began: needed with keys")
    text = Text()
    speaker = Text(max_length=200)
    word = serializers.IntegerField(min_value=1, max_value=100_000, required=False)
    start_frame = serializers.IntegerField(**_FRAME)
    end_frame = serializers.IntegerField(**_FRAME, help_text="Half-open")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        wanted = {Kind.ADD: 0, Kind.MERGE: 2}.get(said["kind"], 1)
        if len(said["keys"]) != wanted:
            raise serializers.ValidationError({"keys": f"Name {wanted} lines by their keys."})
        needed = _NEEDS.get(said["kind"], ()) + (("seen",) if wanted else ())
        missing = {name: "This is needed." for name in needed if name not in said}
        if missing:
            raise serializers.ValidationError(missing)
        return said


class Corrections(Rows):
    """Corrections of the reels that you work on, withdrawn ones too."""

    rights: ClassVar = _RIGHTS
    queryset = TranscriptCorrection.objects.all()
    serializer_class = CorrectionShown
    filters = CorrectionFilters
    reads = CorrectionSaid

    def rows(self, user: Any) -> QuerySet[TranscriptCorrection]:
        return corrections_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if "stands" in wanted:
            rows = rows.filter(withdrawn__isnull=wanted.pop("stands"))
        if "reel" in wanted:
            rows = rows.filter(scan__reel=wanted.pop("reel"))
        return rows.filter(**wanted)

    @extend_schema(responses={201: CorrectionShown})
    def post(self, request: Request) -> Response:
        """Correct a line in your name; the machine's lines stay below it."""
        said = self.said()
        return writing.once(request, lambda: self._correct(said))

    def _correct(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        seen = Transcript.objects.filter(scan__reel__in=reels_of(by)).select_related("scan__reel")
        transcript = seen.filter(pk=said["transcript"]).first()
        if transcript is None:
            raise problems.Refused("Nothing was kept: there is no such transcript.", 422)
        self.ask_right(transcript.scan.reel)
        if transcripts.current(transcript.scan) != transcript:
            raise problems.Refused("Nothing was kept: the reel has a newer transcript.", 409)
        payload = _payload(said, transcript.scan)
        made = transcripts.correct(
            transcript, said["kind"], said["keys"], payload, by=by, seen=said.get("seen")
        )
        where = {"Location": f"/api/v1/corrections/{made.pk}"}
        return Response(self.shown(corrections_of(by).get(pk=made.pk)), 201, headers=where)


def _payload(said: dict[str, Any], scan: Scan) -> dict[str, Any]:
    names = _NEEDS.get(said["kind"], ()) + (("speaker",) if said["kind"] == Kind.ADD else ())
    told = {name: said[name] for name in names if name in said and not name.endswith("_frame")}
    for name, frame in (("start", "start_frame"), ("end", "end_frame")):
        if frame not in names:
            continue
        if said[frame] > scan.frames:
            raise problems.Refused(f"Nothing was kept: the scan has {scan.frames} frames.", 422)
        told[name] = sample_of_frame(said[frame], scan.rate)
    return told


class OneCorrection(Row):
    rights: ClassVar = _RIGHTS
    queryset = TranscriptCorrection.objects.all()
    serializer_class = CorrectionShown

    def rows(self, user: Any) -> QuerySet[TranscriptCorrection]:
        return corrections_of(user)

    @extend_schema(request=None, responses={200: CorrectionShown})
    def delete(self, request: Request, pk: int) -> Response:
        """Take it back; it stays on record, and what was built on it is shown as a conflict."""
        self.row()
        return writing.once(request, self._withdraw)

    def _withdraw(self) -> Response:
        transcripts.withdraw(self.row(), by=signed_in(self.request._request))
        return Response(self.shown(self.row()))


def corrections_of(user: Any) -> QuerySet[TranscriptCorrection]:
    found = TranscriptCorrection.objects.filter(scan__reel__in=reels_of(user, SEE_WORK["GET"]))
    return found.select_related("scan", "by", "withdrawn_by")
