"""A table of many rows that a worker takes in, so that whoever sent it need not wait."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ImportJob(models.Model):
    """A table on its way into the catalogue. The file lies here, so that every worker has it."""

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting for a worker"
        RUNNING = "running", "being gone through"
        DONE = "done", "gone through to its end"
        CANCELLED = "cancelled", "cancelled"
        FAILED = "failed", "broken off"
        UNDOING = "undoing", "being taken back"
        UNDONE = "undone", "taken back"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="import_jobs"
    )
    name = models.CharField(max_length=200, help_text="The file's name, made safe")
    file = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict, help_text="Their headings to our columns")
    dry_run = models.BooleanField(default=False)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.WAITING)
    error = models.TextField(blank=True)
    rows_total = models.PositiveIntegerField(null=True, help_text="Empty until a worker counted")
    rows_done = models.PositiveIntegerField(default=0)
    last_row = models.PositiveIntegerField(default=0, help_text="As the spreadsheet counts")
    counts = models.JSONField(default=dict, help_text="Rows by what became of them")
    imports = models.JSONField(default=list, help_text="Their numbers in the chain of custody")
    undone = models.JSONField(null=True, help_text="What taking it back came to")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Since rows last came in")
    cancel_requested = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    touched = models.DateTimeField(auto_now_add=True, help_text="When something last happened")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_status_display()})"


class ImportedRow(models.Model):
    """What became of one row of a table."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    row = models.PositiveIntegerField(help_text="As the spreadsheet counts")
    outcome = models.CharField(max_length=10)
    reel = models.BigIntegerField(null=True)
    reasons = models.JSONField(default=list)

    class Meta:
        ordering = ["row"]
        constraints = [
            models.UniqueConstraint(fields=["job", "row"], name="a_row_of_a_job_is_told_once"),
        ]

    def __str__(self) -> str:
        return f"row {self.row}: {self.outcome}"


class ImportedPart(models.Model):
    """What taking some hundred rows back needs, until it stands in the chain of custody."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="parts")
    done = models.JSONField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{len(self.done)} rows of {self.job}"
