"""Searches that a person keeps, and what is new in each as a feed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, reading, writing
from archive.api.catalogue import BROWSE
from archive.api.views import Endpoint, Row, Rows
from review.models import SavedSearch
from review.search import feed, saved
from review.search.query import MOST_CHARACTERS, parse

_OWN = BROWSE | dict.fromkeys(("POST", "DELETE"), BROWSE["GET"])

problems.answer_with(409, saved.TooMany)


class SearchKept(serializers.ModelSerializer):
    """A search of the search page that you keep."""

    feed = serializers.SerializerMethodField(help_text="Its new hits, as Atom")

    class Meta:
        model = SavedSearch
        fields = ("id", "query", "seen", "feed")
        read_only_fields = fields
        extra_kwargs: ClassVar = {
            "seen": {"help_text": "When you last looked at all of its hits"},
        }

    def get_feed(self, row: SavedSearch) -> str:
        address: str = self.context["request"].build_absolute_uri(
            reverse("api-search-feed", args=[row.pk])
        )
        return address


def searches_of(user: Any) -> QuerySet[SavedSearch]:
    return SavedSearch.objects.filter(owner=user, of=SavedSearch.Of.SEARCH)


class SearchSaid(serializers.Serializer):
    query = serializers.CharField(
        max_length=MOST_CHARACTERS, help_text="As on the search page: words, phrases, filters"
    )


class Searches(Rows):
    """Your own; those of others are theirs."""

    rights: ClassVar = _OWN
    queryset = SavedSearch.objects.all()
    serializer_class = SearchKept
    reads = SearchSaid

    def rows(self, user: Any) -> QuerySet[SavedSearch]:
        return searches_of(user)

    @extend_schema(responses={201: SearchKept})
    def post(self, request: Request) -> Response:
        """Keep a search; one that you keep already counts as looked at now."""
        said = self.said()
        if parse(said["query"]).is_empty():
            raise ValidationError({"query": ["Say what to search for."]})
        return writing.once(request, lambda: self._keep(said))

    def _keep(self, said: dict[str, Any]) -> Response:
        made = saved.save(said["query"], by=signed_in(self.request._request))
        return Response(self.shown(made), 201)


class OneSearch(Row):
    """A search that you keep."""

    rights: ClassVar = _OWN
    queryset = SavedSearch.objects.all()
    serializer_class = SearchKept

    def rows(self, user: Any) -> QuerySet[SavedSearch]:
        return searches_of(user)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Forget it."""
        return writing.once(request, self._forget)

    def _forget(self) -> Response:
        self.row().delete()
        return Response(status=204)


class SearchFeed(Endpoint):
    """What one of your kept searches finds that it did not when you last looked, as Atom; to fetch
    it is not to look. Up to fifty hits, of reels that you may see at that moment."""

    rights: ClassVar = BROWSE
    queryset = SavedSearch.objects.all()
    serializer_class = SearchKept
    pagination_class = None

    def rows(self, user: Any) -> QuerySet[SavedSearch]:
        return searches_of(user)

    @extend_schema(
        operation_id="search_feed",
        responses={(200, "application/atom+xml"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        reading.wanted(request, None, ())
        kept = saved.since_last_look(self.row(), by=request.user)
        return feed.answer(request._request, kept)
