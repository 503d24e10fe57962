"""At the door: a name, a password that can be tried a few times, a session of the guest's own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from archive.models import Reel
from restoration.storage import storage
from review.guests import doors, links
from review.guests.links import Made, Wish
from review.models import GuestVisit, Note, ShareLink
from tests import factories
from tests.review.guests.guest import come_in

pytestmark = pytest.mark.django_db
PASSWORD = "harbour lights"


@pytest.fixture(autouse=True)
def static_folder(settings):
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def reel() -> Reel:
    scenes = factories.make_scenes(factories.make_scan())
    for scene in scenes:
        storage().folder(factories.make_take(scene=scene).storage_key).mkdir(parents=True)
    found: Reel = scenes[0].scan.reel
    return found


@pytest.fixture
def made(reel, reviewer) -> Made:
    return links.make(reel, Wish("Ada Byron"), by=reviewer)


@pytest.fixture
def locked(reel, reviewer) -> Made:
    return links.make(reel, Wish("Ada Byron", password=PASSWORD), by=reviewer)


def knock(made: Made, password: str = "", name: str = "Ada", client: Client | None = None) -> int:
    address = reverse("guest-door", args=[made.secret])
    answer = (client or Client()).post(address, {"name": name, "password": password})
    return answer.status_code


def test_a_guest_says_who_they_are(made):
    assert knock(made, name=" ") == 400
    assert knock(made) == 302
    assert GuestVisit.objects.get().name == "Ada"


def test_the_password_can_be_tried_five_times_in_a_quarter_of_an_hour(locked):
    assert [knock(locked, "wrong") for _ in range(5)] == [403, 403, 403, 403, 429]
    assert knock(locked, PASSWORD) == 429, "the right one neither"
    ShareLink.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    assert knock(locked, PASSWORD) == 302
    assert ShareLink.objects.get().wrong == 0
    assert GuestVisit.objects.count() == 1


def test_a_link_is_not_opened_without_end(made, monkeypatch):
    monkeypatch.setattr(doors, "VISITS_AN_HOUR", 2)
    assert [knock(made) for _ in range(3)] == [302, 302, 429]


def test_only_the_session_that_came_in_sees_anything(made, locked):
    client = come_in(made)
    shown = made.link.shown.first()
    mine = [
        reverse("guest-link", args=[made.link.pk]),
        reverse("guest-scene", args=[made.link.pk, shown.pk]),
        reverse("guest-state", args=[made.link.pk, shown.pk]),
    ]
    other = locked.link.shown.first()
    for address in mine:
        assert client.get(address).status_code == 200
        assert Client().get(address).status_code == 404
    for address in (
        reverse("guest-link", args=[locked.link.pk]),
        reverse("guest-scene", args=[locked.link.pk, other.pk]),
        reverse("guest-scene", args=[made.link.pk, other.pk]),
    ):
        assert client.get(address).status_code == 404


def test_a_guest_is_nobody_elsewhere(made, reel):
    client = come_in(made)
    scan = reel.current_scan()
    for name, pk in (("reel", reel.pk), ("scan-proxy", scan.pk), ("share-links", reel.pk)):
        assert client.get(reverse(name, args=[pk])).status_code == 302
    assert client.post(reverse("add-note", args=[scan.scenes.first().pk])).status_code == 302


def test_no_answer_is_indexed_kept_or_passed_on(made):
    client = come_in(made)
    shown = made.link.shown.first()
    scene = reverse("guest-scene", args=[made.link.pk, shown.pk])
    for address in (reverse("guest-door", args=[made.secret]), scene, "/guest/nothing/"):
        answer = client.get(address)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert 'name="robots" content="noindex' in answer.content.decode()


def test_a_note_bears_the_guests_name_and_calls_on_the_maker(made, reviewer):
    client = come_in(made, name="Ada")
    shown = made.link.shown.first()
    page = client.get(reverse("guest-scene", args=[made.link.pk, shown.pk]))
    form = {"first": 2, "last": 4, "text": "@rosa the mast leans"}
    address = page.context["signed"]
    answer = client.post(reverse("guest-note", args=[address]), form, headers={"Origin": "null"})
    assert answer.status_code == 302
    note = Note.objects.get()
    assert (note.author, note.by, note.start_frame, note.end_frame) == ("Ada (guest)", None, 2, 5)
    assert [mention.person for mention in note.mentions.all()] == [reviewer]
    assert "Ada (guest)" in client.get(answer.headers["Location"]).content.decode()
    outside = client.post(reverse("guest-note", args=[address]), form | {"last": 400})
    assert outside.status_code == 400
    assert Client().post(reverse("guest-note", args=[address]), form).status_code == 404
    assert Note.objects.count() == 1
    staff = Client()
    staff.force_login(reviewer)
    assert "Ada (guest)" in staff.get(reverse("scene", args=[shown.scene_id])).content.decode()
    assert "Ada (guest)" in staff.get(reverse("today")).content.decode()
    sheet = staff.get(reverse("notes-file", args=[made.link.reel_id, "csv"]))
    assert "Ada (guest)" in sheet.content.decode()


def test_a_guest_sees_what_guests_of_the_link_wrote_and_nothing_else(made, locked, reviewer):
    factories_note = Note.objects.create(
        scan=made.link.reel.current_scan(), start_frame=0, end_frame=1, text="secret", by=reviewer
    )
    client, other = come_in(made), come_in(locked, password=PASSWORD)
    shown = made.link.shown.first()
    scene = reverse("guest-scene", args=[made.link.pk, shown.pk])
    signed = client.get(scene).context["signed"]
    form = {"first": 0, "last": 0, "text": "a hair"}
    client.post(reverse("guest-note", args=[signed]), form)
    assert "a hair" in client.get(scene).content.decode()
    assert factories_note.text not in client.get(scene).content.decode()
    theirs = reverse("guest-scene", args=[locked.link.pk, locked.link.shown.first().pk])
    assert "a hair" not in other.get(theirs).content.decode()


def test_what_a_machine_made_is_told_on_the_page(made):
    scene = made.link.shown.first()
    totals = factories.make_totals(100, label="SYNTHESISED")
    type(scene.take).objects.update(totals=totals)
    page = come_in(made).get(reverse("guest-scene", args=[made.link.pk, scene.pk]))
    said = page.content.decode()
    assert "synthesised 100" in said and "Nobody has approved it" in said
