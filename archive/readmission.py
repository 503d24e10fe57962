"""Bytes that come in again after the trash was emptied of them: the reel of old comes back.

The archive knows them by their digest. So no other reel is made: scan, description, scenes,
decisions and the chain of events are those that stood in the trash, and an event says that the
bytes were brought anew. The files of its takes are gone; each is known as damaged, and is made
again by a run of its stage (`manage.py check_takes --mend`).
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from django.contrib.auth.base_user import AbstractBaseUser
from django.dispatch import Signal

from archive import custody
from archive.errors import AccessionRefused
from archive.models import Scan, TrashedReel

BACK = "taken in again"
RIGHTS = ("archive.ingest", "archive.discard")
"""Over the reel: to take film in, and to restore from the trash."""

came_back = Signal()
"""Sent with `scan`, in the transaction in which it comes back."""


def awaited(sha256: str) -> Scan | None:
    """The scan of these bytes whose files were given up, if there is one.

    Raises: AccessionRefused while they are being removed.
    """
    given_up = Scan.objects.filter(sha256=sha256, given_up__isnull=False)
    scan = given_up.select_related("reel__element__title").first()
    if scan is None:
        return None
    if TrashedReel.objects.filter(reel=scan.reel_id, emptied__isnull=False, is_cleared=False):
        raise AccessionRefused(
            "The trash was emptied of these bytes just now and their files are being removed. "
            "Take the film in again in a few minutes."
        )
    return scan


def require(scan: Scan, *, by: AbstractBaseUser | None, rate: Fraction | None) -> None:
    """Whether somebody may bring a reel back, at this rate.

    Args:
        by: None: whoever runs this on the machine.
        rate: frames a second that were asked for, if any.
    Raises: AccessionRefused.
    """
    may = by is None or all(by.has_perm(right, scan.reel) for right in RIGHTS)  # type: ignore[attr-defined]  # of every user model with permissions
    if not may:
        raise AccessionRefused(
            "These bytes were held before, as a reel that you may not restore. Ask an archivist "
            "of its collection to take the film in again."
        )
    if rate is not None and rate != scan.rate:
        raise AccessionRefused(
            f"These bytes were taken in before, as {scan}, at {scan.rate} frames a second; scenes "
            "and decisions count by that. Leave the rate out to take the film in again."
        )


def bring_back(scan: Scan, *, path: Path, by: AbstractBaseUser | None) -> None:
    """Take the reel out of the trash and let the scan have files again; the caller writes the rest
    of its row. In the caller's transaction.
    """
    row = TrashedReel.objects.filter(reel=scan.reel_id).first()
    custody.record(
        kind=BACK,
        agent=custody.person(by) if by is not None else custody.software(),
        subject=f"scan:{scan.pk}",
        reel=scan.reel,
        detail={
            "sha256": scan.sha256,
            "given_up": scan.given_up.isoformat() if scan.given_up else None,
            "reason": row.reason if row is not None else "",
            "was_at": scan.path,
            "path": str(path),
        },
    )
    if row is not None:
        row.delete()
    scan.path, scan.given_up = str(path), None
    scan.derivatives, scan.derivatives_error = Scan.Derivatives.WAITING, ""
    scan.derivatives_attempts, scan.derivatives_seen, scan.fixity_asked = 0, None, None
