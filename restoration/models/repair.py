"""What people said of places in the picture: never touch this, undo this repair, keep that one,
copy this one from a neighbour.

Rows hang on the scan and its frames, as takes do, so no edit of the cuts loses them. None is ever
deleted: who drew it, who took it back and when stays on record.
"""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from restoration.models.by_hand import InOneFrame, OverFrames, Withdrawable


class ProtectedRegionQuerySet(OverFrames["ProtectedRegion"]):
    def standing(self) -> Self:
        return self.filter(removed__isnull=True)


class ProtectedRegion(models.Model):
    """A polygon in the scan's luma pixels that no repair may touch, in frames [start, end)."""

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.CASCADE, related_name="protected_regions"
    )
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField()
    polygon = models.JSONField(help_text="[[x, y], ...], its edge included")
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="protected_regions"
    )
    at = models.DateTimeField(auto_now_add=True)
    removed = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ProtectedRegionQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_frame__gt=F("start_frame")), name="protected_region_has_frames"
            ),
        ]

    def __str__(self) -> str:
        return f"protected region {self.pk} in frames {self.start_frame} to {self.end_frame - 1}"

    @property
    def box(self) -> tuple[int, int, int, int]:
        """left, top, width, height of what it covers."""
        return box_of(self.polygon)


class RepairDecisionQuerySet(InOneFrame["RepairDecision"]):
    pass


class RepairDecision(Withdrawable):
    """A person's word on one repair: a connected region of one frame that a take had changed.

    It is found again in later takes by frame and place. An undone region is left as the scan in the
    next run; keeping one never changes its label. Where a neighbour is asked for, the next run
    copies what it would have made up, if any frame beside it shows the place.
    """

    class Decision(models.TextChoices):
        KEEP = "keep", "kept"
        UNDO = "undo", "undone"
        NEIGHBOUR = "neighbour", "asked of a neighbour"

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.CASCADE, related_name="repair_decisions"
    )
    take = models.ForeignKey(
        "restoration.Take", on_delete=models.PROTECT, related_name="repair_decisions"
    )
    frame = models.PositiveIntegerField(help_text="Numbered as in the scan")
    polygon = models.JSONField(help_text="Outline of the region, [[x, y], ...]")
    pixels = models.PositiveIntegerField()
    label = models.PositiveSmallIntegerField(help_text="The region's highest label at that time")
    decision = models.CharField(max_length=9, choices=Decision.choices)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="repair_decisions"
    )
    at = models.DateTimeField(auto_now_add=True)

    objects = RepairDecisionQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "frame", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=["keep", "undo", "neighbour"]),
                name="repair_decision_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"repair in frame {self.frame} {self.get_decision_display()}"

    @property
    def box(self) -> tuple[int, int, int, int]:
        """left, top, width, height of what it covers."""
        return box_of(self.polygon)


def box_of(polygon: list[Any]) -> tuple[int, int, int, int]:
    """left, top, width, height in whole pixels."""
    columns, rows = [x for x, _ in polygon], [y for _, y in polygon]
    left, top = min(columns), min(rows)
    return left, top, max(columns) - left + 1, max(rows) - top + 1
