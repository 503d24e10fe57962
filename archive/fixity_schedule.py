"""When masters are read again: each once in a while, one at a time on each disk.

How often, in which hours and how much of it a day is said for each storage (`FixitySchedule`); what
was asked for stands in the scans' own rows. The sweeper rings for what is due; a message that got
lost, or a worker that died over it, is rung for again after a day.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from dramatiq.errors import DramatiqError

from archive import custody, inspection, second_copies, trash
from archive.models import FixityCheck, FixitySchedule, Scan

AGAIN = timedelta(days=1)
"""After so long without an answer it is asked again."""
LOOKED_AT = 500
"""Due scans that one pass looks at, those that wait longest first."""
GIGABYTE = 10**9
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Storage:
    """Masters that are read by one row of the schedule, or by none of them."""

    held: Q
    """Their rows."""
    days: int
    hours: tuple[int, int] | None = None
    bytes_a_day: int | None = None

    def is_open(self) -> bool:
        """Whether a check may begin at this hour of the clock on the wall."""
        if self.hours is None or self.hours[0] == self.hours[1]:
            return True
        (start, end), now = self.hours, timezone.localtime().hour
        return start <= now < end if start < end else now >= start or now < end

    def has_room(self, size: int, read: int) -> bool:
        """Whether so many bytes may be read besides; a film larger than a day's share is read
        alone."""
        return self.bytes_a_day is None or read == 0 or read + size <= self.bytes_a_day


def storages() -> list[Storage]:
    """The schedule: each master is in one of them, that of the longest folder."""
    found, longer = list[Storage](), Q(pk__in=())
    for row in sorted(FixitySchedule.objects.all(), key=lambda row: -len(row.place)):
        below = Q(path__startswith=row.place.rstrip("/") + "/") | Q(path=row.place)
        hours = None if row.from_hour is None else (row.from_hour, row.to_hour or 0)
        share = row.gigabytes_a_day
        limit = None if share is None else share * GIGABYTE
        found.append(Storage(below & ~longer, row.days, hours, limit))
        longer |= below
    return [*found, Storage(~longer, settings.FIXITY_DAYS)]


def due(storage: Storage | None = None) -> QuerySet[Scan]:
    """Scans last checked, or else taken in, longer ago than their schedule says; the oldest first.

    Args:
        storage: only of this one.
    """
    seen = trash.with_files(Scan.objects.all()).annotate(
        seen=Coalesce(Max("checks__at"), F("created"))
    )
    late = Q(pk__in=())
    for each in [storage] if storage is not None else storages():
        if each.days:
            late |= each.held & Q(seen__lt=timezone.now() - timedelta(days=each.days))
    return seen.filter(late).order_by("seen", "pk")


def sweep() -> dict[str, int]:
    """Ask for the check of what is due, one scan for each disk that none is read on now."""
    plan = [each for each in storages() if each.days and each.is_open()]
    if not plan:
        return {"fixity_rung": 0}
    with transaction.atomic():
        custody.lock("archive_fixity_schedule")
        chosen = _choose(plan)
        Scan.objects.filter(pk__in=chosen).update(fixity_asked=timezone.now())
    return {"fixity_rung": _ring(chosen)}


def _choose(plan: list[Storage]) -> list[int]:
    early = timezone.now() - AGAIN
    under_way = Scan.objects.annotate(last=Max("checks__at")).filter(
        Q(last=None) | Q(last__lt=F("fixity_asked")), fixity_asked__gt=early
    )
    busy = {_disk(path) for path in under_way.values_list("path", flat=True)}
    chosen = []
    for storage in plan:
        waiting = due(storage).filter(Q(fixity_asked=None) | Q(fixity_asked__lte=early) | Q(
            fixity_asked__lt=F("seen")))  # fmt: skip
        asked = Scan.objects.filter(storage.held, fixity_asked__gt=early)
        read = asked.aggregate(bytes=Sum("bytes"))["bytes"] or 0
        for pk, path, size in waiting.values_list("pk", "path", "bytes")[:LOOKED_AT]:
            disk = _disk(path)
            if disk not in busy and storage.has_room(size, read):
                busy.add(disk)
                chosen.append(pk)
                read += size
    return chosen


def _disk(path: str) -> int:
    """The number of the file system on which a path lies, or would lie if it were mounted."""
    for place in (Path(path), *Path(path).parents):
        try:
            return place.stat().st_dev
        except OSError:
            continue
    return 0


def _ring(chosen: list[int]) -> int:
    from archive.tasks import check_fixity

    for rung, pk in enumerate(chosen):
        try:
            check_fixity.send(pk)
        except DramatiqError as error:
            log.warning("fixity of scan %s waits for the next sweep: %s", pk, error)
            Scan.objects.filter(pk__in=chosen[rung:]).update(fixity_asked=None)
            return rung
    return len(chosen)


def ask(scan: Scan) -> None:
    """Have a scan read again at once, whether or not it is due; in the caller's transaction."""
    Scan.objects.filter(pk=scan.pk).update(fixity_asked=timezone.now())
    transaction.on_commit(lambda: _ring([scan.pk]))


def check(scan_id: int) -> FixityCheck | None:
    """Read a scan that was asked for; None if it was read since, or nobody asked."""
    scan = Scan.objects.select_related("reel__element__title").get(pk=scan_id)
    last = scan.checks.aggregate(last=Max("at"))["last"]
    if scan.fixity_asked is None or (last is not None and last >= scan.fixity_asked):
        return None
    checked = inspection.check_scan(scan)
    second_copies.compare_all(scan)
    return checked
