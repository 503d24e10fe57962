"""A delivery that somebody asked for: the truth about that piece of work."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from restoration.models import Take
from review.version_choice import VersionChoice


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unclaimed(self, seconds: float) -> DeliveryQuerySet:
        """Waiting deliveries whose message is missing or was sent more than `seconds` ago."""
        long_ago = Now() - timedelta(seconds=seconds)
        return self.filter(
            Q(sent__isnull=True, created__lt=long_ago) | Q(sent__lt=long_ago)
        ).filter(status=Delivery.Status.QUEUED)

    def lease_ran_out(self) -> DeliveryQuerySet:
        return self.filter(status=Delivery.Status.RUNNING, lease_until__lt=Now())


class Delivery(models.Model):
    """Work on one deliverable, in the engine's manner: the message to a worker rings the bell.

    `token` is the fencing token: it grows with each claim, and only its holder may publish.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "waiting"
        RUNNING = "running", "being made"
        DONE = "done", "delivered"
        FAILED = "failed", "failed"
        REFUSED = "refused", "refused"
        CANCELLED = "cancelled", "cancelled"

    OPEN = (Status.QUEUED, Status.RUNNING)

    reel = models.ForeignKey("archive.Reel", on_delete=models.PROTECT, related_name="deliveries")
    scan = models.ForeignKey("archive.Scan", on_delete=models.PROTECT, related_name="deliveries")
    format = models.CharField(max_length=40)
    use = models.CharField(
        max_length=110, help_text="With a territory where one was named: broadcast in Sweden"
    )
    version = models.CharField(
        max_length=12, choices=Take.Version.choices, default=Take.Version.RESTORATION
    )
    exceptions = models.JSONField(
        default=dict, blank=True, help_text="Scenes that leave as restored: VersionChoice.as_json"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    override = models.JSONField(
        default=dict, blank=True, help_text="Who overrode which rules of the policy, and why"
    )
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    cancel_requested = models.BooleanField(default=False)
    step = models.CharField(max_length=40, blank=True, help_text="What is being done")
    step_done = models.PositiveIntegerField(default=0)
    step_total = models.PositiveIntegerField(default=0)
    share_done = models.FloatField(default=0.0, help_text="Of the whole work, 0 to 1")
    error = models.TextField(blank=True, help_text="The tool's own words")
    reasons = models.JSONField(default=list, help_text="Why it was refused, one text each")
    deliverable = models.OneToOneField(
        "review.Deliverable", null=True, on_delete=models.PROTECT, related_name="delivery"
    )
    created = models.DateTimeField(auto_now_add=True)
    sent = models.DateTimeField(null=True, help_text="When its message last went to the broker")
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    updated = models.DateTimeField(auto_now=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["status", "lease_until"])]
        constraints = [
            models.UniqueConstraint(
                fields=["reel", "format", "use", "version", "exceptions"],
                condition=Q(status__in=["queued", "running"]),
                name="one_open_delivery_of_a_kind",
            ),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(lease_until__isnull=False),
                name="a_running_delivery_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(error=""), name="a_failed_delivery_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(deliverable__isnull=False),
                name="a_done_delivery_names_what_left",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}: {self.format} of {self.reel} for {self.use}"

    @property
    def choice(self) -> VersionChoice:
        """The version that was asked for."""
        return VersionChoice.from_json(self.version, self.exceptions)

    @property
    def is_open(self) -> bool:
        """Whether it still waits or is being made."""
        return self.status in self.OPEN

    @property
    def seconds(self) -> float | None:
        """Wall time of its last attempt so far; None if it never started."""
        if self.started is None:
            return None
        return ((self.ended or timezone.now()) - self.started).total_seconds()

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the share done so far; None while too little is known."""
        seconds = self.seconds
        if self.status != self.Status.RUNNING or seconds is None or self.share_done < 0.02:
            return None
        return seconds * (1 - self.share_done) / self.share_done
