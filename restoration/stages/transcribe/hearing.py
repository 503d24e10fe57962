"""The lines of one block of sound: a fast pass, and a second look at what looks made up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from restoration.speech.transcript import Line
from restoration.speech.utterances import part
from restoration.stages.transcribe.blocks import Block, Samples, Span, windows
from restoration.stages.transcribe.edges import snap
from restoration.stages.transcribe.loudness import levels
from restoration.stages.transcribe.recogniser import Recogniser, Task, voice_chances
from restoration.stages.transcribe.suspicion import doubts
from restoration.stages.transcribe.voiced import voiced

Engine = Literal["fast", "careful"]
Told = Callable[[int], None]
"""Called with the sample up to which the whole sound has been heard."""

_VOICE, _FAINT_VOICE = 0.5, 0.3
"""Of the voice detector: what a stretch must reach somewhere, and what still belongs to it."""
_TOGETHER = 8
"""Windows between two tellings of how far it is."""


@dataclass(slots=True)
class Heard:
    """What one block gave."""

    lines: list[Line]
    speech: list[Span]
    again: int = 0
    """Windows that were decoded a second time."""


def speech_in(sound: Samples) -> list[Span]:
    """Where somebody speaks: as far as a voice is faintly heard, where it is clearly heard too.

    Worn sound hides the ends of sentences from a single threshold; a lower one hears voices in
    music.
    """
    chances = voice_chances(sound)
    clear = voiced(chances, len(sound), threshold=_VOICE)
    if not clear:
        return []
    faint = voiced(chances, len(sound), threshold=_FAINT_VOICE)
    begins = [start for start, _ in clear]
    return [span for span in faint if _holds_one(begins, span)]


def _holds_one(begins: Sequence[int], span: Span) -> bool:
    at = bisect_left(begins, span[0])
    return at < len(begins) and begins[at] < span[1]


def hear(
    block: Block,
    recogniser: Recogniser,
    *,
    engine: Engine = "fast",
    language: str = "",
    task: Task = "transcribe",
    told: Told = lambda at: None,
) -> Heard:
    """The lines of one block, on the clock of the whole sound."""
    found: list[Line] = []
    again = 0
    every = windows(block.speech, len(block.sound))
    together = 1 if engine == "careful" else _TOGETHER
    for first in range(0, len(every), together):
        spans = every[first : first + together]
        if engine == "careful":
            found += carefully(block, spans, recogniser, language, task)
        else:
            fast = recogniser.fast(block.sound, spans, language, task=task)
            better, more = _second_look(block, fast, spans, recogniser, language, task)
            found, again = found + better, again + more
        told(block.first + spans[-1][1])
    return Heard(_told_apart(block, found), _later(block.speech, block.first), again)


def _told_apart(block: Block, found: list[Line]) -> list[Line]:
    """Edges moved to where the sound begins and ends, parted in utterances, with their doubts."""
    if not found:
        return []
    lines = part(snap(found, levels(block.sound)))
    lines = [replace(line, doubts=doubts(line, block.speech)) for line in lines]
    return [moved(line, block.first) for line in lines]


def _later(spans: Sequence[Span], by: int) -> list[Span]:
    return [(start + by, stop + by) for start, stop in spans]


def _second_look(
    block: Block,
    found: list[Line],
    spans: Sequence[Span],
    recogniser: Recogniser,
    language: str,
    task: Task,
) -> tuple[list[Line], int]:
    """Windows with a doubtful line, or with speech and no words, decoded again by themselves."""
    kept, again = [], 0
    for start, stop in spans:
        own = [line for line in found if start <= (line.start + line.end) // 2 < stop]
        if own and not any(doubts(line, block.speech) for line in own):
            kept += own
            continue
        again += 1
        better = carefully(block, [(start, stop)], recogniser, language, task)
        kept += better if _weight(better, block) <= _weight(own, block) else own
    return sorted(kept, key=lambda line: line.start), again


def _weight(lines: list[Line], block: Block) -> tuple[int, float]:
    """How much speaks against lines: doubts, then how unsure; nothing at all is worst."""
    if not lines:
        return 99, 0.0
    against = sum(len(doubts(line, block.speech)) for line in lines)
    return against, -sum(line.avg_logprob or 0.0 for line in lines) / len(lines)


def carefully(
    block: Block, spans: Sequence[Span], recogniser: Recogniser, language: str, task: Task
) -> list[Line]:
    """Every window by itself, with every guard."""
    found = []
    for start, stop in spans:
        lines = recogniser.careful(block.sound[start:stop], language, task=task)
        found += [moved(line, start) for line in lines]
    return found


def moved(line: Line, by: int) -> Line:
    """The line so many samples later."""
    words = tuple(word.moved(word.start + by, word.end + by) for word in line.words)
    return replace(line, words=words, start=line.start + by, end=line.end + by)
