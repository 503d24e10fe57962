"""The index of what was said and written: made of other rows, and anew by `manage.py reindex`."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class SearchLine(models.Model):
    """One line that can be found: of a transcript, an intertitle, a note, or of the catalogue.

    Lines of `store` hold what a description says for the house alone: where the can stands, what
    examinations found, and restrictions. Like notes, they are for those who work on the film.

    The table lies in parts, by reel: see migration `search_in_parts`.
    """

    class Kind(models.TextChoices):
        DIALOGUE = "dialogue", "dialogue"
        INTERTITLE = "intertitle", "intertitle"
        SOUND = "sound", "sound"
        NOTE = "note", "note"
        CATALOGUE = "catalogue", "catalogue"
        STORE = "store", "store and condition"

    reel = models.ForeignKey(
        "archive.Reel",
        on_delete=models.CASCADE,
        related_name="search_lines",
        db_index=False,  # the index of their order begins with it
    )
    scan = models.ForeignKey(
        "archive.Scan", null=True, on_delete=models.CASCADE, related_name="search_lines"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=140, help_text="The line's key in its transcript, or note12")
    number = models.PositiveIntegerField(help_text="0 upwards, in order of time")
    start_frame = models.BigIntegerField(default=0)
    end_frame = models.BigIntegerField(default=0)
    text = models.TextField()
    after = models.TextField(blank=True, help_text="How the next lines go on")
    speaker = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=12, blank=True)
    checked = models.BooleanField(help_text="A person answers for every word")
    doubtful = models.BooleanField(default=False)
    vector = SearchVectorField()

    class Meta:
        ordering = ["reel", "number"]
        constraints = [
            models.UniqueConstraint(fields=["reel", "kind", "key"], name="search_lines_once"),
        ]
        indexes = [
            GinIndex(fields=["vector"], name="search_lines_vector"),
            models.Index(fields=["reel", "kind", "number"], name="search_lines_in_order"),
            models.Index(fields=["language"], name="search_lines_languages"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.text[:60]}"


class SearchWord(models.Model):
    """One word that some line has or had, for what is misspelt."""

    text = models.CharField(max_length=64, unique=True)
    deletes = ArrayField(models.IntegerField(), help_text="CRC-32 of it with letters left out")

    class Meta:
        indexes = [GinIndex(fields=["deletes"], name="search_words_deletes", fastupdate=False)]

    def __str__(self) -> str:
        return self.text


class SavedSearch(models.Model):
    """A search that a person comes back to."""

    class Of(models.TextChoices):
        SEARCH = "search", "search"
        CATALOGUE = "catalogue", "catalogue"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_searches"
    )
    of = models.CharField(
        max_length=12,
        choices=Of.choices,
        default=Of.SEARCH,
        help_text="The page that it is a search of",
    )

    class Mail(models.TextChoices):
        DAILY = "daily", "every day"
        WEEKLY = "weekly", "every week"

    query = models.CharField(max_length=1000)
    seen = models.DateTimeField(help_text="When its hits were last looked at")
    places = models.JSONField(
        null=True, help_text="Where its hits were then; nothing of more than are counted"
    )
    mail = models.CharField(
        max_length=8,
        choices=Mail.choices,
        blank=True,
        help_text="How often its new hits are mailed; empty: never",
    )
    mailed = models.DateTimeField(null=True, help_text="When it was last looked at for a mail")
    mailed_places = models.JSONField(
        null=True, help_text="Where hits are that were mailed, or there before"
    )
    mail_error = models.CharField(
        max_length=300, blank=True, help_text="Why the last mail was not taken"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "of", "query"], name="searches_saved_once"),
        ]

    def __str__(self) -> str:
        return self.query


class AlertAddress(models.Model):
    """Where a person has the new hits of kept searches mailed."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_address"
    )
    address = models.EmailField()
    asked = models.DateTimeField(help_text="When the mail to confirm it was last sent")
    confirmed = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.address
