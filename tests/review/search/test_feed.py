"""What is new in a kept search comes to its owner's feed reader, and to nobody else's."""

from __future__ import annotations

from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import User
from django.test import Client

from archive.models import Reel
from review.models import SavedSearch
from review.search import finding
from tests.api.asking import Program
from tests.review.search.said import keep, reel_that_says

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def said() -> Reel:
    return reel_that_says("A farewell.", "Nothing.", access=Reel.Access.RESEARCH)


@pytest.fixture
def page(client: Client, researcher: User, said: Reel) -> Client:
    client.force_login(researcher)
    client.post("/search/save/", {"q": "farewell"})
    keep(said.scans.get(), "A farewell.", "Nothing.", "One more <farewell>\x01 & all.")
    return client


def entries(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    return ET.fromstring(answer.content).findall(f"{ATOM}entry")


def address() -> str:
    return f"searches/{SavedSearch.objects.get().pk}/new.atom"


def test_a_new_hit_is_an_entry_that_opens_its_line(page: Client, said: Reel) -> None:
    (entry,) = entries(page.get(f"/api/v1/{address()}"))
    said_of_it = {name: entry.findtext(ATOM + name) for name in ("title", "summary", "id")}
    assert said_of_it["title"] == f"{said}, 00:00:02:00: farewell"
    assert said_of_it["summary"].endswith(
        "One more &lt; <mark>farewell</mark> &gt;  &amp; all. (machine)"
    )
    assert said_of_it["id"] == f"urn:reelproof:line:{said.pk}:dialogue:32:m2"
    assert entry.findtext(f"{ATOM}updated")
    link = entry.find(f"{ATOM}link").get("href")
    assert link.startswith(f"http://testserver/reels/{said.pk}/transcript/?frame=32")
    assert page.get(link).status_code == 200


def test_to_fetch_it_is_not_to_look_and_to_look_empties_it(page: Client) -> None:
    for _ in range(2):
        assert len(entries(page.get(f"/api/v1/{address()}"))) == 1
    page.get("/search/", {"q": "farewell"})
    assert entries(page.get(f"/api/v1/{address()}")) == []


def test_the_search_page_links_to_it(page: Client) -> None:
    assert f'href="/api/v1/{address()}"' in page.get("/search/").content.decode()


def test_a_program_reads_it_with_its_owners_token(page: Client, researcher: User) -> None:
    program = Program(researcher, "read")
    (kept,) = program.get("searches").json()["results"]
    assert kept["query"] == "farewell" and kept["feed"].endswith(address())
    assert len(entries(program.get(address()))) == 1


def test_nobody_reads_anothers(page: Client, reviewer: User) -> None:
    other = Program(reviewer, "read")
    assert other.get(address()).status_code == 404
    assert other.get("searches").json()["results"] == []
    assert Client().get(f"/api/v1/{address()}").status_code == 401


def test_what_its_owner_may_not_see_any_more_is_not_in_it(page: Client, said: Reel) -> None:
    said.title.rights.create(statement="http://x.org/", embargo=date(2999, 1, 1))
    assert entries(page.get(f"/api/v1/{address()}")) == []


def test_of_more_hits_than_are_counted_it_says_that_nothing_can_be_told(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST", 1)
    answer = page.get(f"/api/v1/{address()}")
    assert entries(answer) == [] and b"More hits than are counted" in answer.content
