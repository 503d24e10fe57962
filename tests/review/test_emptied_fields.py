"""One field of many reels is emptied, by a choice of its own that the preview tells."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from archive import importing
from archive.models import Collection, Event, Reel, Title
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def reels() -> list[Reel]:
    kept_in = Collection.objects.create(name="Of a family")
    made = [factories.make_scan().reel for _ in range(2)]
    Title.objects.update(collection=kept_in, notes="to be checked")
    return made


@pytest.mark.slow
def test_a_field_is_emptied_once_the_preview_was_seen(client, archivist, reels):
    client.force_login(archivist)
    address = reverse("edit-many")
    neither = client.post(address, {"column": "title_notes"}).content.decode()
    assert "or choose to empty it" in neither
    both = {"column": "title_notes", "value": "x", "empty": "on"}
    assert "not both" in client.post(address, both).content.decode()
    said = {"column": "title_notes", "value": "", "empty": "on"}
    page = client.post(address, said).content.decode()
    assert "to be checked" in page and page.count("emptied") == 2
    assert Title.objects.filter(notes="to be checked").count() == 2
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert hidden["empty"] == "on"
    client.post(address, hidden)
    assert set(Title.objects.values_list("notes", flat=True)) == {""}
    event = Event.objects.get(kind=importing.IMPORTED)
    assert event.detail["bulk_edit"] == "title_notes" and event.detail["emptied"]
    importing.take_back(event.subject.removeprefix("import:"), by=archivist)
    assert set(Title.objects.values_list("notes", flat=True)) == {"to be checked"}


@pytest.mark.slow
def test_films_are_taken_out_of_a_collection_and_what_must_say_something_is_refused(
    archivist, reels
):
    numbers = [reel.pk for reel in reels]
    made = importing.edit_many(numbers, "collection", "", empty=True, by=archivist)
    assert made.counts()["changed"] == 2
    assert not Title.objects.exclude(collection=None).exists()
    refused = importing.edit_many(numbers, "access", "", empty=True, by=archivist)
    assert refused.counts()["refused"] == 2 and refused.rows[0].reasons
