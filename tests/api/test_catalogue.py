"""The catalogue for programs: found with facets, narrowings kept, who looked at what."""

from __future__ import annotations

import pytest

from archive.models import Collection, Element, Reading, Reel, Title
from review.models import SavedSearch
from tests import factories
from tests.api.asking import program

pytestmark = pytest.mark.django_db


@pytest.fixture
def films() -> list[Reel]:
    made = [factories.make_scan().reel for _ in range(3)]
    for reel, gauge in zip(made, ("16 mm", "35 mm", "35 mm"), strict=True):
        Element.objects.filter(pk=reel.element_id).update(gauge=gauge)
        Title.objects.filter(elements=reel.element_id).update(name=f"Harbour {reel.pk}")
        for row in (reel.element, reel.element.title):
            row.refresh_from_db()
            row.save()
    return made


def test_the_catalogue_is_found_with_its_facets(films):
    asked = program("archivist")
    found = asked.get("catalogue?gauge=35 mm").json()
    assert (found["count"], found["everything"], found["is_capped"]) == (2, 3, False)
    assert {row["id"] for row in found["results"]} == {films[1].pk, films[2].pk}
    gauges = {each["value"]: each["count"] for each in found["facets"]["gauge"]}
    assert gauges["35 mm"] == 2
    assert asked.get("catalogue?page=2").json()["results"] == []
    kept_in = Collection.objects.create(name="Nobody's")
    assert asked.get(f"catalogue?collection={kept_in.pk}").json()["count"] == 0
    assert asked.get("catalogue?words=nothing+of+the+kind").json()["count"] == 0
    assert asked.get("catalogue?guage=35").status_code == 400
    assert program("researcher").get("catalogue").json()["count"] == 0, "none is open to research"


@pytest.mark.slow
def test_a_narrowing_is_kept_and_says_what_is_new(films):
    asked = program("archivist")
    assert asked.post("catalogue/searches", {}).status_code == 400
    made = asked.post("catalogue/searches", {"gauge": "35 mm"})
    assert made.status_code == 201, made.content
    assert made.json()["narrowed"] == {"gauge": "35 mm"}
    path = f"catalogue/searches/{made.json()['id']}"
    assert asked.get(path).json()["new"] == []
    element = films[0].element
    Element.objects.filter(pk=element.pk).update(gauge="35 mm")
    element.refresh_from_db()
    element.save()
    now = asked.get(path).json()
    assert (now["count"], now["new"]) == ("3", [films[0].pk])
    assert asked.get("searches").json()["results"] == [], "those of the search page are others"
    assert program("archivist").get(path).status_code == 404
    assert asked.ask("DELETE", path).status_code == 204 and not SavedSearch.objects.exists()


def test_who_looked_at_restricted_film_is_told_to_archivists(films):
    films[0].title.rights.create(statement="http://x.org/", embargo="2999-01-01")
    asked = program("archivist")
    assert asked.get(f"reels/{films[0].pk}").status_code == 200
    assert Reading.objects.exists()
    told = asked.get(f"readings?reel={films[0].pk}&person={asked.owner.username}").json()["results"]
    assert [(row["reel"], row["why"]) for row in told] == [(films[0].pk, "embargo")]
    assert asked.get("readings?why=closed").json()["results"] == []
