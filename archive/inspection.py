"""Is a scan still what was taken in? Read it again and say which frames are not."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from archive import custody, derived
from archive.fixity import Comparison, compare
from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.models import FixityCheck, Scan
from archive.mounts import is_mounted, mount_point

Outcome = FixityCheck.Outcome
Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all)."""


def check_scan(
    scan: Scan, *, by: AbstractBaseUser | None = None, progress: Progress | None = None
) -> FixityCheck:
    """Compare a scan with the digests of its accession; what was found is recorded as an event.

    Never raises for what it finds: a file that is gone, cannot be read or was changed is the
    answer, not an obstacle.
    """
    detail = {
        "path": scan.path,
        "expected_sha256": scan.sha256,
        **inspect(scan, Path(scan.path), progress, mounted_at=scan.mounted_at),
    }
    outcome = detail.pop("outcome")
    mounted_at = mount_point(Path(scan.path)) if outcome == Outcome.INTACT else scan.mounted_at
    with transaction.atomic():
        check = FixityCheck.objects.create(scan=scan, outcome=outcome, detail=detail)
        if mounted_at != scan.mounted_at:
            Scan.objects.filter(pk=scan.pk).update(mounted_at=mounted_at)
        custody.record(
            kind="fixity check",
            agent=custody.person(by) if by is not None else custody.software(),
            subject=f"scan:{scan.pk}",
            reel=scan.reel,
            outcome="success" if outcome == Outcome.INTACT else "failure",
            detail={"found": outcome, **detail},
        )
    return check


def inspect(
    scan: Scan, path: Path, progress: Progress | None = None, *, mounted_at: str = ""
) -> dict[str, Any]:
    """What lies at a path, held against the scan's digests: `outcome`, `words` and frames.

    Args:
        mounted_at: where its disk was mounted, if that is known. If nothing is mounted there now
            and the film is not there, it is unreadable: nobody can say that it is missing.
    """
    found = _inspect(scan, path, progress)
    if found["outcome"] == Outcome.MISSING and not is_mounted(mounted_at):
        return {
            "outcome": Outcome.UNREADABLE,
            "words": f"Nothing is mounted at {mounted_at} now, where the disk of {path} was. Mount "
            "it, then check again; until then nobody knows how the film is.",
        }
    return found


def _inspect(scan: Scan, path: Path, progress: Progress | None) -> dict[str, Any]:
    if words := _has_become_something_else(scan, path):
        return {"outcome": Outcome.CHANGED, "words": words}
    try:
        found = compare(path, sha256=scan.sha256, table=_table(scan), progress=progress)
    except (MediaError, OSError) as error:
        return {"outcome": Outcome.UNREADABLE, "words": str(error)}
    detail: dict[str, Any] = {"outcome": _outcome(found), "words": found.detail}
    if found.outcome != "intact":
        detail |= {
            "found_sha256": found.found,
            "frames": ranges(found.changed_frames),
            "unreadable_frames": ranges(found.unreadable_frames),
            "missing_frames": ranges(found.missing_frames),
        }
    return detail


def _has_become_something_else(scan: Scan, path: Path) -> str:
    """What stands in the master's place, looked at before anything is opened that would block."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if scan.kind == Scan.Kind.SEQUENCE:
        return "" if stat.S_ISDIR(mode) else "What lies there is no folder any more."
    return "" if stat.S_ISREG(mode) else "What lies there is no file any more."


def _table(scan: Scan) -> FrameTable | None:
    """The frames as they were; without it a change is still seen, only not where it is."""
    try:
        return derived.frame_table(scan)
    except MediaError:
        return None


def _outcome(found: Comparison) -> str:
    """A folder in which nothing but frames is missing is missing something, not changed."""
    if found.missing_frames and not (found.changed_frames or found.unreadable_frames):
        return Outcome.MISSING
    return found.outcome


def ranges(frames: Iterable[int]) -> list[list[int]]:
    """Rising frame numbers as half-open ranges."""
    found: list[list[int]] = []
    for frame in frames:
        if found and found[-1][1] == frame:
            found[-1][1] = frame + 1
        else:
            found.append([frame, frame + 1])
    return found
