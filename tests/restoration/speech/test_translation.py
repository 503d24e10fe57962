"""A machine's translation lies beside the lines that it is of, whatever their number."""

from __future__ import annotations

import pytest

from restoration.speech.transcript import CLOCK, TranscriptError
from restoration.speech.translation import places, translated_lines
from tests.restoration.speech.said import line


def told(*segments: tuple[str, float, float]) -> dict[str, object]:
    return {
        "translation": [
            {"text": text, "start": start, "end": end, "doubts": ["unsure"] if "?" in text else []}
            for text, start, end in segments
        ]
    }


def test_a_translation_is_read_in_order_of_time_with_its_doubts() -> None:
    lines = translated_lines(told(("The cat?", 2.0, 3.0), ("Good day.", 0.5, 1.0)))
    assert [(each.text, each.start, each.doubts) for each in lines] == [
        ("Good day.", CLOCK // 2, ()),
        ("The cat?", 2 * CLOCK, ("unsure",)),
    ]
    assert {word.timed for each in lines for word in each.words} == {"interpolated"}
    assert {each.language for each in lines} == {"en"}


def test_a_transcript_without_one_has_none() -> None:
    assert translated_lines({"engine": "fast"}) == ()


@pytest.mark.parametrize("wrong", ["text", [{"text": "no times"}], [{"start": 2, "end": 1}]])
def test_one_that_cannot_be_read_is_refused(wrong: object) -> None:
    with pytest.raises(TranscriptError, match="translation"):
        translated_lines({"translation": wrong})


def test_each_line_of_it_goes_to_the_line_that_it_shares_most_time_with() -> None:
    spans = [(0, CLOCK), (CLOCK, 5 * CLOCK), (6 * CLOCK, 7 * CLOCK)]
    english = [line("one", 0.0, 0.9), line("two", 0.8, 3.0), line("between", 5.2, 5.8)]
    english.append(line("three", 5.5, 7.5))
    assert places(english, spans) == [0, 1, 1, 2]
    assert places(english[:1], []) == [None]
