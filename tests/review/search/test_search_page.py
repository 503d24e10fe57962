"""The researcher's page: hits in context that open the film, files of them, kept searches."""

from __future__ import annotations

import csv
import io
import json
import re
from fractions import Fraction

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import escape

from archive.models import Collection, Reel
from restoration import transcripts
from restoration.speech.transcript import Transcript as Said
from review.formats.srt import read_srt
from review.models import SavedSearch
from review.search import finding
from tests.restoration.speech.said import line
from tests.review.search.said import keep, reel_that_says

pytestmark = pytest.mark.django_db

LINES = ("He waved a hat.", "Then the last", "farewell came, and an apple.", "A farewell to a zoo.")


@pytest.fixture
def said() -> Reel:
    return reel_that_says(*LINES, speaker="Anna", access=Reel.Access.RESEARCH)


@pytest.fixture
def page(client: Client, researcher: User) -> Client:
    client.force_login(researcher)
    return client


def rows(html: str) -> list[list[str]]:
    """Text of the cells before, of and after each hit."""
    found = re.findall(r'<td class="(?:left|found|right)".*?</td>', html, re.DOTALL)
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]
    return [cells[at : at + 3] for at in range(0, len(cells), 3)]


def test_a_hit_stands_between_the_words_around_it(page: Client, said: Reel) -> None:
    html = page.get("/search/", {"q": '"last farewell"'}).content.decode()
    assert rows(html) == [
        ["He waved a hat. Then the", "last farewell", "came, and an apple. A farewell"]
    ]
    assert "machine" in html and "Anna" in html


def test_reels_are_listed_with_the_first_of_their_hits(page: Client, said: Reel) -> None:
    more = reel_that_says(*["A farewell."] * 5, access=Reel.Access.RESEARCH, title="Goodbyes")
    reel_that_says("A farewell.", title="For staff")
    asked = {"q": "farewell OR hat", "order": "reels"}
    html = page.get("/search/", asked).content.decode()
    heads = re.findall(r'<th colspan="5" scope="rowgroup">(.*?)</th>', html, re.DOTALL)
    assert [re.sub(r"<[^>]+>", "", head).split() for head in heads] == [
        ["Goodbyes,", "reel", "1", "5", "hits,", "the", "first", "3", "here"],
        ["Harbour", "Day,", "reel", "1", "3", "hits"],
    ]
    assert len(rows(html)) == 6
    (address,) = re.findall(r'href="(\?[^"]*)"', heads[0])
    within = page.get(f"/search/{address}".replace("&amp;", "&")).content.decode()
    assert len(rows(within)) == 5 and f"reel:{more.pk}" in within and "OR joins" not in within


def test_hits_are_put_in_order_of_the_word_beside_them(page: Client, said: Reel) -> None:
    right = page.get("/search/", {"q": "farewell", "order": "right"}).content.decode()
    left = page.get("/search/", {"q": "farewell", "order": "left"}).content.decode()
    assert [cells[2].split()[0] for cells in rows(right)] == ["came,", "to"]
    assert [cells[0].split()[-1] for cells in rows(left)] == ["A", "last"]


def test_a_hit_opens_the_transcript_at_its_line_with_its_words_marked(
    page: Client, said: Reel
) -> None:
    html = page.get("/search/", {"q": '"last farewell"'}).content.decode()
    address = re.search(r'<td class="where"><a href="([^"]+)"', html)
    assert address is not None
    opened = page.get(address[1].replace("&amp;", "&")).content.decode()
    assert re.search(r'id="m1" data-opened', opened)
    assert re.findall(r'<span class="w [^"]*hit"[^>]*>([^<]+)<', opened) == ["last", "farewell"]


def test_a_link_outlives_the_transcript_that_it_was_made_in(page: Client, said: Reel) -> None:
    keep(said.scans.get(), "A line that was missed.", *LINES)
    opened = page.get(f"/reels/{said.pk}/transcript/", {"frame": 50, "line": "m9"})
    assert re.search(r'id="m3" data-opened', opened.content.decode())


def test_a_line_that_begins_inside_a_frame_is_the_one_that_opens(page: Client) -> None:
    reel = reel_that_says("One.", access=Reel.Access.RESEARCH)
    lines = tuple(line(text, at, at + 0.4) for text, at in (("One.", 0.0), ("Two.", 0.4)))
    transcripts.keep(reel.scans.get(), Said(lines, "en"), source="test", maker="machine")
    html = page.get("/search/", {"q": "two"}).content.decode()
    address = re.search(r'<td class="where"><a href="([^"]+)"', html)
    assert address is not None
    opened = page.get(address[1].replace("&amp;", "&")).content.decode()
    assert re.search(r'id="m1" data-opened', opened)


def test_a_zero_byte_is_no_error(page: Client, said: Reel) -> None:
    assert page.get("/search/?q=hat%00").status_code == 200
    assert page.post("/search/save/", {"q": "hat\x00"}).status_code == 302


def test_what_is_misspelt_is_said(page: Client, said: Reel) -> None:
    html = page.get("/search/", {"q": "farwell"}).content.decode()
    assert "Nothing says “farwell”" in html and len(rows(html)) == 2
    assert 'Sought instead: <a href="?q=farewell">' in html
    address = re.search(r'<td class="where"><a href="([^"]+)"', html)
    assert address is not None
    opened = page.get(address[1].replace("&amp;", "&")).content.decode()
    assert re.findall(r'<span class="w [^"]*hit"[^>]*>([^<]+)<', opened) == ["farewell", "farewell"]


