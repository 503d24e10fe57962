"""What people said of a machine's lines, laid over them: each correction attributed, none final.

A machine's lines are never changed. Corrections are replayed over them in order, each on lines that
it names as it saw them: by key in the transcript that it was made in, by place and text in another
one, such as that of a later run. One that no longer fits is a conflict, and changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from restoration.speech.transcript import Kind, Line, Word, join_words


class Label(StrEnum):
    """Who answers for a word; shown wherever the word goes."""

    MACHINE = "MACHINE"
    MACHINE_DOUBTFUL = "MACHINE_DOUBTFUL"
    CONFIRMED = "CONFIRMED"
    HUMAN = "HUMAN"


ANSWERED = frozenset({Label.CONFIRMED, Label.HUMAN})
"""A named person answers for the word."""
_TOLD = " (machine)"
"""Behind a speaker's name that no person gave, wherever it leaves."""


def _marked(name: str | None) -> str | None:
    """Once: a file of ours that was taken in again has the mark already."""
    return f"{name.removesuffix(_TOLD)}{_TOLD}" if name else name


@dataclass(frozen=True, slots=True)
class LayeredWord:
    """A word, who answers for it, and by what name."""

    word: Word
    label: Label
    by: str = ""

    @property
    def speaker_answered(self) -> bool:
        """Its own speaker, if it has one, was named by who typed it."""
        return self.word.speaker is None or self.label == Label.HUMAN

    def as_word(self) -> Word:
        """For cues and files."""
        if self.speaker_answered:
            return self.word
        return replace(self.word, speaker=_marked(self.word.speaker))


@dataclass(frozen=True, slots=True)
class LayeredLine:
    """A line as it stands after the corrections that fit."""

    key: str
    """`m12`: the transcript's line 12; `.1`, `.2`: parts of one; `h7`: put in by correction 7."""
    words: tuple[LayeredWord, ...]
    start: int
    end: int
    speaker: str | None = None
    speaker_by: str = ""
    """Who named the speaker; empty: nobody, or a machine. Who checks the words names nobody."""
    kind: Kind = "speech"
    doubts: tuple[str, ...] = ()
    removed: str = ""
    """Why it is not shown any more: `deleted` or `no speech`; empty: it is shown."""
    removed_by: str = ""
    corrections: tuple[int, ...] = ()
    language: str = ""

    @property
    def text(self) -> str:
        return join_words(each.word for each in self.words)

    @property
    def words_answered(self) -> bool:
        """A named person answers for every word."""
        return all(each.label in ANSWERED for each in self.words)

    @property
    def speaker_answered(self) -> bool:
        """A named person says who speaks, or nobody says it."""
        own = all(each.speaker_answered for each in self.words)
        return own and bool(self.speaker_by or not self.speaker)

    @property
    def answered(self) -> bool:
        """A named person answers for every word, and for the speaker's name."""
        return self.words_answered and self.speaker_answered

    def as_line(self) -> Line:
        """For cues and files: a speaker's name that no person gave says so."""
        return Line(
            tuple(each.as_word() for each in self.words),
            self.start,
            self.end,
            language=self.language,
            speaker=self.speaker if self.speaker_by else _marked(self.speaker),
            kind=self.kind,
            doubts=self.doubts,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A line as a correction saw it."""

    key: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person did, in the order of `number`."""

    number: int
    kind: str
    """A key of `corrections.KINDS`."""
    by: str
    targets: tuple[Target, ...] = ()
    payload: Mapping[str, Any] = field(default_factory=dict)
    here: bool = True
    """Made in this very transcript; else in another one of the same scan."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A correction that does not fit the lines any more; nothing was changed by it."""

    correction: Correction
    why: str
    key: str = ""
    """The line in its place, if there is one."""


class NoFit(Exception):
    """A correction does not fit; the message says why."""

    def __init__(self, why: str, key: str = "") -> None:
        super().__init__(why)
        self.key = key


@dataclass(slots=True)
class Layered:
    """Lines in order of time, removed ones among them, and what did not fit."""

    lines: list[LayeredLine]
    conflicts: list[Conflict] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _starts: list[tuple[int, int]] = field(default_factory=list, init=False, repr=False,
                                           compare=False)  # fmt: skip
    _longest: int = field(default=0, init=False, repr=False, compare=False)

    @property
    def shown(self) -> list[LayeredLine]:
        return [line for line in self.lines if not line.removed]

    def find(self, key: str) -> LayeredLine | None:
        self._index()
        place = self._places.get(key)
        return None if place is None else self.lines[place]

    def near(self, start: int, end: int) -> list[LayeredLine]:
        """Lines that are shown and may share time with [start, end), in their order."""
        self._index()
        low = bisect_left(self._starts, (start - self._longest, -1))
        high = bisect_left(self._starts, (end, -1))
        places = sorted(place for _, place in self._starts[low:high])
        return [self.lines[place] for place in places if not self.lines[place].removed]

    def put(self, key: str, made: Sequence[LayeredLine]) -> None:
        """Put lines in place of one, or take it out if there are none."""
        self._index()
        place = self._places[key]
        old = self.lines[place]
        self.lines[place : place + 1] = made
        if [(each.key, each.start, each.end) for each in made] != [(key, old.start, old.end)]:
            self._places.clear()

    def add(self, line: LayeredLine) -> None:
        self.lines.append(line)
        self.sort()

    def sort(self) -> None:
        """By time, after lines were moved or added."""
        self.lines.sort(key=lambda line: (line.start, line.end))
        self._places.clear()

    def _index(self) -> None:
        """Where each line is; thousands of corrections would else look through all of them."""
        if not self._places:
            self._places = {line.key: place for place, line in enumerate(self.lines)}
            self._starts = sorted((line.start, place) for place, line in enumerate(self.lines))
            self._longest = max((line.end - line.start for line in self.lines), default=0)


def confirmed(line: LayeredLine, by: str) -> LayeredLine:
    """Every machine word of the line confirmed; what a person typed stays theirs."""
    words = tuple(
        each if each.label in ANSWERED else replace(each, label=Label.CONFIRMED, by=by)
        for each in line.words
    )
    return replace(line, words=words, doubts=())
