"""Words with their times, in the shape that whisper-timestamped gave its JSON.

Times are whole samples of a 16 kHz clock (`CLOCK`) that starts with the scan's first frame and runs
with the pictures: frame n of a scan is shown from n/rate on. Floats stand in files only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal, get_args

CLOCK = 16_000
"""Samples a second of every time here."""

Timing = Literal["heard", "interpolated", "entered"]
"""Where a word's times come from: the sound, the words beside it, or a person or file."""
Kind = Literal["speech", "sound", "intertitle"]
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DIGITS = 3
"""Decimals of a second in JSON, as in whisper-timestamped's."""


class TranscriptError(ValueError):
    """A document is no transcript; the message says where and what was wanted."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is written, with the punctuation that clings to it."""

    text: str
    start: int
    end: int
    """Samples of CLOCK; half-open."""
    confidence: float | None = None
    """In [0, 1]; None: nobody measured it."""
    timed: Timing = "heard"
    glued: bool = False
    """No space before it, as between the characters of Japanese."""
    italic: bool = False
    speaker: str | None = None
    """Who says it, if it is not known of the whole line."""

    def moved(self, start: int, end: int) -> Word:
        return replace(self, start=start, end=end)


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance: the words that a recogniser gave as one segment, or a person as one line."""

    words: tuple[Word, ...]
    start: int
    end: int
    language: str = ""
    avg_logprob: float | None = None
    """Mean natural logarithm of the tokens' probabilities."""
    compression_ratio: float | None = None
    """Of the text by zlib; high where it repeats itself."""
    no_speech_prob: float | None = None
    speaker: str | None = None
    kind: Kind = "speech"
    engine: str = ""
    doubts: tuple[str, ...] = ()
    """Why the line is doubtful; empty: nothing speaks against it."""

    @property
    def text(self) -> str:
        return join_words(self.words)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The lines of a scan or file, in order of time."""

    lines: tuple[Line, ...]
    language: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else was recorded: engine, weights, speech that was heard."""

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line.words)

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def join_words(words: Iterable[Word]) -> str:
    """The words as they are written in a row."""
    return "".join(
        word.text if word.glued or not number else f" {word.text}"
        for number, word in enumerate(words)
    )


def unwritable(text: str) -> str:
    """The first character that no database or XML file can hold; empty if there is none.

    Those outside Char of XML 1.0: control characters, halves of surrogate pairs, U+FFFE and U+FFFF.
    """
    found = _UNWRITABLE.search(text)
    return found[0] if found else ""


def samples(seconds: float | Fraction) -> int:
    """Seconds as whole samples of CLOCK, to the nearest."""
    return round(Fraction(seconds) * CLOCK)


def seconds(at: int) -> float:
    """Samples of CLOCK as seconds for a file."""
    return round(at / CLOCK, _DIGITS)


