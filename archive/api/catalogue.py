"""Collections, titles, elements and scans: those of reels that the person may see."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, Model, OuterRef, QuerySet, Subquery
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in, visible_reels
from archive.api import describing, problems, rows, writing
from archive.api.rows import Id, Text
from archive.api.views import Row, Rows
from archive.description import ROWS
from archive.errors import DescriptionChanged
from archive.models import Collection, Element, FixityCheck, Reel, Scan, Title
from archive.models.catalogue import ReelQuerySet
from archive.models.description import ElementIdentifier, Identifier

BROWSE = {"GET": "archive.browse"}
DESCRIBE = BROWSE | {"PATCH": "archive.describe"}

problems.answer_with(412, DescriptionChanged)


def reels_of(user: Any, right: str = "") -> ReelQuerySet:
    """Reels that the person sees; by roles in collections, where they have this right."""
    return visible_reels(user, Reel.objects.all(), right)


class Described(Row):
    """One row of a description: shown with its ETag, changed by whoever saw that state."""

    rights: ClassVar = DESCRIBE
    is_guarded = True
    part = ""

    def reel_of(self, row: Any) -> Reel:
        """A reel that the person sees, by which the row is described."""
        raise NotImplementedError

    def patch(self, request: Request, pk: int) -> Response:
        self.row()  # whoever may not see it learns nothing from what follows
        said = self.said()
        return writing.once(request, lambda: self._change(said))

    def _change(self, said: dict[str, Any]) -> Response:
        reel = self.reel_of(self.row())
        Title.objects.select_for_update().get(pk=reel.element.title_id)  # others wait from here on
        writing.require_seen(self.request, writing.etag_of(self.shown(self.row())))
        describing.describe(reel, self.part, said, by=signed_in(self.request._request))
        return self.answer(self.row())


class CollectionFilters(serializers.Serializer):
    name = Text(help_text="Part of the name")


class Collections(Rows):
    """Collections of reels that you may see."""

    rights: ClassVar = BROWSE
    queryset = Collection.objects.all()
    serializer_class = rows.CollectionShown
    filters = CollectionFilters

    def rows(self, user: Any) -> QuerySet[Collection]:
        return collections_of(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return rows.filter(name__icontains=wanted["name"]) if wanted else rows


class OneCollection(Row):
    rights: ClassVar = BROWSE
    queryset = Collection.objects.all()
    serializer_class = rows.CollectionShown

    def rows(self, user: Any) -> QuerySet[Collection]:
        return collections_of(user)


def collections_of(user: Any) -> QuerySet[Collection]:
    reels = reels_of(user).filter(element__title__collection=OuterRef("pk"))
    return Collection.objects.filter(Exists(reels))


class TitleFilters(serializers.Serializer):
    collection = Id()
    name = Text(help_text="Part of the name")
    year = Text(help_text="How the date begins: 192, 1926")
    country = Text()
    language = Text()
    identifier = Text(max_length=200, help_text="One of its own, whole, whatever its source")


class Titles(Rows):
    """Films, with credits, identifiers and rights."""

    rights: ClassVar = BROWSE
    queryset = Title.objects.all()
    serializer_class = rows.TitleShown
    filters = TitleFilters
    _LOOKUPS: ClassVar = {"name": "name__icontains", "year": "year__startswith"}

    def rows(self, user: Any) -> QuerySet[Title]:
        return _titles(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        rows = called(rows, Identifier, "title", wanted)
        return rows.filter(**{self._LOOKUPS.get(name, name): wanted[name] for name in wanted})


class OneTitle(Described):
    """A film; a change of a list (`credits`, ...) replaces the whole list."""

    queryset = Title.objects.all()
    serializer_class = rows.TitleShown
    reads = rows.TitleChange
    part = "title"

    def rows(self, user: Any) -> QuerySet[Title]:
        return _titles(user)

    def reel_of(self, row: Title) -> Reel:
        return _first(reels_of(self.request.user).filter(element__title=row))


def _titles(user: Any) -> QuerySet[Title]:
    reels = reels_of(user).filter(element__title=OuterRef("pk"))
    return Title.objects.filter(Exists(reels)).prefetch_related(*ROWS)


class ElementFilters(serializers.Serializer):
    title = Id()
    gauge = Text()
    generation = Text()
    identifier = Text(max_length=200, help_text="One of its own, whole, whatever its source")


class Elements(Rows):
    """Physical carriers: this negative, that print."""

    rights: ClassVar = BROWSE
    queryset = Element.objects.all()
    serializer_class = rows.ElementShown
    filters = ElementFilters

    def rows(self, user: Any) -> QuerySet[Element]:
        return _elements(user)

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return called(rows, ElementIdentifier, "element", wanted).filter(**wanted)


class OneElement(Described):
    queryset = Element.objects.all()
    serializer_class = rows.ElementShown
    reads = rows.ElementChange
    part = "element"

    def rows(self, user: Any) -> QuerySet[Element]:
        return _elements(user)

    def reel_of(self, row: Element) -> Reel:
        return _first(reels_of(self.request.user).filter(element=row))


def _elements(user: Any) -> QuerySet[Element]:
    seen = Exists(reels_of(user).filter(element=OuterRef("pk")))
    return Element.objects.filter(seen).prefetch_related("identifiers")


def called(
    rows: QuerySet[Any], identifiers: type[Model], of: str, wanted: dict[str, Any]
) -> QuerySet[Any]:
    """Those with the `identifier` that is wanted, which is taken out; all if none is."""
    value = wanted.pop("identifier", None)
    if value is None:
        return rows
    return rows.filter(pk__in=identifiers._default_manager.filter(value=value).values(of))


class ScanFilters(serializers.Serializer):
    reel = Id()
    sha256 = Text(max_length=64)


class Scans(Rows):
    """Digital files and frame sequences, with what their newest check found."""

    rights: ClassVar = BROWSE
    queryset = Scan.objects.all()
    serializer_class = rows.ScanShown
    filters = ScanFilters

    def rows(self, user: Any) -> QuerySet[Scan]:
        return _scans(user)


class OneScan(Described):
    """A scan; only the newest of a reel is described."""

    queryset = Scan.objects.all()
    serializer_class = rows.ScanShown
    reads = rows.ScanChange
    part = "scan"

    def rows(self, user: Any) -> QuerySet[Scan]:
        return _scans(user)

    def reel_of(self, row: Scan) -> Reel:
        reel = _first(reels_of(self.request.user).filter(pk=row.reel_id))
        if reel.current_scan() != row:
            raise problems.Refused("Nothing was changed: the reel has a newer scan.", 409)
        return reel


def _scans(user: Any) -> QuerySet[Scan]:
    newest = FixityCheck.objects.filter(scan=OuterRef("pk")).order_by("-at", "-pk")
    return Scan.objects.filter(reel__in=reels_of(user)).annotate(
        check_outcome=Subquery(newest.values("outcome")[:1]),
        checked=Subquery(newest.values("at")[:1]),
    )


def _first(reels: ReelQuerySet) -> Reel:
    found = reels.select_related("element__title__collection").order_by("pk").first()
    if found is None:  # it was closed to this person a moment ago
        raise NotFound
    return found
