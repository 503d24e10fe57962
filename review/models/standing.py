"""Where scenes stand, kept to be listed and counted; and what has changed since that was kept."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from restoration.models import Take


class SceneStanding(models.Model):
    """A version of a current scene, as `review.standing` works it out.

    It says what is listed, and in which order. Nothing is decided by it: whoever approves, delivers
    or shows a scene asks `review.standing` or `review.decisions` anew.
    """

    scene = models.ForeignKey("restoration.Scene", on_delete=models.CASCADE, related_name="+")
    version = models.CharField(max_length=12, choices=Take.Version.choices)
    state = models.CharField(max_length=12, help_text="One of review.standing.State")
    take = models.ForeignKey(
        "restoration.Take", null=True, on_delete=models.CASCADE, related_name="+"
    )
    waits = models.BooleanField(help_text="For a decision: there is a take, and none that holds")
    since = models.DateTimeField(help_text="When the take was made, or the scene if there is none")
    share = models.FloatField(help_text="Machine-made, 0 to 1, of the plane that it is about")
    doubt = models.FloatField(
        help_text="0 to 1: the largest share that a stage of its chain could not decide or judge"
    )
    rules = models.CharField(max_length=40, help_text="By which rules it was worked out")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scene", "version"], name="one_standing_a_version"),
        ]
        # Of all rows, not of those that wait alone: a queue also holds what was handed to a person,
        # and walks its order until a page is full.
        indexes = [
            models.Index("since", "scene", "version", name="standing_by_age"),
            models.Index(
                F("share").desc(), "since", "scene", "version", name="standing_by_share"
            ),
            models.Index(F("doubt").desc(), "since", "scene", "version", name="standing_by_doubt"),
            models.Index(fields=["state", "since", "scene", "version"], name="standing_by_state"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.scene_id} {self.version}: {self.state}"


class StandingMark(models.Model):
    """Something changed on these frames, and where their scenes stand is to be worked out again.

    Written by triggers of the database, in the transaction that changed it. No foreign key: the
    scan may be on its way out.
    """

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"scan {self.scan_id} [{self.start_frame}, {self.end_frame})"
