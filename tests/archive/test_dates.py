"""Uncertain dates are EDTF: what is one, what is not and why, and how people read them."""

from __future__ import annotations

import pytest

from archive.dates import NotADate, check_edtf, first_year, in_words

GOOD = (
    *("1926", "1926-05", "1926-05-03", "1926~", "1926?", "1926%", "192X", "1926/1928"),
    *("1926/..", "../1930", "[1926,1928]", "{1926,1928}", "1900~/1905", ""),
)


@pytest.mark.parametrize("text", GOOD)
def test_a_date_in_edtf_stays_as_it_is(text: str) -> None:
    assert check_edtf(f" {text} ") == text


@pytest.mark.parametrize("text", ["1926-13", "19xx", "03.05.1926", "1930/1926", "../..", "/", "x"])
def test_what_is_no_date_is_refused_with_the_ways_to_write_one(text: str) -> None:
    with pytest.raises(NotADate, match=r"192X|write "):
        check_edtf(text)


def test_a_date_in_words_is_refused_with_what_it_means() -> None:
    with pytest.raises(NotADate, match="write 1926~"):
        check_edtf("circa 1926")


@pytest.mark.parametrize(
    ("text", "year"),
    [("1926~", 1926), ("192X", 1920), ("1926/1928", 1926), ("../1930", 1930), ("", None)],
)
def test_the_first_year_sorts(text: str, year: int | None) -> None:
    assert first_year(text) == year


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1926~", "about 1926"),
        ("1926?/1928", "from perhaps 1926 to 1928"),
        ("1926/..", "from 1926"),
        ("192X", "the 1920s"),
        ("1926-05", "1926-05"),
    ],
)
def test_people_read_words(text: str, words: str) -> None:
    assert in_words(text) == words
