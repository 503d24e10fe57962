"""What rows that people enter by hand share: they stand until somebody takes them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from restoration.models.scene import Scene

M = TypeVar("M", bound=models.Model)


class Withdrawable(models.Model):
    """Never changed or deleted: who took it back and when stays on record."""

    withdrawn = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True


class InOneFrame(models.QuerySet[M]):
    """Of rows with a scan and a `frame` of it."""

    def standing(self) -> Self:
        return self.filter(withdrawn__isnull=True)

    def of_scene(self, scene: Scene) -> Self:
        return self.filter(
            scan=scene.scan_id, frame__gte=scene.start_frame, frame__lt=scene.end_frame
        ).order_by("frame", "pk")


class OverFrames(models.QuerySet[M]):
    """Of rows with a scan and frames [start_frame, end_frame) of it."""

    def standing(self) -> Self:
        return self.filter(withdrawn__isnull=True)

    def of_scene(self, scene: Scene) -> Self:
        """Those that reach into the scene's frames, in the order in which they were entered."""
        return self.filter(
            scan=scene.scan_id, start_frame__lt=scene.end_frame, end_frame__gt=scene.start_frame
        ).order_by("pk")
