"""Decisions of people on takes, each bound to the digest of what was decided on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Approval(models.Model):
    """A person's decision on one take of one scene; a later decision on the same scene replaces it.

    `digest` is the take's manifest digest at that moment. Whether the decision still holds is
    computed (`review.decisions.stale_reasons`), never stored.
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
    withdrawn = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(decision="changes") | ~Q(reason=""), name="changes_name_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.take}: {self.decision}"
