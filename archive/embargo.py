"""Titles under embargo: until the day that a rights statement names, only archivists see them."""

from __future__ import annotations

from django.db.models import Max, Q
from django.utils import timezone

from archive.models import Element, Reel, Rights

HELD = "archive.view_embargoed"
"""The right to see what is under embargo."""


def under_embargo(reel: str = "") -> Q:
    """Rows whose reel (found by this path, such as `scan__reel__`) is of a title under embargo."""
    held = Rights.objects.filter(embargo__gt=timezone.localdate())
    elements = Element.objects.filter(title__in=held.values("title"))
    return Q(**{f"{reel}element__in": elements})


def until(reel: Reel) -> str | None:
    """The day on which the last embargo on the reel's title ends, ISO 8601; None: there is none."""
    wanted = Rights.objects.filter(title__elements__reels=reel.pk, embargo__gt=timezone.localdate())
    last = wanted.aggregate(last=Max("embargo"))["last"]
    return last.isoformat() if last else None
