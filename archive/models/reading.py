from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Reading(models.Model):
    """Somebody looked at film, or the record of film, that is not open to all who work here.

    Written by `archive.reading` alone. The database refuses UPDATE and TRUNCATE to everybody, and
    DELETE to the application; the owner's role may remove what is older than a month.
    """

    class Why(models.TextChoices):
        EMBARGO = "embargo", "under embargo"
        CLOSED = "closed", "in a closed collection"

    at = models.DateTimeField(db_default=Now())
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="readings"
    )
    reel = models.ForeignKey("archive.Reel", on_delete=models.PROTECT, related_name="readings")
    why = models.CharField(max_length=10, choices=Why.choices, help_text="Why it is restricted")
    what = models.CharField(max_length=80, help_text="The address by name, such as scan-proxy")
    address = models.CharField(max_length=300, help_text="The first one of that name")
    media = models.BooleanField(help_text="Film, sound or a file; else a page")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["reel", "person", "what", "-at"], name="who_read_what_last"),
            models.Index(fields=["-at"], name="readings_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.person} read {self.what} of {self.reel}"
