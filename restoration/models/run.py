"""One attempt after another to run a stage over a range of frames."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Worker(models.Model):
    """A worker process that says it is alive."""

    name = models.CharField(max_length=120, unique=True, help_text="host:pid:queue")
    queue = models.CharField(max_length=40)
    device = models.CharField(max_length=80, blank=True)
    started = models.DateTimeField(auto_now_add=True)
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class StageRun(models.Model):
    """The truth about a piece of work; messages to workers only ring the bell.

    `token` is the fencing token: it grows with each claim, and only its holder may publish.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    TRANSITIONS: dict[str, set[str]] = {
        "queued": {"running", "cancelled", "done", "failed"},
        "running": {"done", "failed", "cancelled", "queued"},
        "failed": {"queued"},
        "cancelled": {"queued"},
        "done": set(),
    }

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="runs")
    scene = models.ForeignKey(
        "restoration.Scene", null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    stage = models.CharField(max_length=40)
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField()
    params = models.JSONField(default=dict)
    input_take = models.ForeignKey(
        "restoration.Take", null=True, on_delete=models.PROTECT, related_name="used_by"
    )
    following = models.JSONField(
        default=list, help_text="Stages to start on the take that this run makes"
    )
    key = models.CharField(max_length=64, help_text="Same inputs, parameters and code: same key")
    queue = models.CharField(max_length=40)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    cancel_requested = models.BooleanField(default=False)
    frames_done = models.PositiveIntegerField(default=0)
    frames_total = models.PositiveIntegerField(default=0)
    take = models.OneToOneField(
        "restoration.Take", null=True, on_delete=models.PROTECT, related_name="made_by"
    )
    findings = models.JSONField(null=True, help_text="What a stage without pictures found")
    timings = models.JSONField(default=dict, help_text="Seconds by part: stage, decode, encode ...")
    error = models.TextField(blank=True, help_text="The tool's own words")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="runs"
    )
    created = models.DateTimeField(auto_now_add=True)
    sent = models.DateTimeField(null=True, help_text="When its message last went to the broker")
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["status", "lease_until"]),
            models.Index(fields=["key"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_frame__gt=F("start_frame")), name="run_has_frames"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.stage} [{self.start_frame}, {self.end_frame})"
