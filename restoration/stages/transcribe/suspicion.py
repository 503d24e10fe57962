"""Which lines a recogniser most likely made up. PURE.

Thresholds are those that Whisper's own decoder falls back by (Radford et al. 2022, 4.5), and
what can be told from the words alone: text where no speech is heard, words faster than anybody
speaks, a token that comes again and again, and the phrases that Whisper is known to invent.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import groupby

from restoration.speech.retiming import token, tokens
from restoration.speech.transcript import CLOCK, Line

COMPRESSION, LOGPROB, NO_SPEECH = 2.4, -1.0, 0.6
_FASTEST = 25.0
"""Characters a second; fast talkers reach 20."""
_SHORTEST = CLOCK // 50
_REPEATS = 3
_HEARD = 0.3
"""Share of a line that has to lie in speech."""

INVENTED = (
    "thank you for watching", "thanks for watching", "please subscribe", "like and subscribe",
    "subtitles by", "subtitled by", "transcribed by", "amara.org", "see you next time",
    "see you in the next video", "www.",
)  # fmt: skip
"""What Whisper writes over silence and music, learnt from subtitles of the web (2501.11378)."""


def echoes(line: Line, glossary: Sequence[str]) -> bool:
    """Whether it says nothing but what the recogniser was told of: in silence it repeats that."""
    known = {token(word) for term in glossary for word in term.split()}
    return bool(known) and all(token(word.text) in known for word in line.words)


def doubts(line: Line, speech: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """What speaks against a line, in words; empty if nothing does.

    Args:
        speech: samples [start, end) in which a voice is heard, in order.
    """
    found = []
    if line.compression_ratio is not None and line.compression_ratio > COMPRESSION:
        found.append("it repeats itself")
    if line.avg_logprob is not None and line.avg_logprob < LOGPROB:
        found.append("the recogniser is not sure of it")
    if line.no_speech_prob is not None and line.no_speech_prob > NO_SPEECH:
        found.append("the recogniser thinks that nobody speaks")
    if _heard(line, speech) < _HEARD:
        found.append("no voice is heard here")
    if _too_fast(line):
        found.append("nobody speaks that fast")
    if _repeats(line):
        found.append("a word comes again and again")
    said = " ".join(tokens(line.text))
    if any(" ".join(tokens(phrase)) in said for phrase in INVENTED):
        found.append("Whisper is known to invent this phrase")
    return tuple(found)


def compression_ratio(text: str) -> float:
    """Bytes of the text to bytes of it packed, as Whisper measures repetition."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def _heard(line: Line, speech: Sequence[tuple[int, int]]) -> float:
    both = sum(max(0, min(line.end, stop) - max(line.start, start)) for start, stop in speech)
    return both / max(line.end - line.start, 1)


def _too_fast(line: Line) -> bool:
    if any(word.end - word.start < _SHORTEST and len(word.text) > 3 for word in line.words):
        return True
    seconds = (line.end - line.start) / CLOCK
    return len(line.text) > 12 and len(line.text) > _FASTEST * seconds


def _repeats(line: Line) -> bool:
    said = tokens(line.text)
    if any(len(list(same)) > _REPEATS for _, same in groupby(said)):
        return True
    pairs = list(zip(said[::2], said[1::2], strict=False))
    return any(len(list(same)) > _REPEATS for _, same in groupby(pairs))
