"""A public catalogue: strangers see reels that an archivist opened to everybody, and no others."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from archive.models import Reel
from review import iiif_views
from tests.review.search.said import reel_that_says

pytestmark = pytest.mark.django_db

NAMES = ("manifest.json", "lines.json", "scenes.json", "search?q=hat")


@pytest.fixture
def public(settings: Any) -> Reel:
    settings.PUBLIC_CATALOGUE = True
    made = reel_that_says("A hat </script><b>.", access="public", title="Open & shut")
    made.scans.update(derivatives="ready")
    return made


def addresses(reel: Reel) -> list[str]:
    return [f"/open/reels/{reel.pk}/", *(f"/iiif/reels/{reel.pk}/{name}" for name in NAMES)]


def test_strangers_read_what_is_open_to_everybody(client: Client, public: Reel) -> None:
    for address in addresses(public):
        assert client.get(address).status_code == 200, address
    html = client.get(f"/open/reels/{public.pk}/").content.decode()
    assert "A hat &lt;/script&gt;" in html and "machine" in html


def test_other_sites_read_with_a_strangers_rights_alone(
    client: Client, public: Reel, archivist: User
) -> None:
    address = f"/iiif/reels/{public.pk}/manifest.json"
    assert client.get(address).headers["Access-Control-Allow-Origin"] == "*"
    client.force_login(archivist)
    assert "Access-Control-Allow-Origin" not in client.get(address).headers


@pytest.mark.parametrize("access", ["staff", "research"])
def test_what_is_closed_and_what_is_not_there_look_the_same(
    client: Client, public: Reel, access: str
) -> None:
    closed = reel_that_says("A hat.", access=access)
    for address in addresses(closed):
        assert client.get(address).headers["Location"].startswith("/login/"), address
    for address in addresses(Reel(pk=987654)):
        assert client.get(address).headers["Location"].startswith("/login/"), address


def test_nothing_is_open_where_the_catalogue_is_not_public(
    client: Client, public: Reel, settings: Any
) -> None:
    settings.PUBLIC_CATALOGUE = False
    for address in [*addresses(public), "/sitemap.xml", "/oembed?url=x"]:
        assert client.get(address).headers["Location"].startswith("/login/"), address


def test_the_sitemap_lists_what_a_stranger_may_open(
    client: Client, public: Reel, archivist: User
) -> None:
    reel_that_says("A hat.", access="research")
    for person in (None, archivist):
        if person:
            client.force_login(person)
        listed = re.findall("<loc>(.*?)</loc>", client.get("/sitemap.xml").content.decode())
        assert listed == [f"http://testserver/open/reels/{public.pk}/"]


def test_robots_are_sent_to_the_open_pages_and_nowhere_where_there_are_none(
    client: Client, public: Reel, settings: Any
) -> None:
    told = client.get("/robots.txt").content.decode().splitlines()
    assert {"Disallow: /", "Allow: /open/", "Sitemap: http://testserver/sitemap.xml"} < set(told)
    settings.PUBLIC_CATALOGUE = False
    assert client.get("/robots.txt").content.decode() == "User-agent: *\nDisallow: /\n"


def test_the_collection_lists_what_the_asker_may_see_in_parts_where_it_is_long(
    client: Client, public: Reel, researcher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed(address: str) -> list[str]:
        return [item["id"] for item in client.get(address).json()["items"]]

    open_to_research = reel_that_says("A hat.", access="research")
    reel_that_says("A hat.", access="staff")
    whole = "/iiif/collection.json"
    manifests = [
        f"http://testserver/iiif/reels/{reel.pk}/manifest.json"
        for reel in (public, open_to_research)
    ]
    assert listed(whole) == manifests[:1]
    client.force_login(researcher)
    assert listed(whole) == manifests
    monkeypatch.setattr(iiif_views, "REELS", 1)
    assert [listed(part) for part in listed(whole)] == [[each] for each in manifests]
    assert client.get("/iiif/collections/3.json").status_code == 404


def test_search_engines_are_told_what_it_is(client: Client, public: Reel) -> None:
    public.title.notes = "</script><script>alert(1)</script>"
    public.title.save()
    html = client.get(f"/open/reels/{public.pk}/").content.decode()
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    told = json.loads(found[0])
    assert told["@type"] == "VideoObject" and told["duration"] == "PT3.000S"
    assert told["isPartOf"]["dateCreated"] == "1912" and told["name"] == "Open & shut, reel 1"
    assert told["description"] == public.title.notes and "<script>alert" not in html


def test_researchers_search_public_reels_and_the_catalogue_lists_them(
    client: Client, public: Reel, researcher: User, settings: Any
) -> None:
    settings.PUBLIC_CATALOGUE = False
    client.force_login(researcher)
    assert "1 hit" in client.get("/search/", {"q": "hat"}).content.decode()
    assert f"/reels/{public.pk}/" in client.get("/catalogue/").content.decode()


def test_an_archivist_takes_all_transcripts_along(
    client: Client, public: Reel, archivist: User
) -> None:
    reel_that_says("Bonjour.", "Adieu.", language="fr", title="Port")
    client.force_login(archivist)
    answer = client.get("/transcripts.jsonl")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[arg-type, attr-defined]
    told = [json.loads(each) for each in lines]
    assert [each["text"] for each in told] == ["A hat </script><b>.", "Bonjour.", "Adieu."]
    assert told[2]["start"] == "00:00:01:00" and told[2]["answered_for"] == "machine"
    assert told[2]["language"] == "fr" and told[2]["access"] == "staff"
