"""A transcript to read: each line with its timecode and, where it is known, its speaker."""

from __future__ import annotations

from collections.abc import Iterable
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
) -> str:
    """Plain text, a paragraph for each line of the transcript."""
    head = [part for part in (title, note) if part]
    said = []
    for line in lines:
        at = timecode(first_frame(line.start, rate), rate, start_timecode)
        name = f"{line.speaker}: " if line.speaker else ""
        said.append(f"[{at}] {name}{line.text}")
    return "\n".join([*head, *([""] if head else []), *said]) + "\n"
