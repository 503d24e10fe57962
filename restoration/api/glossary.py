"""Names and spellings of a film that the next run of transcribe is told of."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import reels_of
from archive.api.rows import Id
from archive.api.views import Revocable, Rows
from archive.models import Reel, Scan
from archive.roles import Subject
from restoration import glossary
from restoration.api.takes import SEE_WORK
from restoration.models import GlossaryTerm

_CORRECT = "review.correct_transcript"
_RIGHTS = SEE_WORK | dict.fromkeys(("POST", "DELETE"), _CORRECT)


class GlossaryTermShown(serializers.ModelSerializer):
    by = serializers.CharField(source="by.username")

    class Meta:
        model = GlossaryTerm
        fields = ("id", "title", "text", "by", "at")


class GlossaryFilters(serializers.Serializer):
    title = Id()


class GlossaryTermSaid(serializers.Serializer):
    reel = Id(required=True, help_text="Any of the film")
    text = serializers.CharField(max_length=glossary.LONGEST)


class Glossary(Rows):
    """Terms that stand, of the films that you work on."""

    rights: ClassVar = _RIGHTS
    queryset = GlossaryTerm.objects.all()
    serializer_class = GlossaryTermShown
    filters = GlossaryFilters
    reads = GlossaryTermSaid

    def rows(self, user: Any) -> QuerySet[GlossaryTerm]:
        return terms_of(user)

    @extend_schema(responses={201: GlossaryTermShown})
    def post(self, request: Request) -> Response:
        """Keep a name or a spelling; one that stands already is answered with."""
        said = self.said()
        return writing.once(request, lambda: self._keep(said))

    def _keep(self, said: dict[str, Any]) -> Response:
        by = signed_in(self.request._request)
        found = reels_of(by).filter(pk=said["reel"]).select_related("element__title").first()
        if found is None:
            raise problems.Refused("Nothing was kept: there is no such reel.", 422)
        self.ask_right(found)
        made = glossary.add(_scan(found), said["text"], by=by)
        return Response(self.shown(made), 201)


class OneGlossaryTerm(Revocable):
    """A term of a film's glossary; taken off, no further run is told of it."""

    rights: ClassVar = _RIGHTS
    queryset = GlossaryTerm.objects.all()
    serializer_class = GlossaryTermShown

    def rows(self, user: Any) -> QuerySet[GlossaryTerm]:
        return terms_of(user)

    def film_of(self, row: GlossaryTerm) -> Subject:
        return row.title

    def take_back(self, row: GlossaryTerm, by: Any) -> None:
        of_title = reels_of(by, _CORRECT).filter(element__title=row.title, scans__isnull=False)
        reel = of_title.order_by("pk").first()
        if reel is None:
            raise problems.Refused("Nothing was changed: the film has no scan any more.", 409)
        glossary.withdraw(row, _scan(reel), by=by)


def _scan(reel: Reel) -> Scan:
    """Raises: Refused."""
    scan = reel.current_scan()
    if scan is None:
        raise problems.Refused("Nothing was kept: no scan of this reel was taken in.", 422)
    return scan


def terms_of(user: Any) -> QuerySet[GlossaryTerm]:
    """Of films of which the person works on a reel."""
    reels = reels_of(user, SEE_WORK["GET"]).filter(element__title=OuterRef("title"))
    standing = GlossaryTerm.objects.standing().filter(Exists(reels))
    return standing.select_related("title__collection", "by")
