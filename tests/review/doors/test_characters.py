"""Where a character is seen and heard: from faces that people named, each word with its author."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from archive.models import Scan
from restoration import namings, transcripts
from restoration.models import Character, FaceTrack
from restoration.speech.transcript import Transcript
from review import appearances
from tests import factories
from tests.restoration.speech.said import line
from tests.review.test_cast_page import follow

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan(archivist: User) -> Scan:
    """Anna and somebody speak in turn; Anna's face was named by a person."""
    reel = factories.make_reel(access="research")
    made = factories.make_scan(reel=reel, frames=150, rate=25)
    said = (line("Who are you", 0.25, 2.75), line("It is me", 3.25, 5.75))
    transcripts.keep(made, Transcript(said, "en"), source="tiny.en", maker="machine")
    follow(made)
    namings.name_face(FaceTrack.objects.get(number=1), "Anna", actor="A. Nissen", by=archivist)
    return made


def page(client: Client, user: User, **query: str) -> str:
    client.force_login(user)
    found = Character.objects.get(name="Anna")
    answer = client.get(f"/characters/{found.pk}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_timeline_says_where_somebody_is_seen_and_heard(
    scan: Scan, client: Client, researcher: User, archivist: User
) -> None:
    anna = Character.objects.get(name="Anna")
    (timeline,) = appearances.timelines(anna, researcher)
    face = FaceTrack.objects.get(number=1)
    assert [each.frames for each in timeline.seen] == [(face.start_frame, face.end_frame)]
    assert timeline.seen[0].by == archivist.get_username()
    assert [(each.text, each.by) for each in timeline.heard] == [("Who are you", "")]
    html = page(client, researcher)
    assert "Who are you" in html and html.count("machine-made") == 1 and "It is me" not in html


def test_a_speaker_whom_a_person_confirmed_is_a_persons_word(
    scan: Scan, client: Client, reviewer: User
) -> None:
    kept = scan.transcripts.get()
    transcripts.correct(kept, "speaker", ["m0"], {"speaker": "Anna"}, by=reviewer)
    html = page(client, reviewer)
    assert "confirmed by" in html and "machine-made" not in html


def test_a_naming_that_was_taken_back_shows_nobody(
    scan: Scan, client: Client, archivist: User, researcher: User
) -> None:
    anna = Character.objects.get(name="Anna")
    namings.take_back(anna.namings.get(), by=archivist)
    assert appearances.characters(researcher) == []
    assert "Seen nowhere" in page(client, archivist)
    client.force_login(researcher)
    assert client.get(f"/characters/{anna.pk}/").status_code == 404


def test_every_reel_of_the_film_that_one_may_see_has_a_timeline(
    scan: Scan, archivist: User, researcher: User
) -> None:
    second = factories.make_reel(element=scan.reel.element, number=2)
    other = factories.make_scan(reel=second, frames=150, rate=25)
    follow(other, key="b")
    namings.name_face(other.face_tracks.get(number=2), "Anna", by=archivist)
    anna = Character.objects.get(name="Anna")
    assert [each.reel for each in appearances.timelines(anna, archivist)] == [scan.reel, second]
    assert [each.reel for each in appearances.timelines(anna, researcher)] == [scan.reel]


def test_characters_are_found_by_name_actor_and_film(
    scan: Scan, client: Client, researcher: User
) -> None:
    for words in ("anna", "nissen", "harbour anna"):
        assert [each.name for each in appearances.characters(researcher, words)] == ["Anna"]
    assert appearances.characters(researcher, "boris") == []
    client.force_login(researcher)
    assert "A. Nissen" in client.get("/characters/", {"q": "anna\x00"}).content.decode()


def test_nobody_is_shown_where_biometrics_are_switched_off(
    scan: Scan, client: Client, archivist: User, settings: Any
) -> None:
    settings.BIOMETRICS = False
    html = page(client, archivist)
    assert "Switched off" in html and "Who are you" not in html
    assert "Anna" not in client.get("/characters/").content.decode()


def test_a_researcher_learns_nothing_of_reels_for_staff(
    scan: Scan, client: Client, researcher: User
) -> None:
    scan.reel.access = "staff"
    scan.reel.save()
    client.force_login(researcher)
    pk = Character.objects.get(name="Anna").pk
    assert client.get(f"/characters/{pk}/").status_code == 403
    assert "Anna" not in client.get("/characters/").content.decode()
