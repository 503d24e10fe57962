"""What a collection may use of what all share."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q


class CollectionQuota(models.Model):
    """Bounds on a collection's takes and runs; a bound that is empty holds nothing back.

    What is asked of each and when: `restoration.quotas`.
    """

    collection = models.OneToOneField(
        "archive.Collection", on_delete=models.CASCADE, related_name="quota"
    )
    disk_bytes = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Of all files of its takes"
    )
    running_runs = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Runs that compute at the same time; more wait for one of them to end",
    )
    gpu_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of graphics processors, in any thirty days"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(running_runs__isnull=True) | Q(running_runs__gte=1),
                name="quota_lets_one_run_compute",
            ),
        ]

    def __str__(self) -> str:
        return f"quota of {self.collection}"
