"""Whole words are found and replaced; punctuation, capitals and all other words stay."""

from __future__ import annotations

import pytest

from restoration.speech.replacing import Wanted, found, replaced


def changed(text: str, find: str, by: str, *, match_case: bool = False) -> str:
    wanted = Wanted(find, by, match_case)
    words = text.split()
    return replaced(words, wanted, found(words, wanted))


@pytest.mark.parametrize(("text", "find", "by", "made"), [
    ("The cat sat.", "cat", "dog", "The dog sat."),
    ("The concatenated cat", "cat", "dog", "The concatenated dog"),
    ("“Cat!” he said, cat?", "cat", "dog", "“Dog!” he said, dog?"),
    ("mr Brown, Mr. brown", "mr brown", "Dr Green", "Dr Green, Dr Green"),
    ("the the the", "the the", "a", "a the"),
    ("It was, well, late", "well", "", "It was, late"),
    ("Élan and elan", "elan", "verve", "Élan and verve"),
    ("nothing here", "cat", "dog", "nothing here"),
    ("don't dont", "don't", "do not", "do not dont"),
    ("a cat", " ", "dog", "a cat"),
])  # fmt: skip
def test_whole_words_are_replaced(text: str, find: str, by: str, made: str) -> None:
    assert changed(text, find, by) == made


def test_case_matters_if_it_is_asked_for() -> None:
    assert changed("Will will go", "Will", "Bill", match_case=True) == "Bill will go"
    assert changed("Will will go", "will", "Bill") == "Bill Bill go"


def test_only_the_places_that_were_chosen_are_changed() -> None:
    wanted = Wanted("cat", "dog")
    words = ["cat", "and", "cat"]
    assert found(words, wanted) == [0, 2]
    assert replaced(words, wanted, [2]) == "cat and dog"
