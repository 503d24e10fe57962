"""The notes of a reel as a file to take along."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

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


def write(scan: Scan, kind: str) -> tuple[bytes, str]:
    """The file's bytes and its media type. Raises: KeyError for a kind that is not one."""
    write_file, media_type = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"notes.{kind}"
        write_file(path, sheet_of(scan))
        return path.read_bytes(), media_type


def sheet_of(scan: Scan) -> NoteSheet:
    """All notes of a scan, by their first frame."""
    found = Note.objects.filter(scan=scan).select_related("by", "guest", "resolved_by")
    starts = list(Scene.objects.current().filter(scan=scan).values_list("start_frame", flat=True))
    return NoteSheet(
        title=scan.reel.title.name,
        reel=f"reel {scan.reel.number}",
        scan=edition_scan(scan),
        remarks=tuple(remark_of(note) for note in found.prefetch_related("answers__by")),
        scene_starts=tuple(sorted(starts)),
    )
