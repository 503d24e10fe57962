from __future__ import annotations

from django.db import models
from django.db.models import Q


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    def below(self, key: str) -> StoredFileQuerySet:
        """Rows of one file, or of all files of a folder."""
        return self.filter(Q(key=key) | Q(key__startswith=f"{key}/"))

    def kept(self) -> StoredFileQuerySet:
        return self.filter(is_kept=True)


class StoredFile(models.Model):
    """A file of the store of takes that lies in a bucket (`archive.stored` writes these rows).

    The row is there before its object and goes after it, so that no object is without one. Only
    what `is_kept` was written whole and found right.
    """

    key = models.CharField(max_length=300, help_text="Its path below the store, with slashes")
    name = models.CharField(max_length=340, unique=True, help_text="The object's; no other has it")
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    piece_bytes = models.PositiveIntegerField(help_text="Size of a piece, all but the last one's")
    pieces = models.JSONField(help_text="SHA-256 of each piece, in order")
    is_kept = models.BooleanField(default=False)
    is_leaving = models.BooleanField(default=False, help_text="Its object is to be removed")
    created = models.DateTimeField(auto_now_add=True)

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        ordering = ["key", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(is_kept=True), name="one_kept_file_a_key"
            ),
        ]
        indexes = [
            models.Index(
                fields=["key"], name="stored_files_by_key", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(
                fields=["created"], condition=Q(is_kept=False), name="stored_files_unfinished"
            ),
            models.Index(fields=["sha256"], name="stored_files_by_digest"),
        ]

    def __str__(self) -> str:
        return self.key
