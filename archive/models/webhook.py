"""Addresses that want to be told what happens, and what is to be told to each: the outbox."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Webhook(models.Model):
    """An address of somebody's system. Its secret is derived from `salt` and the server's key."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks"
    )
    url = models.URLField(max_length=500)
    events = models.JSONField(help_text="Names in archive.webhooks.kinds.KINDS")
    salt = models.CharField(max_length=64)
    created = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True, help_text="When it was given up")
    ended_because = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"webhook {self.pk} of {self.owner}"


class WebhookMessage(models.Model):
    """One event for one address: written with the event, sent later, tried again and again."""

    class Status(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        WITHHELD = "withheld", "not told: the reel is not open to the subscriber any more"
        GIVEN_UP = "given up", "given up"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="messages")
    event = models.ForeignKey("archive.Event", on_delete=models.PROTECT, related_name="messages")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, help_text="The header webhook-id")
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(help_text="When it is tried next")
    answer = models.PositiveSmallIntegerField(null=True, help_text="Status of the last answer")
    error = models.CharField(max_length=300, blank=True, help_text="Why the last try failed")
    created = models.DateTimeField(auto_now_add=True)
    sent = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["due"], name="messages_due", condition=models.Q(status="waiting")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event"], name="one_message_an_event"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.webhook}"
