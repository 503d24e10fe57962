from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from restoration.models import Take


class Deliverable(models.Model):
    """What left, for which use, made of which approved takes."""

    reel = models.ForeignKey("archive.Reel", on_delete=models.PROTECT, related_name="deliverables")
    scan = models.ForeignKey("archive.Scan", on_delete=models.PROTECT, related_name="deliverables")
    format = models.CharField(max_length=40)
    use = models.CharField(
        max_length=110, help_text="With a territory where one was named: broadcast in Sweden"
    )
    version = models.CharField(
        max_length=12, choices=Take.Version.choices, default=Take.Version.RESTORATION
    )
    files = models.JSONField(help_text="path and sha256 of each file")
    record = models.JSONField(help_text="Takes, digests, approvals, totals, chain heads")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="deliverables"
    )
    at = models.DateTimeField(auto_now_add=True)
    expires = models.DateField(null=True, help_text="The first day on which it cannot be fetched")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.format} of {self.reel}"

    @property
    def is_expired(self) -> bool:
        return self.expires is not None and self.expires <= timezone.now().date()

    @property
    def unavailable(self) -> str:
        """Why its files cannot be fetched any more, in words; empty while they can."""
        withdrawn = getattr(self, "withdrawal", None)
        if withdrawn is not None:
            who = f"{withdrawn.who} on {withdrawn.at:%Y-%m-%d}"
            return f"It was withdrawn by {who}: {withdrawn.reason}"
        return f"It expired on {self.expires:%Y-%m-%d}." if self.is_expired else ""


class Withdrawal(models.Model):
    """A named person's word that a deliverable may no longer be used; it cannot be taken back."""

    deliverable = models.OneToOneField(
        Deliverable, on_delete=models.PROTECT, related_name="withdrawal"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="withdrawals"
    )
    reason = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"withdrawal of {self.deliverable}"

    @property
    def who(self) -> str:
        return self.by.get_full_name() or self.by.get_username()
