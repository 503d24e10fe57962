"""The trash: reels out of sight at once, back with everything, and emptied after a while.

Nothing of a reel is changed while it lies there, so that what comes back is what went. Emptying
gives up files: what was made of the scan, its takes, and the master where it lies in the archive's
own folder. Description, decisions, events and all digests stay, and say what there was. The same
bytes, taken in again, bring the reel back (`archive.readmission`).
"""

from __future__ import annotations

import logging
import shutil
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone

from archive import custody, derived, readmission, stored, trash
from archive.models import Reel, Scan, TrashedReel
from archive.upload_places import master_home
from restoration.models import StageRun, Take
from restoration.storage import storage
from review.errors import ReviewError
from review.models import Delivery, SearchLine
from review.search import index

PUT, RESTORED, HELD, RELEASED, EMPTIED = (
    "put in the trash", "restored from the trash", "held in the trash", "released in the trash",
    "deletion",
)  # fmt: skip
A_PASS = 20
"""Reels that one pass of the sweeper empties."""
log = logging.getLogger(__name__)


class TrashRefused(ReviewError):
    """It cannot be done; the message says what to do."""


@transaction.atomic
def put(reels: list[Reel], *, by: User, reason: str) -> list[TrashedReel]:
    """Put reels in the trash, all or none.

    Raises: TrashRefused while somebody works on one of them, or if one is there already.
    """
    if not reason.strip():
        raise TrashRefused("Say why; it stands in the reel's custody.")
    act, numbers = uuid.uuid4(), sorted(reel.pk for reel in reels)
    held = list(Reel.objects.select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk"))
    for reel in held:
        _refuse(reel)
    made = TrashedReel.objects.bulk_create(
        TrashedReel(reel=reel, act=act, by=by, reason=reason.strip()[:400]) for reel in held
    )
    SearchLine.objects.filter(reel__in=numbers).delete()
    for row in made:
        _tell(PUT, row, by, {"reason": row.reason})
    return made


def _refuse(reel: Reel) -> None:
    if trash.is_in_trash(reel):
        raise TrashRefused(f"{reel} is in the trash already.")
    runs = StageRun.objects.in_progress(reel).count()
    under_way = runs + Delivery.objects.filter(reel=reel, status__in=Delivery.OPEN).count()
    if under_way:
        raise TrashRefused(
            f"{under_way} runs or deliveries of {reel} are under way. Let them end or cancel "
            "them, then put it in the trash."
        )


@transaction.atomic
def restore(row: TrashedReel, *, by: User) -> Reel:
    """Bring a reel back as it was.

    Raises: TrashRefused if it was emptied.
    """
    row = _locked(row)
    if row.emptied:
        raise TrashRefused(
            "It was emptied: its files are gone. Take the same film in again, and it comes back."
        )
    reel = row.reel
    _tell(RESTORED, row, by, {"was_there_since": row.at.isoformat()})
    TrashedReel.objects.filter(pk=row.pk).delete()
    index.reindex(reel)
    return reel


@transaction.atomic
def hold(row: TrashedReel, *, by: User, reason: str) -> None:
    """Keep it from being emptied; without a reason the hold ends.

    Raises: TrashRefused if it was emptied.
    """
    row = _locked(row)
    if row.emptied:
        raise TrashRefused("It was emptied; there is nothing left to hold.")
    row.held, row.held_by = reason.strip()[:400], by if reason.strip() else None
    row.save(update_fields=["held", "held_by"])
    _tell(HELD if row.held else RELEASED, row, by, {"reason": row.held} if row.held else {})


def _locked(row: TrashedReel) -> TrashedReel:
    """Raises: TrashRefused if it is no longer in the trash."""
    Reel.objects.select_for_update(no_key=True).filter(pk=row.pk).first()
    found = TrashedReel.objects.select_for_update(of=("self",)).select_related("reel__element")
    still = found.filter(pk=row.pk).first()
    if still is None:
        raise TrashRefused("It is no longer in the trash.")
    return still


def _tell(kind: str, row: TrashedReel, by: User | None, detail: dict[str, Any]) -> None:
    custody.record(
        kind=kind,
        agent=custody.person(by) if by is not None else custody.software(),
        subject=f"reel:{row.reel_id}",
        reel=row.reel,
        detail=detail,
    )


def sweep() -> dict[str, int]:
    """Empty what lay there for TRASH_DAYS and nobody holds; give its files up."""
    emptied = 0
    for row in _due():
        emptied += _empty(row)
    for row in TrashedReel.objects.filter(emptied__isnull=False, is_cleared=False)[:A_PASS]:
        _clear(row)
    return {"emptied": emptied} if emptied else {}


def _due() -> list[TrashedReel]:
    if not settings.TRASH_DAYS:
        return []
    waiting = TrashedReel.objects.filter(Q(held=""), emptied__isnull=True).order_by("at")
    now, first = timezone.now(), waiting.select_related("reel__element__title")[:A_PASS]
    return [row for row in first if (at := trash.empties_at(row)) is not None and at <= now]


@transaction.atomic
def _empty(row: TrashedReel) -> int:
    """Say that its files are given up, with the digest of each. They go afterwards, so that
    nothing is gone of which no event tells."""
    try:
        row = _locked(row)
    except TrashRefused:
        return 0
    if row.held or row.emptied:
        return 0
    row.emptied = timezone.now()
    row.save(update_fields=["emptied"])
    scans = list(Scan.objects.filter(reel=row.reel_id, given_up=None).order_by("pk"))
    Scan.objects.filter(pk__in=[scan.pk for scan in scans]).update(
        given_up=row.emptied,
        derivatives=Scan.Derivatives.FAILED,
        derivatives_error="Its files were given up with the trash; take the same film in again.",
    )
    takes = Take.objects.filter(scan__in=scans).order_by("pk")
    detail = {
        "reason": row.reason,
        "after_days": settings.TRASH_DAYS,
        "masters": [
            {"scan": scan.pk, "sha256": scan.sha256, "framemd5": scan.framemd5,
             "bytes": scan.bytes, "path": scan.path, "removed": _is_ours(Path(scan.path)),
             "copies": [copy.path for copy in scan.copies.all()]}
            for scan in scans
        ],
        "takes": list(takes.values("pk", "digest", "storage_key")),
    }  # fmt: skip
    _tell(EMPTIED, row, None, detail)
    return 1


@receiver(readmission.came_back)
def brought_anew(scan: Scan, **_: Any) -> None:
    """The same bytes were taken in again: found as before, its takes to be made again."""
    takes = Take.objects.filter(scan=scan, damage="")
    takes.update(damage="its files were given up with the trash")
    index.reindex(scan.reel)


def _is_ours(path: Path) -> bool:
    """Whether the archive put the master there itself; what lies elsewhere is never touched."""
    return master_home().resolve() in path.resolve().parents


def _clear(row: TrashedReel) -> None:
    try:
        for scan in Scan.objects.filter(reel=row.reel_id):
            if scan.derived:
                stored.forget(scan.derived)
                _remove(derived.folder(scan))
            for take in Take.objects.filter(scan=scan):
                storage().remove(take.storage_key)
            if _is_ours(Path(scan.path)):
                _remove_master(Path(scan.path))
    except OSError as error:
        log.warning("files of %s could not be given up, tried again later: %s", row.pk, error)
        return
    TrashedReel.objects.filter(pk=row.pk).update(is_cleared=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_master(path: Path) -> None:
    _remove(path)
    if path.parent != master_home() and path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()
