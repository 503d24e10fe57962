"""The catalogue's page for programs: what is found, with facets, and narrowings that are kept."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from archive import sight
from archive.access import signed_in
from archive.api import reading, writing
from archive.api.catalogue import BROWSE
from archive.api.views import Endpoint, Rows
from archive.models import Collection, Reel
from review import catalogue_views
from review.api.reels import NarrowingSaid, ReelWithState, shown_to
from review.api.searches import OneSearch
from review.catalogue import narrow
from review.catalogue_counts import MOST
from review.models import SavedSearch
from review.search import saved

PAGE = catalogue_views.PAGE
_OWN = BROWSE | dict.fromkeys(("POST", "DELETE"), BROWSE["GET"])


class CatalogueAsked(NarrowingSaid):
    page = serializers.IntegerField(
        min_value=1, max_value=1_000_000, required=False, help_text=f"{PAGE} reels each, from 1"
    )


class ChoiceShown(serializers.Serializer):
    """A value to narrow by, with how many of the reels found have it."""

    value = serializers.CharField(help_text="As the parameter of the facet's name takes it")
    text = serializers.CharField()
    count = serializers.IntegerField()


class CatalogueFound(serializers.Serializer):
    count = serializers.IntegerField()
    is_capped = serializers.BooleanField(help_text=f"More than {MOST} were found")
    everything = serializers.IntegerField(help_text="Reels that you may see")
    instead = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Words that were sought in place of one that no reel's description has",
    )
    facets = serializers.DictField(child=ChoiceShown(many=True))
    results = ReelWithState(many=True)


class Catalogue(Endpoint):
    """Reels as the catalogue's page finds them, by title, with the facets counted over all that
    was found. `reels` lists them without counting, by number."""

    rights: ClassVar = BROWSE
    queryset = Reel.objects.all()
    serializer_class = CatalogueFound
    filters = CatalogueAsked
    pagination_class = None

    @extend_schema(operation_id="catalogue")
    def get(self, request: Request) -> Response:
        wanted = reading.wanted(request, CatalogueAsked, ())
        start = PAGE * (wanted.pop("page", 1) - 1)
        found = narrow(request.user, _as_chosen(wanted, request.user))
        numbers = found.page(start, start + PAGE)
        rows = shown_to(request.user).in_bulk(numbers)
        told = {
            "count": found.count, "is_capped": found.is_capped, "everything": found.everything,
            "instead": found.instead, "results": [rows[pk] for pk in numbers if pk in rows],
            "facets": {name: choices for name, _, choices in found.facets},
        }  # fmt: skip
        return Response(self.shown(told))


def _as_chosen(wanted: dict[str, Any], user: Any) -> dict[str, Any]:
    """As the page's form has it. Raises: BadQuery."""
    if "collection" not in wanted:
        return wanted
    known = sight.collections(user).filter(pk=wanted["collection"]).first()
    # One that they do not see and one that is not there look the same: nothing is in it.
    return wanted | {"collection": known or Collection(pk=0)}


class NarrowingKept(serializers.ModelSerializer):
    """A narrowing of the catalogue that you keep."""

    narrowed = serializers.SerializerMethodField(help_text="By what: `catalogue` takes the same")

    class Meta:
        model = SavedSearch
        fields: tuple[str, ...] = ("id", "narrowed", "seen")
        read_only_fields: tuple[str, ...] = fields

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_narrowed(self, row: SavedSearch) -> dict[str, str]:
        return QueryDict(row.query).dict()  # type: ignore[return-value]  # each stands there once


class NarrowingNow(NarrowingKept):
    """The same with what it finds at this moment; to ask is not to look."""

    count = serializers.SerializerMethodField(help_text="In words: 1,200 or 10,000+")
    new = serializers.SerializerMethodField(
        help_text="Reels that it did not find when you last looked; none are told of more than are "
        "counted"
    )

    class Meta(NarrowingKept.Meta):
        fields = (*NarrowingKept.Meta.fields, "count", "new")
        read_only_fields = fields

    def _now(self, row: SavedSearch) -> saved.Kept:
        if "now" not in self.context:
            user = self.context["request"].user
            self.context["now"] = catalogue_views.since_last_look(row, user)
        found: saved.Kept = self.context["now"]
        return found

    def get_count(self, row: SavedSearch) -> str:
        return self._now(row).said_count

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_new(self, row: SavedSearch) -> list[int]:
        return list(self._now(row).new)


def narrowings_of(user: Any) -> QuerySet[SavedSearch]:
    return SavedSearch.objects.filter(owner=user, of=SavedSearch.Of.CATALOGUE)


class CatalogueSearches(Rows):
    """Narrowings of the catalogue that you keep; those of others are theirs."""

    rights: ClassVar = _OWN
    queryset = SavedSearch.objects.all()
    serializer_class = NarrowingKept
    reads = NarrowingSaid

    def rows(self, user: Any) -> QuerySet[SavedSearch]:
        return narrowings_of(user)

    @extend_schema(responses={201: NarrowingKept})
    def post(self, request: Request) -> Response:
        """Keep a narrowing by at least one of these; one that you keep already counts as looked at
        now."""
        query = self._written(self.said())
        return writing.once(request, lambda: self._keep(query))

    def _written(self, said: dict[str, Any]) -> str:
        asked = QueryDict(mutable=True)
        for name, value in said.items():
            asked[name] = str(value)
        query = catalogue_views.written(asked)
        if not query:
            raise ValidationError("Say what the catalogue is narrowed to.")
        if "collection" in said:
            collections = sight.collections(self.request.user)
            if not collections.filter(pk=said["collection"]).exists():
                raise ValidationError({"collection": ["There is no such collection."]})
        return query

    def _keep(self, query: str) -> Response:
        made = saved.save(
            query, by=signed_in(self.request._request), of=catalogue_views.HERE,
            look=catalogue_views.look,
        )  # fmt: skip
        where = {"Location": f"/api/v1/catalogue/searches/{made.pk}"}
        return Response(self.shown(made), 201, headers=where)


class OneCatalogueSearch(OneSearch):
    """A narrowing that you keep, with what it finds now."""

    serializer_class = NarrowingNow

    def rows(self, user: Any) -> QuerySet[SavedSearch]:
        return narrowings_of(user)
