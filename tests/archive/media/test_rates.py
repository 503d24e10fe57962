"""The exact rate behind rounded timestamps, decimals and header fields."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.media.errors import MediaError
from archive.media.rates import STANDARD_RATES, nominal_rate, parse_rate, rate_from_float


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("18", Fraction(18)),
        ("16.667", Fraction(50, 3)),
        ("23.976", Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("24000/1001", Fraction(24000, 1001)),
        ("30000:1001", Fraction(30000, 1001)),
        ("24.0", Fraction(24)),
        ("22.5", Fraction(45, 2)),
    ],
)
def test_it_reads_a_rate_as_people_write_it(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "0", "-18", "1/0", "1e9", "nan", "inf"])
def test_it_refuses_what_is_no_rate(text: str) -> None:
    with pytest.raises(MediaError, match="frame rate"):
        parse_rate(text)


@given(
    rate=st.sampled_from(STANDARD_RATES),
    frames=st.integers(24, 400),
    start=st.integers(0, 5000),
    ticks=st.sampled_from([600, 1000, 12800, 90_000]),
)
def test_rounded_timestamps_give_back_a_standard_rate(
    rate: Fraction, frames: int, start: int, ticks: int
) -> None:
    clock = Fraction(1, ticks)
    pts = [start + round(n / rate / clock) for n in range(frames)]
    found, variable = nominal_rate(pts, time_base=clock, announced=[rate])
    assert (found, variable) == (rate, False)


def test_ntsc_is_told_from_its_whole_neighbour_without_a_header() -> None:
    clock = Fraction(1, 1000)
    for rate in (Fraction(24000, 1001), Fraction(24)):
        pts = [round(n / rate / clock) for n in range(200)]
        assert nominal_rate(pts, time_base=clock) == (rate, False)


def test_a_pause_makes_the_rate_variable_and_keeps_the_usual_one() -> None:
    clock = Fraction(1, 1000)
    pts = [round(n * 1000 / 24) + (500 if n > 30 else 0) for n in range(60)]
    assert nominal_rate(pts, time_base=clock) == (Fraction(24), True)


def test_a_wrong_header_does_not_win_over_the_timestamps() -> None:
    pts = [n * 50 for n in range(40)]
    found = nominal_rate(pts, time_base=Fraction(1, 1000), announced=[Fraction(25)])
    assert found == (Fraction(20), False)


def test_one_frame_takes_the_rate_of_its_header() -> None:
    found = nominal_rate([0], time_base=Fraction(1, 1000), announced=[Fraction(18)])
    assert found == (Fraction(18), False)


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        (18.0, Fraction(18)),
        (23.976024627685547, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (float("nan"), None),
        (0.0, None),
        (float("inf"), None),
    ],
)
def test_a_header_field_gives_an_exact_rate_or_none(value: float, rate: Fraction | None) -> None:
    assert rate_from_float(value) == rate
