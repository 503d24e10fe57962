"""Folders of numbered frames that arrive through a browser: announced at once, sent file by file.

What a folder would be refused for later is refused before the first byte where names and sizes tell
it: a missing number, two sequences, no rate. The same folder announced again goes on where it
stopped; it is known by its files' names, sizes and times of change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from archive import receiving
from archive import upload as uploads
from archive.errors import UploadError
from archive.fixity import digest_json
from archive.media.errors import MediaError
from archive.media.sequence import NumberedFrames, arrange
from archive.models import Upload, UploadedFrame
from archive.receiving import Checksum, Source
from archive.upload_places import limit_bytes, part_path, safe_name

MOST_FILES = 250_000
"""Nearly three hours of film at 24 frames a second."""


class OfferedFile(NamedTuple):
    """A file of the folder as the browser sees it."""

    name: str
    bytes: int
    modified: int
    """Milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What the server wants of an announced folder."""

    upload: Upload
    wanted: tuple[int, ...]
    """For each frame in order: its number in the list of offered files."""
    held: tuple[int, ...]
    """For each frame in order: how many bytes of it have arrived."""


def announce(
    *,
    owner: AbstractBaseUser,
    name: str,
    files: Sequence[OfferedFile],
    title: str,
    rate: str = "",
    collection: str = "",
) -> Announced:
    """Announce a folder, or go on with one; files that are no numbered frames are not wanted.

    Raises: UploadError as `upload.create` does, and with 400 where ingest would refuse the folder.
    """
    name, title = safe_name(name), uploads.checked_title(title, collection)
    uploads.require_place(owner, collection)
    if len(files) > MOST_FILES:
        raise UploadError(
            f"{name} holds {len(files):,} files; at most {MOST_FILES:,} can be sent. "
            "Copy it to the server and run `manage.py ingest`.",
            status=413,
        )
    wanted, frames = _arranged(name, files)
    chosen = [files[number] for number in wanted]
    _check_rate(rate, frames)
    length = _length(name, chosen)
    fingerprint = digest_json([[file.name, file.bytes, file.modified] for file in chosen])
    with transaction.atomic():
        upload = _standing(owner, name, fingerprint)
        if upload is None:
            uploads.check_room(owner, length)
            upload = Upload.objects.create(
                owner_id=owner.pk,
                name=name,
                files=len(chosen),
                fingerprint=fingerprint,
                length=length,
                title=title,
                rate=rate.strip(),
                collection=collection.strip(),
            )
            UploadedFrame.objects.bulk_create(
                UploadedFrame(upload=upload, place=place, name=path.name, length=file.bytes)
                for place, (path, file) in enumerate(zip(frames.files, chosen, strict=True))
            )
            part_path(upload).mkdir(parents=True)
        else:  # what was typed this time is what is meant
            values = {"title": title, "rate": rate.strip(), "collection": collection.strip()}
            Upload.objects.filter(pk=upload.pk).update(touched=timezone.now(), **values)
    return Announced(upload, wanted, tuple(held(upload, path.name) for path in frames.files))


def _arranged(name: str, files: Sequence[OfferedFile]) -> tuple[tuple[int, ...], NumberedFrames]:
    """The frames in order, and the number of each in the list of offered files.

    Raises: UploadError in the words of `manage.py ingest`.
    """
    folder = Path(name)
    numbers: dict[Path, int] = {}
    paths = []
    for number, file in enumerate(files):
        if not file.name or file.name.startswith("."):
            continue
        path = folder / safe_name(file.name)
        numbers.setdefault(path, number)
        paths.append(path)
    try:
        frames = arrange(folder, paths)
    except MediaError as error:
        raise UploadError(str(error), status=400) from error
    return tuple(numbers[path] for path in frames.files), frames


def _check_rate(rate: str, frames: NumberedFrames) -> None:
    """DPX files may say their rate; whether they do is only seen when they are here."""
    uploads.check_rate(rate)
    if not rate.strip() and frames.decoder != "dpx":
        raise UploadError(
            f"{frames.folder.name}: numbered frames carry no rate; say how many frames a second "
            "it has, for example 18.",
            status=400,
        )


def _length(name: str, chosen: Sequence[OfferedFile]) -> int:
    empty = next((file for file in chosen if file.bytes <= 0), None)
    if empty is not None:
        raise UploadError(f"{empty.name} is empty (0 bytes); copy it again.", status=400)
    length = sum(file.bytes for file in chosen)
    if length > limit_bytes():
        raise UploadError(
            f"{name} is larger than the {limit_bytes():,} bytes that this server accepts; "
            "copy it to the server and run `manage.py ingest`.",
            status=413,
        )
    return length


def _standing(owner: AbstractBaseUser, name: str, fingerprint: str) -> Upload | None:
    """The same folder, of which something may have arrived already."""
    return (
        Upload.objects.select_for_update()
        .filter(
            owner_id=owner.pk,
            name=name,
            fingerprint=fingerprint,
            status=Upload.Status.RECEIVING,
        )
        .first()
    )


def held(upload: Upload, name: str) -> int:
    """Bytes of one frame file that have arrived."""
    try:
        return (part_path(upload) / name).stat().st_size
    except FileNotFoundError:
        return 0


def append(
    frame: UploadedFrame, *, offset: int, source: Source, checksum: Checksum | None = None
) -> int:
    """Add what `source` gives at `offset` of one frame file; returns the new offset.

    Raises: UploadError as `receiving.append` does.
    """
    upload = frame.upload
    part = receiving.Part(part_path(upload) / frame.name, frame.length, made_here=True)
    return receiving.append(upload, part, offset=offset, source=source, checksum=checksum)


def finish(upload: Upload) -> None:
    """Have a folder taken in of which every file is whole; again is fine.

    Raises: UploadError with 409 naming frames that are not.
    """
    if upload.status != Upload.Status.RECEIVING:
        return
    missing = [
        frame.name for frame in upload.frames.all() if held(upload, frame.name) != frame.length
    ]
    if missing and part_path(upload).exists():
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise UploadError(
            f"{', '.join(missing[:3])}{more} have not arrived whole; send the folder again, only "
            "the rest is sent.",
            status=409,
        )
    uploads.finish(upload)
