"""Takes with the totals of their maps, for whoever works on the reel."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from rest_framework import serializers

from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text
from archive.api.views import Row, Rows
from restoration.models import Scene, Take

SEE_WORK = {"GET": "review.open_review"}


class TakeShown(serializers.ModelSerializer):
    """A stage's immutable result. `totals` counts the pixels of each label, by plane."""

    reel = serializers.IntegerField(source="scan.reel_id")
    totals = serializers.JSONField()

    class Meta:
        model = Take
        fields: tuple[str, ...] = (
            *("id", "reel", "scan", "start_frame", "end_frame", "stage", "number", "version"),
            *("input_take", "digest", "totals", "created"),
        )


class TakeWhole(TakeShown):
    """The take with the manifest that its digest is of."""

    manifest = serializers.JSONField()

    class Meta(TakeShown.Meta):
        fields = (*TakeShown.Meta.fields, "manifest")


class TakeFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    scene = Id(help_text="Takes of that scene's frames")
    stage = Text(max_length=40)
    version = serializers.ChoiceField(Take.Version.choices, required=False)
    digest = Text(max_length=64)


class Takes(Rows):
    """What stages made, with the totals of each map."""

    rights: ClassVar = SEE_WORK
    queryset = Take.objects.all()
    serializer_class = TakeShown
    filters = TakeFilters

    def rows(self, user: Any) -> QuerySet[Take]:
        return takes_of(user).defer("manifest")

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (scene := wanted.pop("scene", None)) is not None:
            same = Scene.objects.filter(
                pk=scene,
                scan=OuterRef("scan"),
                start_frame=OuterRef("start_frame"),
                end_frame=OuterRef("end_frame"),
            )
            rows = rows.filter(Exists(same))
        if (reel := wanted.pop("reel", None)) is not None:
            rows = rows.filter(scan__reel=reel)
        return rows.filter(**wanted)


class OneTake(Row):
    rights: ClassVar = SEE_WORK
    queryset = Take.objects.all()
    serializer_class = TakeWhole

    def rows(self, user: Any) -> QuerySet[Take]:
        return takes_of(user)


def takes_of(user: Any) -> QuerySet[Take]:
    return Take.objects.filter(scan__reel__in=reels_of(user, "review.open_review")).select_related(
        "scan"
    )
