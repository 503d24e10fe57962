"""Notes on frames, with their threads: read, written, answered, resolved."""

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
from archive.api.rows import Id
from archive.api.views import Endpoint, Row, Rows
from restoration.api.takes import SEE_WORK
from review import notes
from review.api.scenes import scenes_of
from review.models import Answer, Note

ADD = {"POST": "review.add_note"}
_FRAME = {"min_value": 0, "max_value": 2**31 - 1}


class AnswerShown(serializers.ModelSerializer):
    by = serializers.CharField(source="by.username")

    class Meta:
        model = Answer
        fields = ("id", "kind", "text", "by", "at")


class NoteShown(serializers.ModelSerializer):
    """A remark on frames of a scan, its drawing in the scan's luma pixels."""

    reel = serializers.IntegerField(source="scan.reel_id")
    author = serializers.CharField(help_text="A guest's name says that they are one")
    resolved_by = serializers.CharField(
        source="resolved_by.username", default=None, allow_null=True
    )
    drawing = serializers.JSONField()
    answers = AnswerShown(many=True)

    class Meta:
        model = Note
        fields = (
            *("id", "reel", "scan", "start_frame", "end_frame", "text", "drawing", "author"),
            *("at", "resolved", "resolved_by", "answers"),
        )


class NoteFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    is_open = serializers.BooleanField(required=False, allow_null=True, default=None)


class NoteWritten(serializers.Serializer):
    """A new note; its frames lie in the scene."""

    scene = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    start_frame = serializers.IntegerField(**_FRAME)
    end_frame = serializers.IntegerField(**_FRAME, help_text="Half-open")
    text = serializers.CharField(max_length=10_000)
    drawing = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        max_length=100,
        help_text='Shapes such as {"kind": "box", "points": [[x, y], [x, y]], "colour": "#rrggbb"}',
    )


class AnswerWritten(serializers.Serializer):
    text = serializers.CharField(max_length=10_000)


class Notes(Rows):
    """Notes of the reels that you work on."""

    rights: ClassVar = SEE_WORK | ADD
    queryset = Note.objects.all()
    serializer_class = NoteShown
    filters = NoteFilters
    reads = NoteWritten

    def rows(self, user: Any) -> QuerySet[Note]:
        return notes_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if "is_open" in wanted:
            rows = rows.filter(resolved__isnull=wanted.pop("is_open"))
        if "reel" in wanted:
            rows = rows.filter(scan__reel=wanted.pop("reel"))
        return rows.filter(**wanted)

    @extend_schema(responses={201: NoteShown})
    def post(self, request: Request) -> Response:
        """Put a remark on frames of a scene; `@name` calls on a colleague."""
        said = self.said()
        return writing.once(request, lambda: self._add(said))

    def _add(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        scene = scenes_of(by).filter(pk=said.pop("scene")).first()
        if scene is None:
            raise problems.Refused("The note was not kept: there is no such scene.", 422)
        made = notes.add(scene, by=by, **said)
        shown = notes_of(by).get(pk=made.pk)
        return Response(self.shown(shown), 201, headers={"Location": f"/api/v1/notes/{made.pk}"})


class OneNote(Row):
    rights: ClassVar = SEE_WORK
    queryset = Note.objects.all()
    serializer_class = NoteShown

    def rows(self, user: Any) -> QuerySet[Note]:
        return notes_of(user)


class _OnANote(Endpoint):
    rights: ClassVar = ADD
    queryset = Note.objects.all()
    serializer_class = NoteShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Note]:
        return notes_of(user)

    def act(self, note: Note, by: Any) -> None:
        raise NotImplementedError

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        return writing.once(request, self._act)

    def _act(self) -> Response:
        self.act(self.row(), signed_in(self.request._request))
        return Response(self.shown(self.row()))


class AnswerNote(_OnANote):
    """Add to the thread below it."""

    reads = AnswerWritten

    @extend_schema(responses={200: NoteShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        self.said()
        return writing.once(request, self._act)

    def act(self, note: Note, by: Any) -> None:
        notes.answer(note, by=by, text=self.said()["text"])


class ResolveNote(_OnANote):
    """Mark it as dealt with."""

    def act(self, note: Note, by: Any) -> None:
        notes.resolve(note, by=by)


class ReopenNote(_OnANote):
    """Open a resolved note again."""

    def act(self, note: Note, by: Any) -> None:
        notes.reopen(note, by=by)


def notes_of(user: Any) -> QuerySet[Note]:
    found = Note.objects.filter(scan__reel__in=reels_of(user, SEE_WORK["GET"]))
    found = found.select_related("scan", "by", "guest", "resolved_by")
    return found.prefetch_related("answers__by")
