"""What happened before the system is entered by hand, and stands beside what the system saw."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from archive import custody
from archive.models import Reel
from tests import factories

pytestmark = pytest.mark.django_db

TOLD = {
    "kind": "cleaning", "when": "1952~", "who": "Filmwerk Bergen", "note": "by hand",
    "source": "ledger 1952, page 14", "certainty": "likely",
}  # fmt: skip


@pytest.fixture
def reel() -> Reel:
    reel = factories.make_reel()
    agent = custody.software()
    custody.record(kind="ingestion", agent=agent, subject=f"reel:{reel.pk}", reel=reel)
    return reel


def enter(client: Client, reel: Reel, **changed: str) -> int:
    address = reverse("earlier-event", args=[reel.pk])
    return client.post(address, TOLD | changed).status_code


def test_an_earlier_event_stands_by_itself_and_hides_no_other(
    client: Client, reel: Reel, archivist: User
) -> None:
    client.force_login(archivist)
    assert enter(client, reel) == 302
    page = client.get(reverse("reel", args=[reel.pk])).content.decode()
    seen, before = page.split("Before the system")
    assert "ingestion" in seen
    assert "ledger 1952, page 14" in before and "Filmwerk Bergen" in before
    assert "likely" in before
    assert custody.verify_chain(f"reel:{reel.pk}") == []


def test_without_a_source_or_a_date_nothing_is_kept(
    client: Client, reel: Reel, archivist: User
) -> None:
    client.force_login(archivist)
    for wrong in ({"source": ""}, {"when": "long ago"}, {"kind": "ingestion"}):
        assert enter(client, reel, **wrong) != 302
    assert reel.events.count() == 1
