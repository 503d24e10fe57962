"""Remarks on frames of a scan: text, a drawing, what others answered, whom they call on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Note(models.Model):
    """A remark on a range of frames of a scan."""

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="notes")
    start_frame = models.PositiveIntegerField()
    end_frame = models.PositiveIntegerField(help_text="Half-open")
    text = models.TextField()
    drawing = models.JSONField(
        default=list, blank=True, help_text="Shapes in the scan's luma pixels: review.drawings"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="notes"
    )
    guest = models.ForeignKey(
        "review.GuestVisit",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="notes",
        help_text="Who wrote it, if that was a guest",
    )
    at = models.DateTimeField(auto_now_add=True)
    resolved = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["start_frame", "at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_frame__gt=F("start_frame")), name="note_has_frames"
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=True) ^ Q(guest__isnull=True), name="a_note_is_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def author(self) -> str:
        """Who wrote it; of a guest, the name that they gave, and that they are one."""
        return str(self.guest or self.by)


class Answer(models.Model):
    """One turn in the thread below a note: a text, or that it was resolved or opened again."""

    class Kind(models.TextChoices):
        ANSWER = "answer", "answered"
        RESOLVED = "resolved", "resolved it"
        REOPENED = "reopened", "opened it again"

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="answers")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ANSWER)
    text = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="note_answers"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="answer") | ~Q(text=""), name="an_answer_says_something"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60] or self.get_kind_display()


class Mention(models.Model):
    """Somebody is called on by name (`@name`) in a note or in an answer to it."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="mentions")
    answer = models.ForeignKey(Answer, null=True, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mentions"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"@{self.person} on note {self.note_id}"
