"""Links by which guests, who have no account, look at takes; each opening of one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from restoration.models import Take


class ShareLink(models.Model):
    """A guest's way to takes that were named when it was made.

    The address holds a secret of which only the digest is kept. Whether it opens is asked at every
    request (`review.guests.links.closed_because`) and never stored.
    """

    reel = models.ForeignKey("archive.Reel", on_delete=models.PROTECT, related_name="share_links")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret")
    guest = models.CharField(max_length=60, help_text="For whom; stands in every picture")
    use = models.CharField(max_length=60, blank=True, help_text="Empty: to be judged, no use")
    version = models.CharField(max_length=12, choices=Take.Version.choices)
    password = models.CharField(max_length=200, blank=True, help_text="As Django hashes them")
    word = models.TextField(blank=True, help_text="What the guest is asked")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="share_links"
    )
    at = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    revoked = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    wrong = models.PositiveSmallIntegerField(default=0, help_text="Wrong passwords in a row")
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked__isnull=True, revoked_by__isnull=True)
                | Q(revoked__isnull=False, revoked_by__isnull=False),
                name="a_revoked_link_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"link {self.pk} for {self.guest}"


class SharedTake(models.Model):
    """One scene that a link shows, in the take that was named, whatever stands there later."""

    link = models.ForeignKey(ShareLink, on_delete=models.PROTECT, related_name="shown")
    scene = models.ForeignKey("restoration.Scene", on_delete=models.PROTECT, related_name="+")
    take = models.ForeignKey("restoration.Take", on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, help_text="The take's, when the link was made")
    number = models.PositiveIntegerField(help_text="The scene's place in the reel, from 1")

    class Meta:
        ordering = ["number", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["link", "scene"], name="one_take_of_a_shared_scene"),
        ]

    def __str__(self) -> str:
        return f"scene {self.number} by link {self.link_id}"


class GuestVisit(models.Model):
    """Somebody came in by a link, under a name that they gave."""

    link = models.ForeignKey(ShareLink, on_delete=models.PROTECT, related_name="visits")
    name = models.CharField(max_length=60)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} (guest)"
