"""The transcript's page shows who answers for each word, and every change is a plain form."""

from __future__ import annotations

import json
import re
from fractions import Fraction

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from restoration import transcripts
from restoration.models import Transcript as Kept
from restoration.speech.transcript import Transcript, sample_of_frame
from tests import factories
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db

SRT = b"1\n00:00:00,500 --> 00:00:01,500\n- Who?\n- <i>Me.</i>\n"


@pytest.fixture(autouse=True)
def static_folder(settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def kept() -> Kept:
    said = (
        line("The cat is not in pressed", 0.2, 1.4),
        line("Thank you for watching", 1.6, 2.8, doubts=("repeats itself",)),
    )
    scan = factories.make_scan(frames=48, rate=16)
    return transcripts.keep(scan, Transcript(said, "en"), source="tiny.en", maker="machine")


@pytest.fixture
def page(kept: Kept, archivist: User):
    client = Client()
    client.force_login(archivist)

    def visit(**query: object) -> str:
        answer = client.get(reverse("transcript", args=[kept.scan.reel_id]), query)
        assert answer.status_code == 200
        return answer.content.decode()

    def send(name: str = "correct-transcript", **values: object) -> str:
        form = {"version": kept.number, **values}
        answer = client.post(reverse(name, args=[kept.scan.reel_id]), form, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    visit.send, visit.client = send, client  # type: ignore[attr-defined]
    return visit


def test_each_word_says_who_answers_for_it(page) -> None:
    shown = page()
    assert 'title="machine-made"' in shown
    assert "machine-made, doubtful" in shown
    assert "Repeats itself" in shown


def test_a_line_is_confirmed_and_names_who(page, archivist: User) -> None:
    shown = page.send(kind="confirm", key="m0", seen="The cat is not in pressed")
    assert f"checked by {archivist.get_username()}" in shown
    assert "To check 1" in shown
    assert "To check 2" in page.send("undo-transcript")


def test_a_line_is_rewritten_split_named_moved_and_taken_off(page, kept: Kept) -> None:
    page.send(kind="text", key="m0", text="The cat is not impressed.",
              seen="The cat is not in pressed")  # fmt: skip
    page.send(kind="split", key="m0", word="2", seen="The cat is not impressed.")
    page.send(kind="speaker", key="m0.2", speaker="Announcer", seen="is not impressed.")
    page.send(kind="times", key="m0.1", start="00:00:00:01", end="00:00:00:08", seen="The cat")
    page.send(kind="no_speech", key="m1", seen="Thank you for watching")
    laid = transcripts.layered(kept)
    assert [(each.text, each.speaker) for each in laid.shown] == [
        ("The cat", None), ("is not impressed.", "Announcer"),
    ]  # fmt: skip
    assert laid.shown[0].start == 1000
    shown = page()
    assert "no speech, by" in shown
    assert "Announcer" in shown


def test_a_change_to_what_somebody_else_changed_is_refused(page) -> None:
    shown = page.send(kind="text", key="m0", text="No cat.", seen="Something that it never said")
    assert "somebody changed this line meanwhile" in shown


def test_a_time_that_is_none_is_refused_in_words(page, kept: Kept) -> None:
    shown = page.send(kind="times", key="m0", start="soon", end="later")
    assert "a time is written as 00:01:02:03" in shown
    assert kept.corrections.count() == 0


@pytest.mark.parametrize(
    ("rate", "first", "start", "end", "frames"),
    [
        (Fraction(16), "23:59:59:00", "00:00:00:09", "00:00:01:00", (25, 32)),
        (Fraction(16), "23:59:59:00", "23:59:59:08", "00:00:00:00", (8, 16)),
        (Fraction(30000, 1001), "23:59:59;00", "00:00:00;06", "00:00:00;10", (36, 40)),
        (Fraction(30000, 1001), "23:59:59;00", "23:59:59:10", "00:00:00:10", (10, 40)),
        (Fraction(16), "", "00:00:00:01", "00:00:03:00", (1, 48)),
    ],
)
def test_the_times_of_the_page_are_understood_after_midnight_too(
    archivist: User, rate: Fraction, first: str, start: str, end: str, frames: tuple[int, int]
) -> None:
    scan = factories.make_scan(frames=48, rate=rate, start_timecode=first)
    said = Transcript((line("The cat", 0.2, 0.9),), "en")
    kept = transcripts.keep(scan, said, source="t", maker="machine")
    client = Client()
    client.force_login(archivist)
    client.post(reverse("correct-transcript", args=[scan.reel_id]),
                {"version": 1, "kind": "times", "key": "m0", "start": start,
                 "end": end})  # fmt: skip
    moved = transcripts.layered(kept).lines[0]
    assert (moved.start, moved.end) == tuple(sample_of_frame(each, rate) for each in frames)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (
            "00:00:03:01",
            "00:00:03:01 is outside the scan, which runs from 00:00:00:00 to 00:00:03:00",
        ),
        ("00:00:75:00", "a time is written as 00:01:02:03"),
        ("00:00:01:16", "a time is written as 00:01:02:03"),
    ],
)
def test_a_time_outside_the_scan_is_refused_and_not_bent(
    page, kept: Kept, end: str, told: str
) -> None:
    shown = page.send(kind="times", key="m0", start="00:00:00:01", end=end)
    assert told in shown
    assert kept.corrections.count() == 0


