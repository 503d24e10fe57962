"""A reel's digital file or frame sequence, never changed."""

from __future__ import annotations

from fractions import Fraction

from django.db import models
from django.db.models import Q


class Scan(models.Model):
    """A master on a registered path, with what was measured when it was taken into custody."""

    class Kind(models.TextChoices):
        FILE = "file", "video file"
        SEQUENCE = "sequence", "numbered frames"

    class Derivatives(models.TextChoices):
        WAITING = "waiting", "waiting"
        MAKING = "making", "being made"
        READY = "ready", "ready"
        FAILED = "failed", "failed"

    reel = models.ForeignKey("archive.Reel", on_delete=models.PROTECT, related_name="scans")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    path = models.TextField(help_text="Absolute path of the master; it is never moved or changed")
    mounted_at = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Where its disk was mounted when it was last read whole; empty: not known",
    )
    sha256 = models.CharField(
        max_length=64, unique=True, help_text="Of the file, or of a sequence's manifest of digests"
    )
    bytes = models.PositiveBigIntegerField()
    frames = models.PositiveIntegerField(help_text="Counted by decoding")
    rate_numerator = models.PositiveIntegerField()
    rate_denominator = models.PositiveIntegerField()
    variable_rate = models.BooleanField(default=False)
    start_timecode = models.CharField(max_length=20, blank=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    pixel_format = models.CharField(max_length=40, help_text="A name in archive.media.pixels")
    bit_depth = models.PositiveSmallIntegerField()
    field_order = models.CharField(max_length=20, default="progressive")
    colour = models.JSONField(default=dict, help_text="range, matrix, primaries, transfer")
    audio = models.JSONField(default=list, help_text="One object for each audio track")
    mediainfo = models.JSONField(default=dict)
    warnings = models.JSONField(
        default=list, help_text="Sentences about damage and doubtful timing, found at accession"
    )
    derived = models.CharField(
        max_length=200,
        blank=True,
        help_text="Storage key of the folder with frame table, proxy, stills and waveform",
    )
    framemd5 = models.CharField(max_length=64, help_text="SHA-256 of the list of frame MD5s")
    derivatives = models.CharField(
        max_length=20,
        choices=Derivatives.choices,
        default=Derivatives.WAITING,
        help_text="Proxy, stills and waveform; they can be made again at any time",
    )
    derivatives_done = models.PositiveIntegerField(default=0, help_text="Frames of the proxy")
    derivatives_error = models.TextField(blank=True, help_text="The tool's own words")
    derivatives_attempts = models.PositiveSmallIntegerField(default=0)
    derivatives_seen = models.DateTimeField(
        null=True, blank=True, help_text="When their maker last said that it was at work"
    )
    scanner = models.CharField(max_length=200, blank=True, help_text="Make and model")
    scanned = models.CharField(max_length=40, blank=True, help_text="When; EDTF")
    operator = models.CharField(max_length=200, blank=True, help_text="Who scanned it")
    remarks = models.TextField(blank=True)
    fixity_asked = models.DateTimeField(
        null=True, blank=True, help_text="When the schedule last asked to read it again"
    )
    given_up = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When its files were given up with the trash; the same bytes may come in again",
    )
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(frames__gt=0), name="scan_has_frames"),
            models.CheckConstraint(
                condition=Q(rate_numerator__gt=0) & Q(rate_denominator__gt=0),
                name="scan_rate_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(width__gt=0) & Q(height__gt=0),
                name="scan_has_size",
            ),
        ]

    def __str__(self) -> str:
        return f"scan {self.pk} of {self.reel}"

    @property
    def rate(self) -> Fraction:
        """Frames a second, exact."""
        return Fraction(self.rate_numerator, self.rate_denominator)
