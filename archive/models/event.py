"""PREMIS-shaped events: append-only, hash-chained, each by a person or a piece of software."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from config.tracing import current_request


class Agent(models.Model):
    """Who did it: a person, or software of one version."""

    class Kind(models.TextChoices):
        PERSON = "person", "person"
        SOFTWARE = "software", "software"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "name", "version"], name="one_agent_per_name"),
            models.CheckConstraint(
                condition=~Q(kind="software") | ~Q(version=""), name="software_names_its_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class Event(models.Model):
    """Something that happened. Written by `archive.custody.record` alone; never changed.

    The database refuses UPDATE, DELETE and TRUNCATE. `digest` covers the event's content and
    `previous`, the digest of the event before it in the same chain; a chain is one reel's history
    ("reel:7") or the archive's own ("archive"). `request` stands outside of what the digest covers:
    it leads to the logs of one machine and is no part of what happened, so it leaves in no export,
    and chains that were written before it was kept hold as they are.
    """

    chain = models.CharField(max_length=60)
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=60, help_text="PREMIS event type, or our own word")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="events")
    reel = models.ForeignKey(
        "archive.Reel", null=True, on_delete=models.PROTECT, related_name="events"
    )
    subject = models.CharField(max_length=100, help_text="What it happened to, such as take:12")
    outcome = models.CharField(max_length=40, default="success")
    detail = models.JSONField(default=dict)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    request = models.CharField(
        max_length=64,
        blank=True,
        default=current_request,
        db_default="",
        help_text="The mark in this machine's logs of the request that led to it",
    )

    class Meta:
        ordering = ["chain", "sequence"]
        indexes = [
            models.Index(fields=["reel", "at"], name="events_of_a_reel"),
            models.Index(fields=["subject"], name="events_of_a_subject"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="one_event_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.chain}#{self.sequence} {self.kind}"
