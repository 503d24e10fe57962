"""Examinations of reels, with graded faults and their photographs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from archive import reading as readers
from archive.access import signed_in
from archive.api import reading, writing
from archive.api.catalogue import reels_of
from archive.api.of_reel import reel_with_right
from archive.api.rows import Text
from archive.api.views import Row, Rows
from archive.damage_photographs import brought
from archive.describing import Examining
from archive.models import ConditionReport, Fault, Reel
from archive.roles import Subject

HISTORY = "archive.view_history"
MOST_FAULTS = 40


class FaultShown(serializers.ModelSerializer):
    """One kind of damage. `photograph` is the address of its picture, null where there is none."""

    photograph = serializers.SerializerMethodField()

    class Meta:
        model = Fault
        fields = ("id", "kind", "grade", "where", "photograph")

    @extend_schema_field({"type": "string", "nullable": True})
    def get_photograph(self, fault: Fault) -> str | None:
        return f"/api/v1/faults/{fault.pk}/photograph" if fault.photograph else None


class ConditionShown(serializers.ModelSerializer):
    """What one examination found; another examination is another report."""

    faults = FaultShown(many=True)
    by = serializers.CharField(source="by.username", help_text="Who entered it")

    class Meta:
        model = ConditionReport
        fields = (
            *("id", "reel", "on", "examined_by", "shrinkage", "acidity", "note", "faults", "by"),
            "at",
        )


class FaultSaid(serializers.Serializer):
    kind = serializers.CharField(max_length=100, help_text="A word of the vocabulary `fault`")
    grade = serializers.ChoiceField(Fault.Grade.choices)
    where = Text(max_length=200, help_text="Such as: head, 0-20 m")
    photograph = reading.Base64(
        required=False, help_text="A PNG, JPEG, WebP or TIFF, as base64; only its pixels are kept"
    )


class ConditionSaid(serializers.Serializer):
    """The checks are those of the form: what is wrong is told with its place."""

    on = serializers.DateField(help_text="Day of the examination")
    examined_by = serializers.CharField(max_length=200)
    shrinkage = serializers.DecimalField(
        max_digits=4, decimal_places=2, min_value=0, max_value=20, required=False, allow_null=True,
        help_text="Per cent",
    )  # fmt: skip
    acidity = serializers.DecimalField(
        max_digits=2, decimal_places=1, min_value=0, max_value=3, required=False, allow_null=True,
        help_text="A-D strips: 0 to 3",
    )  # fmt: skip
    note = Text()
    faults = FaultSaid(many=True, required=False, max_length=MOST_FAULTS)


class Conditions(Rows):
    """A reel's examinations; the newest entry first."""

    rights: ClassVar = {"GET": HISTORY, "POST": "archive.describe"}
    queryset = ConditionReport.objects.all()
    serializer_class = ConditionShown
    reads = ConditionSaid
    parser_classes = (reading.LargeJSON,)
    order = ("-pk",)

    def rows(self, user: Any) -> QuerySet[ConditionReport]:
        return reports_of(reel_with_right(self))

    @extend_schema(responses={201: ConditionShown})
    def post(self, request: Request, pk: int) -> Response:
        """Enter an examination; it stands in the reel's custody."""
        reel_with_right(self)
        said = self.said()
        return writing.once(request, lambda: self._enter(said))

    def _enter(self, said: dict[str, Any]) -> Response:
        reel = reel_with_right(self)
        examined = Examining(reel, *_as_typed(said))
        if not examined.is_valid():
            raise ValidationError(_faults(examined))
        made = examined.save(by=signed_in(self.request._request))
        return Response(self.shown(reports_of(reel).get(pk=made.pk)), 201)


def reports_of(reel: Reel) -> QuerySet[ConditionReport]:
    found = ConditionReport.objects.filter(reel=reel)
    return found.select_related("by").prefetch_related("faults")


def _as_typed(said: dict[str, Any]) -> tuple[dict[str, str], dict[str, SimpleUploadedFile]]:
    """As the form of the page sends it."""
    faults = said.get("faults", [])
    typed = {"faults-TOTAL_FORMS": str(len(faults)), "faults-INITIAL_FORMS": "0"}
    sent = {}
    for name in ("on", "examined_by", "shrinkage", "acidity", "note"):
        value = said.get(name)
        typed[f"condition-{name}"] = "" if value is None else str(value)
    for place, fault in enumerate(faults):
        for name in ("kind", "grade", "where"):
            typed[f"faults-{place}-{name}"] = str(fault.get(name, ""))
        if picture := fault.get("photograph"):
            sent[f"faults-{place}-picture"] = SimpleUploadedFile("photograph", picture)
    return typed, sent


def _faults(examined: Examining) -> dict[str, Any]:
    """What the forms say, by where it stands in the body."""
    found: dict[str, Any] = {
        "non_field_errors" if name == "__all__" else name: list(words)
        for name, words in examined.form.errors.items()
    }
    rows = [
        {("photograph" if name == "picture" else name): list(words) for name, words in each.items()}
        for each in examined.faults.errors
    ]
    whole = list(examined.faults.non_form_errors())
    return found | ({"faults": whole or rows} if whole or any(rows) else {})


class FaultPhotograph(Row):
    """The photograph of a fault, as JPEG."""

    rights: ClassVar = {"GET": HISTORY}
    queryset = Fault.objects.all()
    serializer_class = FaultShown

    def rows(self, user: Any) -> QuerySet[Fault]:
        found = Fault.objects.filter(report__reel__in=reels_of(user, HISTORY))
        return found.select_related("report__reel__element__title__collection")

    def film_of(self, row: Fault) -> Subject:
        return row.report.reel

    @extend_schema(
        operation_id="fault_photograph",
        responses={(200, "image/jpeg"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:  # type: ignore[override]  # a file
        reading.wanted(request, None, ())
        fault = self.row()
        readers.note(request._request, fault.report.reel)
        try:
            jpeg = brought(fault.photograph).read_bytes() if fault.photograph else b""
        except OSError as error:
            raise NotFound from error
        if not jpeg:
            raise NotFound
        return HttpResponse(jpeg, content_type="image/jpeg")
