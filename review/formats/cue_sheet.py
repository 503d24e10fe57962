"""The cue sheet: what a machine or a person made, by timecode, for producers who have to tell.

Its columns are what the Archival Producers Alliance asks documentary makers to track: descriptions
and timecodes, the software used and what it was told, the source material, its rights.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from review.formats.edition import COPIED, HAND, MACHINE, Cue, Edition, EditionScene
from review.formats.timeline import reel_timecode
from review.shares import percent

NAME = "cue-sheet.csv"
COLUMNS = (
    "cue", "timecode in", "timecode out", "seconds", "first frame", "last frame", "scene",
    "made by", "what", "description", "frames affected", "largest share of a frame",
    "mean share of those frames", "software", "model and weights", "told to do", "source material",
    "rights of the source", "decided by", "decided at", "digest of what was decided on",
)  # fmt: skip
MADE_BY = {MACHINE: "machine", HAND: "person", COPIED: "machine, from other frames"}
WHAT = {"structure": "picture", "colour": "colour"}
_WORDS = {
    (MACHINE, "structure"): "picture made up by a method that has no evidence for it",
    (MACHINE, "colour"): "colour made up by a method that has no evidence for it",
    (HAND, "structure"): "picture that a person entered or corrected by eye",
    (HAND, "colour"): "colour that a person entered or corrected by eye",
    (COPIED, "structure"): "picture copied from other frames of the same scene",
    (COPIED, "colour"): "colour copied from other frames of the same scene",
}
NOTHING = "Nothing in this delivery was made by a machine or entered by a person."


def write_cue_sheet(path: Path, edition: Edition) -> None:
    """Write the sheet as CSV (RFC 4180, UTF-8). Raises: OSError."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in cue_rows(edition):
            writer.writerow([harmless(cell) for cell in row])


def cue_rows(edition: Edition) -> Iterator[list[str]]:
    """A row for each cue, in the order of the reel; one that says so if there is none."""
    number = 0
    for scene in edition.scenes:
        for cue in scene.cues:
            number += 1
            yield _row(number, cue, scene, edition)
    if not number:
        yield ["", *(reel_timecode(edition, frame) for frame in (0, edition.scan.frames)),
               _seconds(edition, edition.scan.frames), "0", str(edition.scan.frames - 1), "", "",
               "", NOTHING, *[""] * (len(COLUMNS) - 10)]  # fmt: skip


def _row(number: int, cue: Cue, scene: EditionScene, edition: Edition) -> list[str]:
    decision = scene.decision
    start, end = cue.start_frame, cue.end_frame
    return [
        str(number),
        reel_timecode(edition, start),
        reel_timecode(edition, end),
        _seconds(edition, end - start),
        str(start),
        str(end - 1),
        str(scene.number),
        MADE_BY[cue.kind],
        WHAT[cue.plane],
        _WORDS[cue.kind, cue.plane],
        str(cue.frames),
        percent(cue.most),
        percent(cue.mean),
        f"Reelproof {cue.stage} {cue.version}, take {cue.take}",
        "; ".join(cue.models) or "none",
        json.dumps(cue.settings, ensure_ascii=False, sort_keys=True),
        f"{edition.title}, {edition.reel}, scan {edition.scan.sha256}",
        "; ".join(edition.rights) or "not recorded",
        decision.by if decision else "nobody: " + scene.unapproved,
        decision.at if decision else "",
        scene.take.digest,
    ]


def _seconds(edition: Edition, frames: int) -> str:
    return f"{float(frames / edition.scan.rate):.3f}"


def harmless(cell: str) -> str:
    """Spreadsheets run what begins like a formula: an apostrophe makes it text (OWASP).

    Some trim blanks and line breaks before they look.
    """
    risky = cell.startswith(("\t", "\r")) or cell.lstrip().startswith(("=", "+", "-", "@"))
    return f"'{cell}" if risky else cell
