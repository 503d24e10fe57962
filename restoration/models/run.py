"""One attempt after another to run a stage over a range of frames."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from config.tracing import current_request
from restoration import queues
from restoration.models.take import INVENTING, Take

if TYPE_CHECKING:
    from archive.models import Reel, Scan


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self, *, queue: str | None = None) -> WorkerQuerySet:
        """Workers heard of within the last half minute, by the database's clock."""
        found = self.filter(seen__gt=Now() - timedelta(seconds=Worker.SILENCE_SECONDS))
        return found if queue is None else found.filter(queue=queue)

    def lost(self) -> WorkerQuerySet:
        """Workers not heard of for so long that they are surely gone."""
        return self.filter(seen__lt=Now() - timedelta(seconds=4 * Worker.SILENCE_SECONDS))

    def most_held(self) -> dict[str, int]:
        """GiB that the largest live worker of each queue has, of queues that have one.

        A worker of an earlier version says nothing of its memory and is given everything.
        """
        by_queue = self.alive().order_by().values("queue")
        found = by_queue.annotate(most=Max("memory"), least=Min("memory"))
        return {each["queue"]: each["most"] if each["least"] else Worker.ANY for each in found}


class Worker(models.Model):
    """A worker process that says it is alive."""

    SILENCE_SECONDS = 30
    ANY = 32767
    """GiB, as of a worker that holds every run."""

    name = models.CharField(max_length=120, unique=True, help_text="host:pid:queue")
    queue = models.CharField(max_length=40)
    device = models.CharField(max_length=80, blank=True)
    memory = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="GiB that its runs may take; 0: it does not say"
    )
    started = models.DateTimeField(auto_now_add=True)
    seen = models.DateTimeField()

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StageRunQuerySet(models.QuerySet["StageRun"]):
    def in_progress(self, reel: Reel | None = None) -> StageRunQuerySet:
        """Runs that wait or run, of one reel or of all, oldest first."""
        found = self.filter(status__in=StageRun.OPEN).select_related("scan__reel", "scene")
        return (found if reel is None else found.filter(scan__reel=reel)).order_by("pk")

    def of_reel(self, reel: Reel) -> StageRunQuerySet:
        return self.filter(scan__reel=reel)

    def of_version(self, version: str) -> StageRunQuerySet:
        """Runs whose takes belong to that version, by the rule of `version_of`."""
        invents = Q(stage__in=INVENTING) | Q(input_take__version=Take.Version.COLOUR)
        return self.filter(invents) if version == Take.Version.COLOUR else self.exclude(invents)

    def of_range(self, scan: Scan, start_frame: int, end_frame: int) -> StageRunQuerySet:
        return self.filter(scan=scan, start_frame=start_frame, end_frame=end_frame)

    def recently_ended(self, reel: Reel | None = None) -> StageRunQuerySet:
        """Runs that ended, of one reel or of all, latest first."""
        found = self.exclude(status__in=StageRun.OPEN).select_related("scan__reel", "scene", "take")
        return (found if reel is None else found.filter(scan__reel=reel)).order_by("-ended", "-pk")

    def unclaimed(self, seconds: float, *, sent: float | None = None) -> StageRunQuerySet:
        """Waiting runs whose message is missing for `seconds`, or was sent that long ago.

        Args:
            sent: seconds for a message that was sent, where others hold than for a missing one.
        """
        missing = Now() - timedelta(seconds=seconds)
        old = Now() - timedelta(seconds=seconds if sent is None else sent)
        # `created` is by the clock of the machine that asked, which may be ahead.
        never = Q(sent__isnull=True) & (Q(created__lt=missing) | Q(created__gt=Now()))
        return self.filter(never | Q(sent__lt=old)).filter(status=StageRun.Status.QUEUED)

    def too_large(self, held: Mapping[str, int]) -> StageRunQuerySet:
        """Runs that no live worker of their queue can hold.

        Args:
            held: as `Worker.objects.most_held` gives it.
        """
        return self.filter(_too_large(held)) if held else self.none()

    def not_too_large(self, held: Mapping[str, int]) -> StageRunQuerySet:
        """All others; those of a queue that has no live worker too."""
        return self.exclude(_too_large(held)) if held else self

    def waiting_for_memory(self, held: Mapping[str, int]) -> list[str]:
        """Why waiting runs that no live worker can hold wait, in words, by queue and need."""
        found = self.too_large(held).filter(status=StageRun.Status.QUEUED).order_by()
        counted = found.values("queue", "memory").annotate(n=Count("pk"))
        return [
            f"{each['n']} run{'' if each['n'] == 1 else 's'} of {each['queue']} wait"
            f"{'s' if each['n'] == 1 else ''} for a worker with {each['memory']} GiB, and the "
            f"largest that is alive has {held[each['queue']]}: start one on a machine with more "
            "memory, or raise WORKER_MEMORY_GIB where there is more"
            for each in counted.order_by("queue", "memory")
        ]

    def lease_ran_out(self) -> StageRunQuerySet:
        return self.filter(status=StageRun.Status.RUNNING, lease_until__lt=Now())


