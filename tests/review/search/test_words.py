"""Words of every script are folded so that what is typed meets what was said."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from review.search.words import stem, tokens, words


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("Don’t", "dont"),
        ("don't", "DON’T"),
        ("well-known", "well known"),
        ("1,000 men", "1000 MEN"),
        ("Café", "cafe"),
        ("Straße", "STRASSE"),
        ("Ærøskøbing", "aeroskobing"),
        ("ﬁlm", "film"),
        ("שָׁלוֹם", "שלום"),
        ("مَرْحَبًا", "مرحبا"),
        ("Ελλάδα", "ελλαδα"),
    ],
)
def test_what_is_typed_plainly_is_what_was_said(said: str, typed: str) -> None:
    assert words(said) == words(typed) != []


def test_scripts_without_spaces_are_found_by_their_characters() -> None:
    assert words("東京で映画を") == list("東京で映画を")


def test_marks_that_are_letters_stay() -> None:
    assert words("हिन्दी мой") == ["हिन्दी", "мой"]


def test_a_number_keeps_its_point_and_a_time_is_two_numbers() -> None:
    assert words("3.14 at 10:30") == ["3.14", "at", "10", "30"]


def test_every_word_knows_its_place_in_the_text() -> None:
    text = "  “Don’t!” she said, 東京."
    assert [text[token.start : token.end] for token in tokens(text)] == [
        "Don’t", "she", "said", "東", "京",
    ]  # fmt: skip


def test_forms_of_a_word_have_one_stem_and_no_word_is_left_out() -> None:
    assert stem("sailing", "en") == stem("sails", "en") == "sail"
    assert stem("what", "en") == "what"
    assert stem("sailing", "xx") == "sailing"


def test_words_are_stemmed_right_by_many_threads_at_once() -> None:
    forms = {"sailing": "sail", "running": "run", "nationally": "nation", "conditional": "condit"}
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            made = list(threads.map(lambda word: stem.__wrapped__(word, "en"), [*forms] * 500))
    finally:
        sys.setswitchinterval(interval)
    assert made == [*forms.values()] * 500
