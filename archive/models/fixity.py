from __future__ import annotations

from django.db import models


class FixityCheck(models.Model):
    """One comparison of a scan's bytes with the digests taken at accession."""

    class Outcome(models.TextChoices):
        INTACT = "intact", "intact"
        CHANGED = "changed", "changed"
        MISSING = "missing", "missing"
        UNREADABLE = "unreadable", "unreadable"

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="checks")
    at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    detail = models.JSONField(default=dict, help_text="What was expected, found, and which frames")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.scan}: {self.outcome}"


class SecondCopy(models.Model):
    """Another place where a scan's bytes lie, and how they were when it was last read."""

    scan = models.ForeignKey("archive.Scan", on_delete=models.PROTECT, related_name="copies")
    path = models.TextField(unique=True, help_text="Absolute")
    named = models.DateTimeField(auto_now_add=True)
    compared = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=FixityCheck.Outcome.choices)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "second copies"

    def __str__(self) -> str:
        return f"second copy of {self.scan}"
