"""What was said in a scan: the lines of a run or a file, and what people corrected of them.

Transcripts and their lines are written once; the database refuses to change them. Corrections are
rows of their own, laid over the lines by `restoration.speech.corrections`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from restoration.speech import layers
from restoration.speech import transcript as speech

if TYPE_CHECKING:
    from archive.models import Scan


class Transcript(models.Model):
    """The lines that one run of a recogniser, or one imported file, gave."""

    class Maker(models.TextChoices):
        MACHINE = "machine", "a machine"
        PERSON = "person", "a person"
        UNKNOWN = "unknown", "not known"

    scan = models.ForeignKey("archive.Scan", on_delete=models.CASCADE, related_name="transcripts")
    number = models.PositiveIntegerField(help_text="1 upwards for each scan")
    run = models.ForeignKey(
        "restoration.StageRun", null=True, on_delete=models.PROTECT, related_name="transcripts"
    )
    maker = models.CharField(max_length=8, choices=Maker.choices)
    source = models.CharField(max_length=300, help_text="The engine and weights, or whose file")
    language = models.CharField(max_length=12, blank=True, help_text="ISO 639-1")
    facts = models.JSONField(default=dict, help_text="What else the run recorded")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the lines as canonical JSON")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="transcripts"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["scan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["scan", "number"], name="transcripts_are_numbered"),
        ]

    def __str__(self) -> str:
        return f"transcript {self.number}, {self.source}"

    @property
    def typed_by(self) -> str:
        """Who wrote it, if a person did; what came from who knows where counts as a machine's."""
        return self.source if self.maker == self.Maker.PERSON else ""


class TranscriptLine(models.Model):
    """One utterance as it came; its words with it, since they are never read apart."""

    transcript = models.ForeignKey(Transcript, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(help_text="0 upwards, in order of time")
    start = models.BigIntegerField(help_text="Samples at 16 kHz from the scan's first frame")
    end = models.BigIntegerField()
    text = models.TextField()
    words = models.JSONField(help_text="[[text, start, end, confidence, how, speaker], ...]")
    speaker = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=12, default="speech")
    language = models.CharField(max_length=12, blank=True)
    engine = models.CharField(max_length=40, blank=True)
    avg_logprob = models.FloatField(null=True)
    compression_ratio = models.FloatField(null=True)
    no_speech_prob = models.FloatField(null=True)
    doubts = models.JSONField(default=list)

    class Meta:
        ordering = ["transcript", "number"]
        constraints = [
            models.UniqueConstraint(fields=["transcript", "number"], name="lines_are_numbered"),
            models.CheckConstraint(
                condition=Q(start__gte=0, end__gte=F("start")), name="line_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.number}: {self.text[:60]}"

    @classmethod
    def of(cls, transcript: Transcript, number: int, line: speech.Line) -> TranscriptLine:
        return cls(
            transcript=transcript,
            number=number,
            start=line.start,
            end=line.end,
            text=line.text,
            words=[_packed(word) for word in line.words],
            speaker=line.speaker or "",
            kind=line.kind,
            language=line.language,
            engine=line.engine,
            avg_logprob=line.avg_logprob,
            compression_ratio=line.compression_ratio,
            no_speech_prob=line.no_speech_prob,
            doubts=list(line.doubts),
        )

    def as_line(self) -> speech.Line:
        return speech.Line(
            words=tuple(_unpacked(word) for word in self.words),
            start=self.start,
            end=self.end,
            language=self.language,
            avg_logprob=self.avg_logprob,
            compression_ratio=self.compression_ratio,
            no_speech_prob=self.no_speech_prob,
            speaker=self.speaker or None,
            kind=self.kind,  # type: ignore[arg-type]
            engine=self.engine,
            doubts=tuple(self.doubts),
        )


def _packed(word: speech.Word) -> list[object]:
    how = {"timed": word.timed, "glued": word.glued, "italic": word.italic}
    return [word.text, word.start, word.end, word.confidence, how, word.speaker]


def _unpacked(packed: list[object]) -> speech.Word:
    text, start, end, confidence, how, speaker = packed
    return speech.Word(text, start, end, confidence, speaker=speaker, **how)  # type: ignore[arg-type]


class TranscriptCorrectionQuerySet(models.QuerySet["TranscriptCorrection"]):
    def standing(self) -> TranscriptCorrectionQuerySet:
        return self.filter(withdrawn__isnull=True)

    def of_scan(self, scan: Scan) -> TranscriptCorrectionQuerySet:
        return self.filter(scan=scan).select_related("by", "withdrawn_by").order_by("pk")


class TranscriptCorrection(models.Model):
    """What one person changed in the lines, bound to them as they read at that time."""

    class Kind(models.TextChoices):
        CONFIRM = "confirm", "confirmed"
        TEXT = "text", "rewritten"
        TIMES = "times", "moved"
        SPLIT = "split", "split"
        MERGE = "merge", "merged"
        DELETE = "delete", "deleted"
        NO_SPEECH = "no_speech", "marked as no speech"
        SPEAKER = "speaker", "given a speaker"
        ADD = "add", "put in"

    scan = models.ForeignKey(
        "archive.Scan", on_delete=models.CASCADE, related_name="transcript_corrections"
    )
    transcript = models.ForeignKey(Transcript, on_delete=models.PROTECT, related_name="corrections")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    targets = models.JSONField(default=list, help_text="[[key, start, end, text], ...] as seen")
    payload = models.JSONField(default=dict)
    act = models.UUIDField(
        null=True, db_index=True, help_text="Shared by lines that were changed in one act"
    )
    about = models.CharField(max_length=200, blank=True, help_text="What the act does, in words")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="transcript_corrections"
    )
    at = models.DateTimeField(auto_now_add=True)
    withdrawn = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = TranscriptCorrectionQuerySet.as_manager()

    class Meta:
        ordering = ["scan", "pk"]

    def __str__(self) -> str:
        return f"line {self.get_kind_display()} by {self.by.get_username()}"

    def seen_from(self, transcript: Transcript) -> layers.Correction:
        """As the layers take it, for the lines of that transcript."""
        return layers.Correction(
            self.pk,
            self.kind,
            self.by.get_username(),
            tuple(layers.Target(*target) for target in self.targets),
            self.payload,
            here=self.transcript_id == transcript.pk,
        )
