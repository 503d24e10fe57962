"""What a machine says in English of speech in another language, beside its lines. PURE.

It stands in a transcript's facts as `translation`: a list of segments with `start`, `end`, `text`
and `doubts`. A recogniser makes it from the sound, not from the lines, so its lines are others than
those: each belongs to the line that it shares most time with.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from restoration.speech.transcript import Line, TranscriptError, from_json

LANGUAGE = "en"
_NAME = "translation"


def translated_lines(facts: Mapping[str, Any]) -> tuple[Line, ...]:
    """The lines in order of time, their words spread over them; none where nothing was translated.

    Raises: TranscriptError for a translation that cannot be read.
    """
    told = facts.get(_NAME)
    if told is None:
        return ()
    if not isinstance(told, list):
        raise TranscriptError(f"the {_NAME} is no list of segments")
    try:
        lines = from_json({"segments": told, "language": LANGUAGE}).lines
    except TranscriptError as error:
        raise TranscriptError(f"in the {_NAME}, {error}") from error
    return tuple(sorted((line for line in lines if line.words), key=lambda line: line.start))


def places(translated: Sequence[Line], spans: Sequence[tuple[int, int]]) -> list[int | None]:
    """Which line each translated one is of: the one that it shares most time with, else the last
    that begins before it.

    Args:
        spans: samples [start, end) of the lines, in order of their beginnings.

    Returns: places in `spans`; None where there is no line at all.
    """
    starts = [start for start, _ in spans]
    longest = max((end - start for start, end in spans), default=0)
    found: list[int | None] = []
    for each in translated:
        near = range(bisect_left(starts, each.start - longest), bisect_left(starts, each.end))
        best = max(near, key=lambda place: _shared(each, spans[place]), default=-1)
        if best < 0 or not _shared(each, spans[best]):
            best = max(0, bisect_right(starts, each.start) - 1)
        found.append(best if spans else None)
    return found


def _shared(line: Line, span: tuple[int, int]) -> int:
    return max(0, min(line.end, span[1]) - max(line.start, span[0]))
