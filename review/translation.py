"""A machine's translation of a transcript, where its run made one: shown and handed over as that.

Nobody answers for it: there is no layer of corrections over it. Where a person says that nobody
speaks, or takes a line off, what a machine translated there goes too.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from restoration.models import Transcript
from restoration.speech import layers
from restoration.speech.transcript import Line, TranscriptError, sample_of_frame
from restoration.speech.translation import LANGUAGE, places, translated_lines

NAME = "English translation by a machine"
MARK = "machine's translation, unreviewed"


def translation_of(transcript: Transcript) -> tuple[Line, ...]:
    """Its lines within the scan; none where there is none, or none that can be read."""
    try:
        lines = translated_lines(transcript.facts)
    except TranscriptError:
        return ()
    end = sample_of_frame(transcript.scan.frames, transcript.scan.rate)
    return tuple(replace(line, end=min(line.end, end)) for line in lines if line.start < end)


def by_line(transcript: Transcript, laid: layers.Layered) -> dict[str, tuple[Line, ...]]:
    """The translated lines, by the key of the line that each is of."""
    translated = translation_of(transcript)
    owners = sorted(laid.lines, key=lambda line: (line.start, line.end)) if translated else []
    found: dict[str, list[Line]] = defaultdict(list)
    spans = [(line.start, line.end) for line in owners]
    for each, place in zip(translated, places(translated, spans), strict=True):
        if place is not None:
            found[owners[place].key].append(each)
    return {key: tuple(lines) for key, lines in found.items()}


def standing(transcript: Transcript, laid: layers.Layered) -> list[Line]:
    """What is left of it where people left lines, in order of time."""
    shown = {line.key for line in laid.shown}
    found = [
        each for key, lines in by_line(transcript, laid).items() if key in shown for each in lines
    ]
    return sorted(found, key=lambda line: (line.start, line.end))


def note_of_translation(transcript: Transcript, lines: list[Line]) -> str:
    """What every file of it says at its head."""
    doubtful = sum(bool(line.doubts) for line in lines)
    heard = f" ({transcript.language})" if transcript.language not in ("", LANGUAGE) else ""
    return (
        f"MACHINE, UNREVIEWED: a machine said this in English of what it heard{heard}. Nobody has "
        f"checked it, and what people corrected in the transcript is not in it. It doubts "
        f"{doubtful} of {len(lines)} lines. Source: {transcript.source}"
    )
