"""What a catalogue says beyond the fields of title, element and reel: rows, of which many."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Term(models.Model):
    """One word of a controlled vocabulary. The catalogue holds its label."""

    class Vocabulary(models.TextChoices):
        GAUGE = "gauge", "gauge"
        BASE = "base", "base"
        GENERATION = "generation", "generation"
        COLOUR = "colour", "colour"
        SOUND = "sound", "sound"
        ASPECT = "aspect", "aspect ratio"
        LANGUAGE = "language", "language (ISO 639-3)"
        VARIANT = "variant", "kind of title"
        ROLE = "role", "role"
        RELATION = "relation", "relation (FIAF)"
        IDENTIFIER = "identifier", "source of an identifier"
        FAULT = "fault", "fault"
        USE = "use", "use"
        COUNTRY = "country", "country (proposed, not asked for)"

    vocabulary = models.CharField(max_length=20, choices=Vocabulary.choices)
    code = models.CharField(max_length=60)
    label = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=0, help_text="Place in the list")
    retired = models.BooleanField(default=False, help_text="Stays where it is used, not offered")

    class Meta:
        ordering = ["vocabulary", "position", "label"]
        constraints = [
            models.UniqueConstraint(fields=["vocabulary", "code"], name="one_term_per_code"),
            models.UniqueConstraint(fields=["vocabulary", "label"], name="one_term_per_label"),
        ]

    def __str__(self) -> str:
        return self.label


class Variant(models.Model):
    """Another name of a title."""

    title = models.ForeignKey("archive.Title", on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(max_length=400)
    kind = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Credit(models.Model):
    """Who made a title, and as what."""

    title = models.ForeignKey("archive.Title", on_delete=models.CASCADE, related_name="credits")
    role = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    note = models.CharField(max_length=200, blank=True, help_text="Such as a character's name")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.role}: {self.name}"


class Named(models.Model):
    """What others call a title, an element or a reel."""

    source = models.CharField(max_length=100)
    value = models.CharField(max_length=200)

    class Meta:
        abstract = True
        ordering = ["pk"]
        indexes = [models.Index(fields=["value"], name="%(class)s_by_value")]

    def __str__(self) -> str:
        return f"{self.source} {self.value}"


class Identifier(Named):
    """What others call a title."""

    title = models.ForeignKey("archive.Title", on_delete=models.CASCADE, related_name="identifiers")

    class Meta(Named.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["title", "source", "value"], name="one_identifier_once_a_title"
            ),
        ]


class ElementIdentifier(Named):
    """What an element is called: its accession number, its number in another archive."""

    element = models.ForeignKey(
        "archive.Element", on_delete=models.CASCADE, related_name="identifiers"
    )

    class Meta(Named.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["element", "source", "value"], name="one_identifier_once_an_element"
            ),
        ]


class ReelIdentifier(Named):
    """What a reel is called: the number on its can, the one that it had elsewhere."""

    reel = models.ForeignKey("archive.Reel", on_delete=models.CASCADE, related_name="identifiers")

    class Meta(Named.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["reel", "source", "value"], name="one_identifier_once_a_reel"
            ),
        ]


class Relation(models.Model):
    """How a title, or one element of it, hangs together with another (FIAF manual, appendix)."""

    title = models.ForeignKey("archive.Title", on_delete=models.CASCADE, related_name="relations")
    element = models.ForeignKey(
        "archive.Element", null=True, blank=True, on_delete=models.CASCADE, related_name="relations"
    )
    kind = models.CharField(max_length=100)
    to = models.CharField(max_length=400, help_text="In words, or `title 12`, `element 34` of ours")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["to"], name="relations_to")]

    def __str__(self) -> str:
        return f"{self.kind} {self.to}"


class Restriction(models.Model):
    """What may, or may not, be done with a title, by use and territory."""

    title = models.ForeignKey(
        "archive.Title", on_delete=models.CASCADE, related_name="restrictions"
    )
    use = models.CharField(max_length=100)
    territory = models.CharField(max_length=100, blank=True, help_text="Empty: everywhere")
    is_allowed = models.BooleanField(default=False, verbose_name="allowed")
    until = models.CharField(max_length=40, blank=True, help_text="EDTF; empty: for good")
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        where = f" in {self.territory}" if self.territory else ""
        return f"{self.use}{where}: {'allowed' if self.is_allowed else 'not allowed'}"


class ConditionReport(models.Model):
    """What one examination of a reel found. Another examination is another report."""

    reel = models.ForeignKey("archive.Reel", on_delete=models.CASCADE, related_name="conditions")
    on = models.DateField(help_text="Day of the examination")
    examined_by = models.CharField(max_length=200)
    shrinkage = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True, help_text="Per cent"
    )
    acidity = models.DecimalField(
        max_digits=2, decimal_places=1, null=True, blank=True, help_text="A-D strips: 0 to 3"
    )
    note = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(shrinkage__isnull=True) | Q(shrinkage__gte=0, shrinkage__lte=20),
                name="shrinkage_is_possible",
            ),
            models.CheckConstraint(
                condition=Q(acidity__isnull=True) | Q(acidity__gte=0, acidity__lte=3),
                name="acidity_is_on_the_strips_scale",
            ),
        ]

    def __str__(self) -> str:
        return f"examination of {self.on} by {self.examined_by}"

    def worst(self) -> int:
        """The highest grade of any fault; 0 where none was found."""
        return max((fault.grade for fault in self.faults.all()), default=0)


class Fault(models.Model):
    """One kind of damage, graded."""

    class Grade(models.IntegerChoices):
        SLIGHT = 1, "slight"
        MODERATE = 2, "moderate"
        SEVERE = 3, "severe"
        CRITICAL = 4, "not to be wound"

    report = models.ForeignKey(ConditionReport, on_delete=models.CASCADE, related_name="faults")
    kind = models.CharField(max_length=100)
    grade = models.PositiveSmallIntegerField(choices=Grade.choices)
    where = models.CharField(max_length=200, blank=True)
    photograph = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of it, if there is one"
    )

    class Meta:
        ordering = ["-grade", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}, {self.get_grade_display()}"


class DescriptionDraft(models.Model):
    """What somebody typed into a form about a reel and has not saved yet."""

    class Form(models.TextChoices):
        DESCRIPTION = "description", "description"
        EXAMINATION = "examination", "examination"

    form = models.CharField(max_length=20, choices=Form.choices, default=Form.DESCRIPTION)
    reel = models.ForeignKey("archive.Reel", on_delete=models.CASCADE, related_name="drafts")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="description_drafts"
    )
    fields = models.JSONField(help_text="The form's fields by name, each a list of texts")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["reel", "owner", "form"], name="one_draft_a_person"),
        ]

    def __str__(self) -> str:
        return f"draft of {self.owner} for {self.reel}"
