"""What happened to a reel before the system stands in its chain, with its source and certainty."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from archive import custody, earlier
from archive.models import Event, Reel
from tests import factories

pytestmark = pytest.mark.django_db

SAID = {
    "kind": "cleaning", "when": "1952~", "who": "Statens filmarkiv", "note": "by hand",
    "source": "ledger 1952, page 14", "certainty": "likely",
}  # fmt: skip


@pytest.fixture
def reel() -> Reel:
    return factories.make_scan(reel=factories.make_reel(access="research")).reel


@pytest.fixture
def desk(client: Client, archivist: Any, settings: Any) -> Client:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(archivist)
    return client


def test_it_is_kept_under_the_name_of_who_entered_it_and_shown(desk: Client, reel: Reel) -> None:
    desk.post(reverse("earlier-event", args=[reel.pk]), SAID)
    event = Event.objects.get(kind="cleaning")
    assert (event.agent.name, event.chain) == ("anna", f"reel:{reel.pk}")
    assert event.detail == {"of": earlier.BY_HAND} | {k: v for k, v in SAID.items() if k != "kind"}
    assert custody.verify_chain(f"reel:{reel.pk}") == []
    page = desk.get(reverse("reel", args=[reel.pk])).content.decode()
    for said in ("Before the system", "about 1952", "ledger 1952, page 14", "likely"):
        assert said in page


@pytest.mark.parametrize("missing", ["when", "who", "source"])
def test_what_nobody_could_check_later_is_refused(desk: Client, reel: Reel, missing: str) -> None:
    answer = desk.post(reverse("earlier-event", args=[reel.pk]), SAID | {missing: ""})
    assert missing in answer.context["form"].errors
    answer = desk.post(reverse("earlier-event", args=[reel.pk]), SAID | {"when": "ca. 1952"})
    assert "EDTF" in str(answer.context["form"].errors["when"])
    assert not Event.objects.filter(kind="cleaning").exists()


def test_they_stand_by_when_they_happened(reel: Reel, archivist: Any) -> None:
    for when in ("1952", "192X", "1952-03", "1931/1940"):
        earlier.keep(reel, SAID | {"when": when}, by=archivist)
    shown = [each.detail["when"] for each in earlier.in_order(reel.events.all())]
    assert shown == ["1952-03", "1952", "1931/1940", "192X"]


def test_researchers_see_nothing_of_it(
    client: Client, reel: Reel, archivist: Any, researcher: Any
) -> None:
    earlier.keep(reel, SAID, by=archivist)
    client.force_login(researcher)
    page = client.get(reverse("reel", args=[reel.pk])).content.decode()
    assert "Before the system" not in page and "ledger 1952" not in page
