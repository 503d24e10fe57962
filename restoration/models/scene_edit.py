"""The history of a scan's cuts: who changed what, with what stood before and after."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SceneEdit(models.Model):
    """One edit of a scan's cuts, kept whole so that it can be undone and done again.

    `before` and `after` hold the states of the scenes and verdicts that it changed. An edit that
    was undone can be done again until another one is made; then it is `superseded`.
    """

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="scene_edits")
    number = models.PositiveIntegerField(help_text="Counted for each scan, from 1")
    kind = models.CharField(max_length=40, help_text="The kind of its custody event")
    words = models.CharField(max_length=200)
    frame = models.PositiveIntegerField(help_text="Where to look for it")
    before = models.JSONField()
    after = models.JSONField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="scene_edits"
    )
    at = models.DateTimeField(auto_now_add=True)
    undone = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    superseded = models.BooleanField(default=False)

    class Meta:
        ordering = ["scan", "number"]
        constraints = [
            models.UniqueConstraint(fields=["scan", "number"], name="edits_are_numbered"),
        ]

    def __str__(self) -> str:
        return f"edit {self.number} of scan {self.scan_id}: {self.words}"
