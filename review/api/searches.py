"""Searches that a person keeps, and what is new in each as a feed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from archive.api import reading
from archive.api.catalogue import BROWSE
from archive.api.views import Endpoint, Rows
from review.models import SavedSearch
from review.search import feed, saved


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


class Searches(Rows):
    """Your own; those of others are theirs."""

    rights: ClassVar = BROWSE
    queryset = SavedSearch.objects.all()
    serializer_class = SearchKept

    def rows(self, user: Any) -> QuerySet[SavedSearch]:
        return searches_of(user)


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