def first_frame(at: int, rate: Fraction) -> int:
    """The frame that is shown while the sample sounds."""
    return int(Fraction(at, CLOCK) * rate // 1)


def frame_after(at: int, rate: Fraction) -> int:
    """The first frame that begins at or after the sample: the end of what ends there."""
    return int(-(-Fraction(at, CLOCK) * rate // 1))


def sample_of_frame(frame: int, rate: Fraction) -> int:
    """The sample nearest to the beginning of a frame."""
    return round(frame / rate * CLOCK)


def frame_of_sample(at: int, rate: Fraction) -> int:
    """The frame whose beginning is nearest: the reverse of `sample_of_frame`, exactly."""
    return round(Fraction(at, CLOCK) * rate)


def as_json(transcript: Transcript) -> dict[str, Any]:
    """whisper-timestamped's document, with `speaker`, `doubts`, `timed` and `kind` added."""
    return {
        "text": " ".join(line.text for line in transcript.lines),
        "segments": [_line_json(line, number) for number, line in enumerate(transcript.lines)],
        "language": transcript.language,
        **transcript.facts,
    }


def _line_json(line: Line, number: int) -> dict[str, Any]:
    known = [word.confidence for word in line.words if word.confidence is not None]
    return {
        "id": number,
        "start": seconds(line.start),
        "end": seconds(line.end),
        "text": line.text,
        "avg_logprob": line.avg_logprob,
        "compression_ratio": line.compression_ratio,
        "no_speech_prob": line.no_speech_prob,
        "confidence": round(sum(known) / len(known), 3) if known else None,
        "words": [_word_json(word) for word in line.words],
        "speaker": line.speaker,
        "language": line.language,
        "kind": line.kind,
        "engine": line.engine,
        "doubts": list(line.doubts),
    }


def _word_json(word: Word) -> dict[str, Any]:
    told: dict[str, Any] = {
        "text": word.text,
        "start": seconds(word.start),
        "end": seconds(word.end),
        "confidence": word.confidence,
    }
    rare: dict[str, Any] = {"timed": word.timed, "glued": word.glued}
    rare |= {"italic": word.italic, "speaker": word.speaker}
    return told | {
        name: value for name, value in rare.items() if value not in (None, False, "heard")
    }


def from_json(document: Any) -> Transcript:
    """The reverse of `as_json`; takes whisper-timestamped's and openai-whisper's own files too.

    Raises: TranscriptError naming the segment that is wrong.
    """
    if not isinstance(document, dict) or not isinstance(document.get("segments"), list):
        raise TranscriptError('this is no transcript: a JSON object with "segments" was wanted')
    _refuse_unwritable(document)
    language = _text(document, "language", "the document")
    lines = [
        _line_from(segment, number, language) for number, segment in enumerate(document["segments"])
    ]
    kept = ("text", "segments", "language")
    facts = {name: value for name, value in document.items() if name not in kept}
    return Transcript(tuple(lines), language, facts)


def _line_from(segment: Any, number: int, language: str) -> Line:
    where = f"segment {number}"
    if not isinstance(segment, dict):
        raise TranscriptError(f"{where} is no object")
    start, end = _span(segment, where)
    words = _words_from(segment, where, start, end)
    kind = segment.get("kind", "speech")
    if kind not in get_args(Kind):
        raise TranscriptError(f"{where}: kind is one of {', '.join(get_args(Kind))}, not {kind!r}")
    return Line(
        words=words,
        start=min([start, *(word.start for word in words)]),
        end=max([end, *(word.end for word in words)]),
        language=_text(segment, "language", where) or language,
        avg_logprob=_number(segment, "avg_logprob", where),
        compression_ratio=_number(segment, "compression_ratio", where),
        no_speech_prob=_number(segment, "no_speech_prob", where),
        speaker=_text(segment, "speaker", where) or None,
        kind=kind,
        engine=_text(segment, "engine", where),
        doubts=_doubts(segment, where),
    )


def _text(holder: Mapping[str, Any], name: str, where: str) -> str:
    value = holder.get(name)
    if value is not None and not isinstance(value, str):
        raise TranscriptError(f"{where}: {name} is no text")
    return value or ""


def _doubts(segment: Mapping[str, Any], where: str) -> tuple[str, ...]:
    found = segment.get("doubts") or []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise TranscriptError(f"{where}: doubts are no list of texts")
    return tuple(found)


def _refuse_unwritable(document: dict[str, Any]) -> None:
    """Refuse what cannot be kept, wherever it stands: a database takes no NUL and no NaN."""
    left: list[Any] = [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and (found := unwritable(value)):
            raise TranscriptError(f"U+{ord(found):04X} stands in “{_shown(value)}”; take it out")
        elif isinstance(value, float) and not math.isfinite(value):
            raise TranscriptError(f"{value} is no number; write null where nothing was measured")


def _shown(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text[:60])


def _words_from(segment: Mapping[str, Any], where: str, start: int, end: int) -> tuple[Word, ...]:
    if segment.get("words") is None:
        return spread(_text(segment, "text", where), start, end)
    if not isinstance(segment["words"], list):
        raise TranscriptError(f"{where}: words are no list")
    return tuple(_word_from(word, f"{where}, word {n}") for n, word in enumerate(segment["words"]))


def _word_from(word: Any, where: str) -> Word:
    # openai-whisper and faster-whisper say `word` and `probability`, with a space before the text.
    said = word.get("text", word.get("word")) if isinstance(word, dict) else None
    if not isinstance(said, str):
        raise TranscriptError(f"{where} has no text")
    start, end = _span(word, where)
    confidence = _number(word, "confidence" if "confidence" in word else "probability", where)
    if confidence is not None and not 0 <= confidence <= 1:
        raise TranscriptError(f"{where}: confidence is {confidence}, and not from 0 to 1")
    timed = word.get("timed", "heard")
    if timed not in get_args(Timing):
        raise TranscriptError(f"{where}: timed is one of {', '.join(get_args(Timing))}")
    return Word(
        said.strip(),
        start,
        end,
        confidence,
        timed,
        glued=bool(word.get("glued", False)),
        italic=bool(word.get("italic", False)),
        speaker=_text(word, "speaker", where) or None,
    )


def _span(holder: Mapping[str, Any], where: str) -> tuple[int, int]:
    start, end = (_number(holder, name, where) for name in ("start", "end"))
    if start is None or end is None:
        raise TranscriptError(f"{where} has no start and end, in seconds")
    if not 0 <= start <= end:
        raise TranscriptError(
            f"{where} runs from {start} to {end} s; it has to end after it starts"
        )
    return samples(start), samples(end)


def _number(holder: Mapping[str, Any], name: str, where: str) -> float | None:
    value = holder.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise TranscriptError(f"{where}: {name} is no number")
    if abs(value) > 1e9:
        raise TranscriptError(f"{where}: {name} is {value}, which cannot be")
    return float(value)


def spread(text: str, start: int, end: int, *, timed: Timing = "interpolated") -> tuple[Word, ...]:
    """The words of a text laid over [start, end) by their length, for want of anything better."""
    said = text.split()
    total = sum(len(word) for word in said)
    words, done = [], 0
    for word in said:
        first = start + (end - start) * done // total
        done += len(word)
        words.append(Word(word, first, start + (end - start) * done // total, timed=timed))
    return tuple(words)
