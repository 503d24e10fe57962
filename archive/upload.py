"""Films that arrive through a browser, in pieces, however often the line breaks.

A part file in UPLOAD_HOME grows by appending and its size is the offset; a folder of frames has one
for each (`folder_upload`). When the film is whole it moves to MASTER_HOME, a registered path at
which nothing is changed any more, and a task takes it into custody. Each step can be done twice, so
that a crash between two of them is mended by `sweep`.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from dramatiq.errors import DramatiqError

from archive import receiving, roles
from archive.errors import UploadError
from archive.media.errors import MediaError
from archive.media.rates import parse_rate
from archive.models import Collection, Upload
from archive.receiving import Checksum, Source
from archive.upload_places import (
    limit_bytes,
    master_path,
    part_path,
    received,
    reserve_bytes,
    safe_name,
)

log = logging.getLogger(__name__)

OPEN_UPLOADS = 20
KEPT = timedelta(days=7)
"""How long an upload that nobody goes on with, or a refused file, is kept."""
SILENT = timedelta(minutes=3)
"""Who takes a film in and says nothing for so long is gone; longer than a reader may hang."""
ATTEMPTS = 3


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
    name, title = safe_name(name), checked_title(title, collection)
    require_place(owner, collection)
    check_rate(rate)
    if length <= 0:
        raise UploadError(f"{name} is empty; there is nothing to take in.", status=400)
    if length > limit_bytes():
        raise UploadError(
            f"{name} is larger than the {limit_bytes():,} bytes that this server accepts; "
            "copy it to the server and run `manage.py ingest`.",
            status=413,
        )
    with transaction.atomic():
        check_room(owner, length)
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


def checked_title(title: str, collection: str) -> str:
    """Raises: UploadError if either cannot be used."""
    title = title.strip()
    if not title or len(title) > 400:
        raise UploadError("Give the film a title, at most 400 characters long.", status=400)
    if len(collection) > 200:
        raise UploadError("A collection's name has at most 200 characters.", status=400)
    return title


def require_place(owner: AbstractBaseUser, collection: str) -> None:
    """Raises: UploadError if the owner takes no film into that collection, by their role there."""
    if not roles.of(owner).there:
        return
    known = Collection.objects.filter(name=collection.strip()).first()
    if not roles.may_within(owner, "archive.ingest", known.pk if known else None):
        where = f"the collection {known}" if known else "collections in which you have no role"
        raise UploadError(f"You do not take films into {where}; name one of yours.", status=403)


def check_rate(rate: str) -> None:
    """Raises: UploadError if there is one and it cannot be read."""
    if not rate.strip():
        return
    try:
        parse_rate(rate)
    except MediaError as error:
        raise UploadError(str(error), status=400) from error


def check_room(owner: AbstractBaseUser, length: int) -> None:
    """Raises: UploadError if too many are open, or the disk cannot hold this beside the others."""
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
            f"The server's disk has room for {max(0, free):,} more bytes, this film has "
            f"{length:,}. Ask the operator to make room.",
            status=507,
        )


# Receiving


def append(upload: Upload, *, offset: int, source: Source, checksum: Checksum | None = None) -> int:
    """Add what `source` gives at `offset`; the last byte has the film taken in.

    Raises: UploadError as `receiving.append` does.
    """
    part = receiving.Part(part_path(upload), upload.length)
    held = receiving.append(upload, part, offset=offset, source=source, checksum=checksum)
    if held == upload.length:
        finish(upload)
    return held


# Ending


def finish(upload: Upload) -> None:
    """Move the whole film to its place for good and have it taken in; may be called again."""
    part, master = part_path(upload), master_path(upload)
    if part.exists():
        master.parent.mkdir(parents=True, exist_ok=True)
        _protect(part)
        _move(part, master)
    if master.is_dir():
        master.chmod(0o550)
    with transaction.atomic():
        moved = Upload.objects.filter(pk=upload.pk, status=Upload.Status.RECEIVING).update(
            status=Upload.Status.WAITING, path=str(master), touched=timezone.now()
        )
        if moved:
            upload.frames.all().delete()
            transaction.on_commit(lambda: _ring(upload))


def _ring(upload: Upload) -> None:
    """Have a worker take it in; if nobody can be told now, `sweep` tells later."""
    from archive.tasks import ingest_upload

    try:
        ingest_upload.send(str(upload.pk))
    except DramatiqError as error:
        log.warning("upload %s waits for the sweeper: %s", upload.pk, error)


def _protect(part: Path) -> None:
    """Nobody writes to a master; its folder's own turn comes when it has been moved."""
    for file in part.iterdir() if part.is_dir() else [part]:
        file.chmod(0o440)


def _move(source: Path, target: Path) -> None:
    """Rename; between file systems copy, and let the target appear only when it is whole."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.arriving")
        _remove(beside)
        _copy(source, beside)
        beside.replace(target)
        _remove(source)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir()
        for file in source.iterdir():
            _copy(file, target / file.name)
        return
    shutil.copy2(source, target)
    with target.open("rb") as copied:
        os.fsync(copied.fileno())


def _remove(path: Path) -> None:
    """A file, or a folder and what is in it; nothing there is fine."""
    if path.is_dir():
        path.chmod(0o750)
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def discard(upload: Upload) -> None:
    """Stop an upload, or throw a refused file away; a file in custody is never touched.

    Raises: UploadError with 409 while the file is being taken in, or 423 while bytes arrive.
    """
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(pk=upload.pk)
        if held.status in (Upload.Status.WAITING, Upload.Status.INGESTING):
            raise UploadError("The film is being taken in; wait for the end.", status=409)
        if held.status == Upload.Status.RECEIVING and part_path(held).exists():
            _remove_part(held)
        if held.status == Upload.Status.FAILED:
            remove_master(held)
        held.delete()


def _remove_part(upload: Upload) -> None:
    """Raises: UploadError with 423 while bytes arrive for a single file."""
    if upload.is_folder:  # a request that still writes finds no folder for its next file
        _remove(part_path(upload))
        return
    with receiving.open_part(receiving.Part(part_path(upload), upload.length)):
        part_path(upload).unlink()


def remove_master(upload: Upload) -> None:
    """Remove an uploaded film that was not taken into custody."""
    path = master_path(upload)
    _remove(path)
    with suppress(OSError):
        path.parent.rmdir()


def retry(upload: Upload, *, rate: str, title: str) -> None:
    """Take a refused file in once more, with another rate or title.

    Raises: UploadError if it was not refused, or the rate cannot be read.
    """
    check_rate(rate)
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
    _clear_orphans()
    return {"uploads_finished": len(whole), "uploads_rung": len(lost), "uploads_expired": expired}


def _clear_orphans() -> None:
    """Remove part files that no row names: their announcement was rolled back by a crash."""
    yesterday = (timezone.now() - timedelta(days=1)).timestamp()
    for part in Path(settings.UPLOAD_HOME).glob("*.part"):
        with suppress(OSError, ValidationError):
            if (
                part.stat().st_mtime < yesterday
                and not Upload.objects.filter(pk=part.stem).exists()
            ):
                _remove(part)
