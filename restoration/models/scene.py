"""The unit of work: the frames between two cuts, half-open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

if TYPE_CHECKING:
    from archive.models import Reel


class SceneRange(Func):
    """A scene's frames as a PostgreSQL range, for the constraint that scenes do not overlap."""

    function = "int4range"
    output_field = IntegerRangeField()


class SceneQuerySet(models.QuerySet["Scene"]):
    def current(self) -> SceneQuerySet:
        """Scenes that no later edit of the cuts replaced, in order."""
        return self.filter(retired__isnull=True).order_by("scan", "start_frame")

    def of_reel(self, reel: Reel) -> SceneQuerySet:
        """Current scenes of the reel's newest scan."""
        return self.current().filter(scan=reel.current_scan())

    def holding(self, frame: int) -> SceneQuerySet:
        return self.filter(start_frame__lte=frame, end_frame__gt=frame)


class Scene(models.Model):
    """Frames [start_frame, end_frame) of a scan. An edit of a cut retires a scene and makes others;

    takes hang on the frame range, so those of untouched scenes stay, and a scene that comes back
    finds its takes again.
    """

    class Kind(models.TextChoices):
        SHOT = "shot", "shot"
        INTERTITLE = "intertitle", "intertitle"

    class Transition(models.TextChoices):
        CUT = "cut", "cut"
        DISSOLVE = "dissolve", "dissolve"
        FADE = "fade", "fade"

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="scenes")
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.SHOT)
    transition = models.CharField(
        max_length=20, choices=Transition.choices, default=Transition.CUT, help_text="At its start"
    )
    confidence = models.FloatField(default=1.0, help_text="Of the cut that starts it, 0 to 1")
    gradual = models.JSONField(
        null=True, help_text="[start, end] of the dissolve or fade at its start"
    )
    marks = models.JSONField(default=list, help_text="Splices inside it: frame, kind, confidence")
    by_hand = models.BooleanField(
        default=False, help_text="A person placed one of its cuts, or said what it is"
    )
    settings = models.JSONField(default=dict, help_text="Parameters chosen for it: stage -> values")
    created = models.DateTimeField(auto_now_add=True)
    retired = models.DateTimeField(null=True, blank=True)
    retired_because = models.CharField(max_length=400, blank=True)

    objects = SceneQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "start_frame"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_frame__gt=F("start_frame")), name="scene_has_frames"
            ),
            ExclusionConstraint(
                name="current_scenes_do_not_overlap",
                expressions=[
                    ("scan", RangeOperators.EQUAL),
                    (SceneRange("start_frame", "end_frame"), RangeOperators.OVERLAPS),
                ],
                condition=Q(retired__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"scene [{self.start_frame}, {self.end_frame}) of scan {self.scan_id}"

    @property
    def frames(self) -> int:
        return self.end_frame - self.start_frame
