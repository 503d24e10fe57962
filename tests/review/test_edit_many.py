"""One field of many reels is shown before it is written, and taken back as one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from archive.importing import take_back
from archive.models import Element, Event, Title
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, archivist: Any, settings: Any) -> Client:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(archivist)
    for name, country in (("A", "Norway"), ("B", "Norway"), ("C", "France")):
        title = factories.make_title(name, country=country)
        factories.make_reel(element=factories.make_element(title=title))
    return client


ADDRESS = "/catalogue/edit/?country=Norway"


def test_it_is_shown_then_written_and_of_no_other_reel(desk: Client, archivist: Any) -> None:
    said = {"column": "gauge", "value": "35MM"}
    shown = desk.post(ADDRESS, said)
    assert shown.context["tried"].counts()["changed"] == 2
    assert not Element.objects.exclude(gauge="").exists(), "shown only"
    assert "35 mm" in shown.content.decode(), "as it would be kept"

    desk.post(ADDRESS, said | {"seen": shown.context["seen"]})

    assert Element.objects.filter(gauge="35 mm").count() == 2
    event = Event.objects.get(kind="catalogue import")
    assert event.agent.user == archivist
    assert take_back(event.subject.partition(":")[2], by=archivist)["restored"] == 2
    assert not Element.objects.exclude(gauge="").exists()


def test_what_changed_since_it_was_shown_is_shown_again(desk: Client) -> None:
    said = {"column": "gauge", "value": "35 mm"}
    seen = desk.post(ADDRESS, said).context["seen"]
    Title.objects.filter(name="C").update(country="Norway")
    again = desk.post(ADDRESS, said | {"seen": seen})
    assert "Look again" in again.content.decode()
    assert not Element.objects.exclude(gauge="").exists()


def test_what_is_wrong_is_said_and_nothing_is_written(desk: Client) -> None:
    refused = desk.post(ADDRESS, {"column": "gauge", "value": "36 mm"})
    assert refused.context["tried"].counts()["refused"] == 2
    assert "Did you mean" in refused.content.decode()
    assert "Write it" not in refused.content.decode()
    assert desk.post(ADDRESS, {"column": "title", "value": "X"}).context["form"].errors
    assert not Event.objects.filter(kind="catalogue import").exists()
