"""The notes of a reel as a table: what was said of which frames, by whom, and what came of it."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.timecode import timecode
from review import drawings
from review.formats.cue_sheet import harmless
from review.formats.edition import EditionScan, Remark, Turn

COLUMNS = (
    "note", "kind", "timecode in", "timecode out", "first frame", "last frame", "scene", "text",
    "by", "at", "state", "resolved by", "resolved at", "drawing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoteSheet:
    """What is written: all notes of one scan."""

    title: str
    reel: str
    scan: EditionScan
    remarks: tuple[Remark, ...]
    scene_starts: tuple[int, ...] = ()
    """The first frame of each scene, ascending."""
    picture: Callable[[int], bytes | None] = lambda frame: None
    """A small PNG of a frame of the scan, for the sketches; None where there is none to show."""
    pictureless: str = ""
    """Why no sketch has its picture, in words."""

    @property
    def name(self) -> str:
        return f"{self.title}, {self.reel}"

    def timecode(self, frame: int) -> str:
        return timecode(frame, self.scan.rate, self.scan.start_timecode)

    def scene_of(self, remark: Remark) -> str:
        """The number of the scene with the note's first frame; empty where there are none."""
        return str(bisect_right(self.scene_starts, remark.start_frame) or "")

    def drawn(self, remark: Remark) -> str:
        """The drawing in words."""
        shapes = drawings.parse(
            list(remark.drawing), width=self.scan.width, height=self.scan.height
        )
        return drawings.in_words(shapes)


def write_notes_csv(path: Path, sheet: NoteSheet) -> None:
    """Write notes and their threads as CSV (RFC 4180, UTF-8), a row each. Raises: OSError."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for remark in sheet.remarks:
            writer.writerow([harmless(cell) for cell in _row(sheet, remark)])
            for row in _turns(remark):
                writer.writerow([harmless(cell) for cell in row])


def _row(sheet: NoteSheet, remark: Remark) -> list[str]:
    return [
        str(remark.number),
        "note",
        sheet.timecode(remark.start_frame),
        sheet.timecode(remark.end_frame),
        str(remark.start_frame),
        str(remark.end_frame - 1),
        sheet.scene_of(remark),
        remark.text,
        remark.by,
        remark.at,
        "resolved" if remark.resolved else "open",
        remark.resolved_by,
        remark.resolved_at,
        sheet.drawn(remark),
    ]


def _turns(remark: Remark) -> Iterator[list[str]]:
    for turn in remark.thread:
        yield [
            str(remark.number), turn.kind, *[""] * 5, turn.text, turn.by, turn.at, *[""] * 4
        ]  # fmt: skip


def turn_in_words(turn: Turn) -> str:
    """A turn of a thread on one line."""
    said = {"resolved": "resolved it", "reopened": "opened it again"}.get(turn.kind, "")
    return f"{turn.by}, {turn.at[:16].replace('T', ' ')}: {turn.text or said}"
