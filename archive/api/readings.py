"""Who looked at restricted film, for those who answer for it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from archive.access import with_right
from archive.api.rows import Id, Text
from archive.api.views import Rows
from archive.models import Reading

READ = "archive.view_readings"


class ReadingShown(serializers.ModelSerializer):
    """Somebody looked at film under embargo or in a closed collection. `what` is the address by
    its name; `media`: film, sound or a file, else a page."""

    person = serializers.CharField(source="person.username")

    class Meta:
        model = Reading
        fields = ("id", "at", "person", "reel", "why", "what", "address", "media")


class ReadingFilters(serializers.Serializer):
    reel = Id()
    person = Text(max_length=150, help_text="Log-in name")
    why = serializers.ChoiceField(Reading.Why.choices, required=False)


class Readings(Rows):
    """Who looked at what is restricted, the newest first; only ever added to."""

    rights: ClassVar = {"GET": READ}
    queryset = Reading.objects.all()
    serializer_class = ReadingShown
    filters = ReadingFilters
    order = ("-pk",)

    def rows(self, user: Any) -> QuerySet[Reading]:
        return with_right(user, READ, Reading.objects.select_related("person"), "reel__")

    def narrowed(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        if (person := wanted.pop("person", None)) is not None:
            rows = rows.filter(person__username__iexact=person)
        return rows.filter(**wanted)
