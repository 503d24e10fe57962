"""Subtitle and transcript files of a reel: which formats there are, in and out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from archive.models import Scan
from restoration import transcripts
from restoration.models import Transcript
from restoration.speech import transcript as speech
from restoration.speech.cue_rules import Violation, check
from restoration.speech.cues import Cue, make_cues
from restoration.speech.imported import lines_of
from restoration.speech.profiles import find_profile
from restoration.speech.translation import LANGUAGE, translated_lines
from review.formats.ass import write_ass
from review.formats.imsc import write_imsc
from review.formats.srt import read_srt, write_srt
from review.formats.subtitles import SubtitleError, Subtitles, decode
from review.formats.transcript_text import write_text
from review.formats.vtt import read_vtt, write_vtt
from review.transcript_page import note_of
from review.translation import MARK, NAME, note_of_translation, standing

MOST_BYTES = 20 << 20
"""Of a file that is taken in."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file to hand over."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of subtitle file."""

    words: str
    media_type: str
    write: Callable[[Subtitles], str | bytes]


FORMATS = {
    "vtt": Format("WebVTT, with speakers", "text/vtt", write_vtt),
    "srt": Format("SubRip", "application/x-subrip", write_srt),
    "imsc": Format("IMSC 1.1 (TTML)", "application/ttml+xml", write_imsc),
    "ass": Format("Advanced SubStation Alpha", "text/x-ssa", write_ass),
}
"""Subtitles; `txt` and `json` are the lines themselves."""
_ENDINGS = {"imsc": "ttml"}


def cues_of(transcript: Transcript, profile: str) -> list[Cue]:
    """The cues of a transcript as it stands, snapped to the scan's scenes.

    Raises: ProfileError
    """
    return cues_for([line.as_line() for line in transcripts.layered(transcript).shown],
                 transcript, profile)  # fmt: skip


def cues_for(
    lines: list[speech.Line], transcript: Transcript, profile: str, *, language: str = ""
) -> list[Cue]:
    """The cues of some lines of a transcript, snapped to the scan's scenes.

    Args:
        language: of the lines; empty: the transcript's.

    Raises: ProfileError
    """
    scan = transcript.scan
    return make_cues(
        lines,
        find_profile(profile),
        rate=scan.rate,
        cuts=cuts_of(scan),
        language=language or transcript.language or "en",
        end_frame=scan.frames,
    )


def cuts_of(scan: Scan) -> list[int]:
    """The first frame of every scene but the first."""
    starts = scan.scenes.current().filter(start_frame__gt=0)
    return list(starts.order_by("start_frame").values_list("start_frame", flat=True))


def broken_rules(transcript: Transcript, profile: str) -> tuple[int, list[Violation]]:
    """How many cues there are, and every rule that they break."""
    cues = cues_of(transcript, profile)
    return len(cues), check(
        cues,
        find_profile(profile),
        rate=transcript.scan.rate,
        cuts=cuts_of(transcript.scan),
        language=transcript.language or "en",
    )


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file is of."""

    lines: list[speech.Line]
    language: str
    title: str
    note: str
    name: str
    mark: str = ""
    """Said behind every line of a text."""


def _said(transcript: Transcript) -> _Content:
    laid = transcripts.layered(transcript)
    return _Content(
        [line.as_line() for line in laid.shown],
        transcript.language,
        str(transcript.scan.reel),
        note_of(laid, transcript),
        _name(transcript),
    )


def _translated(transcript: Transcript) -> _Content:
    lines = standing(transcript, transcripts.layered(transcript))
    note = note_of_translation(transcript, lines)
    title = f"{transcript.scan.reel}, {NAME}"
    return _Content(lines, LANGUAGE, title, note, f"{_name(transcript)}-english.machine", MARK)


def _name(transcript: Transcript) -> str:
    return f"reel-{transcript.scan.reel_id}-transcript-{transcript.number}"


def write(
    transcript: Transcript, kind: str, profile: str = "archive", *, translated: bool = False
) -> Written:
    """The transcript as it stands, or a machine's translation of it, as a file of that kind.

    Raises: ProfileError; KeyError for an unknown kind.
    """
    found = (_translated if translated else _said)(transcript)
    lines, title, note, scan = found.lines, found.title, found.note, transcript.scan
    name = found.name
    if kind == "txt":
        text = write_text(
            lines,
            rate=scan.rate,
            start_timecode=scan.start_timecode,
            title=title,
            note=note,
            marks=[found.mark] * len(lines),
        )
        return Written(f"{name}.txt", "text/plain; charset=utf-8", text.encode())
    if kind == "json":
        said = speech.Transcript(tuple(lines), found.language, {"note": note})
        document = json.dumps(speech.as_json(said), ensure_ascii=False, indent=1)
        return Written(f"{name}.json", "application/json", document.encode())
    form = FORMATS[kind]
    cues = cues_for(lines, transcript, profile, language=found.language)
    subtitles = Subtitles(cues, scan.rate, title, found.language or "en", note)
    made = form.write(subtitles)
    data = made.encode() if isinstance(made, str) else made
    return Written(f"{name}.{_ENDINGS.get(kind, kind)}", form.media_type, data)


def read(name: str, data: bytes, *, rate: Fraction, language: str = "") -> speech.Transcript:
    """The lines of an SRT, WebVTT or transcript JSON file.

    Raises: SubtitleError, TranscriptError
    """
    if len(data) > MOST_BYTES:
        raise SubtitleError(f"{name} has more than {MOST_BYTES >> 20} MB; that is no subtitle file")
    ending = Path(name).suffix.lower()
    if ending == ".json":
        try:
            said = speech.from_json(json.loads(decode(data)))
            translated_lines(said.facts)  # whether it can be read
            return said
        except (ValueError, RecursionError) as error:
            raise SubtitleError(f"{name} is no transcript: {error}") from error
    readers = {".srt": read_srt, ".vtt": read_vtt}
    if ending not in readers:
        raise SubtitleError(f"{name} is not taken in; send a .srt, .vtt or .json file")
    cues = readers[ending](data, rate=rate)
    return speech.Transcript(tuple(lines_of(cues, rate=rate, language=language)), language)
