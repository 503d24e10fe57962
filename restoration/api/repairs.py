"""Single repairs of a take, what people decided on them, and regions that no repair may touch."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive import reading as readers
from archive.access import signed_in
from archive.api import problems, reading, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id, Text
from archive.api.views import Endpoint, Revocable, Rows
from restoration import repairs
from restoration.api.takes import SEE_WORK, takes_of
from restoration.models import ProtectedRegion, RepairDecision, Scene
from restoration.provenance import Label, ProvenanceError
from restoration.stages.repair.regions import MOST_POINTS

_RIGHTS = SEE_WORK | dict.fromkeys(("POST", "DELETE"), "restoration.judge_repair")
_FRAME = {"min_value": 0, "max_value": 2**31 - 1}
_PIXEL = {"min_value": -100_000, "max_value": 100_000}


def polygon_field(**options: Any) -> serializers.ListField:
    """[[x, y], ...] in the scan's luma pixels."""
    corner = serializers.ListField(
        child=serializers.IntegerField(**_PIXEL), min_length=2, max_length=2
    )
    words = "[x, y] of each corner, in the scan's luma pixels"
    return serializers.ListField(child=corner, help_text=words, **options)


class DecisionOnRepair(serializers.Serializer):
    id = serializers.IntegerField()
    decision = serializers.ChoiceField(RepairDecision.Decision.choices)
    by = serializers.CharField()
    reason = serializers.CharField()


class RepairShown(serializers.Serializer):
    """A connected region that the take changed. `sources`: pixels copied, by the frame they are
    from."""

    box = serializers.ListField(
        child=serializers.IntegerField(), help_text="left, top, width, height"
    )
    at = serializers.ListField(child=serializers.IntegerField(), help_text="A pixel of it, [x, y]")
    outline = polygon_field()
    pixels = serializers.IntegerField()
    label = serializers.CharField(help_text="That most of its pixels bear")
    labels = serializers.DictField(child=serializers.IntegerField())
    sources = serializers.DictField(child=serializers.IntegerField())
    decision = DecisionOnRepair(allow_null=True)


class Outline(serializers.Serializer):
    id = serializers.IntegerField()
    outline = polygon_field()


class RepairsOfFrame(serializers.Serializer):
    """The repairs of one frame, from top to bottom, and what people drew there."""

    frame = serializers.IntegerField()
    repairs = RepairShown(many=True)
    undone = Outline(many=True, help_text="Places that the next run leaves as the scan has them")
    protected = Outline(many=True)


class FrameRepairs(Endpoint):
    """The single repairs of one frame of a take of `repair`, with the decision on each."""

    rights: ClassVar = SEE_WORK
    queryset = RepairDecision.objects.all()
    serializer_class = RepairsOfFrame
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Any]:
        return takes_of(user)

    @extend_schema(operation_id="take_repairs")
    def get(self, request: Request, pk: int, frame: int) -> Response:
        reading.wanted(request, None, ())
        take = self.row()
        readers.note(request._request, take.scan.reel)
        try:
            return Response(repairs.listed(take, frame))
        except (ProvenanceError, OSError) as error:
            raise problems.Refused(f"The take's map cannot be read: {error}", 409) from error


class DecisionShown(serializers.ModelSerializer):
    """A person's word on one repair: kept, undone, or asked of a neighbour in the next run."""

    reel = serializers.IntegerField(source="scan.reel_id")
    box = serializers.ListField(
        child=serializers.IntegerField(), help_text="left, top, width, height"
    )
    outline = polygon_field(source="polygon")
    label = serializers.SerializerMethodField(help_text="The region's highest when it was judged")
    by = serializers.CharField(source="by.username")

    class Meta:
        model = RepairDecision
        fields = (
            *("id", "reel", "scan", "take", "frame", "box", "outline", "pixels", "label"),
            *("decision", "reason", "by", "at"),
        )

    def get_label(self, decision: RepairDecision) -> str:
        return Label(decision.label).name


class DecisionFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    take = Id()
    frame = serializers.IntegerField(**_FRAME, required=False)
    decision = serializers.ChoiceField(RepairDecision.Decision.choices, required=False)


class DecisionSaid(serializers.Serializer):
    """Which repair (a pixel of it in a frame of a take), and what becomes of it."""

    take = Id(required=True)
    frame = serializers.IntegerField(**_FRAME)
    x = serializers.IntegerField(**_FRAME)
    y = serializers.IntegerField(**_FRAME)
    decision = serializers.ChoiceField(RepairDecision.Decision.choices)
    reason = Text(max_length=200)


