"""What the newest detection found at a frame, and what a person said of it: apart, on purpose."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from restoration.models.scene import Scene


class BorderFinding(models.Model):
    """A place that the detection took, or nearly took, for a border between two scenes.

    Each detection replaces those of the one before; what people decided stays in `Verdict`.
    """

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.CASCADE, related_name="border_findings"
    )
    frame = models.PositiveIntegerField(help_text="First frame of what begins there")
    kind = models.CharField(max_length=20, choices=Scene.Transition.choices)
    confidence = models.FloatField(help_text="That scenes change here, 0 to 1")
    gradual = models.JSONField(null=True, help_text="[start, end] of a dissolve or fade")
    evidence = models.JSONField(default=dict, help_text="What spoke for it, by name")
    accepted = models.BooleanField(help_text="The detection made a cut here")

    class Meta:
        ordering = ["scan", "frame"]
        constraints = [
            models.UniqueConstraint(fields=["scan", "frame"], name="one_finding_per_frame"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at frame {self.frame}, {self.confidence:.2f}"


class Verdict(models.Model):
    """A person's word on whether there is a cut, or what a mark says, at a frame of a scan.

    It holds against every later detection.
    """

    class About(models.TextChoices):
        CUT = "cut", "cut"
        SPLICE = "splice", "splice"
        FLASH = "flash", "flash"
        BLACK = "black", "black frame"
        WHITE = "white", "white frame"
        DUPLICATE = "duplicate", "duplicate frame"
        INTERTITLE = "intertitle", "intertitle"

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="verdicts")
    frame = models.PositiveIntegerField()
    about = models.CharField(max_length=20, choices=About.choices)
    holds = models.BooleanField(help_text="There is one here")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["scan", "frame"]
        constraints = [
            models.UniqueConstraint(
                fields=["scan", "frame", "about"], name="one_verdict_per_frame_and_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{'a' if self.holds else 'no'} {self.about} at frame {self.frame}"
