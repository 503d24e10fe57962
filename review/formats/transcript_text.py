"""A transcript to read: each line with its timecode and, where it is known, its speaker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from archive.timecode import timecode
from restoration.speech.transcript import Line, first_frame


def write_text(
    lines: Iterable[Line],
    *,
    rate: Fraction,
    start_timecode: str = "",
    title: str = "",
    note: str = "",
    marks: Sequence[str] = (),
) -> str:
    """Plain text, a paragraph for each line of the transcript.

    Args:
        marks: what is said behind each line in brackets, such as that nobody checked it.
    """
    head = [part for part in (title, note) if part]
    said = []
    for number, line in enumerate(lines):
        mark = f" [{marks[number]}]" if number < len(marks) and marks[number] else ""
        at = timecode(first_frame(line.start, rate), rate, start_timecode)
        name = f"{line.speaker}: " if line.speaker else ""
        said.append(f"[{at}] {name}{line.text}{mark}")
    return "\n".join([*head, *([""] if head else []), *said]) + "\n"
