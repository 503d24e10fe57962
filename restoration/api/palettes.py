"""The named colours of a title: listed, kept, taken out, put into several scenes at once."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text
from archive.api.views import Endpoint, Revocable, Rows
from archive.roles import Subject
from restoration import hints, palette_use, palettes
from restoration.api.hints import HintShown, hints_of
from restoration.api.repairs import scene_of
from restoration.api.takes import SEE_WORK
from restoration.models import PaletteEntry, Scene
from restoration.palette_use import Place

_PAINT = "restoration.paint"
_RIGHTS = SEE_WORK | dict.fromkeys(("POST", "DELETE"), _PAINT)
_FRAME = {"min_value": 0, "max_value": 2**31 - 1}
MOST_PLACES = 500
"""Scenes that a colour is put into at once."""


class ColourShown(serializers.ModelSerializer):
    """One colour of a palette (a character's, a place's), after what it was decided and how sure
    that is."""

    palette = serializers.CharField(source="palette.name")
    title = serializers.IntegerField(source="palette.title_id")
    colour = serializers.CharField(source="hex", help_text="#rrggbb, sRGB")
    by = serializers.CharField(source="by.username")

    class Meta:
        model = PaletteEntry
        fields = (*("id", "title", "palette", "name", "colour", "source", "certainty", "by", "at"),)


class ColourFilters(serializers.Serializer):
    title = Id()
    palette = Text(max_length=120, help_text="Its whole name")
    certainty = serializers.ChoiceField(PaletteEntry.Certainty.choices, required=False)


class ColourSaid(serializers.Serializer):
    """A colour for a palette of the scene's title; a palette of a new name is begun."""

    scene = Id(required=True)
    palette = serializers.CharField(max_length=120, help_text="A character, a place")
    name = serializers.CharField(max_length=120, help_text="What has this colour")
    colour = serializers.RegexField(r"^#[0-9a-fA-F]{6}$", help_text="#rrggbb, sRGB")
    source = serializers.CharField(max_length=300, help_text="After what it was decided")
    certainty = serializers.ChoiceField(PaletteEntry.Certainty.choices)


class PaletteColours(Rows):
    """The palettes' colours that stand, of the films that you work on."""

    rights: ClassVar = _RIGHTS
    queryset = PaletteEntry.objects.all()
    serializer_class = ColourShown
    filters = ColourFilters
    reads = ColourSaid
    _LOOKUPS: ClassVar = {"title": "palette__title", "palette": "palette__name"}

    def rows(self, user: Any) -> QuerySet[PaletteEntry]:
        return colours_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return rows.filter(**{self._LOOKUPS.get(name, name): wanted[name] for name in wanted})

    @extend_schema(responses={201: ColourShown})
    def post(self, request: Request) -> Response:
        """Keep a colour in a palette."""
        said = self.said()
        return writing.once(request, lambda: self._keep(said))

    def _keep(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        scene = scene_of(by, said.pop("scene"))
        self.ask_right(scene.scan.reel)
        red, green, blue = bytes.fromhex(said.pop("colour")[1:])
        made = palettes.add(scene, rgb=(red, green, blue), by=by, **said)
        where = {"Location": f"/api/v1/palette-colours/{made.pk}"}
        return Response(self.shown(made), 201, headers=where)


class OnePaletteColour(Revocable):
    """A colour of a palette; taken out, it goes on being named by hints that were painted with
    it."""

    rights: ClassVar = _RIGHTS
    queryset = PaletteEntry.objects.all()
    serializer_class = ColourShown

    def rows(self, user: Any) -> QuerySet[PaletteEntry]:
        return colours_of(user)

    def film_of(self, row: PaletteEntry) -> Subject:
        return row.palette.title

    def take_back(self, row: PaletteEntry, by: Any) -> None:
        of_title = Scene.objects.filter(
            scan__reel__in=reels_of(by, _PAINT), scan__reel__element__title=row.palette.title_id
        )
        scene = of_title.select_related("scan__reel").order_by("pk").first()
        if scene is None:
            raise problems.Refused("Nothing was changed: the film has no scene any more.", 409)
        palettes.withdraw(row, scene, by=by)


class PlaceSaid(serializers.Serializer):
    scene = Id(required=True)
    frame = serializers.IntegerField(**_FRAME)
    x = serializers.IntegerField(**_FRAME, help_text="In the scan's luma pixels")
    y = serializers.IntegerField(**_FRAME)


class PlacesSaid(serializers.Serializer):
    """Where a colour goes: a place in each scene that a person confirmed."""

    size = serializers.IntegerField(min_value=1, max_value=hints.LARGEST, help_text="Pixels a side")
    places = PlaceSaid(many=True, allow_empty=False, max_length=MOST_PLACES)


class _OfColour(Endpoint):
    rights: ClassVar = _RIGHTS
    queryset = PaletteEntry.objects.all()
    serializer_class = HintShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[PaletteEntry]:
        return colours_of(user)

    def film_of(self, row: PaletteEntry) -> Subject:
        return row.palette.title


class PutColour(_OfColour):
    """Paint a colour of a palette into several scenes of its film at once: all of them, or none.
    The hints share their `batch`."""

    reads = PlacesSaid

    @extend_schema(responses={201: HintShown(many=True)})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._put(said))

    def _put(self, said: dict[str, Any]) -> Response:
        by, entry = signed_in(self.request._request), self.row()
        places = []
        for each in said["places"]:
            scene = scene_of(by, each["scene"])
            if scene.scan.reel.element.title_id != entry.palette.title_id:
                raise problems.Refused("Nothing was painted: a scene is of another film.", 422)
            self.ask_right(scene.scan.reel)
            places.append((scene, Place(each["frame"], each["x"], each["y"])))
        made = palette_use.put_into(entry, places, size=said["size"], by=by)
        shown = hints_of(by).filter(pk__in=[each.pk for each in made.hints]).order_by("pk")
        return Response(HintShown(shown, many=True).data, 201)


class TakeBackPut(_OfColour):
    """Take back all hints that one act put into several scenes."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: int, batch: UUID) -> Response:
        self.row()
        return writing.once(request, lambda: self._take_back(batch))

    def _take_back(self, batch: UUID) -> Response:
        palette_use.take_back(self.row(), batch, by=signed_in(self.request._request))
        return Response(status=204)


def colours_of(user: Any) -> QuerySet[PaletteEntry]:
    """Of films of which the person works on a reel."""
    reels = reels_of(user, SEE_WORK["GET"]).filter(element__title=OuterRef("palette__title"))
    standing = PaletteEntry.objects.filter(Exists(reels), withdrawn__isnull=True)
    return standing.select_related("palette__title__collection", "by")
