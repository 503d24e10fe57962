"""A bucket of an S3-compatible store, through django-storages and boto3's transfers.

Files travel in pieces, each with its SHA-256, which the server checks. What was written is held
against what was read: by the checksum of all pieces that the server tells, or, where that is not
ours, by reading it back. What is read is held against the digests that the caller kept.
"""

from __future__ import annotations

import base64
import hashlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from django.core.files.storage import storages

from archive.fixity import sha256_file
from archive.media.errors import MediaError

ALIAS = "bucket"
"""Its name among Django's STORAGES."""
PIECE_BYTES = 8 << 20
MOST_PIECES = 9_000
"""S3 takes ten thousand pieces of an object."""
LONGEST_NAP = 0.25
Told = Callable[[], None]
"""Called while a file travels; may raise to break it off."""


class StoreError(MediaError, OSError):
    """A stored file cannot be written or had; the message says why and what to do."""


class StoreAway(StoreError):
    """The store does not answer, or refuses us; later it may not."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a file is. piece_bytes: of each piece but the last; pieces: their SHA-256 in hex."""

    sha256: str
    bytes: int
    piece_bytes: int
    pieces: tuple[str, ...]

    def checksum(self) -> str:
        """As S3 tells it: of one piece its SHA-256, of several that of their digests."""
        digests = [bytes.fromhex(piece) for piece in self.pieces]
        if self.bytes < self.piece_bytes:
            return base64.b64encode(digests[0]).decode()
        whole = hashlib.sha256(b"".join(digests)).digest()
        return f"{base64.b64encode(whole).decode()}-{len(digests)}"


