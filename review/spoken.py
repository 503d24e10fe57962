"""The transcript that leaves with a reel, read from its rows into values."""

from __future__ import annotations

from archive.fixity import digest_json
from archive.models import Scan
from restoration import transcripts
from restoration.models import Transcript
from restoration.speech import transcript as speech
from restoration.speech.layers import LayeredLine
from restoration.speech.translation import LANGUAGE
from review.formats.spoken import Spoken, SpokenLine
from review.transcript_page import note_of
from review.translation import note_of_translation, standing


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


def translation_in(scan: Scan) -> Spoken | None:
    """A machine's translation of that transcript into English; None if it has none.

    Nobody answers for any line of it.
    """
    transcript = newest_with_lines(scan)
    lines = standing(transcript, transcripts.layered(transcript)) if transcript else []
    if transcript is None or not lines:
        return None
    return Spoken(
        number=transcript.number,
        digest=digest_json(speech.as_json(speech.Transcript(tuple(lines), LANGUAGE))),
        source=f"{transcript.source}, translated",
        language=LANGUAGE,
        note=note_of_translation(transcript, lines),
        lines=tuple(
            SpokenLine(each, words_answered=False, speaker_answered=True) for each in lines
        ),
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
