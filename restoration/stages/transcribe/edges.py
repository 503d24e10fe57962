"""Word edges moved to where the sound begins and ends. PURE: samples in, words out.

Whisper's times come from its attention: late by about a tenth of a second after a pause, and
without the pause itself, since one word is made to end where the next begins. A pause can be seen
in the sound: its level stays low for 70 ms and more. Every pause is given to the two neighbours
whose edges lie nearest; the first then ends where it begins, the second begins where it ends.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from restoration.speech.transcript import CLOCK, Line, Word
from restoration.stages.transcribe.loudness import STEP, Level, quiet_and_loud

_LEAST = 7
"""Steps of a pause; most closures inside words are shorter."""
_SURE = 15
"""From so many steps on it is a pause, and no closure."""
_RISE = 0.35
"""Of the way from the quiet to the loud: below it is pause."""
_CONTRAST = 8.0
"""dB between quiet and loud; with less there is no edge to be seen."""
_DEPTH = 45.0
"""dB below the words at which quiet is quiet enough, where a file has digital silence."""
_REACH, _SHORT_REACH = CLOCK * 60 // 100, CLOCK * 12 // 100
"""How far an edge moves at most: to a pause, and to what may be a closure."""


def pauses(level: Level) -> list[tuple[int, int]]:
    """Quiet stretches of 70 ms and more, in samples, in order."""
    if not len(level):
        return []
    low, loud = quiet_and_loud(level)
    quiet = np.maximum(low, loud - _DEPTH)
    is_quiet = (level < quiet + _RISE * (loud - quiet)) & (loud - quiet >= _CONTRAST)
    padded = np.concatenate([[False], is_quiet, [False]]).astype(np.int8)
    changes = np.flatnonzero(np.diff(padded)).tolist()
    return [
        (start * STEP, stop * STEP)
        for start, stop in zip(changes[::2], changes[1::2], strict=True)
        if stop - start >= _LEAST
    ]


def snap(lines: Sequence[Line], level: Level) -> list[Line]:
    """Lines with the edges of their words moved, where the sound shows a pause beside one.

    Args:
        level: of the sound from the lines' own zero on.
    """
    words = _snapped([word for line in lines for word in line.words], pauses(level))
    found, at = [], 0
    for line in lines:
        own = tuple(words[at : at + len(line.words)])
        at += len(own)
        start, end = (own[0].start, own[-1].end) if own else (line.start, line.end)
        found.append(replace(line, words=own, start=start, end=end))
    return found


def _snapped(words: Sequence[Word], quiet: Sequence[tuple[int, int]]) -> list[Word]:
    starts, ends = [word.start for word in words], [word.end for word in words]
    for border, (first, last) in _given(words, quiet).items():
        reach = _REACH if last - first >= _SURE * STEP else _SHORT_REACH
        if border and abs(first - words[border - 1].end) <= reach:
            ends[border - 1] = first
        if border < len(words) and abs(last - words[border].start) <= reach:
            starts[border] = last
    return _in_order(words, starts, ends)


def _given(words: Sequence[Word], quiet: Sequence[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """The pause of each border, where border n lies before word n."""
    begins = [word.start for word in words]
    found: dict[int, tuple[int, int]] = {}
    for first, last in quiet:
        near = bisect_left(begins, (first + last) // 2)
        borders = range(max(0, near - 2), min(len(words), near + 2) + 1)
        border = min(borders, key=lambda n: _away(words, n, first, last), default=None)
        if border is None:
            continue
        held = found.get(border)
        if held is None or last - first > held[1] - held[0]:
            found[border] = (first, last)
        if held is not None and min(last - first, held[1] - held[0]) >= _SURE * STEP:
            found[border] = (min(first, held[0]), max(last, held[1]))
    return found


def _away(words: Sequence[Word], border: int, first: int, last: int) -> int:
    """How far the edges at a border would move."""
    costs = []
    if border:
        costs.append(abs(first - words[border - 1].end))
    if border < len(words):
        costs.append(abs(last - words[border].start))
    return min(costs) + sum(costs) // 4


def _in_order(words: Sequence[Word], starts: list[int], ends: list[int]) -> list[Word]:
    """Words keep at least half of their length, and none begins before the one before it ends."""
    found: list[Word] = []
    for word, start, end in zip(words, starts, ends, strict=True):
        least = max(STEP, (word.end - word.start) // 3)
        if end - start < least:
            # One of both edges was moved into the word: the other goes along.
            if end != word.end and start == word.start:
                start = end - least
            else:
                end = start + least
        start = max(start, found[-1].start + STEP if found else 0)
        if found and found[-1].end > start:
            found[-1] = found[-1].moved(found[-1].start, start)
        found.append(word.moved(start, max(end, start + STEP)))
    return found
