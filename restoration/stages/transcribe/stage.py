"""The stage `transcribe`: a fast pass over everything, a careful one over what looks made up.

The fast pass decodes all windows of speech in batches, which leaves Whisper's own guards out. Lines
that something speaks against are decoded again by themselves, with every guard on; what is then
still doubtful is kept and flagged, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from restoration.speech.transcript import CLOCK, Line, Transcript, as_json
from restoration.speech.utterances import part
from restoration.stages.contract import Clip, Outcome, Progress, Stage, StageError
from restoration.stages.transcribe.blocks import Block, Samples, Span, blocks, windows
from restoration.stages.transcribe.edges import levels, snap
from restoration.stages.transcribe.recogniser import (
    Recogniser,
    model_weights,
    open_recogniser,
    voice,
)
from restoration.stages.transcribe.suspicion import doubts

_MARGIN = CLOCK // 2
_VOICE, _FAINT_VOICE = 0.5, 0.3
"""Of the voice detector: what is decoded, and what must be heard under a word."""


@dataclass(frozen=True, slots=True)
class Params:
    engine: Literal["fast", "careful"] = "fast"
    """`careful` decodes everything with every guard, several times slower."""
    model: str = "tiny.en"
    """A name, or a folder with a Whisper model in CTranslate2's format."""
    language: str = ""
    """ISO 639-1, such as `fr`; empty: the model finds out."""

    def __post_init__(self) -> None:
        if self.language and not (self.language.isalpha() and len(self.language) in (2, 3)):
            raise ValueError(f"language is a code such as en or fr, not {self.language!r}")


@dataclass(slots=True)
class Heard:
    """What one block gave."""

    lines: list[Line]
    speech: list[Span]
    again: int = 0
    """Windows that were decoded a second time."""


@dataclass(slots=True)
class _Sums:
    lines: list[Line] = field(default_factory=list)
    speech: list[list[float]] = field(default_factory=list)
    again: int = 0


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Transcribe the sound of the clip's frames."""
    recogniser = open_recogniser(params.model)
    total = clip.end_frame - clip.start_frame
    sums = _Sums()
    for block in blocks(_sound(clip), lambda sound: voice(sound, threshold=_VOICE)):
        heard = hear(block, recogniser, params)
        sums.lines += heard.lines
        sums.speech += [
            [round(start / CLOCK, 2), round(stop / CLOCK, 2)] for start, stop in heard.speech
        ]
        sums.again += heard.again
        progress(min(total, round(block.stop / CLOCK * clip.format.rate)), total)
    language = next((line.language for line in sums.lines), params.language)
    said = Transcript(tuple(sums.lines), language, _facts(params, sums))
    return Outcome(facts=as_json(said))


def _facts(params: Params, sums: _Sums) -> dict[str, Any]:
    return {
        "engine": params.engine,
        "model": params.model,
        "speech_activity": sums.speech,
        "windows_decoded_again": sums.again,
        "doubtful_lines": sum(bool(line.doubts) for line in sums.lines),
    }


def _sound(clip: Clip) -> Iterator[Samples]:
    pieces = clip.sound(CLOCK)
    if pieces is None:
        raise StageError(
            "this scan has no sound, so nothing can be transcribed; a silent film's intertitles "
            "are found by the stage cuts"
        )
    return pieces


def hear(block: Block, recogniser: Recogniser, params: Params) -> Heard:
    """The lines of one block, on the clock of the whole sound."""
    level = levels(block.sound)
    if params.engine == "careful":
        found = _careful(block, windows(block.speech, len(block.sound)), recogniser, params)
        again = 0
    else:
        spans = windows(block.speech, len(block.sound))
        found = recogniser.fast(block.sound, spans, params.language)
        found, again = _second_look(block, found, spans, recogniser, params)
    faint = voice(block.sound, threshold=_FAINT_VOICE) if found else []
    lines = part(snap(found, level))
    lines = [replace(line, doubts=doubts(line, faint)) for line in lines]
    speech = [(start + block.first, stop + block.first) for start, stop in block.speech]
    return Heard([moved(line, block.first) for line in lines], speech, again)


def _second_look(
    block: Block,
    found: list[Line],
    spans: list[Span],
    recogniser: Recogniser,
    params: Params,
) -> tuple[list[Line], int]:
    """Windows with a doubtful line, or with speech and no words, decoded again by themselves."""
    kept, again = [], 0
    for start, stop in spans:
        own = [line for line in found if start <= (line.start + line.end) // 2 < stop]
        if own and not any(doubts(line, block.speech) for line in own):
            kept += own
            continue
        again += 1
        better = _careful(block, [(start, stop)], recogniser, params)
        kept += better if _weight(better, block) <= _weight(own, block) else own
    return sorted(kept, key=lambda line: line.start), again


def _weight(lines: list[Line], block: Block) -> tuple[int, float]:
    """How much speaks against lines: doubts, then how unsure; nothing at all is worst."""
    if not lines:
        return 99, 0.0
    against = sum(len(doubts(line, block.speech)) for line in lines)
    return against, -sum(line.avg_logprob or 0.0 for line in lines) / len(lines)


def _careful(block: Block, spans: list[Span], recogniser: Recogniser, params: Params) -> list[Line]:
    found = []
    for start, stop in spans:
        lines = recogniser.careful(block.sound[start:stop], params.language)
        found += [moved(line, start) for line in lines]
    return found


def moved(line: Line, by: int) -> Line:
    """The line so many samples later."""
    words = tuple(word.moved(word.start + by, word.end + by) for word in line.words)
    return replace(line, words=words, start=line.start + by, end=line.end + by)


STAGE = Stage(
    name="transcribe",
    version="1",
    queue="cpu",
    makes="findings",
    params=Params,
    run=run,
    weights=lambda params: model_weights(params.model),
)
