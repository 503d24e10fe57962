"""Digests that tell whether a scan is still what was taken in, and which frames are not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.recount import MISSING, UNREADABLE
from archive.media.sandbox import digests_safely
from archive.media.sequence import find_frames

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""

_CHUNK = 4 << 20


def sha256_file(path: Path, *, progress: Progress | None = None) -> str:
    """SHA-256 of a file's bytes, read in pieces.

    Raises: OSError if it cannot be read to its end.
    """
    digest = hashlib.sha256()
    total = path.stat().st_size
    done = 0
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
            done += len(piece)
            if progress is not None:
                progress(done, total)
    return digest.hexdigest()


def canonical_json(value: Any) -> bytes:
    """One spelling for each JSON value: sorted keys, no spaces, UTF-8, no NaN.

    Raises: ValueError for NaN or infinity, TypeError for what JSON does not know.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def digest_json(value: Any) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def sequence_manifest(folder: Path, *, progress: Progress | None = None) -> str:
    """One line "sha256  name" for each frame file, in the order of frame numbers.

    `sha256sum --check` reads it. Raises: MediaError if the folder is no whole sequence; OSError.
    """
    files = find_frames(folder).files
    total = sum(path.stat().st_size for path in files)
    done = 0
    lines = []
    for path in files:
        lines.append(f"{sha256_file(path)}  {path.name}\n")
        done += path.stat().st_size
        if progress is not None:
            progress(done, total)
    return "".join(lines)


def scan_digest(path: Path, *, progress: Progress | None = None) -> str:
    """SHA-256 of a video file, or of a folder's manifest of digests.

    Raises: OSError, MediaError.
    """
    if path.is_dir():
        manifest = sequence_manifest(path, progress=progress)
        return hashlib.sha256(manifest.encode("utf-8", "surrogateescape")).hexdigest()
    return sha256_file(path, progress=progress)


def scan_bytes(path: Path) -> int:
    """Bytes of a video file, or of all frame files of a folder."""
    if path.is_dir():
        return sum(one.stat().st_size for one in find_frames(path).files)
    return path.stat().st_size


def framemd5_digest(table: FrameTable) -> str:
    """SHA-256 of the list of frame MD5s, one a line; what a scan's row keeps of its framemd5."""
    return hashlib.sha256("".join(f"{one}\n" for one in table.md5).encode("ascii")).hexdigest()


Outcome = Literal["intact", "changed", "missing", "unreadable"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of a scan since its digest was taken."""

    outcome: Outcome
    detail: str
    expected: str
    """SHA-256 at accession."""
    found: str = ""
    """SHA-256 now; empty if it could not be taken."""
    changed_frames: tuple[int, ...] = ()
    """Frames that decode to other code values than at accession."""
    unreadable_frames: tuple[int, ...] = ()
    """Frames that are there but no longer decode."""
    missing_frames: tuple[int, ...] = ()
    """Frames that are gone."""

    def as_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "detail": self.detail,
            "expected": self.expected,
            "found": self.found,
            "changed_frames": list(self.changed_frames),
            "unreadable_frames": list(self.unreadable_frames),
            "missing_frames": list(self.missing_frames),
        }


def compare(
    path: Path,
    *,
    sha256: str,
    table: FrameTable | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare a scan's bytes with the digest taken at accession.

    Where they differ and the frame table is given, every frame is decoded again to name those that
    changed, in a limited process, since the file is no longer a known one. A scan that is not there
    is missing, one that cannot be read (permissions, a failing disk) is unreadable; neither is
    called changed.
    """
    if not _exists(path):
        return Comparison(
            "missing", f"{path} is not there; restore it from a copy, or mount its disk", sha256
        )
    try:
        found = scan_digest(path, progress=progress)
    except OSError as error:
        return Comparison(
            "unreadable", f"{path} cannot be read ({error.strerror}); check disk and rights", sha256
        )
    except MediaError as error:  # a folder with a gap: its manifest cannot be made
        return _name_frames(path, sha256=sha256, found="", table=table, reason=str(error))
    if found == sha256:
        return Comparison("intact", "Every byte is as it was taken in.", sha256, found)
    return _name_frames(path, sha256=sha256, found=found, table=table, reason="")


def _exists(path: Path) -> bool:
    """Whether the path is there, even if it may not be read."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _name_frames(
    path: Path, *, sha256: str, found: str, table: FrameTable | None, reason: str
) -> Comparison:
    if table is None or not table.md5:
        detail = reason or f"{path.name} has other bytes than were taken in."
        return Comparison("changed", detail, sha256, found)
    try:
        now = digests_safely(path, table=table)
    except MediaError as error:
        now = [UNREADABLE] * len(table)
        reason = reason or str(error)
    pairs = list(enumerate(zip(table.md5, now, strict=True)))
    changed = tuple(n for n, (then, md5) in pairs if md5 not in (then, UNREADABLE, MISSING))
    unreadable = tuple(n for n, (_, md5) in pairs if md5 == UNREADABLE)
    missing = tuple(n for n, (_, md5) in pairs if md5 == MISSING)
    detail = _in_words(path, len(table), changed, unreadable, missing)
    if reason:
        detail = f"{detail} ({reason})"
    return Comparison("changed", detail, sha256, found, changed, unreadable, missing)


def _in_words(
    path: Path,
    frames: int,
    changed: tuple[int, ...],
    unreadable: tuple[int, ...],
    missing: tuple[int, ...],
) -> str:
    if not (changed or unreadable or missing):
        return (
            f"{path.name} has other bytes, but all {frames} frames decode as they did: its "
            "headers, sound or names changed. Compare it with a copy."
        )
    parts = [
        f"{len(numbers)} of {frames} frames {what} ({ranges(numbers)})"
        for what, numbers in (
            ("decode to other pictures", changed),
            ("no longer decode", unreadable),
            ("are gone", missing),
        )
        if numbers
    ]
    return f"{path.name}: {'; '.join(parts)}. Restore it from a copy."


def ranges(numbers: Sequence[int], *, most: int = 8) -> str:
    """Rising numbers in words: "3, 7-9, 12"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(low) if low == high else f"{low}-{high}" for low, high in runs[:most]]
    return ", ".join(shown) + (" and more" if len(runs) > most else "")
