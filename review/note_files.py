"""The notes of a reel as a file to take along."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from archive import derived, embargo
from archive.media.errors import MediaError
from archive.media.stills import frame_png
from archive.models import Scan
from restoration.models import Scene
from review.edition import edition_scan, remark_of
from review.formats.note_sheet import NoteSheet, write_notes_csv
from review.formats.note_sheet_pdf import write_notes_pdf
from review.formats.otio import write_notes_timeline
from review.models import Note

KINDS: dict[str, tuple[Callable[[Path, NoteSheet], None], str]] = {
    "csv": (write_notes_csv, "text/csv; charset=utf-8"),
    "pdf": (write_notes_pdf, "application/pdf"),
    "otio": (write_notes_timeline, "application/json"),
}


MOST_PICTURES = 200
"""Frames that one file shows: each is read from the film."""


def write(scan: Scan, kind: str) -> tuple[bytes, str]:
    """The file's bytes and its media type. Raises: KeyError for a kind that is not one."""
    write_file, media_type = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"notes.{kind}"
        write_file(path, sheet_of(scan))
        return path.read_bytes(), media_type


def sheet_of(scan: Scan) -> NoteSheet:
    """All notes of a scan, by their first frame; with pictures, unless an embargo binds the film:
    such a file is passed on.
    """
    until = embargo.until(scan.reel)
    found = Note.objects.filter(scan=scan).select_related("by", "guest", "resolved_by")
    starts = list(Scene.objects.current().filter(scan=scan).values_list("start_frame", flat=True))
    return NoteSheet(
        title=scan.reel.title.name,
        reel=f"reel {scan.reel.number}",
        scan=edition_scan(scan),
        remarks=tuple(remark_of(note) for note in found.prefetch_related("answers__by")),
        scene_starts=tuple(sorted(starts)),
        picture=_pictures(scan) if until is None else lambda frame: None,
        pictureless=f"Without pictures: the film is under embargo until {until}." if until else "",
    )


def _pictures(scan: Scan) -> Callable[[int], bytes | None]:
    """Small pictures of the scan's frames, each read once, up to MOST_PICTURES of them."""
    known: dict[int, bytes | None] = {}

    def picture(frame: int) -> bytes | None:
        if frame not in known and len(known) < MOST_PICTURES:
            known[frame] = _read(scan, frame)
        return known.get(frame)

    return picture


def _read(scan: Scan, frame: int) -> bytes | None:
    try:
        table = derived.frame_table(scan)
        return frame_png(Path(scan.path), frame, rate=scan.rate, table=table, max_height=240)
    except (OSError, MediaError):  # the film is elsewhere or damaged: the notes are not
        return None
