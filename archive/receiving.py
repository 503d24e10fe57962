"""Bytes that arrive for an upload: appended in order, by one request at a time."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from django.utils import timezone

from archive.errors import UploadError
from archive.models import Upload

PIECE_BYTES = 1 << 20
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}


class Checksum(NamedTuple):
    algorithm: str
    digest: bytes


class Part(NamedTuple):
    """Where bytes are appended, and how many are expected in all."""

    path: Path
    length: int
    made_here: bool = False
    """The first bytes make the file; else it was made when it was announced."""


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def append(
    upload: Upload,
    part: Part,
    *,
    offset: int,
    source: Source,
    checksum: Checksum | None = None,
) -> int:
    """Add what `source` gives at `offset`; returns the new offset.

    What arrived before the line broke stays, unless a checksum came with it.

    Raises: UploadError with 409 (wrong offset), 410 (nothing is expected any more), 413 (more than
        announced), 423 (another request is writing), 460 (checksum) or 507 (disk full).
    """
    if upload.status != Upload.Status.RECEIVING:
        raise UploadError("This upload has ended.", status=410)
    with open_part(part) as file:
        held = file.seek(0, os.SEEK_END)
        if offset != held:
            raise UploadError(f"This upload goes on at byte {held}, not {offset}.", status=409)
        try:
            _receive(file, part, source, checksum)
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
def open_part(part: Part) -> Iterator[BinaryIO]:
    """Raises: UploadError with 410 if it is gone, 423 while another request writes to it."""
    flags = os.O_RDWR | (os.O_CREAT if part.made_here else 0)
    try:
        file = os.fdopen(os.open(part.path, flags, 0o600), "r+b", buffering=0)
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


def _receive(file: BinaryIO, part: Part, source: Source, checksum: Checksum | None) -> None:
    start = file.tell()
    try:
        digest = _copy(file, source, start=start, length=part.length, checksum=checksum)
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
    file: BinaryIO, source: Source, *, start: int, length: int, checksum: Checksum | None
) -> bytes:
    """Append everything the source gives; returns the digest of it."""
    digest = CHECKSUMS[checksum.algorithm if checksum else "sha1"](usedforsecurity=False)
    arrived = 0
    while piece := source.read(PIECE_BYTES):
        arrived += len(piece)
        if start + arrived > length:
            file.truncate(start)
            raise UploadError(f"More bytes came than the {length} that were announced.", status=413)
        _write_all(file, piece)
        if checksum is not None:
            digest.update(piece)
    return digest.digest()


def _write_all(file: BinaryIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]
