"""What is made from a scan so that it can be watched: frame table, proxy, stills, waveform.

All of it lies in one folder of the media home and can be made again from the master at any time.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from dramatiq.errors import DramatiqError

from archive import custody, stored, trash
from archive.fixity import sha256_file
from archive.media import derivatives
from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.sandbox import derive_safely
from archive.models import Scan

log = logging.getLogger(__name__)

FRAMES = derivatives.FRAME_TABLE
FRAMEMD5 = derivatives.FRAMEMD5
PROXY = derivatives.PROXY
PROXY_FRAMES = derivatives.PROXY_TABLE
STILLS = derivatives.STORYBOARD
WAVEFORM = derivatives.WAVEFORM
MANIFEST = "manifest.sha256"
"""Of a sequence: one digest for each frame file, as sha256sum writes it."""

TABLES = (FRAMES, FRAMEMD5, MANIFEST)
WATCHED = (PROXY, PROXY_FRAMES, WAVEFORM)
"""What is written through to a bucket; stills are made again where they are wanted."""

Progress = Callable[[int, int], None]
STALE = timedelta(minutes=3)
"""A maker that said nothing for so long is gone; longer than a reader may hang."""
ATTEMPTS = 3
RING = timedelta(minutes=1)
"""So long does a message have to reach a worker."""
TELL_SECONDS = 1.0


def key_for(sha256: str) -> str:
    """Storage key of the folder of the scan with that digest."""
    return f"scans/{sha256}"


def folder(scan: Scan) -> Path:
    return Path(settings.MEDIA_HOME) / scan.derived


def tables(scan: Scan) -> Path:
    """The folder, with the scan's tables in it as far as they were made.

    Raises: StoreError if the bucket has lost one.
    """
    found = folder(scan)
    if not (found / FRAMES).exists():
        stored.bring(scan.derived, *TABLES)
    return found


def frame_table(scan: Scan) -> FrameTable:
    """Raises: MediaError if it is not there."""
    return FrameTable.load(tables(scan) / FRAMES)


class Staging:
    """A folder that is filled out of sight and appears whole, or not at all."""

    def __init__(self, key: str) -> None:
        self.final = Path(settings.MEDIA_HOME) / key
        self.path = self.final.with_name(f".{self.final.name}-{uuid.uuid4().hex[:8]}")
        self.path.mkdir(parents=True)

    def publish(self) -> None:
        """Put it in its place; what lies there was left by a crash, since no row names it."""
        if self.final.exists():
            shutil.rmtree(self.final)
        os.replace(self.path, self.final)  # noqa: PTH105 - a folder, not a file

    def keep(self) -> None:
        """Write it through to the bucket, if there is one, before any row names it."""
        if stored.is_used():
            for path in sorted(self.path.iterdir()):
                key = self.final.relative_to(settings.MEDIA_HOME) / path.name
                stored.keep_file(path, key.as_posix())

    def remove(self) -> None:
        """Leave nothing behind, whether it was published or not."""
        shutil.rmtree(self.path, ignore_errors=True)

    def unpublish(self) -> None:
        stored.forget(self.final.relative_to(settings.MEDIA_HOME).as_posix())
        shutil.rmtree(self.final, ignore_errors=True)


def make_derivatives(scan: Scan, *, progress: Progress | None = None) -> None:
    """Make proxy, stills and waveform, replacing those that are there.

    The row says how it went: a proxy that cannot be made does not make the scan less ours.
    """
    if not _claim(scan):
        return
    state = Scan.Derivatives
    try:
        made = _make(scan, _telling(scan, progress))
    except (MediaError, OSError) as error:
        _end(
            scan,
            derivatives=state.FAILED,
            derivatives_error=_words(error),
            derivatives_attempts=0,
        )
        return
    except BaseException:
        _end(scan, derivatives=state.WAITING)
        raise
    with transaction.atomic():
        _end(scan, derivatives=state.READY, derivatives_done=scan.frames, derivatives_attempts=0)
        custody.record(
            kind="derivation",
            agent=custody.software(),
            subject=f"scan:{scan.pk}",
            reel=scan.reel,
            detail=made,
        )


def _claim(scan: Scan) -> bool:
    """Become the one who makes this scan's derivatives; False if somebody is at it."""
    state = Scan.Derivatives
    free = ~Q(derivatives=state.MAKING) | Q(derivatives_seen__lt=Now() - STALE)
    claimed = Scan.objects.filter(free, pk=scan.pk).update(
        derivatives=state.MAKING,
        derivatives_attempts=F("derivatives_attempts") + 1,
        derivatives_seen=Now(),
        derivatives_done=0,
        derivatives_error="",
    )
    return bool(claimed)


def _make(scan: Scan, tell: Progress) -> dict[str, Any]:
    target, table = folder(scan), frame_table(scan)
    making = target / f".making-{uuid.uuid4().hex[:8]}"
    try:
        made = derive_safely(Path(scan.path), making, table=table, rate=scan.rate,
                             max_height=settings.VIEWING_ROWS, progress=tell)  # fmt: skip
        detail = {
            "proxy_sha256": sha256_file(making / PROXY),
            "stills": len(made.stills),
            "sound_tracks": made.sound_tracks,
        }
        shutil.rmtree(target / STILLS, ignore_errors=True)
        for file in making.iterdir():
            file.replace(target / file.name)
        stored.keep(scan.derived, names=WATCHED)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return detail


def _telling(scan: Scan, progress: Progress | None) -> Progress:
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_SECONDS:
            last = time.monotonic()
            _end(scan, derivatives_done=done)
        if progress is not None:
            progress(done, total)

    return tell


def _end(scan: Scan, **fields: Any) -> None:
    Scan.objects.filter(pk=scan.pk).update(derivatives_seen=Now(), **fields)
    for name, value in fields.items():
        setattr(scan, name, value)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, MediaError):
        return (
            f"{error.strerror or error}. Make room or mend the disk, then run "
            "`manage.py ingest --derivatives REEL`."
        )
    return str(error)


def sweep() -> dict[str, int]:
    """Ring again for scans whose derivatives nobody makes, and clear what makers left behind."""
    from archive.tasks import make_derivatives as actor

    state = Scan.Derivatives
    lost = trash.with_files(Scan.objects.all()).filter(
        Q(derivatives=state.MAKING, derivatives_seen__lt=Now() - STALE)
        | Q(derivatives=state.WAITING, derivatives_seen__lt=Now() - RING)
        | Q(derivatives=state.WAITING, derivatives_seen=None, created__lt=Now() - RING)
    )
    rung = 0
    for scan in lost:
        for left in folder(scan).glob(".making-*"):
            shutil.rmtree(left, ignore_errors=True)
        if scan.derivatives_attempts >= ATTEMPTS:
            words = f"The worker died {ATTEMPTS} times over it; see its log, then make it again."
            _end(scan, derivatives=state.FAILED, derivatives_error=words, derivatives_attempts=0)
            continue
        _end(scan, derivatives=state.WAITING)
        try:
            actor.send(scan.pk)
        except DramatiqError as error:
            log.warning("derivatives of %s wait for the next sweep: %s", scan, error)
            break
        rung += 1
    return {"derivatives_rung": rung}
