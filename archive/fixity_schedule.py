"""When masters are read again: each once in a while, one at a time on each disk.

The schedule is what stands in the scans' own rows. The sweeper rings for what is due; a message
that got lost, or a worker that died over it, is rung for again after a day.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from dramatiq.errors import DramatiqError

from archive import custody, inspection, second_copies, trash
from archive.models import FixityCheck, Scan

AGAIN = timedelta(days=1)
"""After so long without an answer it is asked again."""
LOOKED_AT = 500
"""Due scans that one pass looks at, those that wait longest first."""
log = logging.getLogger(__name__)


def due() -> QuerySet[Scan]:
    """Scans last checked, or else taken in, more than FIXITY_DAYS ago; the oldest first."""
    limit = timezone.now() - timedelta(days=settings.FIXITY_DAYS)
    seen = trash.with_files(Scan.objects.all()).annotate(
        seen=Coalesce(Max("checks__at"), F("created"))
    )
    return seen.filter(seen__lt=limit).order_by("seen", "pk")


def sweep() -> dict[str, int]:
    """Ask for the check of what is due, one scan for each disk that none is read on now."""
    if not settings.FIXITY_DAYS:
        return {"fixity_rung": 0}
    with transaction.atomic():
        custody.lock("archive_fixity_schedule")
        chosen = _choose()
        Scan.objects.filter(pk__in=chosen).update(fixity_asked=timezone.now())
    return {"fixity_rung": _ring(chosen)}


def _choose() -> list[int]:
    early = timezone.now() - AGAIN
    under_way = Scan.objects.annotate(last=Max("checks__at")).filter(
        Q(last=None) | Q(last__lt=F("fixity_asked")), fixity_asked__gt=early
    )
    busy = {_disk(path) for path in under_way.values_list("path", flat=True)}
    waiting = due().filter(Q(fixity_asked=None) | Q(fixity_asked__lte=early) | Q(
        fixity_asked__lt=F("seen")))  # fmt: skip
    chosen = []
    for pk, path in waiting.values_list("pk", "path")[:LOOKED_AT]:
        disk = _disk(path)
        if disk not in busy:
            busy.add(disk)
            chosen.append(pk)
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


def check(scan_id: int) -> FixityCheck | None:
    """Read a scan that was asked for; None if it was read since, or nobody asked."""
    scan = Scan.objects.select_related("reel__element__title").get(pk=scan_id)
    last = scan.checks.aggregate(last=Max("at"))["last"]
    if scan.fixity_asked is None or (last is not None and last >= scan.fixity_asked):
        return None
    checked = inspection.check_scan(scan)
    second_copies.compare_all(scan)
    return checked
