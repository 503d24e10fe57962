"""The cue sheet: what a machine or a person made, by timecode, for producers who have to tell.

Its columns are what the Archival Producers Alliance asks documentary makers to track: descriptions
and timecodes, the software used and what it was told, the source material, its rights.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from restoration.speech.transcript import first_frame, frame_after
from review.formats.edition import COPIED, HAND, MACHINE, Cue, Edition, EditionScene
from review.formats.spoken import UNREVIEWED, Spoken
from review.formats.timeline import reel_timecode
from review.shares import percent

NAME = "cue-sheet.csv"
COLUMNS = (
    "cue", "timecode in", "timecode out", "seconds", "first frame", "last frame", "scene",
    "made by", "what", "description", "frames affected", "largest share of a frame",
    "mean share of those frames", "software", "model and weights", "told to do", "source material",
    "rights of the source", "decided by", "decided at", "digest of what was decided on",
    "overridden for it",
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
NOTHING = (
    "No picture or colour was made by a machine or entered by a person; what only adjusts the scan "
    "is not listed."
)
WORDS = "words"


def write_cue_sheet(path: Path, edition: Edition) -> None:
    """Write the sheet as CSV (RFC 4180, UTF-8). Raises: OSError."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in cue_rows(edition):
            writer.writerow([harmless(cell) for cell in row])


def cue_rows(edition: Edition) -> Iterator[list[str]]:
    """A row for each cue, in the order of the reel; one that says so if there is none.

    Then one for the transcript, and one for its translation, where there are such.
    """
    number = 0
    for scene in edition.scenes:
        for cue in scene.cues:
            number += 1
            yield _row(number, cue, scene, edition)
    if not number:
        yield _cells(_place(edition, 0, edition.scan.frames) | {"description": NOTHING})
    for what, spoken in (("transcript", edition.spoken), ("translation", edition.translation)):
        if spoken is not None:
            number += 1
            yield _cells({"cue": str(number)} | _of_words(what, spoken, edition))


def _cells(named: dict[str, str]) -> list[str]:
    return [named.get(name, "") for name in COLUMNS]


def _place(edition: Edition, start: int, end: int) -> dict[str, str]:
    return {
        "timecode in": reel_timecode(edition, start),
        "timecode out": reel_timecode(edition, end),
        "seconds": _seconds(edition, end - start),
        "first frame": str(start),
        "last frame": str(end - 1),
    }


def _of_words(what: str, spoken: Spoken, edition: Edition) -> dict[str, str]:
    """Lines lie close together, so that they are one cue; each by itself is in the files of text.

    They lie beside the picture and take no share of it.
    """
    rate, last = edition.scan.rate, edition.scan.frames
    start = min(first_frame(each.line.start, rate) for each in spoken.lines)
    end = max(frame_after(each.line.end, rate) for each in spoken.lines)
    people = dict.fromkeys(name for each in spoken.lines for name in each.by)
    return _place(edition, min(start, last - 1), min(max(end, start + 1), last)) | {
        "made by": MADE_BY[MACHINE if spoken.unanswered else HAND],
        "what": WORDS,
        "description": f"{what} of what is said, {spoken.state}; subtitles are made from it",
        "software": spoken.source,
        "source material": _source(edition),
        "rights of the source": _rights(edition),
        "decided by": "; ".join(people) or f"nobody: {UNREVIEWED}",
        "digest of what was decided on": spoken.digest,
        "overridden for it": _overridden(edition),
    }


def _row(number: int, cue: Cue, scene: EditionScene, edition: Edition) -> list[str]:
    return _cells(_place(edition, cue.start_frame, cue.end_frame) | {
        "cue": str(number),
        "scene": str(scene.number),
        "made by": MADE_BY[cue.kind],
        "what": WHAT[cue.plane],
        "description": _WORDS[cue.kind, cue.plane],
        "frames affected": str(cue.frames),
        "largest share of a frame": percent(cue.most),
        "mean share of those frames": percent(cue.mean),
        "software": f"Reelproof {cue.stage} {cue.version}, take {cue.take}",
        "model and weights": "; ".join(cue.models) or "none",
        "told to do": json.dumps(cue.settings, ensure_ascii=False, sort_keys=True),
        "source material": _source(edition),
        "rights of the source": _rights(edition),
        "decided by": "; ".join(each.by for each in scene.decided) or f"nobody: {scene.unapproved}",
        "decided at": "; ".join(each.at for each in scene.decided),
        "digest of what was decided on": scene.take.digest,
        "overridden for it": _overridden(edition),
    })  # fmt: skip


def _source(edition: Edition) -> str:
    return f"{edition.title}, {edition.reel}, scan {edition.scan.sha256}"


def _rights(edition: Edition) -> str:
    return "; ".join(edition.rights) or "not recorded"


def _overridden(edition: Edition) -> str:
    """Rules of the use against which a person let it leave."""
    found = edition.override
    return f"{'; '.join(found.rules)}, by {found.by}: {found.reason}" if found else ""


def _seconds(edition: Edition, frames: int) -> str:
    return f"{float(frames / edition.scan.rate):.3f}"


def harmless(cell: str) -> str:
    """Spreadsheets run what begins like a formula: an apostrophe makes it text (OWASP).

    Some trim blanks and line breaks before they look.
    """
    risky = cell.startswith(("\t", "\r")) or cell.lstrip().startswith(("=", "+", "-", "@"))
    return f"'{cell}" if risky else cell
