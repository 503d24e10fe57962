"""Uncertain dates are EDTF: what is one, what is not and why, and how people read them."""

from __future__ import annotations

from datetime import date

import pytest

from archive.dates import NotADate, check_edtf, first_year, in_words, last_day

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


@pytest.mark.parametrize(
    ("text", "written", "latest"),
    [
        ("2030", date(2030, 12, 31), date(2030, 12, 31)),
        ("2030-05", date(2030, 5, 31), date(2030, 5, 31)),
        ("2030~", date(2030, 12, 31), date(2031, 12, 31)),
        ("203X", date(2039, 12, 31), date(2039, 12, 31)),
        ("../2030", date(2030, 12, 31), date(2030, 12, 31)),
    ],
)
def test_a_date_ends_on_a_day_and_an_uncertain_one_perhaps_later(
    text: str, written: date, latest: date
) -> None:
    assert last_day(text) == (written, latest)


@pytest.mark.parametrize("text", ["", "2030/..", "1926/", "soon"])
def test_what_is_open_ended_or_no_date_has_no_last_day(text: str) -> None:
    assert last_day(text) is None
