"""The catalogue as one flat table, for its list and its counts: written by the database alone.

Triggers on reels, elements and titles keep it in step within the transaction of each change, by
whatever way the change came: see migration `catalogue_lines`. Nothing else may write it.
"""

from __future__ import annotations

from django.db import models

CODED = ("access", "decade", "country", "language", "gauge", "generation", "colour", "sound")
"""Fields of a line that hold the number of a value, None where nothing is said."""


class FacetValue(models.Model):
    """One value that a coded field of some reel has or had; numbers are counted faster than
    words."""

    facet = models.CharField(max_length=12)
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["facet", "value"], name="facet_values_once"),
        ]

    def __str__(self) -> str:
        return f"{self.facet}: {self.value}"


def _code() -> models.IntegerField[int | None, int | None]:
    return models.IntegerField(null=True)


class CatalogueLine(models.Model):
    """What a reel is listed and counted by."""

    reel = models.OneToOneField(
        "archive.Reel",
        on_delete=models.DO_NOTHING,  # a trigger takes it out
        db_constraint=False,
        primary_key=True,
        related_name="line",
    )
    title = models.ForeignKey(
        "archive.Title",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    number = models.PositiveIntegerField()
    collection = models.IntegerField(null=True, help_text="Its number")
    access = _code()
    decade = _code()
    country = _code()
    language = _code()
    gauge = _code()
    generation = _code()
    colour = _code()
    sound = _code()
    year = models.CharField(max_length=40)
    name = models.CharField(max_length=400)

    class Meta:
        ordering = ["name", "number", "reel"]
        indexes = [
            models.Index(  # with what says who may see it, so that far pages read no rows
                fields=["name", "number", "reel"],
                include=["title", "access", "collection"],
                name="catalogue_in_order",
            ),
            models.Index(fields=["collection"], name="catalogue_collections"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, reel {self.number}"


class CatalogueChange(models.Model):
    """A transaction that changed what is listed or who may see it; written by triggers.

    All of them together are the catalogue's state: what was counted holds while they are the same.
    """

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"change {self.pk}"
