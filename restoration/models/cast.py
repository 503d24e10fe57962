"""Who is seen and heard in a scan: faces through it, what they are called, who speaks each line.

What tells people apart (`Biometric`) stands in a table of its own and nowhere else, so that it can
be deleted, and its absence be shown.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Character(models.Model):
    """Somebody in a film, and who plays them."""

    title = models.ForeignKey("archive.Title", on_delete=models.CASCADE, related_name="characters")
    name = models.CharField(max_length=200)
    actor = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["title", "name"]
        constraints = [
            models.UniqueConstraint(fields=["title", "name"], name="characters_have_one_name")
        ]

    def __str__(self) -> str:
        return self.name


class FaceTrack(models.Model):
    """One face through a scene, as a run of the stage attribute followed it."""

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="face_tracks")
    run = models.ForeignKey(
        "restoration.StageRun", on_delete=models.CASCADE, related_name="face_tracks"
    )
    number = models.PositiveIntegerField()
    person = models.PositiveIntegerField(help_text="Tracks that show one share it; 0: not told")
    found_person = models.PositiveIntegerField(
        default=0, help_text="The person whom the run took it for, by looks alone"
    )
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who said that it shows another person than the run found",
    )
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField()
    best_frame = models.PositiveIntegerField()
    box = models.JSONField(help_text="[left, top, right, bottom] in the best frame, pixels")

    class Meta:
        ordering = ["scan", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="face_tracks_are_numbered")
        ]

    def __str__(self) -> str:
        return f"face {self.number}, frames {self.start_frame} to {self.end_frame - 1}"


class Biometric(models.Model):
    """Embeddings of the faces and voices that a run told apart."""

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="biometrics")
    run = models.OneToOneField(
        "restoration.StageRun", on_delete=models.CASCADE, related_name="biometric"
    )
    data = models.JSONField(help_text="As restoration.stages.attribute.record writes it")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"faces and voices of run {self.run_id}"


class Naming(models.Model):
    """A person said: this face is that character."""

    track = models.ForeignKey(FaceTrack, on_delete=models.CASCADE, related_name="namings")
    character = models.ForeignKey(Character, on_delete=models.CASCADE, related_name="namings")
    everywhere = models.BooleanField(
        default=True, help_text="All tracks that look like it, not this one alone"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, help_text="When the person said so")
    carried_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="carried_to",
        help_text="The naming of an earlier run's face that this one stands for",
    )  # fmt: skip
    carried = models.JSONField(
        default=dict, blank=True, help_text="How the face was found again: track, frames, place"
    )
    lost = models.CharField(
        max_length=200, blank=True, help_text="Why it was carried over to no face of a new run"
    )
    withdrawn = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.track} is {self.character}"


class Photograph(models.Model):
    """A photograph of a character, by which the next run names faces; without metadata."""

    character = models.ForeignKey(Character, on_delete=models.CASCADE, related_name="photographs")
    storage_key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, help_text="Of the file that is kept")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    source = models.CharField(max_length=300, help_text="What it is and where it is from")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["character", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["character", "sha256"], name="photographs_are_kept_once"
            )
        ]

    def __str__(self) -> str:
        return f"photograph of {self.character}"


class Recognition(models.Model):
    """A person in a run looks like a character's photographs, by a machine."""

    run = models.ForeignKey(
        "restoration.StageRun", on_delete=models.CASCADE, related_name="recognitions"
    )
    person = models.PositiveIntegerField()
    character = models.ForeignKey(Character, on_delete=models.CASCADE, related_name="recognitions")
    distance = models.FloatField(help_text="Of the faces to the nearest photograph")

    class Meta:
        ordering = ["run", "person"]
        constraints = [
            models.UniqueConstraint(fields=["run", "person"], name="people_are_recognised_once")
        ]

    def __str__(self) -> str:
        return f"person {self.person} looks like {self.character}"


class Attribution(models.Model):
    """Which person in the scan speaks a line, by a machine, and on what evidence."""

    line = models.ForeignKey(
        "restoration.TranscriptLine", on_delete=models.CASCADE, related_name="attributions"
    )
    run = models.ForeignKey(
        "restoration.StageRun", on_delete=models.CASCADE, related_name="attributions"
    )
    state = models.CharField(max_length=12, help_text="spoken, unknown or off screen")
    person = models.PositiveIntegerField(default=0, help_text="0: nobody is told")
    track = models.PositiveIntegerField(default=0, help_text="The face whose lips said so; 0: none")
    confidence = models.FloatField()
    evidence = models.JSONField(default=dict)

    class Meta:
        ordering = ["line", "pk"]

    def __str__(self) -> str:
        return f"line {self.line_id}: {self.state}"
