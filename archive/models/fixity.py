from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


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
    mounted_at = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Where its disk was mounted when it was last read whole; empty: not known",
    )
    named = models.DateTimeField(auto_now_add=True)
    compared = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=FixityCheck.Outcome.choices)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "second copies"

    def __str__(self) -> str:
        return f"second copy of {self.scan}"


class FixitySchedule(models.Model):
    """How often, when and how fast the masters of one storage are read again.

    The longest folder that a master lies under counts; what no row names goes by FIXITY_DAYS.
    """

    place = models.CharField(
        max_length=500, unique=True, help_text="The storage's folder, such as /mnt/disk4"
    )
    days = models.PositiveSmallIntegerField(
        help_text="Each master again so long after its last check; 0: never by itself"
    )
    from_hour = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Begin no check before this hour (0 to 23)"
    )
    to_hour = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="And none from this hour on; it may be past midnight"
    )
    gigabytes_a_day = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of 1000 million bytes, in any 24 hours; empty: no limit"
    )

    class Meta:
        ordering = ["place"]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_hour__isnull=True, to_hour__isnull=True)
                | Q(from_hour__lte=23, to_hour__lte=23),
                name="fixity_hours_are_hours",
            ),
        ]

    def __str__(self) -> str:
        return self.place

    def clean(self) -> None:
        """Raises: ValidationError that says what to write."""
        wrong: dict[str, Any] = {}
        if not self.place.startswith("/"):
            wrong["place"] = "Write the whole path, such as /mnt/disk4."
        self.place = "/" + self.place.strip("/")
        if (self.from_hour is None) != (self.to_hour is None):
            wrong["to_hour"] = "Give both hours or none."
        if max(self.from_hour or 0, self.to_hour or 0) > 23:
            wrong["from_hour"] = "Hours are 0 to 23."
        if wrong:
            raise ValidationError(wrong)
