"""What a run made, never changed: pictures, their provenance map and their manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Max, Q
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from archive.models import Scan
    from restoration.models.run import StageRun
    from restoration.models.scene import Scene


INVENTING = frozenset({"colourise"})
"""Stages that invent: their takes, and all that is made on them, are never the restoration."""


class TakeQuerySet(models.QuerySet["Take"]):
    def of_range(self, scan: Scan, start_frame: int, end_frame: int) -> TakeQuerySet:
        return self.filter(scan=scan, start_frame=start_frame, end_frame=end_frame)

    def of_scene(self, scene: Scene) -> TakeQuerySet:
        """Takes hang on the frame range, so a scene that comes back finds its takes again."""
        return self.filter(
            scan=scene.scan_id, start_frame=scene.start_frame, end_frame=scene.end_frame
        )

    def latest_first(self) -> TakeQuerySet:
        """By when each was last made or offered, not by number: old settings may come back."""
        return self.annotate(
            chosen=Coalesce(Max("runs__ended", filter=Q(runs__status="done")), F("created"))
        ).order_by("-chosen", "-pk")


class Take(models.Model):
    """A stage's immutable result over a range of frames, numbered per range and stage."""

    class Version(models.TextChoices):
        """A chain of takes with a purpose, approved by itself."""

        RESTORATION = "restoration", "restoration"
        COLOUR = "colour", "colour version"

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.CASCADE, related_name="takes", db_index=False
    )
    """Its index is that of `take_numbers_are_unique`. With one of its own the next number would be
    looked for among all takes of the scan."""
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField()
    stage = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    input_take = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="made_into"
    )
    version = models.CharField(
        max_length=12,
        choices=Version.choices,
        default=Version.RESTORATION,
        help_text="The colour version begins with the first stage that invents",
    )
    key = models.CharField(max_length=64, help_text="The run key")
    storage_key = models.CharField(
        max_length=200, unique=True, help_text="Folder with picture.mkv, map.mkv and manifest.json"
    )
    manifest = models.JSONField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical manifest")
    bytes = models.PositiveBigIntegerField(
        default=0, help_text="Of the files that the manifest names, itself not counted"
    )
    totals = models.JSONField(help_text="Pixels per plane and label, as the map counts them")
    damage = models.TextField(
        blank=True, help_text="What is wrong with its files, as they were last read; empty: nothing"
    )
    created = models.DateTimeField(auto_now_add=True)

    objects = TakeQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "start_frame", "stage", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["scan", "start_frame", "end_frame", "stage", "number"],
                name="take_numbers_are_unique",
            ),
            models.UniqueConstraint(fields=["key"], name="one_take_per_run_key"),
            models.CheckConstraint(
                condition=Q(end_frame__gt=F("start_frame")), name="take_has_frames"
            ),
        ]

    def __str__(self) -> str:
        return f"take {self.number} of {self.stage} [{self.start_frame}, {self.end_frame})"

    @property
    def frames(self) -> int:
        return self.end_frame - self.start_frame

    @property
    def made_by(self) -> StageRun | None:
        """The run that computed it; others may have been offered it since. Asks the database."""
        return self.runs.filter(offered=False).order_by("pk").first()


def version_of(stage: str, input_take: Take | None) -> str:
    """The version that a stage's take belongs to: what is made on an invention stays one."""
    on_colour = input_take is not None and input_take.version == Take.Version.COLOUR
    invents = stage in INVENTING or on_colour
    return Take.Version.COLOUR if invents else Take.Version.RESTORATION
