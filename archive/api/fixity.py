"""Whether masters are still what was taken in: what checks found, when the next are due."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Count, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive import fixity_schedule, second_copies, trash
from archive.access import signed_in
from archive.api import reading, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id
from archive.api.views import Endpoint, Row, Rows
from archive.models import FixityCheck, FixitySchedule, Scan, SecondCopy

HISTORY = "archive.view_history"
_READ = {"GET": HISTORY}


class CheckShown(serializers.ModelSerializer):
    """One reading of a master, held against the digests of its accession. `detail` names what was
    expected and found, and which frames."""

    reel = serializers.IntegerField(source="scan.reel_id")
    detail = serializers.JSONField()

    class Meta:
        model = FixityCheck
        fields = ("id", "reel", "scan", "at", "outcome", "detail")


class CheckFilters(serializers.Serializer):
    reel = Id()
    scan = Id()
    outcome = serializers.ChoiceField(FixityCheck.Outcome.choices, required=False)


class FixityChecks(Rows):
    """What checks found, the newest first."""

    rights: ClassVar = _READ
    queryset = FixityCheck.objects.all()
    serializer_class = CheckShown
    filters = CheckFilters
    order = ("-pk",)

    def rows(self, user: Any) -> QuerySet[FixityCheck]:
        return checks_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (reel := wanted.pop("reel", None)) is not None:
            rows = rows.filter(scan__reel=reel)
        return rows.filter(**wanted)


class OneFixityCheck(Row):
    """What one check found."""

    rights: ClassVar = _READ
    queryset = FixityCheck.objects.all()
    serializer_class = CheckShown

    def rows(self, user: Any) -> QuerySet[FixityCheck]:
        return checks_of(user)


def checks_of(user: Any) -> QuerySet[FixityCheck]:
    found = FixityCheck.objects.filter(scan__reel__in=reels_of(user, HISTORY))
    return found.select_related("scan__reel__element__title")


class OutcomesShown(serializers.Serializer):
    intact = serializers.IntegerField()
    changed = serializers.IntegerField()
    missing = serializers.IntegerField()
    unreadable = serializers.IntegerField()


class StorageShown(serializers.ModelSerializer):
    """How often masters below a place are read again, in which hours and how much of them a day."""

    class Meta:
        model = FixitySchedule
        fields = ("place", "days", "from_hour", "to_hour", "gigabytes_a_day")


class ScheduleShown(serializers.Serializer):
    """Of the scans that you may see: how many wait to be read again, and what the newest check of
    each found."""

    days = serializers.IntegerField(
        help_text="After so many each is read that lies in none of `storages`; 0: not by itself"
    )
    storages = StorageShown(many=True)
    scans = serializers.IntegerField()
    never_checked = serializers.IntegerField()
    due = serializers.IntegerField()
    newest = OutcomesShown()


class Schedule(Endpoint):
    """The report of all masters, in numbers."""

    rights: ClassVar = _READ
    queryset = Scan.objects.all()
    serializer_class = ScheduleShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Scan]:
        return trash.with_files(Scan.objects.filter(reel__in=reels_of(user, HISTORY)))

    @extend_schema(operation_id="fixity_schedule")
    def get(self, request: Request) -> Response:
        reading.wanted(request, None, ())
        scans = self.rows(request.user).order_by()
        newest = FixityCheck.objects.filter(scan__in=scans.values("pk"))
        newest = newest.order_by("scan_id", "-at", "-pk").distinct("scan_id")
        found = FixityCheck.objects.filter(pk__in=newest.values("pk")).order_by("outcome")
        counted = dict(found.values_list("outcome").annotate(n=Count("pk")))
        due = fixity_schedule.due().filter(pk__in=scans.values("pk"))
        count = scans.count()
        return Response(
            {
                "days": settings.FIXITY_DAYS,
                "scans": count,
                "never_checked": count - sum(counted.values()),
                "due": due.count(),
                "storages": StorageShown(FixitySchedule.objects.order_by("pk"), many=True).data,
                "newest": {name: counted.get(name, 0) for name in FixityCheck.Outcome.values},
            }
        )


class CheckScan(Endpoint):
    """Have a master read again by a worker, whether or not it is due: see `fixity-checks` for what
    it finds."""

    rights: ClassVar = {"POST": "archive.ingest"}
    queryset = Scan.objects.all()
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Scan]:
        return trash.with_files(Scan.objects.filter(reel__in=reels_of(user)))

    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        return writing.once(request, self._ask)

    def _ask(self) -> Response:
        fixity_schedule.ask(self.row())
        return Response(status=202)


class CopyShown(serializers.ModelSerializer):
    """Another place where a scan's bytes lie, and how they were when they were last read."""

    reel = serializers.IntegerField(source="scan.reel_id")

    class Meta:
        model = SecondCopy
        fields = ("id", "reel", "scan", "path", "named", "compared", "outcome")


class SecondCopies(Rows):
    """Second copies of masters. Administrators name them; the machine's keepers put them to use."""

    rights: ClassVar = _READ
    queryset = SecondCopy.objects.all()
    serializer_class = CopyShown
    filters = CheckFilters

    def rows(self, user: Any) -> QuerySet[SecondCopy]:
        found = SecondCopy.objects.filter(scan__reel__in=reels_of(user, HISTORY))
        return found.select_related("scan")

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (reel := wanted.pop("reel", None)) is not None:
            rows = rows.filter(scan__reel=reel)
        return rows.filter(**wanted)


class CopySaid(serializers.Serializer):
    path = serializers.RegexField(
        r"^/[^\x00]+$", max_length=4000, help_text="On the machine that keeps the masters"
    )


class NameCopy(Endpoint):
    """Say where a second copy of a master lies. A worker reads it whole first: then it stands in
    `second-copies`, or the reel's custody tells why it was refused."""

    rights: ClassVar = {"POST": "archive.add_secondcopy"}
    queryset = Scan.objects.all()
    reads = CopySaid
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Scan]:
        return trash.with_files(Scan.objects.filter(reel__in=reels_of(user)))

    @extend_schema(responses={202: None})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._name(said))

    def _name(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        second_copies.name_later(self.row(), Path(said["path"]), by=by)
        return Response(status=202)
