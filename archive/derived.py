"""What is made from a scan so that it can be watched: frame table, proxy, stills, waveform.

All of it lies in one folder of the media home and can be made again from the master at any time.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from archive.media.frames import FrameTable
from archive.models import Scan

FRAMES = "frames.json"
FRAMEMD5 = "scan.framemd5"
MANIFEST = "manifest.sha256"
"""Of a sequence: one digest for each frame file, as sha256sum writes it."""
PROXY = "proxy.mp4"
STILLS = "stills"
WAVEFORM = "waveform.json"

Progress = Callable[[int, int], None]
STALE = timedelta(minutes=5)
"""A maker that said nothing for so long is gone."""


def key_for(sha256: str) -> str:
    """Storage key of the folder of the scan with that digest."""
    return f"scans/{sha256[:16]}"


def folder(scan: Scan) -> Path:
    return Path(settings.MEDIA_HOME) / scan.derived


def frame_table(scan: Scan) -> FrameTable:
    """Raises: MediaError if it is not there."""
    return FrameTable.load(folder(scan) / FRAMES)


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

    def remove(self) -> None:
        """Leave nothing behind, whether it was published or not."""
        shutil.rmtree(self.path, ignore_errors=True)

    def unpublish(self) -> None:
        shutil.rmtree(self.final, ignore_errors=True)


def claim(scan: Scan) -> bool:
    """Become the one who makes this scan's derivatives; False if somebody is at it."""
    state = Scan.Derivatives
    free = ~Q(derivatives=state.MAKING) | Q(derivatives_seen__lt=Now() - STALE)
    claimed = Scan.objects.filter(free, pk=scan.pk).update(
        derivatives=state.MAKING,
        derivatives_seen=Now(),
        derivatives_done=0,
        derivatives_error="",
    )
    if claimed:
        scan.refresh_from_db()
    return bool(claimed)


def make_derivatives(scan: Scan, *, progress: Progress | None = None) -> None:
    pass


def sweep() -> dict[str, int]:
    return {}
