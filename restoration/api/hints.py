"""Colour hints that people paint: listed, painted, taken back."""

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
from archive.api.views import Row, Rows
from restoration import hints
from restoration.api.takes import SEE_WORK
from restoration.models import Hint, PaletteEntry, Scene

_RIGHTS = SEE_WORK | dict.fromkeys(("POST", "DELETE"), "restoration.paint")
_PIXEL = {"min_value": -100_000, "max_value": 100_000}


class HintShown(serializers.ModelSerializer):
    """A coloured patch on one frame, a rectangle in the scan's luma pixels. Patches of one
    `stroke` were painted in one go, and are taken back together."""

    reel = serializers.IntegerField(source="scan.reel_id")
    colour = serializers.CharField(source="hex", help_text="#rrggbb, sRGB")
    by = serializers.CharField(source="by.username")

    class Meta:
        model = Hint
        fields = (
            *("id", "reel", "scan", "frame", "x", "y", "width", "height", "colour", "entry"),
            *("stroke", "batch", "by", "at"),
        )


class HintFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    scene = Id()
    stroke = serializers.UUIDField(required=False)


class Stroke(serializers.Serializer):
    """Square patches of one colour on one frame."""

    scene = Id(required=True)
    frame = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    places = serializers.ListField(
        child=serializers.ListField(
            child=serializers.IntegerField(**_PIXEL), min_length=2, max_length=2
        ),
        allow_empty=False,
        max_length=hints.MOST_PATCHES,
        help_text="[x, y] of each patch's centre, in the scan's luma pixels",
    )
    size = serializers.IntegerField(min_value=1, max_value=hints.LARGEST)
    colour = serializers.RegexField(r"^#[0-9a-fA-F]{6}$", help_text="#rrggbb, sRGB")
    entry = Id(allow_null=True, help_text="Of a palette: its colour takes the place of `colour`")


class Hints(Rows):
    """Hints that stand, of the reels that you work on."""

    rights: ClassVar = _RIGHTS
    queryset = Hint.objects.all()
    serializer_class = HintShown
    filters = HintFilters
    reads = Stroke

    def rows(self, user: Any) -> QuerySet[Hint]:
        return hints_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if "reel" in wanted:
            rows = rows.filter(scan__reel=wanted.pop("reel"))
        if "scene" in wanted:
            scene = _scenes_of(self.request.user).filter(pk=wanted.pop("scene")).first()
            if scene is None:
                return rows.none()
            rows = rows.filter(pk__in=Hint.objects.of_scene(scene).values("pk"))
        return rows.filter(**wanted)

    @extend_schema(responses={201: HintShown(many=True)})
    def post(self, request: Request) -> Response:
        """Paint a stroke; the next run of colourise holds its pixels to the colour."""
        said = self.said()
        return writing.once(request, lambda: self._paint(said))

    def _paint(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        scene = _scenes_of(by).filter(pk=said["scene"]).first()
        if scene is None:
            raise problems.Refused("Nothing was painted: there is no such scene.", 422)
        self.ask_right(scene.scan.reel)
        red, green, blue = bytes.fromhex(said["colour"][1:])
        made = hints.paint(
            scene, said["frame"], [(x, y) for x, y in said["places"]], size=said["size"],
            rgb=(red, green, blue), entry=_entry(scene, said.get("entry")), by=by,
        )  # fmt: skip
        shown = hints_of(by).filter(pk__in=[each.pk for each in made]).order_by("pk")
        return Response(HintShown(shown, many=True).data, 201)


def _entry(scene: Scene, pk: int | None) -> PaletteEntry | None:
    if pk is None:
        return None
    title = scene.scan.reel.element.title_id
    found = PaletteEntry.objects.filter(pk=pk, palette__title=title, withdrawn__isnull=True).first()
    if found is None:
        raise problems.Refused("Nothing was painted: no palette of this film has it.", 422)
    return found


class OneHint(Row):
    rights: ClassVar = _RIGHTS
    queryset = Hint.objects.all()
    serializer_class = HintShown

    def rows(self, user: Any) -> QuerySet[Hint]:
        return hints_of(user)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Take it back, with the other patches of its stroke; it stays on record."""
        return writing.once(request, self._withdraw)

    def _withdraw(self) -> Response:
        hints.withdraw(self.row(), by=signed_in(self.request._request))
        return Response(status=204)


def hints_of(user: Any) -> QuerySet[Hint]:
    seen = reels_of(user, SEE_WORK["GET"])
    standing = Hint.objects.standing().filter(scan__reel__in=seen)
    return standing.select_related("scan", "by")


def _scenes_of(user: Any) -> QuerySet[Scene]:
    seen = Scene.objects.current().filter(scan__reel__in=reels_of(user))
    return seen.select_related("scan__reel__element")
