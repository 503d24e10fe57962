"""A backup of an installation: the database, and every file of its folders, with digests.

    FOLDER/backup.json        what is in it; written last, so that a backup without it is none
    FOLDER/database-*.dump    PostgreSQL's custom format, named by its digest
    FOLDER/files/ROOT/...     the files of each root, under their own names

Files are copied after the database was dumped. What it names then is written once, and only a
photograph or a coloured still that somebody takes away meanwhile would be missing. A later backup
into the same folder copies only what is new or another than before, and removes what is gone after
it is whole itself: one that breaks off leaves the one before it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from archive.fixity import canonical_json, sha256_file

FORMAT = 1
MANIFEST, FILES = "backup.json", "files"
DUMPS = "database-*.dump"
PASSING = ("chunks", ".stored")
"""Folders of the store that only hold what a run has made so far, or what is here of a bucket."""

Told = Callable[[int, int], None]
"""Called with (files done, files in all)."""


class BackupError(Exception):
    """A backup cannot be made or used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One file. root: a name in `Backup.roots`; path: below it, with slashes."""

    root: str
    path: str
    bytes: int
    sha256: str
    changed_ns: int
    """Modification time, by which the next backup knows that it need not be read again."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What backup.json holds.

    dump: name of the database's file.
    heads: of the event chains, from before the dump: each must be found in it.
    elsewhere: masters that lie outside the folders, by path: sha256 and bytes; they are not copied.
    """

    created: str
    software: str
    dump: str
    dump_sha256: str
    roots: Mapping[str, str]
    files: tuple[Kept, ...]
    heads: Mapping[str, Any]
    elsewhere: Mapping[str, Any]
    left_out: tuple[str, ...] = ()
    format: int = field(default=FORMAT)


def read_backup(folder: Path) -> Backup:
    """Raises: BackupError if there is none, or one of another kind."""
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        if told.pop("format") != FORMAT:
            raise BackupError(f"{folder} was written by another version of Reelproof")
        files = tuple(Kept(**entry) for entry in told.pop("files"))
        return Backup(files=files, **told)
    except FileNotFoundError as missing:
        raise BackupError(f"{folder} holds no whole backup: {MANIFEST} is missing") from missing
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as broken:
        raise BackupError(f"{folder / MANIFEST} cannot be read: {broken}") from broken


def write_backup(folder: Path, backup: Backup) -> None:
    """Write backup.json whole or not at all."""
    told = asdict(backup)
    _write(folder / MANIFEST, canonical_json(told))


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def copy_files(
    folder: Path, roots: Mapping[str, Path], before: Backup | None, told: Told
) -> tuple[Kept, ...]:
    """Copy what stands in the roots into the backup; `clear` then removes what is there no more.

    A file that goes while it is copied was of no use to anybody: it is left out.

    Raises: BackupError if a copy is not what was read; OSError, such as a full disk.
    """
    known = {(kept.root, kept.path): kept for kept in before.files} if before else {}
    found = [
        (root, path)
        for root in sorted(roots)
        for path in _walk(roots[root])
        if not (roots[root] / ".stored" / path).exists()  # the bucket has it
    ]
    kept = []
    for number, (root, path) in enumerate(found, 1):
        source = roots[root] / path
        target = folder / FILES / root / path
        try:
            kept.append(_keep(root, path, source, target, known.get((root, path))))
        except FileNotFoundError:
            target.unlink(missing_ok=True)
        told(number, len(found))
    return tuple(kept)


def clear(folder: Path, backup: Backup) -> None:
    """Remove what only the backup before this one held."""
    _remove_others(folder / FILES, {f"{each.root}/{each.path}" for each in backup.files})
    for dump in folder.glob(DUMPS):
        if dump.name != backup.dump:
            dump.unlink()


def _walk(root: Path) -> Iterator[str]:
    """Files below the root by relative path, in order; no links are followed."""
    for folder, names, files in os.walk(root):
        names.sort()
        if Path(folder) == root:
            names[:] = [name for name in names if name not in PASSING]
        for name in sorted(files):
            path = Path(folder) / name
            if not path.is_symlink() and path.is_file():
                yield path.relative_to(root).as_posix()


def _keep(root: str, path: str, source: Path, target: Path, known: Kept | None) -> Kept:
    status = source.stat()
    same = known is not None and (known.bytes, known.changed_ns) == (
        status.st_size,
        status.st_mtime_ns,
    )
    if known is not None and same and target.exists() and target.stat().st_size == known.bytes:
        return known
    digest = copy_whole(source, target)
    return Kept(root, path, target.stat().st_size, digest, status.st_mtime_ns)


def copy_whole(source: Path, target: Path, *, wanted: str | None = None) -> str:
    """Copy a file; the copy appears when it is whole, on the disk and read again.

    Args:
        wanted: the digest that it must have; None takes the source's.
    Returns: SHA-256 of the copy.

    Raises: BackupError if the copy's digest is another; OSError.
    """
    wanted = wanted or sha256_file(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    try:
        shutil.copy2(source, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        if sha256_file(partial) != wanted:
            raise BackupError(
                f"{source} is not what it was when it was first read, or its disk fails; "
                "check it and try again"
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return wanted


def _remove_others(folder: Path, kept: set[str]) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in kept:
            path.unlink()


def put_back(folder: Path, backup: Backup, roots: Mapping[str, Path], told: Told) -> None:
    """Copy every file to its root; what is there already with the same digest stays.

    Raises: BackupError if a file of the backup is gone or altered, if another one stands in its
        place, or if the backup names a place outside the roots; OSError.
    """
    for number, kept in enumerate(backup.files, 1):
        source, target = _places(folder, kept, roots)
        if target.exists():
            if sha256_file(target) != kept.sha256:
                raise BackupError(f"{target} is another file than the backup's; move it away first")
        else:
            try:
                copy_whole(source, target, wanted=kept.sha256)
            except FileNotFoundError as missing:
                raise BackupError(f"{source} is missing from the backup") from missing
        told(number, len(backup.files))


def _places(folder: Path, kept: Kept, roots: Mapping[str, Path]) -> tuple[Path, Path]:
    path = PurePosixPath(kept.path)
    if kept.root not in roots or path.is_absolute() or ".." in path.parts or not path.parts:
        raise BackupError(f"{kept.root}/{kept.path} is no place that a backup may write to")
    return folder / FILES / kept.root / path, roots[kept.root] / path
