"""Cues of a subtitle file as lines: somebody else's transcript, whose words have no times yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from restoration.speech.cues import Cue, CueLine
from restoration.speech.transcript import Kind, Line, Word, sample_of_frame

_DASHES = ("-", "–", "‐")
_SOUND = {"[": "]", "(": ")"}


def lines_of(cues: Iterable[Cue], *, rate: Fraction, language: str = "") -> list[Line]:
    """A line for each cue, or for each of its two speakers; words are spread over its time."""
    return [
        line
        for cue in cues
        for line in _lines_of_cue(cue, rate, language)
        if line.words and line.end > line.start
    ]


def _lines_of_cue(cue: Cue, rate: Fraction, language: str) -> list[Line]:
    start, end = sample_of_frame(cue.start_frame, rate), sample_of_frame(cue.end_frame, rate)
    turns = _turns(cue)
    lengths = [sum(len(line.text) for line in turn) for turn in turns]
    total, done, found = sum(lengths), 0, []
    for turn, length in zip(turns, lengths, strict=True):
        first = start + (end - start) * done // max(total, 1)
        done += length
        last = start + (end - start) * done // max(total, 1)
        found.append(_line(turn, first, last, language))
    return found


def _turns(cue: Cue) -> list[list[CueLine]]:
    """The cue's lines by speaker; a dash begins another's turn where two lines have one."""
    dashed = sum(line.text.lstrip().startswith(_DASHES) for line in cue.lines) > 1
    turns: list[list[CueLine]] = []
    for line in cue.lines:
        opens = dashed and line.text.lstrip().startswith(_DASHES)
        if not turns or opens or line.speaker != turns[-1][-1].speaker:
            turns.append([])
        turns[-1].append(_without_dash(line) if opens else line)
    return turns


def _without_dash(line: CueLine) -> CueLine:
    first, *rest = line.spans
    return replace(line, spans=(replace(first, text=first.text.lstrip()[1:].lstrip()), *rest))


def _line(turn: list[CueLine], start: int, end: int, language: str) -> Line:
    pieces = [
        (text, span.italic) for line in turn for span in line.spans for text in span.text.split()
    ]
    total, done = sum(len(text) for text, _ in pieces), 0
    words = []
    for text, italic in pieces:
        first = start + (end - start) * done // total
        done += len(text)
        last = start + (end - start) * done // total
        words.append(Word(text, first, last, timed="interpolated", italic=italic))
    return Line(
        tuple(words),
        start,
        end,
        language=language,
        speaker=turn[0].speaker,
        kind=_kind(" ".join(text for text, _ in pieces)),
        engine="imported",
    )


def _kind(text: str) -> Kind:
    """A line that is nothing but [a sound] describes one."""
    closing = _SOUND.get(text[:1])
    return "sound" if closing and text.find(closing) == len(text) - 1 else "speech"
