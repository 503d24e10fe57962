"""Films that arrive through a browser, in pieces, however often the line breaks.

A part file in UPLOAD_HOME grows by appending and its size is the offset. When it is whole it moves
to MASTER_HOME, a registered path at which nothing is changed any more, and a task takes it into
custody. Each step can be done twice, so that a crash between two of them is mended by `sweep`.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import logging
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from dramatiq.errors import DramatiqError

from archive.errors import UploadError
from archive.media.errors import MediaError
from archive.media.rates import parse_rate
from archive.models import Upload

log = logging.getLogger(__name__)

PIECE_BYTES = 1 << 20
NAME_BYTES = 150
OPEN_UPLOADS = 20
KEPT = timedelta(days=7)
"""How long an upload that nobody goes on with, or a refused file, is kept."""
SILENT = timedelta(minutes=3)
"""Who takes a film in and says nothing for so long is gone; longer than a reader may hang."""
ATTEMPTS = 3
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}


class Checksum(NamedTuple):
    algorithm: str
    digest: bytes


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def limit_bytes() -> int:
    """The largest file that is accepted."""
    return int(getattr(settings, "UPLOAD_LIMIT_BYTES", 200 << 30))


def reserve_bytes() -> int:
    """Disk space that uploads never take."""
    return int(getattr(settings, "DISK_RESERVE_BYTES", 1 << 30))


def piece_bytes() -> int:
    """How much a browser sends in one request."""
    return int(getattr(settings, "UPLOAD_PIECE_BYTES", 32 << 20))


def master_home() -> Path:
    return Path(getattr(settings, "MASTER_HOME", settings.HOME / "masters"))


def part_path(upload: Upload) -> Path:
    return Path(settings.UPLOAD_HOME) / f"{upload.pk}.part"


def master_path(upload: Upload) -> Path:
    """Where the whole file lies for good; nothing but the name in it comes from outside."""
    return master_home() / str(upload.pk) / upload.name


def safe_name(name: str) -> str:
    """The last part of a file's name, without anything that a path or a terminal would act on.

    Raises: UploadError if nothing is left of it.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip().strip(".").strip()
    stem, dot, suffix = shown.rpartition(".")
    suffix = f"{dot}{suffix}" if stem and len(suffix) <= 10 else ""
    stem = stem if suffix else shown
    room = NAME_BYTES - len(suffix.encode())
    stem = stem.encode()[:room].decode(errors="ignore")
    if not stem:
        raise UploadError("The file needs a name.", status=400)
    return stem + suffix


def expires(upload: Upload) -> datetime:
    return upload.touched + KEPT


# Creating


def create(
    *,
    owner: AbstractBaseUser,
    name: str,
    length: int,
    title: str,
    rate: str = "",
    collection: str = "",
) -> Upload:
    """Announce a file of `length` bytes.

    Raises: UploadError with 400 (what was announced makes no sense), 413 (too large), 429 (too
        many are open) or 507 (the disk cannot hold it beside the others).
    """
    name, title = safe_name(name), title.strip()
    if not title or len(title) > 400:
        raise UploadError("Give the film a title, at most 400 characters long.", status=400)
    if len(collection) > 200:
        raise UploadError("A collection's name has at most 200 characters.", status=400)
    _check_rate(rate)
    if length <= 0:
        raise UploadError(f"{name} is empty; there is nothing to take in.", status=400)
    if length > limit_bytes():
        raise UploadError(
            f"{name} is larger than the {limit_bytes():,} bytes that this server accepts; "
            "copy it to the server and run `manage.py ingest`.",
            status=413,
        )
    with transaction.atomic():
        _check_room(owner, length)
        upload = Upload.objects.create(
            owner_id=owner.pk,
            name=name,
            length=length,
            title=title,
            rate=rate.strip(),
            collection=collection.strip(),
        )
        path = part_path(upload)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return upload


