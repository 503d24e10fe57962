"""Which files lie in a bucket, and the copies of them here.

Without a bucket (`STORAGE_URL`) everything here does nothing, and the folder MEDIA_HOME is the
store. With one the folder is a cache of bounded size: what is finished is written through, and
what is wanted is fetched and held against the digest of its row.

    MEDIA_HOME/KEY            the file, where it is here
    MEDIA_HOME/.stored/KEY    says that it came from or went to the bucket: its digest; its time is
                              that of the last use
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from archive.bucket import ALIAS, Sealed, StoredReader, StoreError, Told, bucket, seal
from archive.models import StoredFile

MARKS = ".stored"
FINISHED = ("takes", "views", "references", "photographs", "conditions", "scans")
IN_USE_SECONDS = 15 * 60.0
"""Nothing is given up here that was asked for so lately: somebody may be about to open it."""
UNFINISHED = timedelta(days=1)
"""Longer than any file takes to travel."""


def quietly() -> None:
    """For callers whom nobody waits for."""


def is_used() -> bool:
    """Whether the settings name a bucket."""
    return ALIAS in settings.STORAGES


def root() -> Path:
    return Path(settings.MEDIA_HOME)


def key_of(path: Path) -> str | None:
    """The key of a file below the store; None if it lies elsewhere."""
    try:
        return path.relative_to(root()).as_posix()
    except ValueError:
        return None


def find(key: str) -> StoredFile | None:
    """The row of a file in the bucket; None if there is none, or no bucket."""
    return StoredFile.objects.kept().filter(key=key).first() if is_used() else None


def is_kept(key: str) -> bool:
    """Whether anything of a file or folder is in the bucket."""
    return is_used() and StoredFile.objects.kept().below(key).exists()


def names_in(key: str) -> set[str]:
    """What a folder of the bucket holds, folders and files, by name."""
    if not is_used():
        return set()
    found = StoredFile.objects.filter(key__startswith=f"{key}/").values_list("key", flat=True)
    return {each.removeprefix(f"{key}/").partition("/")[0] for each in found}


def keep(key: str, *, told: Told = quietly, names: tuple[str, ...] = ()) -> None:
    """Write a file, or all files of a folder, through to the bucket.

    Args:
        names: of a folder's files, only these.
    Raises: StoreError, OSError; what was not written whole is then not kept.
    """
    if not is_used():
        return
    place = root() / key
    for path in [place] if place.is_file() else sorted(_files(place)):
        if path.name in names or not (names or path.name.startswith(".")):
            row = keep_file(path, path.relative_to(root()).as_posix(), told=told)
            _mark(row)
    make_room()


def keep_file(path: Path, key: str, *, told: Told = quietly) -> StoredFile:
    """Write one file, wherever it lies, through to the bucket under that key.

    Raises: StoreError, OSError.
    """
    sealed = seal(path)
    known = StoredFile.objects.kept().filter(key=key, sha256=sealed.sha256).first()
    if known is not None and is_there(known):
        return known
    row = begin(key, sealed)
    try:
        bucket().put(path, row.name, sealed, told)
    except BaseException:
        let_go(StoredFile.objects.filter(pk=row.pk))
        raise
    _finish(row)
    return row


def is_there(row: StoredFile) -> bool:
    """Whether the bucket has an object of that name and size."""
    try:
        return bucket().size(row.name) == row.bytes
    except StoreError:
        return False


def begin(key: str, sealed: Sealed) -> StoredFile:
    """The row that is there before its object."""
    return StoredFile.objects.create(
        key=key,
        name=f"{key}~{uuid4().hex[:12]}",
        sha256=sealed.sha256,
        bytes=sealed.bytes,
        piece_bytes=sealed.piece_bytes,
        pieces=list(sealed.pieces),
    )


def _finish(row: StoredFile) -> None:
    """Let what was written be the file of its key; one that was it before goes."""
    with transaction.atomic():
        before = StoredFile.objects.select_for_update().kept().filter(key=row.key)
        gone = list(before.values_list("pk", flat=True))
        StoredFile.objects.filter(pk__in=gone).update(is_kept=False, is_leaving=True)
        row.is_kept = True
        row.save(update_fields=["is_kept"])
    if gone:
        let_go(StoredFile.objects.filter(pk__in=gone))


def sealed(row: StoredFile) -> Sealed:
    return Sealed(row.sha256, row.bytes, row.piece_bytes, tuple(row.pieces))


def bring(key: str, *names: str, told: Told = quietly) -> Path:
    """Have a file or folder here, verified, as far as the bucket has it; its path.

    Args:
        names: of a folder's files, only these.
    Raises: StoreError if one is missing or another than was written; OSError.
    """
    place = root() / key
    if is_used():
        fetched = False
        for row in StoredFile.objects.kept().below(key):
            if not names or row.key.removeprefix(f"{key}/") in names:
                fetched |= _bring(row, told)
        if fetched:
            make_room()
    return place


def _bring(row: StoredFile, told: Told) -> bool:
    """True: it had to be fetched."""
    target, mark = root() / row.key, root() / MARKS / row.key
    with suppress(FileNotFoundError):
        if mark.read_text() == row.sha256 and target.stat().st_size == row.bytes:
            mark.touch()
            return False
    bucket().fetch(row.name, target, sealed(row), told)
    _mark(row)
    return True


def _mark(row: StoredFile) -> None:
    mark = root() / MARKS / row.key
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(row.sha256)


def use(key: str) -> None:
    """Say that a file or folder here is still needed."""
    place = root() / MARKS / key
    for mark in [place] if place.is_file() else _files(place):
        with suppress(FileNotFoundError):
            mark.touch()


def reader(row: StoredFile) -> StoredReader:
    """A file of the bucket that seeks; only what is asked for travels."""
    return StoredReader(bucket(), row.name, sealed(row))


def trial() -> str:
    """Write, read and remove a small object; what the store says, or empty if all is well."""
    path = root() / MARKS / f".trial-{uuid4().hex[:8]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(uuid4().bytes)
    try:
        row = keep_file(path, f"trial/{path.name}")
        reader(row).read()
        let_go(StoredFile.objects.filter(pk=row.pk))
    except (StoreError, OSError) as error:
        return str(error)
    finally:
        path.unlink(missing_ok=True)
    return ""


def fault_of(key: str, sha256: str) -> str:
    """What is wrong with a file in the bucket, which is read whole; empty: it is as it was made."""
    row = find(key)
    try:
        if row is None or bucket().digest(row.name, quietly) != sha256:
            return "was altered or damaged after the take was made" if row else "is missing"
    except StoreError as error:
        return f"cannot be read ({error})"
    return ""


def forget(key: str) -> None:
    """Remove a file or folder from the bucket and from here. Removing nothing is fine.

    If the store does not answer, the sweeper does it later; nobody finds the file meanwhile.
    """
    if not is_used():
        return
    let_go(StoredFile.objects.below(key))
    place = root() / MARKS / key
    for mark in [place] if place.is_file() else list(_files(place)):
        _give_up(mark)


def let_go(rows: QuerySet[StoredFile]) -> None:
    """Remove objects, then their rows; after the transaction, if there is one and it holds."""
    leaving = list(rows.values_list("pk", flat=True))
    StoredFile.objects.filter(pk__in=leaving).update(is_kept=False, is_leaving=True)
    transaction.on_commit(lambda: _remove(leaving))


def _remove(leaving: list[int]) -> None:
    with suppress(StoreError):  # The store does not answer: the sweeper does it later.
        for row in StoredFile.objects.filter(pk__in=leaving, is_leaving=True):
            bucket().remove(row.name)
            row.delete()


def here_alone() -> Iterator[str]:
    """Keys of finished files of the folders FINISHED that the bucket does not have."""
    for name in FINISHED:
        found = [path for path in _files(root() / name) if not path.name.startswith(".")]
        keys = {path.relative_to(root()).as_posix() for path in found}
        if name == "takes":
            keys = {key for key in keys if (root() / key).with_name("manifest.json").exists()}
        if name == "scans":
            keys = {key for key in keys if key.count("/") == 2}
        yield from sorted(
            keys - set(StoredFile.objects.kept().below(name).values_list("key", flat=True))
        )


def unwritten() -> int:
    return sum(1 for _ in here_alone())


def sweep() -> dict[str, int]:
    """Remove what was to go, and what somebody began to write and did not finish."""
    if not is_used():
        return {}
    old = StoredFile.objects.filter(is_kept=False, created__lt=timezone.now() - UNFINISHED)
    leaving = StoredFile.objects.filter(is_leaving=True)
    wanted = list((old | leaving).values_list("pk", flat=True)[:1000])
    let_go(StoredFile.objects.filter(pk__in=wanted))
    left = StoredFile.objects.filter(pk__in=wanted).count()
    tidy()
    return {"objects_removed": len(wanted) - left, "objects_to_remove": left}


def tidy() -> int:
    """Remove here what the bucket no longer has: on every machine, once an hour."""
    stamp = root() / MARKS / ".tidied"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < 3600:
        return 0
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()
    gone = 0
    marks = list(_marks())
    for start in range(0, len(marks), 1000):
        part = {_key(mark): mark for mark in marks[start : start + 1000]}
        kept = set(StoredFile.objects.kept().filter(key__in=part).values_list("key", flat=True))
        for key in part.keys() - kept:
            _give_up(part[key])
            gone += 1
    return gone


def make_room() -> int:
    """Give up files here that were used longest ago, until the cache is within its bound.

    Returns: bytes that were given up.
    """
    tidy()
    found = []
    for mark in _marks():
        with suppress(FileNotFoundError):
            status = (root() / _key(mark)).stat()
            found.append((mark.stat().st_mtime, status.st_size, mark))
    over, given = sum(size for _, size, _ in found) - settings.STORAGE_CACHE_BYTES, 0
    for used, size, mark in sorted(found, key=lambda each: each[0]):
        if given >= over or time.time() - used < IN_USE_SECONDS:
            break
        _give_up(mark)
        given += size
    return given


def _give_up(mark: Path) -> None:
    """Remove a copy, and folders that it leaves empty."""
    copy = root() / _key(mark)
    for path in (copy, mark):
        path.unlink(missing_ok=True)
        with suppress(OSError):
            for above in path.parents:
                if above in (root(), root() / MARKS):
                    break
                above.rmdir()


def _key(mark: Path) -> str:
    return str(PurePosixPath(mark.relative_to(root() / MARKS)))


def _marks() -> Iterator[Path]:
    return (path for path in _files(root() / MARKS) if not path.name.startswith("."))


def _files(folder: Path) -> Iterator[Path]:
    for above, _, names in os.walk(folder):
        for name in names:
            yield Path(above) / name
