"""A transcript survives its file, and files of others are read or refused in words."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoration.speech.transcript import (
    CLOCK,
    Transcript,
    TranscriptError,
    as_json,
    first_frame,
    frame_after,
    frame_of_sample,
    from_json,
    sample_of_frame,
)
from tests.restoration.speech.said import line

RATES = [Fraction(16), Fraction(18), Fraction(24000, 1001), Fraction(25), Fraction(60000, 1001)]


def test_a_transcript_comes_back_from_its_json() -> None:
    said = line("It's a whale of an island", 20.2, 21.6, avg_logprob=-0.2, speaker="Sinbad")
    document = as_json(Transcript((said,), "en", {"engine": "fast"}))
    assert document["segments"][0]["words"][0] == {
        "text": "It's", "start": 20.2, "end": 20.48, "confidence": None,
    }  # fmt: skip
    again = from_json(document)
    assert again.lines[0].text == said.text
    assert again.lines[0].speaker == "Sinbad"
    assert again.facts["engine"] == "fast"
    most = CLOCK // 1000
    for one, other in zip(said.words, again.words, strict=True):
        assert abs(one.start - other.start) <= most


def test_the_json_of_openai_whisper_is_read_too() -> None:
    document = {"segments": [{"start": 0.5, "end": 1.0, "text": " Hello there.",
                              "words": [{"word": " Hello", "start": 0.5, "end": 0.7,
                                         "probability": 0.9}]}]}  # fmt: skip
    word = from_json(document).words[0]
    assert (word.text, word.start, word.confidence) == ("Hello", 8000, 0.9)


def test_a_segment_without_words_is_spread_over_its_time_and_says_so() -> None:
    words = from_json({"segments": [{"start": 1, "end": 2, "text": "no times here"}]}).words
    assert [word.timed for word in words] == ["interpolated"] * 3
    assert words[0].start == CLOCK
    assert words[-1].end == 2 * CLOCK


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "segments"),
        ({"segments": [{"text": "when?"}]}, "segment 0 has no start and end"),
        ({"segments": [{"start": 2, "end": 1, "text": "back"}]}, "end after it starts"),
        ({"segments": [{"start": 0, "end": float("nan"), "text": "x"}]}, "no number"),
        ({"segments": [{"start": 0, "end": 1, "words": [{"start": 0}]}]}, "word 0 has no text"),
        ({"segments": [{"start": 0, "end": 1, "kind": "song", "text": "x"}]}, "kind is one of"),
    ],
)
def test_what_is_no_transcript_is_refused_with_the_place(document: object, told: str) -> None:
    with pytest.raises(TranscriptError, match=told):
        from_json(document)


@given(frame=st.integers(0, 10**7), rate=st.sampled_from(RATES))
def test_a_frame_survives_the_clock(frame: int, rate: Fraction) -> None:
    at = sample_of_frame(frame, rate)
    assert frame_of_sample(at, rate) == frame
    assert first_frame(at, rate) in (frame - 1, frame)
    assert frame_after(at, rate) in (frame, frame + 1)
