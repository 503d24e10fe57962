"""Lines made from text and times, for tests."""

from __future__ import annotations

from restoration.speech.transcript import Line, samples, spread


def line(text: str, start: float, end: float, **facts: object) -> Line:
    words = spread(text, samples(start), samples(end), timed="heard")
    return Line(words, samples(start), samples(end), **facts)  # type: ignore[arg-type]
