"""An uploaded film's way from its place for good into custody."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db.models import F
from django.utils import timezone

from archive import accession, derived
from archive import upload as uploads
from archive.errors import ArchiveError
from archive.media.errors import MediaError
from archive.media.rates import parse_rate
from archive.models import Scan, Upload

log = logging.getLogger(__name__)

TELL_SECONDS = 1.0
"""Not oftener than that does a row learn how far its film is."""


def take_in(upload_id: str) -> None:
    """Take an uploaded file into custody and write on its row what came of it.

    A second message for the same upload finds it claimed and does nothing.
    """
    state = Upload.Status
    claimed = Upload.objects.filter(pk=upload_id, status=state.WAITING).update(
        status=state.INGESTING, attempts=F("attempts") + 1, touched=timezone.now()
    )
    if not claimed:
        return
    upload = Upload.objects.select_related("owner").get(pk=upload_id)
    try:
        result = accession.ingest(
            upload.path,
            title=upload.title,
            collection=upload.collection,
            rate=parse_rate(upload.rate) if upload.rate else None,
            by=upload.owner,
            derivatives=False,
            progress=_telling(upload),
        )
    except (ArchiveError, MediaError) as error:
        # Kept for a while, so that another rate or title can be tried without sending it again.
        _end(upload, status=state.FAILED, error=str(error))
        return
    if not result.created and result.scan.path != upload.path:
        uploads.remove_master(upload)
    _end(upload, status=state.DONE, reel=result.reel, existing=not result.created)
    if result.scan.derivatives == Scan.Derivatives.WAITING:
        derived.make_derivatives(result.scan)


def _end(upload: Upload, **fields: object) -> None:
    Upload.objects.filter(pk=upload.pk).update(touched=timezone.now(), **fields)


def _telling(upload: Upload) -> Callable[[str, int, int], None]:
    last = 0.0

    def tell(what: str, done: int, _total: int) -> None:
        nonlocal last
        if time.monotonic() - last < TELL_SECONDS:
            return
        last = time.monotonic()
        frames = {"frames_done": done} if what == "frames" else {}
        _end(upload, **frames)

    return tell
