"""Shares say what is there: never nothing for something, never all for nearly all."""

from __future__ import annotations

import pytest

from review.shares import add_totals, machine_share, percent, shares, summary


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (0, "0 %"),
        (0.00001, "< 0.01 %"),
        (0.0123, "1.23 %"),
        (0.5, "50.0 %"),
        (0.9998, "99.98 %"),
        (0.99999, "> 99.99 %"),
        (1, "100.0 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_all(part, written):
    assert percent(part).replace("\u00a0", " ") == written


def test_a_label_that_occurs_at_all_is_seen_in_the_bar():
    found = shares({"structure": {"ORIGINAL": 999_999, "SYNTHESISED": 1}, "pixels": 1_000_000})
    assert [share.label for share in found] == ["ORIGINAL", "SYNTHESISED"]
    assert found[1].width > 0.5
    assert sum(share.width for share in found) == pytest.approx(100, abs=0.01)
    assert found[1].x == pytest.approx(found[0].width, abs=0.01)


def test_what_was_not_measured_counts_as_machine_made():
    totals = {"structure": {"NOT_MEASURED": 1, "SYNTHESISED": 1, "HUMAN": 2}, "pixels": 4}
    assert machine_share(totals) == 0.5


def test_the_totals_of_takes_add_up():
    one = {"structure": {"ORIGINAL": 3}, "colour": {"ORIGINAL": 3}, "pixels": 3}
    two = {"structure": {"ADJUSTED": 1}, "colour": {"ORIGINAL": 1}, "pixels": 1}
    assert add_totals([one, two]) == {
        "structure": {"ORIGINAL": 3, "ADJUSTED": 1},
        "colour": {"ORIGINAL": 4},
        "pixels": 4,
    }


def test_no_takes_are_not_said_to_be_free_of_machine_work():
    assert summary(add_totals([])) == "no provenance measured"
