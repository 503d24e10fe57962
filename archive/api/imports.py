"""Spreadsheets of many reels: tried, taken in, told row by row, taken back.

The same table sent again goes on where one was cut off: what is there already is left as it is.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from archive import importing
from archive.access import signed_in
from archive.api import problems, reading, writing
from archive.api.uploads import in_words
from archive.api.views import Endpoint, Row, Rows
from archive.import_batch import COLUMNS
from archive.metadata.record import NotARecord
from archive.metadata.spreadsheet import read_rows
from archive.models import Event
from archive.upload_places import safe_name

_RIGHTS = dict.fromkeys(("GET", "POST"), importing.RIGHT)
MOST_ROWS = 2_000
"""Of one request: a table of so many is gone through within seconds."""
OUTCOMES = ("new", "changed", "unchanged", "refused")

problems.answer_with(422, NotARecord)


class CountsShown(serializers.Serializer):
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class RowShown(serializers.Serializer):
    """What became of one row, numbered as the spreadsheet counts: its headings are row 1."""

    row = serializers.IntegerField()
    outcome = serializers.ChoiceField(OUTCOMES)
    reel = serializers.IntegerField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())


class Imported(serializers.Serializer):
    """What came of a table. `import` names it, to take it back; null where it was only tried or
    changed nothing."""

    def get_fields(self) -> dict[str, Any]:
        # `import` is a word of the language, and can be no attribute.
        return {
            "import": serializers.CharField(allow_null=True),
            "dry_run": serializers.BooleanField(),
            "counts": CountsShown(),
            "rows": RowShown(many=True),
        }


class TableSaid(serializers.Serializer):
    """A CSV (UTF-8), XLSX or ODS table of up to 2,000 rows. `mapping` says for headings that are
    not ours which of our columns they are; "" leaves a column out."""

    name = serializers.RegexField(
        r"^[^/\\]{1,140}\.([cC][sS][vV]|[xX][lL][sS][xX]|[oO][dD][sS])$",
        help_text="Of the file, with its ending",
    )
    file = reading.Base64(help_text="The file, as base64")
    mapping = serializers.DictField(
        child=serializers.ChoiceField(("", *COLUMNS)), required=False, help_text="Heading: column"
    )
    dry_run = serializers.BooleanField(required=False, default=False)


class ImportShown(serializers.ModelSerializer):
    """A table that was taken in, or one field that was set for many reels at once."""

    id = serializers.SerializerMethodField(help_text="Its name, for `imports/ID/undo`")
    file = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()
    by = serializers.CharField(source="agent.name")
    undone = serializers.BooleanField()

    class Meta:
        model = Event
        fields = ("id", "file", "counts", "by", "at", "undone")

    def get_id(self, event: Event) -> str:
        return event.subject.removeprefix("import:")

    def get_file(self, event: Event) -> str:
        return str(event.detail.get("file", ""))

    @extend_schema_field(CountsShown)
    def get_counts(self, event: Event) -> dict[str, int]:
        return {name: event.detail["rows"].get(name, 0) for name in OUTCOMES}


def refuse_in_part(user: Any) -> None:
    """A table reaches films of every collection.

    Raises: PermissionDenied for who is no archivist in one of them.
    """
    if not importing.may_import(user):
        raise PermissionDenied(
            "Nothing was done: a table may reach every collection, and in one of them you are no "
            "archivist. Ask one who is."
        )


def imports_of(user: Any) -> QuerySet[Event]:
    found = Event.objects.filter(kind=importing.IMPORTED, subject__startswith="import:")
    back = Event.objects.filter(kind=importing.TAKEN_BACK, subject=OuterRef("subject"))
    return found.select_related("agent").annotate(undone=Exists(back))


class Imports(Rows):
    """Imports, the newest first."""

    rights: ClassVar = _RIGHTS
    queryset = Event.objects.all()
    serializer_class = ImportShown
    reads = TableSaid
    parser_classes = (reading.LargeJSON,)
    order = ("-pk",)

    def rows(self, user: Any) -> QuerySet[Event]:
        return imports_of(user)

    @extend_schema(responses={200: Imported})
    def post(self, request: Request) -> Response:
        """Take a table in, or only try it (`dry_run`). A refused row leaves no trace and stops no
        other: mend it, and send the whole table again. Rows that are here already are unchanged."""
        said = self.said()
        refuse_in_part(request.user)
        return writing.once(request, lambda: self._import(said))

    def _import(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        with in_words():
            name = safe_name(said["name"])
        with TemporaryDirectory(prefix="reelproof-import-") as folder:
            path = Path(folder) / name
            path.write_bytes(said["file"])
            if sum(1 for _ in read_rows(path)) > MOST_ROWS:
                raise ValidationError(
                    {"file": [f"It has over {MOST_ROWS:,} rows. Have a worker take it in: POST "
                              "/api/v1/import-jobs."]}
                )  # fmt: skip
            made = importing.import_file(path, said.get("mapping"), by=by, dry_run=said["dry_run"])
        told = made.as_json()
        if not made.done:
            told["import"] = None
        return Response(told)


class OneImport(Row):
    """A table that was taken in."""

    rights: ClassVar = _RIGHTS
    queryset = Event.objects.all()
    serializer_class = ImportShown

    def rows(self, user: Any) -> QuerySet[Event]:
        return imports_of(user)

    def row(self, **named: Any) -> Any:
        return super().row(subject=f"import:{self.kwargs['number']}")

    def film_of(self, row: Event) -> None:
        return None


class UndoneShown(serializers.Serializer):
    """Reels whose description is as it was, that are gone, and that stay as people went on with
    them since."""

    restored = serializers.IntegerField()
    removed = serializers.IntegerField()
    kept = serializers.IntegerField()


class UndoImport(Endpoint):
    """Take an import back: what it made and nobody used since goes, what it changed and nobody
    changed since is as it was; the rest stays and is counted."""

    rights: ClassVar = _RIGHTS
    queryset = Event.objects.all()
    serializer_class = UndoneShown
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[Event]:
        return imports_of(user)

    def film_of(self, row: Event) -> None:
        return None

    @extend_schema(request=None)
    def post(self, request: Request, number: str) -> Response:
        self.row(subject=f"import:{number}")
        refuse_in_part(request.user)
        return writing.once(request, lambda: self._undo(number))

    def _undo(self, number: str) -> Response:
        return Response(importing.take_back(number, by=signed_in(self.request._request)))
