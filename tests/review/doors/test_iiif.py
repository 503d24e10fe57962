"""A reel for IIIF viewers: its film on a canvas; words and scenes say who answers for them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from archive.models import Reel, Rights
from restoration import borders, transcripts
from tests import factories
from tests.review.search.said import reel_that_says

pytestmark = pytest.mark.django_db

LINES = ("Then the last", "farewell came.", "A farewell to a zoo.")


@pytest.fixture
def reel() -> Reel:
    made = reel_that_says(*LINES, speaker="Anna", access="research")
    made.scans.update(derivatives="ready")
    return made


@pytest.fixture
def page(client: Client, researcher: User) -> Client:
    client.force_login(researcher)
    return client


def document(client: Client, reel: Reel, name: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/iiif/reels/{reel.pk}/{name}", query)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def bodies(annotation: dict[str, Any]) -> list[str]:
    return [body["value"] for body in annotation["body"]]


def test_a_reel_is_a_canvas_as_long_as_its_film(page: Client, reel: Reel) -> None:
    Rights.objects.create(
        title=reel.title, statement="https://rightsstatements.org/vocab/InC/1.0/", holder="Pathé"
    )
    made = document(page, reel, "manifest.json")
    scan = reel.scans.get()
    (canvas,) = made["items"]
    assert canvas["duration"] == scan.frames / 16
    assert (canvas["width"], canvas["height"]) == (scan.width, scan.height)
    (painted,) = canvas["items"][0]["items"]
    assert painted["motivation"] == "painting" and painted["target"] == canvas["id"]
    assert painted["body"]["id"] == f"http://testserver/scans/{scan.pk}/proxy.mp4"
    assert "#" not in canvas["id"]
    assert made["rights"] == "http://rightsstatements.org/vocab/InC/1.0/"
    assert made["service"][0]["type"] == "SearchService2"
    assert "machine" in made["requiredStatement"]["value"]["en"][0]


def test_a_manifest_reads_as_one_by_an_implementation_of_the_standard(
    page: Client, reel: Reel
) -> None:
    prezi = pytest.importorskip("iiif_prezi3")
    prezi.Manifest(**document(page, reel, "manifest.json"))
    for name in ("lines.json", "scenes.json", "search?q=farewell"):
        prezi.AnnotationPage(**document(page, reel, name))
    prezi.Collection(**page.get("/iiif/collection.json").json())


def test_without_a_viewing_copy_nothing_is_painted(page: Client, reel: Reel) -> None:
    reel.scans.update(derivatives="making")
    made = document(page, reel, "manifest.json")
    assert made["items"][0]["items"] == [] and "thumbnail" not in made


def test_each_line_says_who_answers_for_it(page: Client, reel: Reel, reviewer: User) -> None:
    version = transcripts.current(reel.scans.get())
    assert version is not None
    transcripts.correct(version, "confirm", ["m1"], {}, by=reviewer)
    transcripts.correct(version, "speaker", ["m1"], {"speaker": "Anna"}, by=reviewer)
    items = document(page, reel, "lines.json")["items"]
    assert bodies(items[0]) == ["Then the last", "made by a machine, checked by nobody"]
    assert bodies(items[1]) == ["farewell came.", "checked by a person"]
    assert items[1]["target"].endswith("#t=1,1.9375")
    assert items[1]["label"] == {"none": ["Anna"]}


def test_each_scene_says_whether_its_cuts_were_checked(
    page: Client, reel: Reel, restorer: User
) -> None:
    scan = reel.scans.get()
    _, middle, _ = (
        factories.make_scene(scan=scan, frames=frames) for frames in ((0, 20), (20, 50), (50, 80))
    )
    borders.check(middle, 20, is_cut=True, by=restorer)
    items = document(page, reel, "scenes.json")["items"]
    assert [bodies(item)[0] for item in items][1] == "Scene 2 (shot), frames 20 to 49"
    machine, checked = "made by a machine, checked by nobody", "checked by a person"
    assert [bodies(item)[1] for item in items] == [checked, machine, machine]
    assert items[2]["target"].endswith("#t=3.125,5")


def test_a_search_in_the_words_quotes_what_it_means(page: Client, reel: Reel) -> None:
    found = document(page, reel, "search", q='"last farewell"', motivation="painting")
    (item,) = found["items"]
    assert bodies(item)[0] == "Then the last" and found["partOf"]["total"] == 1
    (mark,) = found["annotations"][0]["items"]
    assert mark["target"]["source"] == item["id"]
    selector = mark["target"]["selector"][0]
    assert (selector["prefix"], selector["exact"], selector["suffix"]) == ("Then the ", "last", "")
    assert found["ignored"] == ["motivation"]
    assert document(page, reel, "lines.json")["items"][0]["id"] == item["id"]


def test_a_search_stays_in_its_reel_and_its_words(page: Client, reel: Reel) -> None:
    other = reel_that_says("One more farewell.", title="Farewell", access="research")
    found = document(page, reel, "search", q=f"farewell reel:{other.pk}")
    assert [bodies(item)[0] for item in found["items"]] == [LINES[1], LINES[2]]
    assert document(page, other, "search", q="farewell")["partOf"]["total"] == 1
    assert document(page, other, "search", q="")["items"] == []


def test_a_long_answer_comes_in_pages(page: Client) -> None:
    reel = reel_that_says(*["A hat."] * 120, access="research")
    first = document(page, reel, "search", q="hat")
    assert len(first["items"]) == 100 and "prev" not in first
    rest = page.get(first["next"]["id"].removeprefix("http://testserver")).json()
    assert len(rest["items"]) == 20 and rest["startIndex"] == 100 and "next" not in rest


@pytest.mark.parametrize("name", ["manifest.json", "lines.json", "scenes.json", "search?q=hat"])
def test_a_researcher_sees_nothing_of_a_reel_for_staff(page: Client, name: str) -> None:
    reel = reel_that_says("A hat.")
    assert page.get(f"/iiif/reels/{reel.pk}/{name}").status_code == 403