def _check_rate(rate: str) -> None:
    if not rate.strip():
        return
    try:
        parse_rate(rate)
    except MediaError as error:
        raise UploadError(str(error), status=400) from error


def _check_room(owner: AbstractBaseUser, length: int) -> None:
    arriving = Upload.objects.select_for_update().filter(status=Upload.Status.RECEIVING)
    if sum(1 for upload in arriving if upload.owner_id == owner.pk) >= OPEN_UPLOADS:
        raise UploadError(
            f"You have {OPEN_UPLOADS} uploads open; finish or discard one first.", status=429
        )
    promised = sum(max(0, upload.length - received(upload)) for upload in arriving)
    Path(settings.UPLOAD_HOME).mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.UPLOAD_HOME).free - reserve_bytes() - promised
    if length > free:
        raise UploadError(
            f"The server's disk has room for {max(0, free):,} more bytes, the file has {length:,}. "
            "Ask the operator to make room.",
            status=507,
        )


# Receiving


def received(upload: Upload) -> int:
    """Bytes that have arrived: the place at which the sender goes on."""
    if upload.status != Upload.Status.RECEIVING:
        return int(upload.length)
    try:
        return part_path(upload).stat().st_size
    except FileNotFoundError:
        return int(upload.length) if master_path(upload).exists() else 0


def append(upload: Upload, *, offset: int, source: Source, checksum: Checksum | None = None) -> int:
    """Add what `source` gives at `offset`; returns the new offset.

    What arrived before the line broke stays, unless a checksum came with it.

    Raises: UploadError with 409 (wrong offset), 410 (nothing is expected any more), 413 (more than
        announced), 423 (another request is writing), 460 (checksum) or 507 (disk full).
    """
    if upload.status != Upload.Status.RECEIVING:
        raise UploadError("This upload has ended.", status=410)
    with _part_file(upload) as file:
        held = file.seek(0, os.SEEK_END)
        if offset != held:
            raise UploadError(f"This upload goes on at byte {held}, not {offset}.", status=409)
        try:
            _receive(file, upload, source, checksum)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise UploadError(
                "The server's disk is full. What arrived is kept; go on when there is room.",
                status=507,
            ) from error
        finally:
            with suppress(OSError):
                file.flush()
                os.fsync(file.fileno())
            Upload.objects.filter(pk=upload.pk).update(touched=timezone.now())
        held = file.seek(0, os.SEEK_END)
    if held == upload.length:
        finish(upload)
    return held


@contextmanager
def _part_file(upload: Upload) -> Iterator[BinaryIO]:
    try:
        file = part_path(upload).open("r+b", buffering=0)
    except FileNotFoundError as error:
        raise UploadError("This upload has ended.", status=410) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UploadError(
                "Another request is writing to this upload; try again in a moment.", status=423
            ) from error
        yield file  # type: ignore[misc]  # an unbuffered file has every method that is used


def _receive(file: BinaryIO, upload: Upload, source: Source, checksum: Checksum | None) -> None:
    start = file.tell()
    try:
        digest = _copy(file, source, start=start, upload=upload, checksum=checksum)
    except OSError as error:  # Django's UnreadablePostError, when the line breaks, among them
        if checksum is not None:
            file.truncate(start)
        if error.errno is not None:
            raise
        return
    if checksum is not None and digest != checksum.digest:
        file.truncate(start)
        raise UploadError("The bytes do not match their checksum; send them again.", status=460)


def _copy(
    file: BinaryIO, source: Source, *, start: int, upload: Upload, checksum: Checksum | None
) -> bytes:
    """Append everything the source gives; returns the digest of it."""
    digest = CHECKSUMS[checksum.algorithm if checksum else "sha1"](usedforsecurity=False)
    arrived = 0
    while piece := source.read(PIECE_BYTES):
        arrived += len(piece)
        if start + arrived > upload.length:
            file.truncate(start)
            raise UploadError(
                f"More bytes came than the {upload.length} that were announced.", status=413
            )
        _write_all(file, piece)
        if checksum is not None:
            digest.update(piece)
    return digest.digest()


