"""SubRip (SRT): in through webvtt-py, out by hand, since the format has no rules for escaping.

Speakers stand before their words as `NAME: `, since SRT has no place for them. What looks like
markup in the text itself is written as character references, and read back as text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
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

_TAGS = frozenset({"i", "b", "u", "s", "font"})
_LOOKS_LIKE_MARKUP = re.compile(r"<(?=/?(?:i|b|u|s|font)\b)|&(?=#?\w+;)", re.IGNORECASE)
_TIME = r"\d{1,4}:[0-5]?\d:[0-5]?\d[,.]\d{1,9}"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?![\d:])", re.ASCII)
_LIKE_TIMES = re.compile(r"\s*\d+[:;,.]\S*\s*-->", re.ASCII)
_PLACE = re.compile(r"\{\\an?\d+\}")


def write_srt(subtitles: Subtitles, *, speakers: bool = False) -> str:
    """The file's text.

    Args:
        speakers: put each speaker's name before the words.
    """
    subtitles = legal_subtitles(subtitles)
    blocks = []
    for number, cue in enumerate(subtitles.cues, start=1):
        times = " --> ".join(
            clock(milliseconds(frame, subtitles.rate), mark=",")
            for frame in (cue.start_frame, cue.end_frame)
        )
        lines = [_written(line, named=speakers) for line in cue.lines]
        blocks.append("\n".join([str(number), times, *lines]))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def escaped(text: str) -> str:
    """The text as a file has it: what looks like markup is text when it is read back."""
    plain = _LOOKS_LIKE_MARKUP.sub(lambda found: "&lt;" if found[0] == "<" else "&amp;", text)
    return plain.replace("-->", "--&gt;")


def _written(line: CueLine, *, named: bool) -> str:
    spans = []
    for span in line.spans:
        text = escaped(span.text)
        spans.append(f"<i>{text}</i>" if span.italic else text)
    name = f"{line.speaker}: " if named and line.speaker else ""
    return line.dash + name + "".join(spans)


def read_srt(data: bytes, *, rate: Fraction) -> list[Cue]:
    """The cues of a file.

    Raises: SubtitleError
    """
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    try:
        captions = webvtt.WebVTT.from_buffer(
            io.StringIO(text.strip("\n") + "\n"), format="srt"
        ).captions
    except (MalformedFileError, MalformedCaptionError) as error:
        raise SubtitleError(
            f"this is no SRT file ({error}): it begins with 1, and a line such as "
            "00:00:12,400 --> 00:00:13,700 under it"
        ) from error
    refuse_unread(
        _times(text), "SRT", "it needs a number above it and reads 00:00:12,400 --> 00:00:13,700"
    )
    return cues_from(captions, _TAGS, rate, "SRT", out=_PLACE)


def _times(text: str) -> Iterator[tuple[int, str, bool]]:
    """Every line that begins a cue: it needs a number above it, as readers skip it else."""
    above, alone = "", True
    for number, line in enumerate(text.split("\n"), start=1):
        if "-->" in line and (not above or above.isdigit() or _LIKE_TIMES.match(line)):
            yield number, line, above.isdigit() and _TIMES.match(line) is not None
        if line.strip():
            above, alone = line.strip(), not above
        elif not (above.isdigit() and alone):
            above = ""  # else an empty line stands between a number and its times
