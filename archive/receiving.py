"""Bytes that arrive for an upload: appended in order, by one request at a time."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple, Protocol

from django.utils import timezone

from archive.errors import UploadError
from archive.models import Upload
from archive.upload_places import part_path

PIECE_BYTES = 1 << 20
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}


class Checksum(NamedTuple):
    algorithm: str
    digest: bytes


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def append(upload: Upload, *, offset: int, source: Source, checksum: Checksum | None = None) -> int:
    """Add what `source` gives at `offset`; returns the new offset.

    What arrived before the line broke stays, unless a checksum came with it.

    Raises: UploadError with 409 (wrong offset), 410 (nothing is expected any more), 413 (more than
        announced), 423 (another request is writing), 460 (checksum) or 507 (disk full).
    """
    if upload.status != Upload.Status.RECEIVING:
        raise UploadError("This upload has ended.", status=410)
    with part_file(upload) as file:
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
    return held


@contextmanager
def part_file(upload: Upload) -> Iterator[BinaryIO]:
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
