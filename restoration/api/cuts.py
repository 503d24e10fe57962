"""The cuts of a reel changed, undone and done again, as the storyboard does it."""

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
from restoration import borders, history, scenes
from restoration.api.takes import SEE_WORK
from restoration.models import Scene, SceneEdit, Verdict

EDIT = {"POST": "restoration.edit_scenes"}
_FRAME = {"min_value": 0, "max_value": 2**31 - 1}
_MARKS = [choice for choice in Verdict.About.choices if choice[0] != "cut"]


class EditShown(serializers.ModelSerializer):
    """One change of a scan's cuts. The newest that stands can be undone; `scenes` lists what came
    of it, since a scene whose frames changed is another scene."""

    reel = serializers.IntegerField(source="scan.reel_id")
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    undone_by = serializers.CharField(source="undone_by.username", default=None, allow_null=True)

    class Meta:
        model = SceneEdit
        fields = (
            *("id", "reel", "scan", "number", "kind", "words", "frame", "by", "at"),
            *("undone", "undone_by", "superseded"),
        )


class EditFilters(serializers.Serializer):
    reel = Id()
    scan = Id()


class Edits(Rows):
    """Changes of the cuts of reels that you work on."""

    rights: ClassVar = SEE_WORK
    queryset = SceneEdit.objects.all()
    serializer_class = EditShown
    filters = EditFilters

    def rows(self, user: Any) -> QuerySet[SceneEdit]:
        return edits_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if "reel" in wanted:
            rows = rows.filter(scan__reel=wanted.pop("reel"))
        return rows.filter(**wanted)


class OneEdit(Row):
    rights: ClassVar = SEE_WORK
    queryset = SceneEdit.objects.all()
    serializer_class = EditShown

    def rows(self, user: Any) -> QuerySet[SceneEdit]:
        return edits_of(user)


class _Through(Endpoint):
    rights: ClassVar = EDIT
    queryset = SceneEdit.objects.all()
    serializer_class = EditShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[SceneEdit]:
        return edits_of(user)

    def step(self, edit: SceneEdit, by: Any) -> None:
        raise NotImplementedError

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        return writing.once(request, self._step)

    def _step(self) -> Response:
        self.step(self.row(), signed_in(self.request._request))
        return Response(self.shown(self.row()))


class UndoEdit(_Through):
    """Bring back what stood before it; refused unless it is the newest that stands."""

    def step(self, edit: SceneEdit, by: Any) -> None:
        history.undo(edit.scan, edit.pk, by=by)


class RedoEdit(_Through):
    """Do again what was undone last; refused if that is another by now."""

    def step(self, edit: SceneEdit, by: Any) -> None:
        history.redo(edit.scan, edit.pk, by=by)


class _Cut(Endpoint):
    """A change of one scene as it was seen; refused with 409 if it was replaced meanwhile."""

    rights: ClassVar = EDIT
    queryset = Scene.objects.all()
    serializer_class = EditShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Scene]:
        return Scene.objects.filter(scan__reel__in=reels_of(user)).select_related("scan__reel")

    def edit(self, scene: Scene, by: Any, **said: Any) -> None:
        raise NotImplementedError

    @extend_schema(responses={201: EditShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        said = self.said() if self.reads is not None else {}
        return writing.once(request, lambda: self._edit(said))

    def _edit(self, said: dict[str, Any]) -> Response:
        scene = self.row()
        if scene.retired is not None:
            raise problems.Refused(
                "Nothing was changed: an edit replaced this scene. List `scenes` again.",
                409,
            )
        self.edit(scene, signed_in(self.request._request), **said)
        made = edits_of(self.request.user).filter(scan=scene.scan_id).order_by("number").last()
        return Response(self.shown(made), 201)


class FrameSaid(serializers.Serializer):
    frame = serializers.IntegerField(**_FRAME, help_text="Numbered as in the scan")


class SplitScene(_Cut):
    """Cut a scene in two: the second begins at `frame`. Takes are kept."""

    reads = FrameSaid

    def edit(self, scene: Scene, by: Any, **said: Any) -> None:
        scenes.split(scene, said["frame"], by=by)


class MoveCut(_Cut):
    """Let the scene begin at another frame, and the one before it end there."""

    reads = FrameSaid

    def edit(self, scene: Scene, by: Any, **said: Any) -> None:
        scenes.move_cut(scene, said["frame"], by=by)


class MergeScene(_Cut):
    """Join a scene with the next one."""

    def edit(self, scene: Scene, by: Any, **said: Any) -> None:
        scenes.merge(scene, by=by)

    @extend_schema(request=None, responses={201: EditShown})
    def post(self, request: Request, pk: int) -> Response:
        return super().post(request, pk)


class CheckSaid(FrameSaid):
    is_cut = serializers.BooleanField()


class CheckCut(_Cut):
    """A person's word on whether there is a cut at a frame of the scene; scenes follow it."""

    reads = CheckSaid

    def edit(self, scene: Scene, by: Any, **said: Any) -> None:
        borders.check(scene, said["frame"], is_cut=said["is_cut"], by=by)


class BorderSaid(serializers.Serializer):
    """How a scene begins, and what it is."""

    transition = serializers.ChoiceField(Scene.Transition.choices)
    kind = serializers.ChoiceField(Scene.Kind.choices, required=False, default="shot")
    first_frame = serializers.IntegerField(
        **_FRAME, required=False, help_text="Of a dissolve or fade"
    )
    last_frame = serializers.IntegerField(**_FRAME, required=False, help_text="Included")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["transition"] != "cut" and not {"first_frame", "last_frame"} <= set(said):
            raise serializers.ValidationError("Say from which frame to which it goes.")
        return said


class DescribeBorder(_Cut):
    """Say how a scene begins (cut, dissolve, fade) and whether it is an intertitle."""

    reads = BorderSaid

    def edit(self, scene: Scene, by: Any, **said: Any) -> None:
        span = (said["first_frame"], said["last_frame"]) if said["transition"] != "cut" else None
        borders.describe(
            scene, transition=said["transition"], gradual=span, kind=said["kind"], by=by
        )


class MarkSaid(FrameSaid):
    mark = serializers.ChoiceField(_MARKS)
    holds = serializers.BooleanField()


class JudgeMark(_Cut):
    """Say that a frame is what a mark calls it (a splice, a flash ...), or that it is not."""

    reads = MarkSaid

    def edit(self, scene: Scene, by: Any, **said: Any) -> None:
        borders.judge_mark(scene, said["frame"], said["mark"], holds=said["holds"], by=by)


def edits_of(user: Any) -> QuerySet[SceneEdit]:
    found = SceneEdit.objects.filter(scan__reel__in=reels_of(user, SEE_WORK["GET"]))
    return found.select_related("scan", "by", "undone_by")