def _too_large(held: Mapping[str, int]) -> Q:
    each = (Q(queue=queue, memory__gt=most) for queue, most in held.items())
    return reduce(or_, each)


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

    OPEN = (Status.QUEUED, Status.RUNNING)

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
        default=list,
        help_text="Stages to start on the take that this run makes: {stage, params} in order",
    )
    batch = models.UUIDField(
        default=uuid.uuid4, db_index=True, help_text="Runs asked for together share it"
    )
    key = models.CharField(max_length=64, help_text="Same inputs, parameters and code: same key")
    queue = models.CharField(max_length=40)
    memory = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="GiB that it takes at most; 0: nobody has worked it out"
    )
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    device = models.CharField(max_length=80, blank=True)
    cancel_requested = models.BooleanField(default=False)
    frames_done = models.PositiveIntegerField(default=0)
    frames_total = models.PositiveIntegerField(default=0)
    take = models.ForeignKey(
        "restoration.Take", null=True, on_delete=models.PROTECT, related_name="runs"
    )
    offered = models.BooleanField(
        default=False, help_text="Its result stood already and was not computed again"
    )
    findings = models.JSONField(null=True, help_text="What a stage without pictures found")
    timings = models.JSONField(default=dict, help_text="Seconds by part: stage, decode, encode ...")
    error = models.TextField(blank=True, help_text="The tool's own words")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="runs"
    )
    request = models.CharField(
        max_length=64,
        blank=True,
        default=current_request,
        db_default="",
        help_text="The mark of the request that asked for it, in all logs",
    )
    created = models.DateTimeField(auto_now_add=True)
    sent = models.DateTimeField(null=True, help_text="When its message last went to the broker")
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    updated = models.DateTimeField(auto_now=True)

    objects = StageRunQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["status", "lease_until"]),
            models.Index(fields=["key"]),
            models.Index(
                fields=["queue", "requested_by", "scan", "id"],
                condition=Q(status="queued"),
                name="runs_that_wait",
            ),
            models.Index(
                fields=["queue", "-started"],
                condition=Q(started__isnull=False),
                name="runs_that_began",
            ),
            models.Index(
                F("ended").desc(),
                F("id").desc(),
                name="runs_that_ended",
                condition=Q(status__in=["done", "cancelled"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_frame__gt=F("start_frame")), name="run_has_frames"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "done", "failed", "cancelled"]),
                name="run_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(lease_until__isnull=False),
                name="a_running_run_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(error=""), name="a_failed_run_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.stage} [{self.start_frame}, {self.end_frame})"

    @property
    def urgent(self) -> bool:
        """Whether it comes before all that is not; what follows on it does too."""
        return queues.is_urgent(self.queue)

    @property
    def is_open(self) -> bool:
        """Whether it still waits or runs."""
        return self.status in self.OPEN

    @property
    def share_done(self) -> float:
        """Of its frames, 0 to 1."""
        return self.frames_done / self.frames_total if self.frames_total else 0.0

    @property
    def seconds(self) -> float | None:
        """Wall time of its last attempt so far; None if it never started."""
        if self.started is None:
            return None
        return ((self.ended or timezone.now()) - self.started).total_seconds()

    @property
    def frames_per_second(self) -> float | None:
        seconds = self.seconds
        return self.frames_done / seconds if seconds and self.frames_done else None

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the rate so far; None while nothing is known."""
        rate = self.frames_per_second
        if rate is None or self.status != self.Status.RUNNING:
            return None
        return (self.frames_total - self.frames_done) / rate
