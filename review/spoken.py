"""The transcript that leaves with a reel, read from its rows into values."""

from __future__ import annotations

from archive.models import Scan
from restoration import transcripts
from restoration.models import Transcript
from restoration.speech.layers import LayeredLine
from review.formats.spoken import Spoken, SpokenLine
from review.transcript_page import note_of


def newest_with_lines(scan: Scan) -> Transcript | None:
    """The newest transcript that has any line.

    A run that heard nothing says nothing of the lines that an earlier one heard.
    """
    versions = scan.transcripts.order_by("-number")
    return next((each for each in versions if each.lines.exists()), None)


def spoken_in(scan: Scan) -> Spoken | None:
    """That transcript as it stands, with what people corrected; None if nothing is said."""
    transcript = newest_with_lines(scan)
    if transcript is None:
        return None
    laid = transcripts.layered(transcript)
    if not laid.shown:
        return None
    return Spoken(
        number=transcript.number,
        digest=transcript.digest,
        source=transcript.source,
        language=transcript.language,
        note=note_of(laid, transcript),
        lines=tuple(_line(line) for line in laid.shown),
    )


def _line(line: LayeredLine) -> SpokenLine:
    people = dict.fromkeys([word.by for word in line.words] + [line.speaker_by])
    people.pop("", None)
    return SpokenLine(
        line.as_line(),
        words_answered=line.words_answered,
        speaker_answered=line.speaker_answered,
        by=tuple(people),
    )
