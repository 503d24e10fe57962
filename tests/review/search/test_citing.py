"""A line can be cited in the forms that people use, and says when nobody checked its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from review.search.citing import Moment, bibtex, chicago, mla

MOMENT = Moment(
    title="Harbour Day", year="1912", reel=2, timecode="00:01:02:03", said="Farewell & goodbye.",
    speaker="Anna Lee", checked=True, archive="Port Museum", address="https://a.example/x?frame=9",
    seen=date(2026, 11, 30),
)  # fmt: skip


def test_every_form_has_the_film_the_reel_the_time_and_the_address() -> None:
    for write in (chicago, mla, bibtex):
        cited = write(MOMENT)
        for part in ("Harbour Day", "1912", "00:01:02:03", "Anna Lee", "Port Museum",
                     MOMENT.address):  # fmt: skip
            assert part in cited
        assert "machine" not in cited


def test_words_that_nobody_checked_are_cited_as_such() -> None:
    for write in (chicago, mla, bibtex):
        assert "machine transcription, unreviewed" in write(replace(MOMENT, checked=False))


def test_bibtex_keeps_signs_as_letters() -> None:
    cited = bibtex(replace(MOMENT, title="100% {Harbour}_Day"))
    assert r"title = {{100\% Harbour\_Day}}" in cited
    assert r"Farewell \& goodbye." in cited
    assert cited.startswith("@misc{100harbourday-2-00010203,")
