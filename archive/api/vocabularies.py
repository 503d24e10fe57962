"""The controlled vocabularies' words."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from archive.api.catalogue import BROWSE
from archive.api.views import Rows
from archive.models import Term


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


class Terms(Rows):
    """Words of all vocabularies. Administrators add to them on the pages."""

    rights: ClassVar = BROWSE
    queryset = Term.objects.all()
    serializer_class = TermShown
    filters = TermFilters

    def rows(self, user: Any) -> QuerySet[Term]:
        return Term.objects.all()

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        return rows.filter(**{name: said for name, said in wanted.items() if said is not None})
