"""Decisions of people on takes, each bound to the digest of what was decided on."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from restoration.models import Take


class OfVersions(models.Manager["Approval"]):
    """Decisions on versions of scenes: those on single stages (`alone`) are left out.

    The default, so that whoever asks what is approved is never told of a part as of the whole.
    """

    def get_queryset(self) -> models.QuerySet[Approval]:
        return super().get_queryset().filter(alone=False)


class Approval(models.Model):
    """A person's decision on one take of one scene; a later decision on the same scene replaces it.

    It speaks of the scene's version, which ends with that take, or of the take of that stage alone
    (`alone`); the newest word on a take replaces those before it. `digest` is the take's manifest
    digest at that moment. Whether the decision still holds is computed
    (`review.decisions.stale_reasons`), never stored.
    """

    class Decision(models.TextChoices):
        APPROVED = "approved", "approved"
        CHANGES = "changes", "changes requested"

    scene = models.ForeignKey(
        "restoration.Scene", on_delete=models.PROTECT, related_name="approvals"
    )
    take = models.ForeignKey("restoration.Take", on_delete=models.PROTECT, related_name="approvals")
    digest = models.CharField(max_length=64)
    decision = models.CharField(max_length=20, choices=Decision.choices)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approvals"
    )
    at = models.DateTimeField(auto_now_add=True)
    batch = models.ForeignKey(
        "review.ApprovalBatch",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="approvals",
        help_text="Approved with others, by what was seen of a sample",
    )
    alone = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Speaks of the take of this stage alone, not of the version that ends with it",
    )
    withdrawn = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = OfVersions()
    everything: ClassVar[models.Manager[Approval]] = models.Manager()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(decision="changes") | ~Q(reason=""), name="changes_name_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.take}: {self.decision}"


class ApprovalBatch(models.Model):
    """Scenes of a reel approved at once, after a sample of them was looked at one by one."""

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.PROTECT, related_name="approval_batches"
    )
    every = models.PositiveSmallIntegerField(help_text="Every so many scenes were looked at")
    most = models.PositiveSmallIntegerField(
        help_text="And so many of those with the largest machine-made share"
    )
    sampled = models.JSONField(
        help_text="What was looked at: number, take and digest of each approval"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approval_batches"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
        verbose_name_plural = "approval batches"

    def __str__(self) -> str:
        return f"batch {self.pk} of {self.scan}"


class HandOver(models.Model):
    """A scene put before a person or a role, with a word; a decision on it settles it."""

    scene = models.ForeignKey(
        "restoration.Scene", on_delete=models.PROTECT, related_name="hand_overs"
    )
    version = models.CharField(max_length=12, choices=Take.Version.choices)
    take = models.ForeignKey(
        "restoration.Take",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Of the one stage that it is about; null: the version",
    )
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="handed"
    )
    role = models.CharField(max_length=40, blank=True, help_text="A role's group, if no person")
    word = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="hand_overs"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(to__isnull=False, role="") | (Q(to__isnull=True) & ~Q(role="")),
                name="handed_to_a_person_or_a_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scene} to {self.whom}"

    @property
    def whom(self) -> str:
        """The person's name, or the role's: `vera`, `any archivist`."""
        return str(self.to) if self.to else f"any {self.role}"

    @property
    def stage(self) -> str:
        """Such as `repair take 1`; empty where it is about the version."""
        return f"{self.take.stage} take {self.take.number}" if self.take else ""
