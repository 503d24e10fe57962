"""Scenes put before a person or a role, as on the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text, person_named
from archive.api.views import Endpoint, Rows
from restoration.api.takes import SEE_WORK
from restoration.models import Scene, Take
from review import handing
from review.api.scenes import scenes_of
from review.models import HandOver

HAND_OVER = {"POST": "review.add_note"}


class HandOverShown(serializers.ModelSerializer):
    """A scene that stands before a person (`to`) or whoever has a `role`, until somebody decides.
    With a `take` it is about that one stage."""

    reel = serializers.IntegerField(source="scene.scan.reel_id")
    to = serializers.CharField(source="to.username", default=None, allow_null=True)
    by = serializers.CharField(source="by.username")

    class Meta:
        model = HandOver
        fields = ("id", "reel", "scene", "version", "take", "to", "role", "word", "by", "at")


class HandOverFilters(serializers.Serializer):
    reel = Id()
    scene = Id()
    version = serializers.ChoiceField(Take.Version.choices, required=False)
    mine = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="true: those before you alone"
    )


class HandOvers(Rows):
    """What stands before somebody, of the reels that you work on."""

    rights: ClassVar = SEE_WORK
    queryset = HandOver.objects.all()
    serializer_class = HandOverShown
    filters = HandOverFilters

    def rows(self, user: Any) -> QuerySet[HandOver]:
        return _standing(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if wanted.pop("mine", False):
            mine = handing.handed_to(self.request.user).order_by()
            rows = rows.filter(pk__in=mine.values("pk"))
        if (reel := wanted.pop("reel", None)) is not None:
            rows = rows.filter(scene__scan__reel=reel)
        return rows.filter(**wanted)


def _standing(user: Any) -> QuerySet[HandOver]:
    return handing.standing().filter(scene__scan__reel__in=reels_of(user, SEE_WORK["GET"]))


class HandOverSaid(serializers.Serializer):
    """To one person, by their log-in name, or to one role."""

    to = Text(max_length=150)
    role = serializers.ChoiceField(handing.ROLES, required=False)
    word = Text(max_length=2000)
    version = serializers.ChoiceField(
        Take.Version.choices, required=False, default=Take.Version.RESTORATION.value
    )
    take = Id(allow_null=True, help_text="Of the one stage that they are to look at")

    def validate_to(self, name: str) -> User | None:
        return person_named(name) if name.strip() else None


class HandSceneOver(Endpoint):
    """Put a scene before a person or a role, instead of whoever had it before; it stands on their
    Today, and a decision settles it."""

    rights: ClassVar = HAND_OVER
    queryset = Scene.objects.all()
    serializer_class = HandOverShown
    reads = HandOverSaid
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Scene]:
        return scenes_of(user)

    @extend_schema(responses={201: HandOverShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._hand_over(said))

    def _hand_over(self, said: dict[str, Any]) -> Response:
        scene, take = self.row(), None
        if said.get("take") is not None:
            take = Take.objects.filter(pk=said["take"], scan=scene.scan_id).first()
            if take is None:
                raise problems.Refused("Nothing was handed over: there is no such take.", 422)
        made = handing.hand_over(
            scene, said["version"], by=signed_in(self.request._request), to=said.get("to"),
            role=said.get("role", ""), word=said.get("word", ""), take=take,
        )  # fmt: skip
        return Response(self.shown(made), 201)
