"""What is served to a guest: the marked copy by short-lived addresses, and nothing of the files."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from archive.media.decode import open_source
from archive.media.frames import FrameTable
from archive.media.stills import frame_png
from archive.models import Reel
from restoration.storage import storage
from review.guests import copies, doors, links
from review.guests.links import Made
from tests.review.approved_reel import make_approved_reel
from tests.review.guests.guest import come_in, make_link, media_of, status_of

pytestmark = pytest.mark.django_db
HEIGHT, WIDTH = 96, 128


@pytest.fixture(autouse=True)
def own_places(settings, tmp_path):
    settings.MEDIA_HOME = tmp_path / "media"
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def reel(tmp_path, archivist) -> Reel:
    return make_approved_reel(
        tmp_path, by=archivist, cuts=(4,), frames=8, width=WIDTH, height=HEIGHT, audio_tracks=1
    )


@pytest.fixture
def made(reel, reviewer) -> Made:
    return make_link(reel, reviewer)


def whole(response) -> bytes:
    return b"".join(response.streaming_content)


def decoded(data: bytes) -> np.ndarray:
    found: np.ndarray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    return found


def test_every_picture_that_a_guest_gets_is_marked(made, tmp_path):
    client = come_in(made)
    media = media_of(client, made, 1)
    assert media["state"] == "ready"
    film = tmp_path / "got.mp4"
    film.write_bytes(whole(client.get(media["film"])))
    shown = made.link.shown.get(number=2)
    kept = storage().folder(shown.take.storage_key) / "picture.mkv"
    with open_source(film, rate=Fraction(24)) as source, open_source(kept) as clean:
        assert len(source) == len(clean) == shown.take.frames
        for number in range(len(source)):
            marked, bare = (
                decoded(frame_png(path, number, rate=Fraction(24))) for path in (film, kept)
            )
            apart = np.abs(marked.astype(int) - bare) > 12
            assert all(part.any() for part in np.array_split(apart, 3)), number
    signed = media["film"].split("/")[3]
    still = client.get(reverse("guest-still", args=[signed, shown.take.start_frame]))
    table = FrameTable.load(copies.copy_of(shown).table)
    expected = frame_png(copies.copy_of(shown).film, 0, rate=Fraction(24), table=table)
    assert still.content == expected, "the still is of the marked copy"


def test_the_copy_has_the_scenes_sound_beside_its_pictures(made):
    import av

    shown = made.link.shown.get(number=2)
    with av.open(str(copies.copy_of(shown).film)) as film:
        (sound,) = film.streams.audio
        assert abs(float(sound.duration * sound.time_base) - shown.take.frames / 24) < 0.05


def test_the_labels_come_along_unshortened(made):
    client = come_in(made)
    media = media_of(client, made)
    index = json.loads(whole(client.get(media["labelsIndex"])))
    shown = made.link.shown.get(number=1)
    assert (index["start"], index["frames"]) == (0, shown.take.frames)
    assert len(whole(client.get(media["labels"]))) == index["offsets"][-1]


def test_an_address_opens_in_its_session_and_for_a_while(made, monkeypatch):
    client = come_in(made)
    media = media_of(client, made)
    assert status_of(client, media["film"], Range="bytes=0-99") == 206
    assert Client().get(media["film"]).status_code == 404, "another browser"
    assert come_in(made, name="Bea").get(media["film"]).status_code == 404, "another visit"
    forged = media["film"].replace("/film.mp4", "x/film.mp4")
    assert client.get(forged).status_code == 404
    elsewhere = signing.dumps([1, made.link.shown.first().pk], salt="another")
    assert client.get(reverse("guest-film", args=[elsewhere])).status_code == 404
    monkeypatch.setattr(doors, "MEDIA_SECONDS", -1)
    assert client.get(media["film"]).status_code == 404, "its time is over"


def test_a_film_is_not_given_as_a_page_or_a_download(made):
    client = come_in(made)
    film = media_of(client, made)["film"]
    for purpose, status in (("document", 403), ("iframe", 403), ("video", 200)):
        assert status_of(client, film, **{"Sec-Fetch-Dest": purpose}) == status
    answer = client.get(film)
    assert whole(answer)
    assert "attachment" not in answer.headers.get("Content-Disposition", "")
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_link_revoked_while_it_is_watched_gives_no_more_bytes(made, reviewer):
    client = come_in(made)
    media = media_of(client, made)
    links.revoke(made.link, by=reviewer)
    shown = made.link.shown.first()
    addresses = [media[name] for name in ("film", "labels", "labelsIndex")]
    addresses += [
        reverse("guest-link", args=[made.link.pk]),
        reverse("guest-state", args=[made.link.pk, shown.pk]),
    ]
    assert {client.get(address).status_code for address in addresses} == {410}


def test_copies_are_removed_when_nobody_can_open_them_any_more(made, reel, reviewer):
    other = make_link(reel, reviewer, guest="Bea")
    folders = [copies.copy_of(each.link.shown.first()).folder for each in (made, other)]
    assert all(folder.is_dir() for folder in folders)
    links.revoke(made.link, by=reviewer)
    assert copies.sweep() == {"removed": [made.link.pk]}
    assert [folder.is_dir() for folder in folders] == [False, True]
    copies.make_by_message(made.link.shown.first().pk)
    assert not folders[0].is_dir(), "a late message makes none of a closed link"


def test_evidence_is_covered_by_nothing(reel, reviewer):
    made = make_link(reel, reviewer, use="forensic")
    shown = made.link.shown.first()
    copy = copies.copy_of(shown)
    assert copy.is_ready(), copy.fault.read_text() if copy.fault.exists() else ""
    kept = storage().folder(shown.take.storage_key) / "picture.mkv"
    table = FrameTable.load(copy.table)
    got = decoded(frame_png(copy.film, 0, rate=Fraction(24), table=table))
    assert got.shape[0] > HEIGHT
    bare = decoded(frame_png(kept, 0))
    assert np.abs(got[:HEIGHT].astype(int) - bare).mean() < 3, "the encoder's loss and no more"
