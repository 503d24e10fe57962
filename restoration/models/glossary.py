"""Names and spellings of a film that a recogniser is told of before it listens."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class GlossaryTermQuerySet(models.QuerySet["GlossaryTerm"]):
    def standing(self) -> GlossaryTermQuerySet:
        return self.filter(withdrawn__isnull=True)


class GlossaryTerm(models.Model):
    """A name, or a word as the archive spells it, for every reel of a film."""

    title = models.ForeignKey("archive.Title", on_delete=models.CASCADE, related_name="glossary")
    text = models.CharField(max_length=80)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    withdrawn = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = GlossaryTermQuerySet.as_manager()

    class Meta:
        ordering = ["title", "text"]
        constraints = [
            models.UniqueConstraint(
                fields=["title", "text"],
                condition=Q(withdrawn__isnull=True),
                name="glossary_terms_once",
            )
        ]

    def __str__(self) -> str:
        return self.text
