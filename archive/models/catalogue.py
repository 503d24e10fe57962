"""Collection > Title > Element > Reel: the description, from the film down to one can of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone


class Collection(models.Model):
    """A body of films kept together."""

    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CollectionMember(models.Model):
    """Somebody who may see a collection that others do not: see `archive.membership`."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collections"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["collection", "user"], name="members_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} of {self.collection}"


class Title(models.Model):
    """A film."""

    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.PROTECT, related_name="titles"
    )
    name = models.CharField(max_length=400)
    year = models.CharField(max_length=40, blank=True, help_text="EDTF, such as 1926 or 1926~")
    country = models.CharField(max_length=100, blank=True, help_text="Several by semicolons")
    language = models.CharField(max_length=200, blank=True, help_text="Several by semicolons")
    notes = models.TextField(blank=True)
    decade = models.GeneratedField(
        expression=Func(
            F("year"), Value("([0-9]{3})[0-9X]"), function="SUBSTRING", arg_joiner=" FROM "
        ),
        output_field=models.CharField(max_length=40, null=True),
        db_persist=True,
        help_text="Of the first year that the date names: 192 of 1926~ and of 192X",
    )

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["name"], name="titles_by_name")]

    def __str__(self) -> str:
        return self.name


class Rights(models.Model):
    """A statement of what may be done with a title."""

    title = models.ForeignKey(Title, on_delete=models.CASCADE, related_name="rights")
    statement = models.URLField(help_text="A rightsstatements.org or licence address")
    holder = models.CharField(max_length=200, blank=True)
    term = models.CharField(max_length=40, blank=True, help_text="EDTF, such as 1926/1996")
    embargo = models.DateField(
        null=True, blank=True, help_text="Until this day only archivists see the title's reels"
    )
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "rights"
        indexes = [
            models.Index(
                fields=["embargo"], name="rights_embargoed", condition=Q(embargo__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.statement

    def is_embargoed(self) -> bool:
        """Whether its day has not come yet."""
        return self.embargo is not None and self.embargo > timezone.localdate()


class Element(models.Model):
    """A physical carrier of a title: this negative, that print."""

    title = models.ForeignKey(Title, on_delete=models.PROTECT, related_name="elements")
    name = models.CharField(max_length=200, blank=True, help_text="Such as 'nitrate print'")
    gauge = models.CharField(max_length=40, blank=True)
    base = models.CharField(max_length=100, blank=True)
    stock = models.CharField(max_length=100, blank=True)
    edge_code = models.CharField(max_length=100, blank=True, help_text="As it stands on the edge")
    generation = models.CharField(max_length=100, blank=True)
    colour = models.CharField(max_length=100, blank=True)
    tint = models.CharField(max_length=200, blank=True, help_text="Such as: night scenes blue")
    sound = models.CharField(max_length=100, blank=True)
    aspect = models.CharField(max_length=40, blank=True)
    running_speed = models.CharField(
        max_length=20, blank=True, help_text="Frames a second: 18, 16-20, 24000/1001"
    )
    notes = models.TextField(blank=True)

    class Meta:
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return f"{self.title}: {self.name or self.gauge or 'element'}"


class ReelQuerySet(models.QuerySet["Reel"]):
    def for_list(self) -> ReelQuerySet:
        """With everything that one line of the catalogue shows."""
        return self.select_related("element__title__collection").prefetch_related("scans")


class Reel(models.Model):
    """One roll or can of an element."""

    class Access(models.TextChoices):
        STAFF = "staff", "staff only"
        RESEARCH = "research", "researchers too"
        PUBLIC = "public", "everybody, where the archive's catalogue is public"

    element = models.ForeignKey(Element, on_delete=models.PROTECT, related_name="reels")
    number = models.PositiveIntegerField(default=1)
    access = models.CharField(max_length=20, choices=Access.choices, default=Access.STAFF)
    barcode = models.CharField(max_length=100, blank=True)
    location = models.CharField(max_length=200, blank=True, help_text="Where the can stands")
    footage = models.CharField(max_length=40, blank=True, help_text="Such as 305 m or 1000 ft")
    notes = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)

    objects = ReelQuerySet.as_manager()

    class Meta:
        ordering = ["element__title__name", "number"]
        constraints = [
            models.UniqueConstraint(fields=["element", "number"], name="one_reel_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.element.title.name}, reel {self.number}"

    @property
    def title(self) -> Title:
        return self.element.title

    def current_scan(self) -> Scan | None:
        """The newest scan, that work is done on; asks the database unless all were read."""
        if "scans" in getattr(self, "_prefetched_objects_cache", {}):
            return max(self.scans.all(), key=lambda scan: scan.pk, default=None)
        return self.scans.order_by("-pk").first()


from archive.models.scan import Scan  # noqa: E402  (a reel names its scans, a scan its reel)
