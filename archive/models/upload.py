"""A film on its way in from a browser."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Upload(models.Model):
    """A film that a person sends, resumable until it is whole, then taken into custody.

    It is one file, or a folder of numbered frames. How much has arrived is the size on disk, not a
    column: after a crash the two could disagree, and what lies there is what counts.
    """

    class Status(models.TextChoices):
        RECEIVING = "receiving", "arriving"
        WAITING = "waiting", "waiting to be taken in"
        INGESTING = "ingesting", "being taken in"
        DONE = "done", "taken in"
        FAILED = "failed", "refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads"
    )
    name = models.CharField(max_length=200, help_text="The file's or folder's name, made safe")
    files = models.PositiveIntegerField(
        default=0, help_text="Frame files of a folder; 0 for a film that is one file"
    )
    fingerprint = models.CharField(
        max_length=64,
        blank=True,
        help_text="Of a folder's names, sizes and times: to know it again",
    )
    length = models.PositiveBigIntegerField(help_text="Bytes that were announced")
    title = models.CharField(max_length=400)
    collection = models.CharField(max_length=200, blank=True)
    rate = models.CharField(max_length=20, blank=True, help_text="As the archivist wrote it")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.RECEIVING)
    path = models.TextField(blank=True, help_text="Where the whole file lies for good")
    error = models.TextField(blank=True)
    reel = models.ForeignKey(
        "archive.Reel", null=True, on_delete=models.SET_NULL, related_name="uploads"
    )
    existing = models.BooleanField(default=False, help_text="The archive held these bytes already")
    frames_done = models.PositiveIntegerField(default=0, help_text="Frames counted so far")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="To take it in")
    created = models.DateTimeField(auto_now_add=True)
    touched = models.DateTimeField(auto_now_add=True, help_text="When something last happened")

    class Meta:
        ordering = ["-created"]
        constraints = [
            models.CheckConstraint(condition=Q(length__gt=0), name="upload_has_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_status_display()})"

    @property
    def is_folder(self) -> bool:
        return self.files > 0


class UploadedFrame(models.Model):
    """One file of a folder that is being sent; its rows go when the folder is whole."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="frames")
    place = models.PositiveIntegerField(help_text="In the order of frames, from 0")
    name = models.CharField(max_length=200)
    length = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "place"], name="frame_places_are_unique"),
            models.UniqueConstraint(fields=["upload", "name"], name="frame_names_are_unique"),
            models.CheckConstraint(condition=Q(length__gt=0), name="frame_has_bytes"),
        ]

    def __str__(self) -> str:
        return self.name
