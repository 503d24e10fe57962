"""The controlled vocabularies' words."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive import terms
from archive.access import signed_in
from archive.api import problems, writing
from archive.api.catalogue import BROWSE
from archive.api.rows import Text
from archive.api.views import Row, Rows
from archive.models import Term
from archive.vocabularies import VocabularyError

problems.answer_with(422, VocabularyError)
_PLACE = {"min_value": 0, "max_value": 2**31 - 1, "help_text": "In the list"}


class TermShown(serializers.ModelSerializer):
    """A word that a field of a description takes: its label or its code."""

    class Meta:
        model = Term
        fields = ("id", "vocabulary", "code", "label", "position", "retired")


class TermFilters(serializers.Serializer):
    vocabulary = serializers.ChoiceField(Term.Vocabulary.choices, required=False)
    retired = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="true: those offered no more"
    )


class TermSaid(serializers.Serializer):
    vocabulary = serializers.ChoiceField(Term.Vocabulary.choices)
    code = serializers.CharField(max_length=60)
    label = serializers.CharField(max_length=100, help_text="What the catalogue holds")
    position = serializers.IntegerField(**_PLACE, required=False, default=0)


class TermChange(serializers.Serializer):
    label = Text(max_length=100)
    position = serializers.IntegerField(**_PLACE, required=False)
    retired = serializers.BooleanField(
        required=False, help_text="Offered no more; it stays where it is used"
    )


class Terms(Rows):
    """Words of all vocabularies. Administrators add to them."""

    rights: ClassVar = BROWSE | {"POST": "archive.add_term"}
    queryset = Term.objects.all()
    serializer_class = TermShown
    filters = TermFilters
    reads = TermSaid

    def rows(self, user: Any) -> QuerySet[Term]:
        return Term.objects.all()

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return rows.filter(**{name: said for name, said in wanted.items() if said is not None})

    @extend_schema(responses={201: TermShown})
    def post(self, request: Request) -> Response:
        """Add a word; fields of descriptions take it from now on."""
        said = self.said()
        return writing.once(request, lambda: self._add(said))

    def _add(self, said: dict[str, Any]) -> Response:
        made = terms.add(**said, by=signed_in(self.request._request))
        return Response(self.shown(made), 201, headers={"Location": f"/api/v1/terms/{made.pk}"})


class OneTerm(Row):
    """A word of a vocabulary."""

    rights: ClassVar = BROWSE | {"PATCH": "archive.change_term"}
    is_guarded = True
    queryset = Term.objects.all()
    serializer_class = TermShown
    reads = TermChange

    def rows(self, user: Any) -> QuerySet[Term]:
        return Term.objects.all()

    @extend_schema(responses={200: TermShown})
    def patch(self, request: Request, pk: int) -> Response:
        """Change its label or place, or offer it no more; what was described with it stays."""
        self.row()
        said = self.said()
        return writing.once(request, lambda: self._change(said))

    def _change(self, said: dict[str, Any]) -> Response:
        term = Term.objects.select_for_update().get(pk=self.kwargs["pk"])
        writing.require_seen(self.request, writing.etag_of(self.shown(term)))
        return self.answer(terms.change(term, said, by=signed_in(self.request._request)))
