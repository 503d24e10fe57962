from __future__ import annotations

from django.conf import settings
from django.db import models

from restoration.models import Take


class Deliverable(models.Model):
    """What left, for which use, made of which approved takes."""

    reel = models.ForeignKey("archive.Reel", on_delete=models.PROTECT, related_name="deliverables")
    scan = models.ForeignKey("archive.Scan", on_delete=models.PROTECT, related_name="deliverables")
    format = models.CharField(max_length=40)
    use = models.CharField(max_length=40)
    version = models.CharField(
        max_length=12, choices=Take.Version.choices, default=Take.Version.RESTORATION
    )
    files = models.JSONField(help_text="path and sha256 of each file")
    record = models.JSONField(help_text="Takes, digests, approvals, totals, chain heads")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="deliverables"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.format} of {self.reel}"