def test_a_subtitle_file_becomes_a_version_that_names_its_source(page, kept: Kept) -> None:
    shown = page.send(
        "import-transcript", file=SimpleUploadedFile("old.srt", SRT), source="the distributor",
        maker="person", language="en",
    )  # fmt: skip
    assert "2 lines were taken in" in shown
    assert "the distributor (old.srt)" in shown
    assert "typed by the distributor" in shown
    assert kept.scan.transcripts.count() == 2


def test_a_file_that_is_none_leaves_nothing(page, kept: Kept) -> None:
    shown = page.send("import-transcript", file=SimpleUploadedFile("a.srt", b"hello"), source="x",
                      maker="unknown")  # fmt: skip
    assert "Nothing was taken in: this is no SRT file" in shown
    assert kept.scan.transcripts.count() == 1


def one(**facts: object) -> bytes:
    return json.dumps({"segments": [{"start": 0, "end": 1, "text": "hi", **facts}]}).encode()


ODD = [
    ("a.json", one(doubts=5), "doubts are no list"),
    ("a.json", one(text="a\x00b"), "U.0000 stands in"),
    ("a.json", one(text="a\ud800b"), "U.D800 stands in"),
    ("a.json", one(language="x" * 40), "the language of"),
    ("a.json", one(speaker="x" * 400), "the speaker of"),
    ("a.json", one(speaker={"a": 1}), "speaker is no text"),
    ("a.json", one(words=[{"text": "hi", "start": 0, "end": 1, "confidence": 7}]), "from 0 to 1"),
    ("a.json", b'{"segments": [{"start": 0, "end": 1, "text": "hi"}], "x": NaN}', "is no number"),
    ("a.json", b'{"segments": [{"start": 0, "end": 1, "text": "hi"}], "x": 1e999}', "is no number"),
    ("u.srt", "1\n00:00:01,000 --> 00:00:02,000\nhi\x00\n".encode("utf-16"), "this is no text"),
    ("u.srt", b"1\n00:00:01,000 --> 00:00:02,000\nhi\x07\n", "line 3 holds U.0007"),
    ("u.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v " + b"x" * 300 + b">hi\n", "the speaker of"),
]


@pytest.mark.parametrize(("name", "data", "told"), ODD)
def test_an_odd_file_is_refused_in_words(
    page, kept: Kept, name: str, data: bytes, told: str
) -> None:
    shown = page.send("import-transcript", file=SimpleUploadedFile(name, data), source="x",
                      maker="unknown")  # fmt: skip
    assert re.search(f"Nothing was (taken in|kept): .*{told}", shown)
    assert kept.scan.transcripts.count() == 1


@pytest.mark.parametrize("kind", ["vtt", "srt", "imsc", "ass", "txt", "json"])
def test_every_file_can_be_taken_along(page, kept: Kept, kind: str) -> None:
    path = reverse("transcript-file", args=[kept.scan.reel_id, kind])
    answer = page.client.get(path, {"profile": "netflix-en"})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    text = answer.content.decode()
    assert "pressed" in text
    assert ("MACHINE, UNREVIEWED" in text) == (kind != "srt")


def test_an_unknown_format_or_profile_is_not_found(page, kept: Kept) -> None:
    for kind, profile in (("doc", "archive"), ("vtt", "disney")):
        path = reverse("transcript-file", args=[kept.scan.reel_id, kind])
        assert page.client.get(path, {"profile": profile}).status_code == 404


def test_the_rules_are_counted_on_the_page(page) -> None:
    assert "cues by BBC" in page(rules="bbc")


def test_a_researcher_reads_and_takes_along_but_changes_nothing(researcher: User) -> None:
    scan = factories.make_scan(reel=factories.make_reel(access="research"))
    transcripts.keep(scan, Transcript((line("Open to all", 0, 1),)), source="x", maker="machine")
    client = Client()
    client.force_login(researcher)
    shown = client.get(reverse("transcript", args=[scan.reel_id])).content.decode()
    assert "Open" in shown
    assert "Confirm" not in shown
    assert client.post(reverse("correct-transcript", args=[scan.reel_id])).status_code == 403


def test_htmx_gets_the_lines_alone(page, kept: Kept) -> None:
    answer = page.client.post(
        reverse("correct-transcript", args=[kept.scan.reel_id]),
        {"version": 1, "kind": "confirm", "key": "m0", "piece": ["0:20000", "20000:99999"]},
        headers={"HX-Request": "true"},
    )
    text = answer.content.decode()
    assert text.lstrip().startswith('<div id="spoken-head"')
    first, second = text.split('<ol id="piece-')[1:]
    assert ('id="m0"' in first, 'id="m1"' in first) == (True, False)
    assert 'id="m1"' in second
    assert "The line was confirmed." in text


def test_a_reel_without_words_says_what_to_do(archivist: User) -> None:
    scan = factories.make_scan()
    client = Client()
    client.force_login(archivist)
    shown = client.get(reverse("transcript", args=[scan.reel_id])).content.decode()
    assert "No transcript yet" in shown
