"""Advanced SubStation Alpha, written by pysubs2; a line's speaker is the event's name."""

from __future__ import annotations

import pysubs2

from restoration.speech.cues import Cue, CueLine
from review.formats.characters import legal_subtitles
from review.formats.subtitles import Subtitles, milliseconds


def write_ass(subtitles: Subtitles) -> str:
    """The file's text; times are rounded to hundredths of a second, as the format has them."""
    subtitles = legal_subtitles(subtitles)
    file = pysubs2.SSAFile()
    file.info["Title"] = " ".join((subtitles.title or "Reelproof").split())
    if subtitles.note:
        file.info["Original Script"] = " ".join(subtitles.note.split())
    file.events = [
        pysubs2.SSAEvent(
            start=milliseconds(cue.start_frame, subtitles.rate),
            end=milliseconds(cue.end_frame, subtitles.rate),
            text=r"\N".join(_written(line) for line in cue.lines),
            name=_names(cue),
        )
        for cue in subtitles.cues
    ]
    return str(file.to_string("ass"))


def _names(cue: Cue) -> str:
    names = dict.fromkeys(line.speaker for line in cue.lines if line.speaker)
    return " / ".join(" ".join(name.replace(",", " ").split()) for name in names)


def _written(line: CueLine) -> str:
    spans = []
    for span in line.spans:
        # Braces open override tags, and a backslash may begin one of three codes.
        text = span.text.replace("\\", "\\\u2060").replace("{", r"\{").replace("}", r"\}")
        spans.append(rf"{{\i1}}{text}{{\i0}}" if span.italic else text)
    return line.dash + "".join(spans)
