"""What the frames of a recorded scan decode to now."""

from __future__ import annotations

import hashlib
from pathlib import Path

from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.planes import native_bytes
from archive.media.sequence import DECODERS, FrameDecoder, numbered_files
from archive.media.tables import Progress, make_table

UNREADABLE, MISSING = "unreadable", "missing"


def frame_digests(path: Path, table: FrameTable, *, progress: Progress | None = None) -> list[str]:
    """Each recorded frame's MD5 as it decodes now, or UNREADABLE, or MISSING."""
    if path.is_dir():
        return _sequence_digests(path, table, progress)
    try:
        now = make_table(path, progress=progress)
    except (MediaError, OSError):
        return [UNREADABLE] * len(table)
    # By timestamp: a picture that no longer decodes must not shift all that follow.
    by_time = {pts * now.time_base: number for number, pts in enumerate(now.pts)}
    damaged = frozenset(now.damaged)
    end = now.pts[-1] * now.time_base
    digests = []
    for number, pts in enumerate(table.pts):
        at = pts * table.time_base
        place = by_time.get(at)
        if place is None:
            digests.append(MISSING if at > end else UNREADABLE)
        elif place in damaged and now.md5[place] != table.md5[number]:
            digests.append(UNREADABLE)
        else:
            digests.append(now.md5[place])
    return digests


def _sequence_digests(folder: Path, table: FrameTable, progress: Progress | None) -> list[str]:
    """The same for a folder; its table's timestamps are the numbers in the files' names."""
    files = numbered_files(folder)
    decoders: dict[str, FrameDecoder] = {}
    digests = []
    for done, number in enumerate(table.pts):
        if progress is not None:
            progress(done, len(table))
        path = files.get(number)
        if path is None:
            digests.append(MISSING)
            continue
        name = DECODERS[path.suffix.lower()]
        decoder = decoders.setdefault(name, FrameDecoder(name))
        try:
            raw = native_bytes(decoder.decode(path))
        except MediaError:
            digests.append(UNREADABLE)
        else:
            digests.append(hashlib.md5(raw, usedforsecurity=False).hexdigest())
    return digests
