"""Who has which room open."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class PresenceQuerySet(models.QuerySet["Presence"]):
    def here(self) -> PresenceQuerySet:
        """Those heard of within the last half minute, by the database's clock."""
        return self.filter(seen__gt=Now() - timedelta(seconds=Presence.SECONDS))

    def long_gone(self) -> PresenceQuerySet:
        return self.filter(seen__lt=Now() - timedelta(seconds=20 * Presence.SECONDS))


class Presence(models.Model):
    """A person looks at a room, or did a moment ago. Kept for minutes and never as a record."""

    SECONDS = 30

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, help_text="scene or reel: which kind of room")
    place = models.PositiveBigIntegerField(help_text="Number of the scene or reel")
    seen = models.DateTimeField()

    objects = PresenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "place"], name="once_in_a_room"),
        ]
        indexes = [models.Index(fields=["seen"])]

    def __str__(self) -> str:
        return f"{self.user} in {self.kind} {self.place}"
