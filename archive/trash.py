"""What is in the trash is seen by nobody: the conditions that say so, and what stays of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import Model, Q, QuerySet

from archive.models import Reel, Scan, TrashedReel

_Row = TypeVar("_Row", bound=Model)


def in_trash(reel: str = "") -> Q:
    """Rows whose reel (found by this path, such as `scan__reel__`) is in the trash."""
    return Q(**{f"{reel}pk__in": TrashedReel.objects.order_by().values("reel")})


def is_in_trash(reel: Reel) -> bool:
    return TrashedReel.objects.filter(reel=reel.pk).exists()


def without_trashed(rows: QuerySet[_Row], reel: str = "") -> QuerySet[_Row]:
    return rows.exclude(in_trash(reel))


def with_files(scans: QuerySet[Scan]) -> QuerySet[Scan]:
    """Leave out scans whose files were given up. Those that only lie in the trash are in
    custody, and are read and kept as all others are."""
    return scans.filter(given_up=None)


def empties_at(row: TrashedReel) -> datetime | None:
    """When it may be emptied; None: never, because somebody holds it or the archive keeps all."""
    if row.held or not settings.TRASH_DAYS:
        return None
    return row.at + timedelta(days=settings.TRASH_DAYS)