class RepairDecisions(Rows):
    """Decisions on single repairs that stand, of the reels that you work on."""

    rights: ClassVar = _RIGHTS
    queryset = RepairDecision.objects.all()
    serializer_class = DecisionShown
    filters = DecisionFilters
    reads = DecisionSaid

    def rows(self, user: Any) -> QuerySet[RepairDecision]:
        return decisions_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return of_reel(rows, wanted)

    @extend_schema(responses={201: DecisionShown})
    def post(self, request: Request) -> Response:
        """Keep a repair, undo it, or ask a neighbour; the next run heeds it, and no label changes
        by it. An earlier word on the same repair is replaced."""
        said = self.said()
        return writing.once(request, lambda: self._decide(said))

    def _decide(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        take = takes_of(by).filter(pk=said["take"]).first()
        if take is None:
            raise problems.Refused("Nothing was recorded: there is no such take.", 422)
        self.ask_right(take.scan.reel)
        try:
            made = repairs.decide(
                take, said["frame"], (said["x"], said["y"]), decision=said["decision"], by=by,
                reason=said.get("reason", ""),
            )  # fmt: skip
        except (ProvenanceError, OSError) as error:
            raise problems.Refused(f"Nothing was recorded: {error}", 409) from error
        where = {"Location": f"/api/v1/repair-decisions/{made.pk}"}
        return Response(self.shown(decisions_of(by).get(pk=made.pk)), 201, headers=where)


class OneRepairDecision(Revocable):
    """A decision on a repair; taken back, the stage decides again in the next run."""

    rights: ClassVar = _RIGHTS
    queryset = RepairDecision.objects.all()
    serializer_class = DecisionShown

    def rows(self, user: Any) -> QuerySet[RepairDecision]:
        return decisions_of(user)

    def take_back(self, row: RepairDecision, by: Any) -> None:
        repairs.withdraw(row, by=by)


def decisions_of(user: Any) -> QuerySet[RepairDecision]:
    seen = reels_of(user, SEE_WORK["GET"])
    standing = RepairDecision.objects.standing().filter(scan__reel__in=seen)
    return standing.select_related("scan", "take", "by")


class RegionShown(serializers.ModelSerializer):
    """A polygon that no repair may touch, in frames [start_frame, end_frame)."""

    reel = serializers.IntegerField(source="scan.reel_id")
    polygon = polygon_field()
    by = serializers.CharField(source="by.username")

    class Meta:
        model = ProtectedRegion
        fields = (
            *("id", "reel", "scan", "start_frame", "end_frame", "polygon", "reason", "by", "at"),
        )


class RegionFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    frame = serializers.IntegerField(**_FRAME, required=False, help_text="Those that cover it")


class RegionSaid(serializers.Serializer):
    scene = Id(required=True)
    start_frame = serializers.IntegerField(**_FRAME, help_text="Numbered as in the scan")
    end_frame = serializers.IntegerField(**_FRAME, help_text="The first that is free again")
    polygon = polygon_field(min_length=3, max_length=MOST_POINTS)
    reason = Text(max_length=200)


class ProtectedRegions(Rows):
    """Regions that are protected from repairs, of the reels that you work on."""

    rights: ClassVar = _RIGHTS
    queryset = ProtectedRegion.objects.all()
    serializer_class = RegionShown
    filters = RegionFilters
    reads = RegionSaid

    def rows(self, user: Any) -> QuerySet[ProtectedRegion]:
        return regions_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (frame := wanted.pop("frame", None)) is not None:
            rows = rows.filter(start_frame__lte=frame, end_frame__gt=frame)
        return of_reel(rows, wanted)

    @extend_schema(responses={201: RegionShown})
    def post(self, request: Request) -> Response:
        """Protect a region: the next run changes nothing in there."""
        said = self.said()
        return writing.once(request, lambda: self._protect(said))

    def _protect(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        scene = scene_of(by, said["scene"])
        self.ask_right(scene.scan.reel)
        made = repairs.protect(
            scene, said["polygon"], (said["start_frame"], said["end_frame"]), by=by,
            reason=said.get("reason", ""),
        )  # fmt: skip
        where = {"Location": f"/api/v1/protected-regions/{made.pk}"}
        return Response(self.shown(regions_of(by).get(pk=made.pk)), 201, headers=where)


class OneProtectedRegion(Revocable):
    """A protected region; taken back, the next run may repair in there again."""

    rights: ClassVar = _RIGHTS
    queryset = ProtectedRegion.objects.all()
    serializer_class = RegionShown

    def rows(self, user: Any) -> QuerySet[ProtectedRegion]:
        return regions_of(user)

    def take_back(self, row: ProtectedRegion, by: Any) -> None:
        repairs.unprotect(row, by=by)


def regions_of(user: Any) -> QuerySet[ProtectedRegion]:
    seen = reels_of(user, SEE_WORK["GET"])
    standing = ProtectedRegion.objects.standing().filter(scan__reel__in=seen)
    return standing.select_related("scan", "by")


def of_reel(rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
    """Rows of scans narrowed by their own fields, and by `reel`."""
    if (reel := wanted.pop("reel", None)) is not None:
        rows = rows.filter(scan__reel=reel)
    return rows.filter(**wanted)


def scene_of(user: Any, pk: int) -> Scene:
    """A current scene that the person sees.

    Raises: NotFound.
    """
    seen = Scene.objects.current().filter(scan__reel__in=reels_of(user), pk=pk)
    found = seen.select_related("scan__reel__element__title").first()
    if found is None:
        raise NotFound
    return found
