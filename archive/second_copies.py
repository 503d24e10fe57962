"""A second copy of a master, elsewhere: named once, compared whenever the master is read again, and
put in the master's place if that is lost. No byte is ever written over another: a repair changes
which of the two is the master, and stands in the reel's chain.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from archive import custody
from archive.errors import CopyRefused
from archive.inspection import Outcome, inspect
from archive.models import Scan, SecondCopy
from archive.mounts import mount_point

NAMED, COMPARED, REPAIRED = "replication", "fixity check", "relocation"


def name(scan: Scan, path: Path, *, by: AbstractBaseUser | None = None) -> SecondCopy:
    """Note where a second copy of a master lies; its bytes are compared first.

    Raises: CopyRefused if it is the master itself, is named already, or holds other bytes.
    """
    path = path.absolute()
    if SecondCopy.objects.filter(path=str(path)).exists():
        raise CopyRefused(f"{path} is named as a second copy already.")
    if _is_same(path, Path(scan.path)):
        raise CopyRefused(f"{path} is the master itself; a copy must lie somewhere else.")
    found = inspect(scan, path)
    if found["outcome"] != Outcome.INTACT:
        raise CopyRefused(f"{path} is no copy of {scan}: {found['outcome']}. {found['words']}")
    with transaction.atomic():
        copy = SecondCopy.objects.create(
            scan=scan, path=str(path), compared=timezone.now(), outcome=Outcome.INTACT,
            mounted_at=mount_point(path),
        )  # fmt: skip
        _record(NAMED, copy, by, {"path": str(path)})
    return copy


def name_later(scan: Scan, path: Path, *, by: User) -> None:
    """Have a worker name it: a master takes a while to read. What it refuses stands in the reel's
    chain, with the reason."""
    from archive.tasks import name_second_copy

    transaction.on_commit(lambda: name_second_copy.send(scan.pk, str(path), by.pk))


def name_or_tell(scan: Scan, path: Path, *, by: User) -> SecondCopy | None:
    """What the worker does."""
    try:
        return name(scan, path, by=by)
    except CopyRefused as refused:
        custody.record(
            kind=NAMED,
            agent=custody.person(by),
            subject=f"scan:{scan.pk}",
            reel=scan.reel,
            outcome="failure",
            detail={"path": str(path), "words": str(refused)},
        )
        return None


def _is_same(path: Path, master: Path) -> bool:
    try:
        return path.samefile(master)
    except OSError:
        return path == master


def compare(copy: SecondCopy, *, by: AbstractBaseUser | None = None) -> dict[str, Any]:
    """Read a copy again; what was found, as of a master. Never raises for what it finds."""
    found = inspect(copy.scan, Path(copy.path), mounted_at=copy.mounted_at)
    with transaction.atomic():
        copy.compared, copy.outcome = timezone.now(), found["outcome"]
        if copy.outcome == Outcome.INTACT:
            copy.mounted_at = mount_point(Path(copy.path))
        copy.save(update_fields=["compared", "outcome", "mounted_at"])
        told = {"found": found["outcome"], "path": copy.path, "second_copy": True}
        told |= {key: value for key, value in found.items() if key != "outcome"}
        intact = found["outcome"] == Outcome.INTACT
        _record(COMPARED, copy, by, told, outcome="success" if intact else "failure")
    return found


def compare_all(scan: Scan, *, by: AbstractBaseUser | None = None) -> list[SecondCopy]:
    """Read all copies of a scan again; those that are not intact."""
    copies = list(scan.copies.select_related("scan__reel"))
    return [copy for copy in copies if compare(copy, by=by)["outcome"] != Outcome.INTACT]


def repair(copy: SecondCopy, *, reason: str, by: AbstractBaseUser | None = None) -> Scan:
    """Let an intact copy be the master; what was the master is noted as its second copy.

    Raises: CopyRefused if no reason is given or the copy is not intact now.
    """
    if not reason.strip():
        raise CopyRefused("Say why the copy takes the master's place.")
    if compare(copy, by=by)["outcome"] != Outcome.INTACT:
        raise CopyRefused(f"{copy.path} is not intact itself: {copy.outcome}. Nothing was changed.")
    with transaction.atomic():
        scan = Scan.objects.select_for_update().select_related("reel").get(pk=copy.scan_id)
        scan.path, copy.path = copy.path, scan.path
        scan.mounted_at, copy.mounted_at = copy.mounted_at, scan.mounted_at
        found = inspect(scan, Path(copy.path), mounted_at=copy.mounted_at)
        copy.outcome = found["outcome"]
        scan.save(update_fields=["path", "mounted_at"])
        copy.save(update_fields=["path", "mounted_at", "outcome"])
        told = {"from": copy.path, "to": scan.path, "reason": reason.strip()}
        _record(REPAIRED, copy, by, told, subject=f"scan:{scan.pk}")
    return scan


def _record(
    kind: str,
    copy: SecondCopy,
    by: AbstractBaseUser | None,
    detail: dict[str, Any],
    *,
    outcome: str = "success",
    subject: str = "",
) -> None:
    custody.record(
        kind=kind,
        agent=custody.person(by) if by is not None else custody.software(),
        subject=subject or f"second copy:{copy.pk}",
        reel=copy.scan.reel,
        outcome=outcome,
        detail=detail,
    )
