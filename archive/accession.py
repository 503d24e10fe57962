"""Take a reel's file or folder of frames into custody: measured, digested, described, not touched.

The master is only ever read. What is found out goes into the database in one transaction, together
with the events that tell of it; a refusal leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from archive import custody, derived, readmission, trash
from archive.accession_events import record_accession, storable, text
from archive.errors import AccessionRefused, ChangedWhileRead
from archive.fixity import framemd5_digest, scan_bytes, scan_digest, sequence_manifest
from archive.media.errors import MediaError
from archive.media.probe import Probe
from archive.media.sandbox import probe_safely
from archive.models import Collection, Element, Reel, Scan, Title
from archive.mounts import mount_point

Progress = Callable[[str, int, int], None]
"""Called with what goes on ("digest", "frames", "proxy"), how much of it is done, of how much."""

_TIMECODE = re.compile(r"\d{2}:\d{2}:\d{2}[:;]\d{2,3}")
_SPOKEN_BYTES = 1_000_000
"""More than that of MediaInfo's text is no description of a film."""


@dataclass(frozen=True, slots=True)
class Accession:
    """What came of it."""

    reel: Reel
    scan: Scan
    created: bool
    """False: the archive holds the same bytes already, as this reel."""
    warnings: list[str] = field(default_factory=list)
    again: bool = False
    """The trash was emptied of these bytes before; they are this reel's again."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the reel goes in the catalogue."""

    title: Title | str
    reel: Reel | None
    collection: str
    element: str
    number: int | None
    access: str


def ingest(
    path: Path | str,
    *,
    title: Title | str,
    rate: Fraction | None = None,
    by: AbstractBaseUser | None = None,
    reel: Reel | None = None,
    collection: str = "",
    element: str = "",
    number: int | None = None,
    access: str = Reel.Access.STAFF,
    derivatives: bool = True,
    progress: Progress | None = None,
) -> Accession:
    """Take a video file or a folder of numbered frames into custody.

    Bytes that the archive holds add nothing. Bytes that it gave up with the trash bring their reel
    back, as it was described then (`archive.readmission`).

    Args:
        path: The master. It stays where it is, and is registered by its absolute path.
        title: A title, or the name of one: a title of that name in that collection is used again,
            and the reel becomes its next one.
        rate: Frames a second, where the file does not say or says it wrong.
        by: Who asked for it.
        reel: Makes it another scan of this reel; title, collection, element and number then do not
            matter.
        number: The reel's number in its element; else the next.
        derivatives: Also make proxy, stills and waveform. That they fail does not lose the
            accession; the scan says so.
    Raises: AccessionRefused, MediaError.
    """
    say = progress or (lambda _what, _done, _total: None)
    master = _resolve(Path(path))
    with _reading(master):
        before = _look(master)
        sha256 = scan_digest(master, progress=partial(say, "digest"))
    if held := _held(sha256):
        return held
    if again := readmission.awaited(sha256):
        readmission.require(again, by=by, rate=rate)
        rate = None if again.variable_rate else again.rate
    probe = probe_safely(master, rate=rate, progress=partial(say, "frames"))
    with _reading(master):
        found = _read_again(master, before, sha256, probe, say)
    place = _Place(title, reel, collection, element, number, access)
    accession = _take_in(master, found, place, by)
    if derivatives and accession.created:
        derived.make_derivatives(accession.scan, progress=partial(say, "proxy"))
    return accession


# Reading


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything that reading the master told."""

    sha256: str
    bytes: int
    manifest: str | None
    """Of a sequence: its frame files' digests."""
    probe: Probe
    warnings: list[str]


def _resolve(path: Path) -> Path:
    """The absolute path under which the master is registered.

    Raises: AccessionRefused.
    """
    try:
        master = path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise AccessionRefused(
            f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}. "
            "Check the path and the rights of the user that runs this."
        ) from error
    try:
        str(master).encode()
    except UnicodeEncodeError as error:
        raise AccessionRefused(
            f"{str(master)!r} is not valid UTF-8 text and could not be recorded; "
            "give the file or folder another name"
        ) from error
    return master


Look = dict[str, tuple[int, int, int]]


def _look(master: Path) -> Look:
    """Size, time of change and inode of each file."""
    files = sorted(master.iterdir()) if master.is_dir() else [master]
    seen = {}
    for file in files:
        found = file.stat()
        seen[file.name] = (found.st_size, found.st_mtime_ns, found.st_ino)
    return seen


@contextmanager
def _reading(master: Path) -> Iterator[None]:
    """Raises: AccessionRefused, in place of an error of the disk or of rights."""
    try:
        yield
    except OSError as error:
        raise AccessionRefused(
            f"{error.filename or master} cannot be read: {error.strerror or error}. "
            "Check its rights and its disk, or copy it again from its source."
        ) from error


def _held(sha256: str) -> Accession | None:
    with_files = Scan.objects.filter(sha256=sha256, given_up=None)
    scan = with_files.select_related("reel__element__title").first()
    if scan is None:
        return None
    if trash.is_in_trash(scan.reel):
        raise AccessionRefused(
            f"These bytes are held already, as {scan} in the trash. Restore it there."
        )
    return Accession(scan.reel, scan, created=False, warnings=scan.warnings)