def test_a_misspelt_word_of_a_phrase_is_understood(page: Client, said: Reel) -> None:
    html = page.get("/search/", {"q": '"last farwell" -zebra'}).content.decode()
    assert "Nothing says “farwell”" in html
    assert [cells[1] for cells in rows(html)] == ["last farewell"]
    assert "?q=%22last+farewell%22+-zebra" in html


def test_a_misspelt_word_beside_or_is_asked_back(page: Client, said: Reel) -> None:
    html = page.get("/search/", {"q": "zebra OR last OR farwell"}).content.decode()
    assert "Nothing says “farwell”. Did you mean" in html and "“zebra”" not in html
    assert "?q=zebra+OR+last+OR+farewell" in html and "Narrow it" in html


def test_signs_of_html_are_shown_as_signs(page: Client, said: Reel) -> None:
    asked = "<script>alert(1)</script>"
    html = page.get("/search/", {"q": asked}).content.decode()
    assert asked not in html and escape(asked) in html


def test_files_have_what_is_needed_to_cite(page: Client, said: Reel) -> None:
    said.title.collection = Collection.objects.create(name="Film Fund")
    said.title.save()

    def file(kind: str) -> str:
        answer = page.get(f"/search/hits.{kind}", {"q": "farewell"})
        return b"".join(answer.streaming_content).decode()  # type: ignore[arg-type, attr-defined]

    table = list(csv.DictReader(io.StringIO(file("csv"))))
    assert [row["hit"] for row in table] == ["farewell", "farewell"]
    assert table[0]["start"] == "00:00:02:00" and table[0]["answered_for"] == "machine"
    assert table[0]["address"].startswith("http://testserver/reels/")
    assert table[0]["archive"] == "Film Fund"
    assert list(csv.DictReader(io.StringIO(file("tsv")), delimiter="\t")) == table
    assert [row["hit"] for row in json.loads(file("json"))] == ["farewell", "farewell"]
    cues = read_srt(file("srt").encode(), rate=Fraction(16))
    assert [cue.start_frame for cue in cues] == [32, 48]


def test_a_spreadsheet_runs_nothing_that_was_said(page: Client) -> None:
    reel_that_says("=HYPERLINK now.", speaker="@SUM", access=Reel.Access.RESEARCH)
    answer = page.get("/search/hits.csv", {"q": "now"})
    (row,) = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))  # type: ignore[arg-type, attr-defined]
    assert row["speaker"] == "'@SUM" and row["left"].startswith("'=")


def test_a_line_is_cited_and_says_that_nobody_checked_it(
    page: Client, said: Reel, reviewer: User
) -> None:
    html = page.get(f"/reels/{said.pk}/cite/34/").content.decode()
    assert "Chicago" in html and "BibTeX" in html and "machine transcription, unreviewed" in html
    version = transcripts.current(said.scans.get())
    assert version is not None
    transcripts.correct(version, "confirm", ["m2"], {}, by=reviewer)
    assert "unreviewed" not in page.get(f"/reels/{said.pk}/cite/34/").content.decode()
    assert page.get(f"/reels/{said.pk}/cite/9999/").status_code == 404


def test_a_kept_search_names_what_is_new_until_all_of_it_is_looked_at(
    page: Client, said: Reel
) -> None:
    page.post("/search/save/", {"q": "farewell"})
    assert " new<" not in page.get("/search/").content.decode()
    keep(said.scans.get(), *LINES[:3], "A hello to a zoo.", "One more farewell.")
    html = page.get("/search/").content.decode()
    (named,) = re.findall(r'<ul class="news small">(.*?)</ul>', html, re.DOTALL)
    assert "1 new" in html and "One more farewell." in named and "frame=64" in named
    html = page.get("/search/", {"q": "farewell", "new": "yes"}).content.decode()
    assert rows(html) == [["A hello to a zoo. One more", "farewell", "."]]
    assert "1 new hit<" in html and "1 new" in page.get("/search/").content.decode()
    page.get("/search/", {"q": "farewell"})
    assert " new<" not in page.get("/search/").content.decode()
    assert "Nothing is new" in page.get("/search/?q=farewell&new=yes").content.decode()
    assert page.get("/search/?q=hat&new=yes").status_code == 404


def test_of_more_hits_than_are_counted_nothing_is_said_to_be_new(
    page: Client, said: Reel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST", 1)
    page.post("/search/save/", {"q": "farewell"})
    assert SavedSearch.objects.get().places is None
    keep(said.scans.get(), *LINES, "One more farewell.")
    html = page.get("/search/", {"q": "farewell", "new": "yes"}).content.decode()
    assert (
        "more hits than are counted" in html
        and " new<" not in page.get("/search/").content.decode()
    )


def test_nobody_sees_or_forgets_anothers_searches(page: Client, said: Reel, reviewer: User) -> None:
    page.post("/search/save/", {"q": "farewell"})
    kept = SavedSearch.objects.get()
    other = Client()
    other.force_login(reviewer)
    assert other.post(f"/search/{kept.pk}/forget/").status_code == 404
    assert (
        "farewell"
        not in other.get("/search/")
        .content.decode()
        .replace("placeholder", "")
        .split("</form>")[-1]
    )
    page.post(f"/search/{kept.pk}/forget/")
    assert not SavedSearch.objects.exists()
