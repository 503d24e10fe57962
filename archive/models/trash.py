"""What was put in the trash: out of sight of everybody until it is restored or emptied."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class TrashedReel(models.Model):
    """A reel that was put in the trash. Written by `review.trash` alone."""

    reel = models.OneToOneField(
        "archive.Reel", on_delete=models.CASCADE, primary_key=True, related_name="trashed"
    )
    act = models.UUIDField(help_text="The same for all that was put there at once")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400)
    held = models.CharField(max_length=400, blank=True, help_text="Why it must not be emptied")
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    emptied = models.DateTimeField(null=True, help_text="When its files were given up")
    is_cleared = models.BooleanField(default=False, help_text="Its files are gone from the disk")

    class Meta:
        ordering = ["-at", "pk"]

    def __str__(self) -> str:
        return f"{self.reel}, in the trash"