def seal(path: Path) -> Sealed:
    """Read a file once. Raises: OSError."""
    size = path.stat().st_size
    piece_bytes = max(PIECE_BYTES, ((size // MOST_PIECES >> 20) + 1) << 20)
    whole, pieces, read = hashlib.sha256(), [], 0
    with path.open("rb") as file:
        while piece := file.read(piece_bytes):
            whole.update(piece)
            pieces.append(hashlib.sha256(piece).hexdigest())
            read += len(piece)
    return Sealed(
        whole.hexdigest(), read, piece_bytes, tuple(pieces or [hashlib.sha256().hexdigest()])
    )


class Bucket:
    """Objects by name. Every method raises StoreAway where the store does not answer."""

    def __init__(self, store: Any) -> None:
        self.store = store

    @property
    def client(self) -> Any:
        return self.store.connection.meta.client

    def _at(self, name: str) -> dict[str, str]:
        place = "/".join(part for part in (self.store.location.strip("/"), name) if part)
        return {"Bucket": self.store.bucket_name, "Key": place}

    def put(self, path: Path, name: str, sealed: Sealed, told: Told) -> None:
        """Write a file as an object, which is there when it is whole.

        Raises: StoreError if what arrived is not `sealed`; OSError.
        """
        extra = {"ChecksumAlgorithm": "SHA256", "ContentType": "application/octet-stream"}
        with in_words(name), self._manager(sealed.piece_bytes) as manager:
            finish(manager.upload(str(path), *self._at(name).values(), extra), told)
        if not self._holds(name, sealed, told):
            with suppress(StoreError):
                self.remove(name)
            raise StoreError(
                f"{path.name} did not reach the store as it was read: it was changed while it was "
                "written, or its disk or the network is at fault. Check them and try again."
            )

    def _holds(self, name: str, sealed: Sealed, told: Told) -> bool:
        with in_words(name):
            head = self.client.head_object(**self._at(name), ChecksumMode="ENABLED")
        if head["ContentLength"] != sealed.bytes:
            return False
        if head.get("ChecksumSHA256") == sealed.checksum():
            return True
        # It tells none, or counts it in a way of its own: what it holds is read.
        return self.digest(name, told) == sealed.sha256

    def digest(self, name: str, told: Told) -> str:
        """SHA-256 of an object, read whole. Raises: StoreError if it is missing."""
        found = hashlib.sha256()
        with in_words(name):
            body = self.client.get_object(**self._at(name))["Body"]
            for chunk in body.iter_chunks(1 << 20):
                found.update(chunk)
                told()
        return found.hexdigest()

    def fetch(self, name: str, target: Path, sealed: Sealed, told: Told) -> None:
        """Write an object to `target`, which appears whole and right or not at all.

        Raises: StoreError if it is missing or another; OSError.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        making = target.with_name(f".{target.name}-{uuid4().hex[:8]}")
        try:
            with in_words(name), self._manager(sealed.piece_bytes) as manager:
                finish(manager.download(*self._at(name).values(), str(making)), told)
            if sha256_file(making) != sealed.sha256:
                raise altered(name)
            making.replace(target)
        finally:
            making.unlink(missing_ok=True)

    def piece(self, name: str, sealed: Sealed, number: int) -> bytes:
        """One piece of an object. Raises: StoreError if it is missing or another."""
        first = number * sealed.piece_bytes
        last = min(first + sealed.piece_bytes, sealed.bytes) - 1
        with in_words(name):
            told = self.client.get_object(**self._at(name), Range=f"bytes={first}-{last}")
            data = bytes(told["Body"].read())
        if hashlib.sha256(data).hexdigest() != sealed.pieces[number]:
            raise altered(name)
        return data

    def remove(self, name: str) -> None:
        """Remove an object and what was begun of it. Removing nothing is fine."""
        with in_words(name):
            self.client.delete_object(**self._at(name))
            place = self._at(name)
            begun = self.client.list_multipart_uploads(Bucket=place["Bucket"], Prefix=place["Key"])
            for each in begun.get("Uploads", []):
                self.client.abort_multipart_upload(
                    Bucket=place["Bucket"], Key=each["Key"], UploadId=each["UploadId"]
                )

    def size(self, name: str) -> int:
        """Raises: StoreError if it is missing."""
        with in_words(name):
            return int(self.client.head_object(**self._at(name))["ContentLength"])

    def address(self, name: str, *, seconds: int, shown_as: str, disposition: str) -> str:
        """An address under which anybody may read the object for so many seconds."""
        parameters = {"ResponseContentType": shown_as, "ResponseCacheControl": "private, no-store"}
        if disposition:
            parameters["ResponseContentDisposition"] = disposition
        return str(self.store.url(name, parameters=parameters, expire=seconds))

    @contextmanager
    def _manager(self, piece_bytes: int) -> Iterator[Any]:
        from s3transfer.manager import TransferConfig, TransferManager

        config = TransferConfig(
            multipart_threshold=piece_bytes,
            multipart_chunksize=piece_bytes,
            max_request_concurrency=4,
            max_submission_concurrency=1,
        )
        with TransferManager(self.client, config) as manager:
            yield manager


def finish(transfer: Any, told: Told) -> None:
    """Wait for a transfer; if `told` raises, the manager around it breaks it off and waits."""
    nap = 0.005
    while not transfer.done():
        told()
        time.sleep(nap)
        nap = min(LONGEST_NAP, nap * 1.5)
    transfer.result()


@contextmanager
def in_words(name: str) -> Iterator[None]:
    """Raises: StoreError where boto3 raises."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status in (404, 416) and "NoSuchBucket" not in str(error):
            raise StoreError(
                f"{name} is missing from the store, or shorter than it was: bring it back from the "
                "store's versions or a backup, or run manage.py check_takes --mend"
            ) from error
        raise StoreAway(f"The store refuses {name}: {error}; manage.py doctor looks") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreAway(f"The store does not answer ({error}); manage.py doctor looks") from error


def altered(name: str) -> StoreError:
    return StoreError(
        f"{name} in the store was altered or damaged after it was written: bring it back from the "
        "store's versions or a backup, or run manage.py check_takes --mend"
    )


class StoredReader(io.RawIOBase):
    """An object as a file that seeks: only the pieces that are asked for travel, each verified."""

    def __init__(self, bucket: Bucket, name: str, sealed: Sealed) -> None:
        self.bucket, self.object_name, self.sealed = bucket, name, sealed
        self.place = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.sealed.bytes}[whence]
        if base + offset < 0:
            raise OSError("a place before the file's begin")
        self.place = base + offset
        return self.place

    def readinto(self, buffer: Any) -> int:
        """Raises: StoreError if the object is missing or another."""
        view = memoryview(buffer).cast("B")
        if self.place >= self.sealed.bytes or not len(view):
            return 0
        number, within = divmod(self.place, self.sealed.piece_bytes)
        if self._held[0] != number:
            self._held = number, self.bucket.piece(self.object_name, self.sealed, number)
        read = self._held[1][within : within + len(view)]
        view[: len(read)] = read
        self.place += len(read)
        return len(read)


@cache
def _of(store: Any) -> Bucket:
    return Bucket(store)


def bucket() -> Bucket:
    """The bucket that the settings name."""
    return cast(Bucket, _of(storages[ALIAS]))
