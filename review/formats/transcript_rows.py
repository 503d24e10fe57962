"""A transcript as rows to be set on paper: when, who, what, and who answers for it."""

from __future__ import annotations

from collections.abc import Iterator

from archive.timecode import timecode
from restoration.speech.transcript import first_frame
from review.formats.edition import Edition
from review.formats.spoken import Spoken

COLUMNS = ("timecode", "speaker", "said", "answers for it")


def transcript_rows(edition: Edition, spoken: Spoken) -> Iterator[tuple[str, str, str, str]]:
    """A row of COLUMNS for each line."""
    scan = edition.scan
    for each in spoken.lines:
        at = timecode(first_frame(each.line.start, scan.rate), scan.rate, scan.start_timecode)
        yield at, each.line.speaker or "", each.line.text, each.answers
