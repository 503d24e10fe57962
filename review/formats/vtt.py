"""WebVTT (W3C), with a voice span for every line whose speaker is known; in through webvtt-py."""

from __future__ import annotations

import html
import re
from fractions import Fraction

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from restoration.speech.cues import Cue, CueLine
from review.formats.characters import legal_subtitles
from review.formats.subtitles import (
    SubtitleError,
    Subtitles,
    clock,
    cues_from,
    decode,
    milliseconds,
    refuse_unread,
)

_TAGS = frozenset({"i", "b", "u", "c", "v", "lang", "ruby", "rt"})
_TIME = r"(?:\d{1,4}:)?[0-5]?\d:[0-5]?\d\.\d{1,9}"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?![\d:])", re.ASCII)
_TIMESTAMP = re.compile(r"<(?:\d+:)?\d{2}:\d{2}\.\d{3}>")


def write_vtt(subtitles: Subtitles) -> str:
    """The file's text."""
    subtitles = legal_subtitles(subtitles)
    blocks = [f"WEBVTT {_one_line(subtitles.title)}".rstrip()]
    if subtitles.note:
        blocks.append(f"NOTE {_one_line(subtitles.note)}")
    for number, cue in enumerate(subtitles.cues, start=1):
        times = " --> ".join(
            clock(milliseconds(frame, subtitles.rate), mark=".")
            for frame in (cue.start_frame, cue.end_frame)
        )
        blocks.append("\n".join([str(number), times, *map(_written, cue.lines)]))
    return "\n\n".join(blocks) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.replace("-->", "→").split())


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _written(line: CueLine) -> str:
    spans = [
        f"<i>{_escaped(span.text)}</i>" if span.italic else _escaped(span.text)
        for span in line.spans
    ]
    said = _escaped(line.dash) + "".join(spans)
    return f"<v {_escaped(_one_line(line.speaker))}>{said}</v>" if line.speaker else said


def read_vtt(data: bytes, *, rate: Fraction) -> list[Cue]:
    """The cues of a file.

    Raises: SubtitleError
    """
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    try:
        captions = webvtt.WebVTT.from_string(text).captions
    except (MalformedFileError, MalformedCaptionError) as error:
        raise SubtitleError(
            f"this is no WebVTT file ({error}): its first line is WEBVTT, and each cue has a line "
            "such as 00:00:12.400 --> 00:00:13.700"
        ) from error
    times = (
        (number, line, _TIMES.match(line) is not None)
        for number, line in enumerate(text.split("\n"), start=1)
        if number > 1 and "-->" in line and not line.startswith("NOTE")
    )
    refuse_unread(times, "WebVTT", "it reads 00:00:12.400 --> 00:00:13.700")
    return cues_from(captions, _TAGS, rate, "WebVTT", out=_TIMESTAMP)