def _write_all(file: BinaryIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]


# Ending


def finish(upload: Upload) -> None:
    """Move the whole file to its place for good and have it taken in; may be called again."""
    part, master = part_path(upload), master_path(upload)
    if part.exists():
        master.parent.mkdir(parents=True, exist_ok=True)
        part.chmod(0o440)
        _move(part, master)
    with transaction.atomic():
        moved = Upload.objects.filter(pk=upload.pk, status=Upload.Status.RECEIVING).update(
            status=Upload.Status.WAITING, path=str(master), touched=timezone.now()
        )
        if moved:
            transaction.on_commit(lambda: _ring(upload))


def _ring(upload: Upload) -> None:
    """Have a worker take it in; if nobody can be told now, `sweep` tells later."""
    from archive.tasks import ingest_upload

    try:
        ingest_upload.send(str(upload.pk))
    except DramatiqError as error:
        log.warning("upload %s waits for the sweeper: %s", upload.pk, error)


def _move(source: Path, target: Path) -> None:
    """Rename; between file systems copy, and let the target appear only when it is whole."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.arriving")
        shutil.copy2(source, beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
        source.unlink()


def discard(upload: Upload) -> None:
    """Stop an upload, or throw a refused file away; a file in custody is never touched.

    Raises: UploadError with 409 while the file is being taken in, or 423 while bytes arrive.
    """
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(pk=upload.pk)
        if held.status in (Upload.Status.WAITING, Upload.Status.INGESTING):
            raise UploadError("The film is being taken in; wait for the end.", status=409)
        if held.status == Upload.Status.RECEIVING and part_path(held).exists():
            with _part_file(held):
                part_path(held).unlink()
        if held.status == Upload.Status.FAILED:
            remove_master(held)
        held.delete()


def remove_master(upload: Upload) -> None:
    """Remove an uploaded file that was not taken into custody."""
    path = master_path(upload)
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


def retry(upload: Upload, *, rate: str, title: str) -> None:
    """Take a refused file in once more, with another rate or title.

    Raises: UploadError if it was not refused, or the rate cannot be read.
    """
    _check_rate(rate)
    with transaction.atomic():
        moved = Upload.objects.filter(pk=upload.pk, status=Upload.Status.FAILED).update(
            status=Upload.Status.WAITING,
            rate=rate.strip(),
            title=title.strip() or upload.title,
            error="",
            attempts=0,
            frames_done=0,
            touched=timezone.now(),
        )
        if not moved:
            raise UploadError("Only a refused film can be tried again.", status=409)
        transaction.on_commit(lambda: _ring(upload))


def sweep() -> dict[str, int]:
    """Mend what crashes left behind, and throw away what nobody goes on with."""
    now = timezone.now()
    state = Upload.Status
    whole = [
        upload
        for upload in Upload.objects.filter(
            status=state.RECEIVING, touched__lt=now - timedelta(minutes=2)
        )
        if received(upload) == upload.length
    ]
    for upload in whole:
        finish(upload)
    lost = Upload.objects.filter(
        Q(status=state.WAITING, touched__lt=now - timedelta(minutes=1))
        | Q(status=state.INGESTING, touched__lt=now - SILENT)
    )
    for upload in lost:
        if upload.attempts >= ATTEMPTS:
            Upload.objects.filter(pk=upload.pk).update(
                status=state.FAILED,
                touched=now,
                error=f"The worker died {ATTEMPTS} times over it; ask the operator for its log.",
            )
            continue
        Upload.objects.filter(pk=upload.pk).update(status=state.WAITING, touched=now)
        _ring(upload)
    expired = 0
    for upload in Upload.objects.filter(
        status__in=[state.RECEIVING, state.FAILED], touched__lt=now - KEPT
    ):
        with suppress(UploadError):
            discard(upload)
            expired += 1
    return {"uploads_finished": len(whole), "uploads_rung": len(lost), "uploads_expired": expired}
