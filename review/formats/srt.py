"""SubRip (SRT): in through webvtt-py, out by hand, since the format has no rules for escaping.

Speakers stand before their words as `NAME: `, since SRT has no place for them. What looks like
markup in the text itself is written as character references, and read back as text.
"""

from __future__ import annotations

import io
import re
from fractions import Fraction

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from restoration.speech.cues import Cue, CueLine
from review.formats.subtitles import (
    Markup,
    SubtitleError,
    Subtitles,
    checked,
    clock,
    decode,
    frame_at,
    milliseconds,
)

_TAGS = frozenset({"i", "b", "u", "s", "font"})
_LOOKS_LIKE_MARKUP = re.compile(r"<(?=/?(?:i|b|u|s|font)\b)|&(?=#?\w+;)", re.IGNORECASE)
_PLACE = re.compile(r"\{\\an?\d+\}")


def write_srt(subtitles: Subtitles, *, speakers: bool = False) -> str:
    """The file's text.

    Args:
        speakers: put each speaker's name before the words.
    """
    blocks = []
    for number, cue in enumerate(subtitles.cues, start=1):
        times = " --> ".join(
            clock(milliseconds(frame, subtitles.rate), mark=",")
            for frame in (cue.start_frame, cue.end_frame)
        )
        lines = [_written(line, named=speakers) for line in cue.lines]
        blocks.append("\n".join([str(number), times, *lines]))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _written(line: CueLine, *, named: bool) -> str:
    spans = []
    for span in line.spans:
        text = _LOOKS_LIKE_MARKUP.sub(
            lambda found: "&lt;" if found[0] == "<" else "&amp;", span.text
        )
        text = text.replace("-->", "--&gt;")
        spans.append(f"<i>{text}</i>" if span.italic else text)
    name = f"{line.speaker}: " if named and line.speaker else ""
    return line.dash + name + "".join(spans)


def read_srt(data: bytes, *, rate: Fraction) -> list[Cue]:
    """The cues of a file.

    Raises: SubtitleError
    """
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    try:
        captions = webvtt.WebVTT.from_buffer(io.StringIO(text + "\n"), format="srt").captions
    except (MalformedFileError, MalformedCaptionError) as error:
        raise SubtitleError(
            f"this is no SRT file ({error}): it begins with 1, and a line such as "
            "00:00:12,400 --> 00:00:13,700 under it"
        ) from error
    cues = []
    for caption in captions:
        lines = Markup(_TAGS).read([_PLACE.sub("", line) for line in caption.lines])
        start = frame_at(caption.start_time.in_milliseconds(), rate)
        end = frame_at(caption.end_time.in_milliseconds(), rate)
        if lines:
            cues.append(Cue(start, end, lines))
    return checked(cues, "SRT")
