"""Is a scan still what was taken in? Read it again and say which frames are not."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from archive import custody, derived
from archive.fixity import scan_digest, sequence_manifest
from archive.media.errors import MediaError
from archive.media.sandbox import probe_safely
from archive.models import FixityCheck, Scan

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
    outcome, detail = _inspect(scan, progress)
    with transaction.atomic():
        check = FixityCheck.objects.create(scan=scan, outcome=outcome, detail=detail)
        custody.record(
            kind="fixity check",
            agent=custody.person(by) if by is not None else custody.software(),
            subject=f"scan:{scan.pk}",
            reel=scan.reel,
            outcome="success" if outcome == Outcome.INTACT else "failure",
            detail={"found": outcome, **detail},
        )
    return check


Finding = tuple[str, dict[str, Any]]


def _inspect(scan: Scan, progress: Progress | None) -> Finding:
    path = Path(scan.path)
    expected = {"path": scan.path, "expected_sha256": scan.sha256}
    if wrong := _not_there(scan, path):
        outcome, words = wrong
        return outcome, {**expected, "words": words}
    try:
        found = scan_digest(path, progress=progress)
    except OSError as error:
        return _unreadable(expected, error)
    except MediaError as error:  # the folder is no whole sequence any more
        return _broken_folder(scan, expected, error)
    if found == scan.sha256:
        return Outcome.INTACT, expected
    detail = {**expected, "found_sha256": found}
    return Outcome.CHANGED, {**detail, **_changes(scan, path)}


def _not_there(scan: Scan, path: Path) -> tuple[str, str] | None:
    """Say what stands in the master's place, before anything is opened that would block."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Outcome.MISSING, "Nothing is there. Is the drive mounted? Else restore it."
    except OSError as error:
        return Outcome.UNREADABLE, f"{error.strerror or error}. Check the drive and the rights."
    expected, kind = (
        (stat.S_ISDIR, "folder") if scan.kind == Scan.Kind.SEQUENCE else (stat.S_ISREG, "file")
    )
    if not expected(mode):
        return Outcome.CHANGED, f"What lies there is no {kind} any more."
    return None


def _unreadable(expected: dict[str, Any], error: OSError) -> Finding:
    words = f"{error.strerror or error}. Check the drive and the rights; copy it from another copy."
    return Outcome.UNREADABLE, {**expected, "words": words, "file": str(error.filename or "")}


# What changed


def _changes(scan: Scan, path: Path) -> dict[str, Any]:
    """Name the frames that are not what they were."""
    if scan.kind == Scan.Kind.SEQUENCE:
        return _changed_files(scan, path)
    try:
        before = derived.frame_table(scan).md5
        after = probe_safely(path, rate=scan.rate).table.md5
    except (MediaError, OSError) as error:
        return {"words": f"It does not decode as it did: {error}"}
    frames = changed_frames(before, after)
    if not frames:
        words = "Every frame is as it was; something around the pictures changed."
        return {"words": words, "frames": []}
    return {"words": f"{_count(frames)} of {scan.frames} frames differ.", "frames": frames}


def changed_frames(before: Sequence[str], after: Sequence[str]) -> list[list[int]]:
    """Half-open ranges of frames that differ, are gone or came on top."""
    longest = max(len(before), len(after))
    differ = (
        frame
        for frame in range(longest)
        if frame >= len(before) or frame >= len(after) or before[frame] != after[frame]
    )
    return list(_ranges(differ))


def _ranges(frames: Iterable[int]) -> Iterator[list[int]]:
    current: list[int] | None = None
    for frame in frames:
        if current is not None and current[1] == frame:
            current[1] = frame + 1
            continue
        if current is not None:
            yield current
        current = [frame, frame + 1]
    if current is not None:
        yield current


def _count(ranges: list[list[int]]) -> int:
    return sum(end - start for start, end in ranges)


def _changed_files(scan: Scan, folder: Path) -> dict[str, Any]:
    try:
        before = _manifest(scan)
        now = sequence_manifest(folder).encode("utf-8", "surrogateescape")
    except (OSError, MediaError) as error:
        return {"words": f"Which frames changed cannot be told: {error}"}
    after = _entries(now)
    names = list(before)
    changed = [frame for frame, name in enumerate(names) if after.get(name) != before[name]]
    added = sorted(after.keys() - before.keys())
    words = f"{len(changed)} of {scan.frames} frame files differ or are gone, {len(added)} are new."
    return {
        "words": words,
        "frames": list(_ranges(changed)),
        "files": [names[frame] for frame in changed][:100],
        "new_files": added[:100],
    }


def _broken_folder(scan: Scan, expected: dict[str, Any], error: MediaError) -> Finding:
    """A folder in which frame files are missing is missing something, not unreadable."""
    try:
        names = list(_manifest(scan))
    except OSError:
        return Outcome.CHANGED, {**expected, "words": str(error)}
    folder = Path(scan.path)
    gone = [frame for frame, name in enumerate(names) if not (folder / name).exists()]
    if not gone:
        return Outcome.CHANGED, {**expected, "words": str(error)}
    detail = {
        **expected,
        "words": f"{len(gone)} of {scan.frames} frame files are gone.",
        "frames": list(_ranges(gone)),
        "files": [names[frame] for frame in gone][:100],
    }
    return Outcome.MISSING, detail


def _manifest(scan: Scan) -> dict[str, str]:
    return _entries((derived.folder(scan) / derived.MANIFEST).read_bytes())


def _entries(manifest: bytes) -> dict[str, str]:
    """Name to digest, in the order of the frames."""
    lines = manifest.decode("utf-8", "replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
