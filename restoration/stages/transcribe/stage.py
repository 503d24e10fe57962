"""The stage `transcribe`: a fast pass over everything, a careful one over what looks made up.

The fast pass decodes all windows of speech in batches, which leaves Whisper's own guards out. Lines
that something speaks against are decoded again by themselves, with every guard on; what is then
still doubtful is kept and flagged, never dropped in silence. The cards of a silent film are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from restoration.speech.transcript import CLOCK, Line, Transcript, as_json, from_json, seconds
from restoration.stages.contract import Clip, Outcome, Progress, Stage, StageError, Weights
from restoration.stages.journal import journal_of
from restoration.stages.memory import taking
from restoration.stages.transcribe import lettering
from restoration.stages.transcribe.blocks import Block, Samples, Span, blocks
from restoration.stages.transcribe.hearing import Engine, Heard, Told, hear, speech_in
from restoration.stages.transcribe.mending import NOWHERE, Places, mend_clicks
from restoration.stages.transcribe.recogniser import (
    MODELS,
    Recogniser,
    model_weights,
    open_recogniser,
)
from restoration.stages.transcribe.suspicion import echoes
from restoration.stages.transcribe.titles import read_titles
from restoration.weights import WeightsError
from restoration.writing import WEIGHTS as LETTERS

_LONGEST_TERM, _MOST_TERMS = 200, 400
"""Of a glossary: letters of a term, terms."""


@dataclass(frozen=True, slots=True)
class Params:
    engine: Engine = "fast"
    """`careful` decodes everything with every guard, several times slower."""
    model: str = "tiny.en"
    """A name, or a folder with a Whisper model in CTranslate2's format."""
    language: str = ""
    """ISO 639-1, such as `fr`; empty: the model finds out."""
    clean: bool = True
    """Mend the clicks of worn sound before it is heard; the scan itself stays as it is."""
    translate: bool = False
    """Also say in English what is said in another language; needs a model of many languages."""
    titles: list[list[int]] = field(default_factory=list)
    """Frames [start, stop) of cards with writing, to be read."""
    glossary: list[str] = field(default_factory=list)
    """Names and spellings that the recogniser is told of, as many as fit in 223 tokens. It may
    still hear otherwise, and is not made to write any of them."""

    def __post_init__(self) -> None:
        if not isinstance(self.glossary, list):
            raise ValueError(f"a glossary is a list of words, not {self.glossary!r}")
        for term in self.glossary:
            if not isinstance(term, str) or not term.strip() or len(term) > _LONGEST_TERM:
                raise ValueError(
                    f"a glossary holds words of 1 to {_LONGEST_TERM} letters, not {term!r}"
                )
        if len(self.glossary) > _MOST_TERMS:
            raise ValueError(f"a glossary holds up to {_MOST_TERMS} words")
        if self.language and not (self.language.isalpha() and len(self.language) in (2, 3)):
            raise ValueError(f"language is a code such as en or fr, not {self.language!r}")
        if self.translate and self.model.endswith(".en"):
            several = [name for name in MODELS if not name.endswith(".en")]
            raise ValueError(f"{self.model} hears English alone; to translate name {several[0]}")
        for span in self.titles:
            if not _is_span(span):
                raise ValueError(f"titles are pairs of frames [start, stop), not {span!r}")


def _is_span(span: Any) -> bool:
    if not isinstance(span, (list, tuple)) or len(span) != 2:
        return False
    return all(type(each) is int for each in span) and 0 <= span[0] < span[1]


@dataclass(slots=True)
class _Sums:
    lines: list[Line] = field(default_factory=list)
    speech: list[list[float]] = field(default_factory=list)
    again: int = 0
    clicks: int = 0
    translation: list[dict[str, Any]] = field(default_factory=list)
    heard: int = 0
    """Samples of the whole sound that all of this is about."""
    unread: str = ""
    """Why cards were not read, if they were not."""

    def add(self, heard: Heard, translated: Sequence[Line], block: Block) -> dict[str, Any]:
        """Count one block in; returns what a journal keeps of it."""
        kept = {
            "first": self.heard,
            "stop": block.stop,
            "lines": as_json(Transcript(tuple(heard.lines)))["segments"],
            "speech": [[seconds(start), seconds(end)] for start, end in heard.speech],
            "again": heard.again,
            "clicks": block.clicks,
            "translation": [_translated(line) for line in translated],
        }
        self.take(kept)
        return kept

    def take(self, kept: dict[str, Any]) -> None:
        """Count in what was kept of a block."""
        self.lines += from_json({"segments": kept["lines"]}).lines
        self.speech += kept["speech"]
        self.again += kept["again"]
        self.clicks += kept["clicks"]
        self.translation += kept["translation"]
        self.heard = kept["stop"]