def _read_again(master: Path, before: Look, sha256: str, probe: Probe, say: Progress) -> _Found:
    """Make sure that nobody wrote to the master while it was read.

    Its bytes are read a second time: decoding takes longer than that, and times of change lie on
    some network drives.

    Raises: ChangedWhileRead.
    """
    progress, manifest = partial(say, "digest"), None
    if master.is_dir():
        manifest = sequence_manifest(master, progress=progress)
        again = hashlib.sha256(manifest.encode("utf-8", "surrogateescape")).hexdigest()
    else:
        again = scan_digest(master, progress=progress)
    if again != sha256 or _look(master) != before:
        raise ChangedWhileRead(
            f"{master} changed while it was read. Wait until its copy or scan has ended, "
            "then take it in again."
        )
    warnings = list(probe.warnings)
    if probe.start_timecode and not _TIMECODE.fullmatch(probe.start_timecode):
        warnings.append(f"The start timecode {probe.start_timecode[:40]!r} cannot be read.")
    return _Found(sha256, scan_bytes(master), manifest, probe, [text(one) for one in warnings])


# Writing


def _take_in(master: Path, found: _Found, place: _Place, by: AbstractBaseUser | None) -> Accession:
    try:
        staging = derived.Staging(derived.key_for(found.sha256))
    except OSError as error:
        raise _no_room(error) from error
    published = False
    try:
        _write_tables(staging, found)
        staging.keep()
        with transaction.atomic():
            custody.lock(f"accession:{found.sha256}")
            if held := _held(found.sha256):  # somebody was quicker
                return held
            again = readmission.awaited(found.sha256)
            if again is not None:
                scan = _take_back(again, master, found, by)
            else:
                scan = _make_scan(master, found, place.reel or _make_reel(place))
            record_accession(scan, found.probe, warnings=found.warnings, by=by)
            staging.publish()
            published = True
    except BaseException as error:
        if published or not Scan.objects.filter(sha256=found.sha256, given_up=None).exists():
            staging.unpublish()
        if isinstance(error, OSError):
            raise _no_room(error) from error
        raise
    finally:
        staging.remove()
    return Accession(
        scan.reel, scan, created=True, warnings=found.warnings, again=again is not None
    )


def _no_room(error: OSError) -> AccessionRefused:
    return AccessionRefused(
        f"The frame table cannot be written: {error.strerror or error}. Make room in the media "
        "home, or mend its rights, then take the film in again; nothing of it was kept."
    )


def _write_tables(staging: derived.Staging, found: _Found) -> None:
    found.probe.table.save(staging.path / derived.FRAMES)
    (staging.path / derived.FRAMEMD5).write_text(found.probe.table.framemd5())
    if found.manifest is not None:
        text = found.manifest.encode("utf-8", "surrogateescape")
        (staging.path / derived.MANIFEST).write_bytes(text)


def _make_reel(place: _Place) -> Reel:
    title = place.title if isinstance(place.title, Title) else _title(place)
    element = title.elements.filter(name=place.element).first()
    if element is None and not place.element:
        element = title.elements.first()
    if element is None:
        element = Element.objects.create(title=title, name=place.element)
    # Two reels that come at once would get the same number.
    Element.objects.select_for_update().get(pk=element.pk)
    numbers = element.reels
    number = place.number or (numbers.aggregate(last=Max("number"))["last"] or 0) + 1
    if numbers.filter(number=number).exists():
        raise AccessionRefused(
            f"Reel {number} of {title} is held already. Leave the number out for the next one, or "
            f"name the reel to make this another scan of it."
        )
    return Reel.objects.create(element=element, number=number, access=place.access)


def _title(place: _Place) -> Title:
    name = str(place.title).strip()
    if not name or len(name) > 400 or "\x00" in name:
        raise AccessionRefused("Give the film a title, at most 400 characters long.")
    collection = None
    if place.collection:
        collection, _ = Collection.objects.get_or_create(name=place.collection.strip())
    found = Title.objects.filter(name=name, collection=collection).order_by("pk").first()
    return found or Title.objects.create(name=name, collection=collection)


def _take_back(scan: Scan, master: Path, found: _Found, by: AbstractBaseUser | None) -> Scan:
    """Let a scan whose files were given up have these."""
    readmission.bring_back(scan, path=master, by=by)
    scan.mediainfo, scan.warnings = _mediainfo(found.probe), found.warnings
    scan.mounted_at = mount_point(master)
    scan.derived, scan.framemd5 = derived.key_for(scan.sha256), framemd5_digest(found.probe.table)
    scan.save()
    readmission.came_back.send(sender=Scan, scan=scan)
    return scan


def _make_scan(master: Path, found: _Found, reel: Reel) -> Scan:
    probe = found.probe
    timecode = probe.start_timecode if _TIMECODE.fullmatch(probe.start_timecode) else ""
    return Scan.objects.create(
        reel=reel,
        kind=probe.kind,
        path=str(master),
        mounted_at=mount_point(master),
        sha256=found.sha256,
        bytes=found.bytes,
        frames=probe.frames,
        rate_numerator=probe.rate.numerator,
        rate_denominator=probe.rate.denominator,
        variable_rate=probe.variable_rate,
        start_timecode=timecode,
        width=probe.format.width,
        height=probe.format.height,
        pixel_format=probe.format.pixel.name,
        bit_depth=probe.format.pixel.bits,
        field_order=probe.field_order,
        colour=probe.colour,
        audio=storable([track.as_json() for track in probe.audio]),
        mediainfo=_mediainfo(probe),
        warnings=found.warnings,
        derived=derived.key_for(found.sha256),
        framemd5=framemd5_digest(probe.table),
    )


def _mediainfo(probe: Probe) -> dict[str, Any]:
    stored: dict[str, Any] = storable(probe.mediainfo)
    if len(str(stored)) > _SPOKEN_BYTES:
        return {"left_out": "MediaInfo's description is too long to be one"}
    return stored


__all__ = ["Accession", "MediaError", "Progress", "ingest"]
