"""The researcher's search: hits in context, by page, with facets."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.api import problems, reading
from archive.api.catalogue import BROWSE
from archive.api.views import Endpoint
from review.models import SearchLine
from review.search import concordance, finding
from review.search.query import MOST_CHARACTERS, parse

problems.answer_with(503, finding.TooSlow)
LAST_PAGE = finding.MOST // finding.PAGE


class SearchAsked(serializers.Serializer):
    q = serializers.CharField(
        max_length=MOST_CHARACTERS, help_text="As on the search page: words, phrases, filters"
    )
    page = serializers.IntegerField(min_value=1, max_value=LAST_PAGE, required=False)


class HitShown(serializers.Serializer):
    """A line with what stands around the hit."""

    reel = serializers.IntegerField(source="line.reel_id")
    scan = serializers.IntegerField(source="line.scan_id", allow_null=True)
    kind = serializers.ChoiceField(SearchLine.Kind.choices, source="line.kind")
    key = serializers.CharField(source="line.key")
    start_frame = serializers.IntegerField(source="line.start_frame")
    end_frame = serializers.IntegerField(source="line.end_frame")
    timecode = serializers.CharField(source="start_timecode")
    speaker = serializers.CharField(source="line.speaker")
    language = serializers.CharField(source="line.language")
    checked = serializers.BooleanField(source="line.checked")
    doubtful = serializers.BooleanField(source="line.doubtful")
    left = serializers.CharField()
    hit = serializers.CharField()
    right = serializers.CharField()
    page = serializers.SerializerMethodField(help_text="Where it is read or heard")

    def get_page(self, hit: concordance.Hit) -> str:
        address: str = self.context["request"].build_absolute_uri(hit.address())
        return address


class FoundShown(serializers.Serializer):
    count = serializers.IntegerField()
    is_capped = serializers.BooleanField(help_text=f"More than {finding.MOST} were found")
    instead = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Words that were sought in place of one that no line has",
    )
    near = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Words that one may be a misspelling of which no line has, though others beside"
        " it with OR were found; they were not sought",
    )
    facets = serializers.DictField(
        child=serializers.ListField(child=serializers.ListField()),
        help_text="Values with their hits, at most twelve of each but years; where `is_capped`, of"
        f" the first {finding.MOST + 1} hits alone. Empty where words were sought `instead`: ask"
        " for those that were meant",
    )
    results = HitShown(many=True)


class Search(Endpoint):
    """What was said, shown, noted and described, of reels that you may see; 20 hits a page."""

    rights: ClassVar = BROWSE
    queryset = SearchLine.objects.all()
    serializer_class = FoundShown
    filters = SearchAsked
    pagination_class = None

    @extend_schema(operation_id="search")
    def get(self, request: Request) -> Response:
        asked = reading.wanted(request, SearchAsked, ())
        query = parse(asked["q"])
        if query.is_empty():
            raise problems.BadQuery({"q": "There is no word in it."})
        found = finding.find(query, user=request.user, page=asked.get("page", 1))
        hits = concordance.hits(found.lines, found.query)
        told = {
            "count": found.count,
            "is_capped": found.is_capped,
            "instead": found.instead,
            "near": found.near,
            "facets": found.facets,
            "results": hits,
        }
        return Response(self.shown(told))
