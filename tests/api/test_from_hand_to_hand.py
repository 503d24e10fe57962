"""Scenes handed over, transcripts and CDL files taken in, photographs kept, pictures looked at."""

from __future__ import annotations

import base64
from io import BytesIO

import pytest
from django.test import Client
from PIL import Image

from archive.models import AccessToken, Reel
from restoration.models import Character, ColourCorrection, Take
from tests import factories
from tests.api.asking import program
from tests.review.approved_reel import current_scan, make_real_take, make_scanned_reel

pytestmark = pytest.mark.django_db

SRT = b"1\n00:00:00,040 --> 00:00:00,200\nThe catch is in.\n"
CDL = b"""<?xml version="1.0"?><ColorCorrection id="a"><SOPNode><Slope>1.1 1 1</Slope>
<Offset>0 0 0</Offset><Power>1 1 1</Power></SOPNode></ColorCorrection>"""


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_scene_is_handed_to_a_person_and_stands_before_them():
    asked, other = program("restorer"), program("reviewer")
    scene = factories.make_scene()
    path = f"scenes/{scene.pk}/hand-over"
    made = asked.post(path, {"to": other.owner.username, "word": "the left edge"})
    assert made.status_code == 201, made.content
    assert (made.json()["to"], made.json()["role"]) == (other.owner.username, "")
    mine = [len(each.get("hand-overs?mine=true").json()["results"]) for each in (other, asked)]
    assert mine == [1, 0]
    refused = asked.post(path, {"role": "archivist"})
    assert refused.status_code == 409 and "cannot see" in refused.json()["detail"], "there is none"
    program("archivist")
    assert asked.post(path, {"role": "archivist"}).status_code == 201
    assert other.get("hand-overs?mine=true").json()["results"] == [], "another has it now"
    (standing,) = asked.get(f"hand-overs?reel={scene.scan.reel_id}").json()["results"]
    assert standing["role"] == "archivist"
    for wrong, status in (({}, 409), ({"to": "nobody"}, 400), ({"role": "operator"}, 400)):
        assert asked.post(path, wrong).status_code == status


@pytest.mark.slow
def test_a_subtitle_file_becomes_the_reels_newest_transcript():
    asked, scan = program("restorer"), factories.make_scan()
    said = {
        "name": "reel.srt", "file": as_base64(SRT), "source": "the donor", "maker": "person",
        "language": "en",
    }  # fmt: skip
    made = asked.post(f"reels/{scan.reel_id}/transcripts", said)
    assert made.status_code == 201, made.content
    assert made.json()["source"] == "the donor (reel.srt)"
    lines = asked.get(f"reels/{scan.reel_id}/lines").json()["results"]
    assert [each["text"] for each in lines] == ["The catch is in."]
    wrong = said | {"file": as_base64(b"no subtitles at all")}
    assert asked.post(f"reels/{scan.reel_id}/transcripts", wrong).status_code == 422
    assert asked.post(f"reels/{scan.reel_id}/transcripts", {}).status_code == 400


@pytest.mark.slow
def test_a_cdl_file_becomes_a_correction_of_the_scene():
    asked, scene = program("restorer"), factories.make_scene()
    said = {"name": "a.cc", "file": as_base64(CDL)}
    made = asked.post(f"scenes/{scene.pk}/cdl", said)
    assert made.status_code == 201, made.content
    assert made.json()["slope"] == [1.1, 1.0, 1.0] and made.json()["reason"] == "from a.cc"
    wrong = said | {"file": as_base64(b"<x/>")}
    assert asked.post(f"scenes/{scene.pk}/cdl", wrong).status_code == 422
    assert ColourCorrection.objects.count() == 1


def picture() -> str:
    made = BytesIO()
    Image.new("RGB", (9, 9), (200, 90, 70)).save(made, "PNG")
    return as_base64(made.getvalue())


def test_a_characters_photograph_is_kept_shown_and_removed(settings):
    asked, reel = program("archivist"), factories.make_scan().reel
    anna = asked.post(f"reels/{reel.pk}/characters", {"name": "Anna"})
    assert anna.status_code == 201, anna.content
    path = f"reels/{reel.pk}/characters/{anna.json()['id']}/photographs"
    said = {"file": picture(), "source": "a programme"}
    made = asked.post(path, said)
    assert made.status_code == 201, made.content
    assert asked.post(path, said).status_code == 422, "it is there already"
    own = made.headers["Location"].removeprefix("/api/v1/")
    shown = asked.get(own)
    assert shown.headers["Content-Type"] == "image/jpeg" and len(shown.content) > 100
    assert shown.headers["Cache-Control"] == "private, no-store"
    settings.BIOMETRICS = False
    assert [asked.get(each).status_code for each in (own, path)] == [409, 409]
    assert asked.post(path, said).status_code == 409
    assert asked.post(f"reels/{reel.pk}/characters", {"name": "Bert"}).status_code == 409
    settings.BIOMETRICS = True
    assert asked.ask("DELETE", own).status_code == 204
    assert asked.get(path).json()["results"] == [] and Character.objects.count() == 1


@pytest.fixture
def take(tmp_path) -> Take:
    name = f"fetched {factories.unique_digest()[:8]}"
    reel = make_scanned_reel(tmp_path, name=name, frames=6, width=64, height=48)
    return make_real_take(factories.make_scene(scan=current_scan(reel), frames=(2, 6)))


@pytest.mark.slow
def test_frames_of_scans_and_takes_are_fetched_by_the_token(take):
    asked, researcher, scan = program("reviewer"), program("researcher"), take.scan
    path = f"scans/{scan.pk}/frames/0"
    assert researcher.get(path).status_code == 404, "it is for staff"
    Reel.objects.update(access="research")
    shown = researcher.get(path)
    assert shown.content[:4] == b"\x89PNG"
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert asked.get(f"scans/{scan.pk}/frames/6").status_code == 404
    path = f"takes/{take.pk}/frames/2"
    drawn = {asked.get(f"{path}?of={of}").content for of in ("take", "map")}
    assert len(drawn) == 2 and {each[:4] for each in drawn} == {b"\x89PNG"}
    assert asked.get(f"{path}?of=heat").status_code == 404, "there is none of this take"
    assert asked.get(f"{path}?of=nonsense").status_code == 400
    assert asked.get(f"takes/{take.pk}/frames/1").status_code == 404
    assert researcher.get(path).status_code == 403


@pytest.mark.slow
def test_an_address_of_a_picture_ends_and_asks_the_rights_again(take, monkeypatch):
    asked = program("reviewer")
    path = f"takes/{take.pk}/frames/2"
    made = asked.post(f"{path}/link", {"of": "map"})
    assert made.status_code == 201, made.content
    address = made.json()["url"]
    assert asked.made.secret not in address
    opened = Client().get(address)
    assert opened.content == asked.get(f"{path}?of=map").content
    assert opened.headers["Cache-Control"] == "private, no-store"
    assert Client().get(address[:-2] + "xx").status_code == 404
    take.scan.reel.title.rights.create(statement="http://x.org/", embargo="2999-01-01")
    assert Client().get(address).status_code == 404, "nobody but archivists sees it now"
    take.scan.reel.title.rights.all().delete()
    AccessToken.objects.update(scopes=["write"])
    assert Client().get(address).status_code == 404
    AccessToken.objects.update(scopes=["read"])
    assert Client().get(address).status_code == 200
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    assert Client().get(address).status_code == 404
