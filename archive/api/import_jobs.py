"""Tables of many rows that a worker goes through: followed, cancelled, gone on with, taken back."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive import import_jobs, importing
from archive.access import signed_in
from archive.api import problems, writing
from archive.api.imports import OUTCOMES, CountsShown, TableSaid, UndoneShown, refuse_in_part
from archive.api.reading import LargeJSON
from archive.api.uploads import in_words
from archive.api.views import Endpoint, Row, Rows
from archive.errors import ImportRefused
from archive.models import ImportedRow, ImportJob
from archive.upload_places import safe_name

_RIGHTS = dict.fromkeys(("GET", "POST"), importing.RIGHT)

problems.answer_with(409, ImportRefused)


class ImportJobShown(serializers.ModelSerializer):
    """How far a table is. `imports` names what stands in custody, once for each time that it ended;
    `undone` says what taking it back came to."""

    owner = serializers.CharField(source="owner.username")
    counts = serializers.SerializerMethodField()
    imports = serializers.ListField(child=serializers.CharField())
    undone = UndoneShown(allow_null=True)

    class Meta:
        model = ImportJob
        fields = (
            *("id", "name", "sha256", "owner", "dry_run", "status", "error", "rows_total"),
            *("rows_done", "counts", "cancel_requested", "imports", "undone", "created", "touched"),
        )

    @extend_schema_field(CountsShown)
    def get_counts(self, job: ImportJob) -> dict[str, int]:
        return {name: job.counts.get(name, 0) for name in OUTCOMES}


class ImportJobFilters(serializers.Serializer):
    status = serializers.ChoiceField(ImportJob.Status.choices, required=False)
    dry_run = serializers.BooleanField(required=False, allow_null=True, default=None)


def jobs_of(_user: Any) -> QuerySet[ImportJob]:
    """Everybody's: who may take tables in answers for the whole catalogue."""
    return ImportJob.objects.select_related("owner").defer("file")


class _Jobs(Endpoint):
    rights: ClassVar = _RIGHTS
    queryset: Any = ImportJob.objects.all()
    serializer_class: Any = ImportJobShown

    def rows(self, user: Any) -> QuerySet[Any]:
        return jobs_of(user)

    def film_of(self, row: Any) -> None:
        return None


class ImportJobs(_Jobs, Rows):
    """Tables that workers go through or went through within thirty days, the newest first."""

    filters = ImportJobFilters
    reads = TableSaid
    parser_classes = (LargeJSON,)
    order = ("-pk",)

    @extend_schema(responses={202: ImportJobShown})
    def post(self, request: Request) -> Response:
        """Have a worker take a table in, or only try it (`dry_run`), however many rows it has. A
        refused row leaves no trace and stops no other: mend it, and send the whole table again.
        Rows that are here already are unchanged."""
        said = self.said()
        refuse_in_part(request.user)
        return writing.once(request, lambda: self._start(said))

    def _start(self, said: dict[str, Any]) -> Response:
        with in_words():
            name = safe_name(said["name"])
        made = import_jobs.start(
            name, said["file"], said.get("mapping", {}), dry_run=said["dry_run"],
            by=signed_in(self.request._request),
        )  # fmt: skip
        return Response(
            self.shown(made), 202, headers={"Location": f"/api/v1/import-jobs/{made.pk}"}
        )


class OneImportJob(_Jobs, Row):
    """How far a table is."""


class RowOfJob(serializers.ModelSerializer):
    """What became of one row, numbered as the spreadsheet counts: its headings are row 1."""

    outcome = serializers.ChoiceField(OUTCOMES)
    reasons = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = ImportedRow
        fields = ("row", "outcome", "reel", "reasons")


class RowFilters(serializers.Serializer):
    outcome = serializers.ChoiceField(OUTCOMES, required=False)


class ImportJobRows(_Jobs, Rows):
    """What became of each row that was gone through, in the table's order; for those alone who take
    tables in, since reasons tell of every collection. A reel made only to try is not named."""

    queryset = ImportedRow.objects.all()
    serializer_class = RowOfJob
    filters = RowFilters
    order = ("row",)

    def rows(self, user: Any) -> QuerySet[ImportedRow]:
        refuse_in_part(user)
        job = jobs_of(user).filter(pk=self.kwargs["pk"]).first()
        if job is None:
            raise NotFound
        return ImportedRow.objects.filter(job=job)


class _Act(_Jobs):
    pagination_class = None
    act: ClassVar[Any]

    @extend_schema(request=None, responses={202: ImportJobShown})
    def post(self, request: Request, pk: int) -> Response:
        self.row()
        refuse_in_part(request.user)
        return writing.once(request, self._act)

    def _act(self) -> Response:
        type(self).act(self.row())
        return Response(self.shown(self.row()), 202)


class CancelImportJob(_Act):
    """Stop it: at once if it waits, else within some hundred rows. What came in stays, and stands
    in custody as an import; nothing of a trial stays."""

    act = staticmethod(import_jobs.cancel)


class ResumeImportJob(_Act):
    """Go on behind the last row that came in, with the table as it was sent; a trial begins
    anew."""

    act = staticmethod(import_jobs.resume)


class UndoImportJob(_Act):
    """Have all of it taken back that stands: what it made and nobody used since goes, what it
    changed and nobody changed since is as it was; the rest stays and is counted in `undone`."""

    act = staticmethod(import_jobs.undo)
