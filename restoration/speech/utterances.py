"""A recogniser's segments parted into utterances: what is said in one breath, or one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from restoration.speech.cue_layout import ends_sentence
from restoration.speech.transcript import CLOCK, Line, Word

BREATH = CLOCK * 7 // 10
"""A pause that ends an utterance."""
_SENTENCE = CLOCK // 5
"""A pause that ends one after the end of a sentence."""


def part(lines: Iterable[Line]) -> list[Line]:
    """Each line in as many as it has utterances; what was measured of it goes with every one."""
    return [piece for line in lines for piece in _parts(line)]


def _parts(line: Line) -> list[Line]:
    groups: list[list[Word]] = []
    for word in line.words:
        if groups and not _ends(groups[-1][-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    if len(groups) < 2:
        return [line]
    return [
        replace(line, words=tuple(group), start=group[0].start, end=group[-1].end)
        for group in groups
    ]


def _ends(one: Word, other: Word) -> bool:
    pause = other.start - one.end
    return pause >= BREATH or (ends_sentence(one) and pause >= _SENTENCE)
