"""Characters that XML 1.0 has no way to write, kept out of every file that leaves. PLAIN."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

from restoration.speech.cues import Cue
from restoration.speech.transcript import unwritable
from review.formats.subtitles import Subtitles

_INSTEAD = "\N{REPLACEMENT CHARACTER}"


def legal_text(text: str) -> str:
    """The text with U+FFFD for each of them: a reader sees that something stood there."""
    while found := unwritable(text):
        text = text.replace(found, _INSTEAD)
    return text


def legal_tree(root: Element) -> Element:
    """Every text and attribute below `root`, changed in place."""
    for element in root.iter():
        if element.text:
            element.text = legal_text(element.text)
        for name, value in element.attrib.items():
            element.set(name, legal_text(value))
    return root


def legal_subtitles(subtitles: Subtitles) -> Subtitles:
    """The same for what people read in subtitles, in formats that are no XML as well."""
    return replace(
        subtitles,
        title=legal_text(subtitles.title),
        note=legal_text(subtitles.note),
        cues=[_legal_cue(cue) for cue in subtitles.cues],
    )


def _legal_cue(cue: Cue) -> Cue:
    lines = tuple(
        replace(
            line,
            spans=tuple(replace(span, text=legal_text(span.text)) for span in line.spans),
            speaker=legal_text(line.speaker) if line.speaker else line.speaker,
        )
        for line in cue.lines
    )
    return replace(cue, lines=lines)
