"""Colour corrections (ASC CDL) and stills of reference that people entered."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, reading, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text
from archive.api.views import Endpoint, Revocable, Row, Rows
from restoration import corrections, references
from restoration.api.repairs import of_reel, polygon_field, scene_of
from restoration.api.takes import SEE_WORK
from restoration.models import ColourCorrection, ColourReference, Scene
from restoration.stages.grade.cdl import MOST, Cdl, with_white
from restoration.stages.grade.cdl_file import CdlFileError, read_cdl, write_cdl
from restoration.stages.grade.region import SOFTEST
from restoration.stages.repair.regions import MOST_POINTS

_RIGHTS = SEE_WORK | dict.fromkeys(("POST", "DELETE"), "restoration.paint")
_FRAME = {"min_value": 0, "max_value": 2**31 - 1}


def _three(least: float, most: float, **options: Any) -> serializers.ListField:
    """Red, green, blue."""
    child = serializers.FloatField(min_value=least, max_value=most)
    return serializers.ListField(child=child, min_length=3, max_length=3, **options)


class ColourCorrectionShown(serializers.ModelSerializer):
    """An ASC CDL over frames [start_frame, end_frame), of the whole picture, a box or a polygon.
    `white` is the picture's colour that becomes neutral first; `number` names what it is left of,
    where it was taken back in another scene alone."""

    reel = serializers.IntegerField(source="scan.reel_id")
    number = serializers.IntegerField()
    by = serializers.CharField(source="by.username")
    box = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="left, top, width, height"
    )
    polygon = polygon_field(allow_null=True)
    white = _three(0, 255, allow_null=True)
    slope = _three(0, MOST)
    offset = _three(-1, 1)
    power = _three(0.05, MOST)

    class Meta:
        model = ColourCorrection
        fields = (
            *("id", "number", "reel", "scan", "start_frame", "end_frame", "box", "polygon"),
            *("softness", "white", "slope", "offset", "power", "saturation", "reason", "by", "at"),
        )


class ColourCorrectionFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    scene = Id(help_text="Those that reach into its frames, as they are applied")


class ColourCorrectionSaid(serializers.Serializer):
    """What is left out is neutral; without frames the whole scene is corrected."""

    scene = Id(required=True)
    start_frame = serializers.IntegerField(**_FRAME, required=False)
    end_frame = serializers.IntegerField(**_FRAME, required=False, help_text="Not included")
    slope = _three(0, MOST, required=False)
    offset = _three(-1, 1, required=False)
    power = _three(0.05, MOST, required=False)
    saturation = serializers.FloatField(min_value=0, max_value=MOST, required=False)
    white = _three(0, 255, required=False, allow_null=True)
    box = serializers.ListField(
        child=serializers.IntegerField(min_value=-100_000, max_value=100_000),
        min_length=4, max_length=4, required=False, allow_null=True,
        help_text="left, top, width, height",
    )  # fmt: skip
    polygon = polygon_field(required=False, allow_null=True, min_length=3, max_length=MOST_POINTS)
    softness = serializers.IntegerField(min_value=0, max_value=SOFTEST, required=False)
    reason = Text(max_length=200)
    replaces = Id(allow_null=True, help_text="The correction that it takes the place of")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if said.get("box") and said.get("polygon"):
            raise serializers.ValidationError("Give a box or a polygon, not both.")
        if ("start_frame" in said) != ("end_frame" in said):
            raise serializers.ValidationError("Say both frames, or neither for the whole scene.")
        return said


class ColourCorrections(Rows):
    """Colour corrections that stand, of the reels that you work on."""

    rights: ClassVar = _RIGHTS
    queryset = ColourCorrection.objects.all()
    serializer_class = ColourCorrectionShown
    filters = ColourCorrectionFilters
    reads = ColourCorrectionSaid

    def rows(self, user: Any) -> QuerySet[ColourCorrection]:
        return corrections_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (pk := wanted.pop("scene", None)) is not None:
            scene = scene_of(self.request.user, pk)
            reaching = ColourCorrection.objects.of_scene(scene).order_by()
            rows = rows.filter(pk__in=reaching.values("pk"))
        return of_reel(rows, wanted)

    @extend_schema(responses={201: ColourCorrectionShown})
    def post(self, request: Request) -> Response:
        """Correct the colour of a scene or a part of it; the next run of grade applies it."""
        said = self.said()
        return writing.once(request, lambda: self._enter(said))

    def _enter(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        scene = scene_of(by, said["scene"])
        self.ask_right(scene.scan.reel)
        replaces = None
        if said.get("replaces") is not None:
            standing = ColourCorrection.objects.standing().of_scene(scene)
            replaces = standing.filter(pk=said["replaces"]).first()
            if replaces is None:
                raise problems.Refused("Nothing was corrected: `replaces` stands no more.", 409)
        made = corrections.enter(
            scene, Cdl.parse(said), by=by, replaces=replaces, reason=said.get("reason", ""),
            frames=(said["start_frame"], said["end_frame"]) if "start_frame" in said else None,
            softness=said.get("softness", 0),
            **{name: said.get(name) for name in ("box", "polygon", "white")},
        )  # fmt: skip
        where = {"Location": f"/api/v1/colour-corrections/{made.pk}"}
        return Response(self.shown(corrections_of(by).get(pk=made.pk)), 201, headers=where)


class CdlSaid(serializers.Serializer):
    name = serializers.CharField(max_length=150, help_text="Of the file: .cc, .ccc or .cdl")
    file = reading.Base64(help_text="The file, as base64")


class TakeInCdl(Endpoint):
    """Let an ASC CDL file be a correction of the whole scene; the next run of grade applies it."""

    rights: ClassVar = {"POST": _RIGHTS["POST"]}
    queryset = Scene.objects.all()
    serializer_class = ColourCorrectionShown
    reads = CdlSaid
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Scene]:
        return Scene.objects.current().filter(scan__reel__in=reels_of(user))

    @extend_schema(responses={201: ColourCorrectionShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._take_in(said))

    def _take_in(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        scene = scene_of(by, self.kwargs["pk"])
        try:
            cdl = read_cdl(said["file"])
        except CdlFileError as error:
            raise problems.Refused(f"Nothing was corrected: {error}.", 422) from error
        made = corrections.enter(scene, cdl, by=by, reason=f"from {said['name']}")
        where = {"Location": f"/api/v1/colour-corrections/{made.pk}"}
        return Response(self.shown(corrections_of(by).get(pk=made.pk)), 201, headers=where)


class OneColourCorrection(Revocable):
    """A colour correction; taken back it ends in every scene that it reaches into."""

    rights: ClassVar = _RIGHTS
    queryset = ColourCorrection.objects.all()
    serializer_class = ColourCorrectionShown

    def rows(self, user: Any) -> QuerySet[ColourCorrection]:
        return corrections_of(user)

    def take_back(self, row: ColourCorrection, by: Any) -> None:
        corrections.withdraw(row, by=by)


class CorrectionFile(Row):
    """White balance and CDL as one, as a file of the ASC's kind (.cdl)."""

    rights: ClassVar = SEE_WORK
    queryset = ColourCorrection.objects.all()
    serializer_class = ColourCorrectionShown

    def rows(self, user: Any) -> QuerySet[ColourCorrection]:
        return corrections_of(user)

    @extend_schema(
        operation_id="correction_file",
        responses={(200, "application/xml"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:  # type: ignore[override]  # a file
        reading.wanted(request, None, ())
        row = self.row()
        name = f"scan{row.scan_id}_frame{row.start_frame}_correction{row.pk}"
        about = f"Frames {row.start_frame} to {row.end_frame - 1}, {row.where or 'whole picture'}"
        try:
            cdl = with_white(Cdl.parse(row.as_values()), row.white)
        except ValueError as error:
            raise problems.Refused(f"No CDL file can hold it: {error}.", 422) from error
        data = write_cdl(cdl, name=name, description=about, decisions=True)
        headers = {"Content-Disposition": f'attachment; filename="{name}.cdl"'}
        return HttpResponse(data, content_type="application/xml", headers=headers)


def corrections_of(user: Any) -> QuerySet[ColourCorrection]:
    seen = reels_of(user, SEE_WORK["GET"])
    standing = ColourCorrection.objects.standing().filter(scan__reel__in=seen)
    return standing.select_related("scan", "by")


class StillShown(serializers.ModelSerializer):
    """A still in colour for one frame, which the next run of colourise heeds."""

    reel = serializers.IntegerField(source="scan.reel_id")
    by = serializers.CharField(source="by.username")

    class Meta:
        model = ColourReference
        fields = (
            *("id", "reel", "scan", "frame", "name", "media_type", "sha256", "source", "by", "at"),
        )


class StillFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    frame = serializers.IntegerField(**_FRAME, required=False)


class StillSaid(serializers.Serializer):
    scene = Id(required=True)
    frame = serializers.IntegerField(**_FRAME, help_text="Numbered as in the scan")
    name = serializers.CharField(max_length=200, help_text="Of the file")
    source = serializers.CharField(max_length=300, help_text="What it is, and where it is from")
    file = reading.Base64(help_text="A PNG or JPEG, as base64")


class ReferenceStills(Rows):
    """Stills of reference that stand, of the reels that you work on."""

    rights: ClassVar = _RIGHTS
    queryset = ColourReference.objects.all()
    serializer_class = StillShown
    filters = StillFilters
    reads = StillSaid
    parser_classes = (reading.LargeJSON,)

    def rows(self, user: Any) -> QuerySet[ColourReference]:
        return stills_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return of_reel(rows, wanted)

    @extend_schema(responses={201: StillShown})
    def post(self, request: Request) -> Response:
        """Keep a still in colour for a frame."""
        said = self.said()
        return writing.once(request, lambda: self._keep(said))

    def _keep(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        scene = scene_of(by, said["scene"])
        self.ask_right(scene.scan.reel)
        made = references.keep(
            scene, said["frame"], said["file"], name=said["name"], source=said["source"], by=by
        )
        where = {"Location": f"/api/v1/reference-stills/{made.pk}"}
        return Response(self.shown(made), 201, headers=where)


class OneReferenceStill(Revocable):
    """A still of reference; its file stays when it is taken back, for takes were made with it."""

    rights: ClassVar = _RIGHTS
    queryset = ColourReference.objects.all()
    serializer_class = StillShown

    def rows(self, user: Any) -> QuerySet[ColourReference]:
        return stills_of(user)

    def take_back(self, row: ColourReference, by: Any) -> None:
        references.withdraw(row, by=by)


def stills_of(user: Any) -> QuerySet[ColourReference]:
    seen = reels_of(user, SEE_WORK["GET"])
    standing = ColourReference.objects.standing().filter(scan__reel__in=seen)
    return standing.select_related("scan__reel", "by")
