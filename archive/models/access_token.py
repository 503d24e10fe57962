"""Programs that ask in somebody's name: what they show, and what they were answered."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class AccessToken(models.Model):
    """A program's way in, with at most its owner's rights; of its secret the digest is kept."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens"
    )
    name = models.CharField(max_length=100, help_text="What it is for")
    beginning = models.CharField(max_length=12, help_text="Of the secret, to know it again by")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret")
    scopes = models.JSONField(help_text="Names in archive.api.tokens.SCOPES")
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, help_text="To the minute")
    revoked = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}...)"

    @property
    def opens(self) -> bool:
        """Whether it still lets in."""
        return self.revoked is None and self.expires > timezone.now()


class StoredAnswer(models.Model):
    """What a write was answered, so that the same one sent again is not done again."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stored_answers"
    )
    token = models.ForeignKey(
        AccessToken, null=True, on_delete=models.CASCADE, related_name="stored_answers"
    )
    key = models.CharField(max_length=200, help_text="The header Idempotency-Key")
    request = models.CharField(max_length=64, help_text="SHA-256 of method, address and body")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "token", "key"],
                name="one_answer_a_key",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} for {self.key}"