def _translated(line: Line) -> dict[str, Any]:
    told = {"start": seconds(line.start), "end": seconds(line.end), "text": line.text}
    return told | {"doubts": list(line.doubts)}


def run(clip: Clip, params: Params, progress: Progress) -> Outcome:
    """Transcribe the sound of the clip's frames, and read its cards."""
    sound = clip.sound(CLOCK)
    if sound is None and not params.titles:
        raise StageError(
            "this scan has no sound, so nothing can be transcribed; a silent film's intertitles "
            "are read once the stage cuts, or a person, has marked them as such"
        )
    sums = _Sums()
    if sound is not None:
        _listen(clip, sound, params, sums, progress)
    read = _read(clip, params, sums, progress)
    lines = sorted([*sums.lines, *read], key=lambda line: (line.start, line.end))
    language = next((line.language for line in sums.lines), params.language)
    said = Transcript(tuple(lines), language, _facts(params, sums, lines))
    return Outcome(facts=as_json(said))


def _facts(params: Params, sums: _Sums, lines: Sequence[Line]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "engine": params.engine,
        "model": params.model,
        "speech_activity": [[round(start, 2), round(end, 2)] for start, end in sums.speech],
        "windows_decoded_again": sums.again,
        "cleaning": {"clicks_mended": sums.clicks} if params.clean else {},
        "doubtful_lines": sum(bool(line.doubts) for line in lines),
    }
    if params.translate:
        told["translation"] = sums.translation
    if params.titles:
        told["titles_not_read"] = sums.unread
        told["titles_read"] = sum(line.kind == "intertitle" for line in lines)
    return told


def _listen(
    clip: Clip, sound: Iterator[Samples], params: Params, sums: _Sums, progress: Progress
) -> None:
    """Every block of the sound, but those that an attempt before this one has finished."""
    recogniser = open_recogniser(params.model, clip.device).told_of(params.glossary)
    journal = journal_of(clip)
    for entry in journal.entries() if journal is not None else ():
        if entry["first"] == sums.heard:
            sums.take(entry)
    total = clip.end_frame - clip.start_frame

    def told(at: int) -> None:
        progress(min(total, int(at / CLOCK * clip.format.rate)), total)

    told(sums.heard)
    rest = _from(sound, sums.heard)
    mend = mend_clicks if params.clean else _as_it_is
    for block in blocks(rest, speech_in, first=sums.heard, mend=mend):
        heard, translated = _hear(block, recogniser, params, told)
        kept = sums.add(heard, translated, block)
        if journal is not None:
            journal.add(kept)
        told(block.stop)


def _as_it_is(sound: Samples) -> tuple[Samples, Places]:
    return sound, NOWHERE


def _hear(
    block: Block, recogniser: Recogniser, params: Params, told: Told
) -> tuple[Heard, list[Line]]:
    heard = hear(block, recogniser, engine=params.engine, language=params.language, told=told)
    heard.lines = [_doubted(line, params) for line in heard.lines]
    if not params.translate:
        return heard, []
    language = params.language or next((line.language for line in heard.lines), "")
    if language == "en":
        return heard, []
    return heard, hear(block, recogniser, language=language, task="translate").lines


def _doubted(line: Line, params: Params) -> Line:
    if not echoes(line, params.glossary):
        return line
    return replace(line, doubts=(*line.doubts, "it says nothing but words of the glossary"))


def _from(sound: Iterator[Samples], first: int) -> Iterator[Samples]:
    """The sound from that sample on."""
    at = 0
    for piece in sound:
        if at + len(piece) > first:
            yield piece[max(0, first - at) :]
        at += len(piece)


def _read(clip: Clip, params: Params, sums: _Sums, progress: Progress) -> list[Line]:
    """What stands on the cards that lie in the clip.

    Where nothing can read them, what was heard is not lost for it: the reason is recorded instead.
    """
    titles: list[Span] = [
        (max(start, clip.start_frame), min(stop, clip.end_frame)) for start, stop in params.titles
    ]
    titles = [(start, stop) for start, stop in titles if start < stop]
    if not titles:
        return []
    try:
        reader = lettering.open_letter_reader()
    except (StageError, WeightsError) as error:
        if not sums.heard:
            raise
        sums.unread = str(error)
        return []
    lines = read_titles(clip, titles, reader, progress)
    return [replace(line, language=params.language) for line in lines]


def _weights(params: Params) -> list[str | Weights]:
    return [*model_weights(params.model), *([LETTERS] if params.titles else [])]


STAGE = Stage(
    name="transcribe",
    version="4",
    queue="cpu",
    makes="findings",
    params=Params,
    run=run,
    memory=taking(1500, 0, 0),
    weights=_weights,
)
