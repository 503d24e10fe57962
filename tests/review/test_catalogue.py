"""A reel is found by words, collection, year and state, and is in the state that it is in."""

from __future__ import annotations

import pytest
from django.urls import reverse

from restoration.models import StageRun
from review import decisions
from review.pages import lines, reels_with_state
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, reviewer, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client.force_login(reviewer)
    return client


def state_of(reel) -> str:
    return reels_with_state().get(pk=reel.pk).state


def found(desk, **asked: object) -> list[str]:
    response = desk.get(reverse("catalogue"), asked)
    return [line.reel.title.name for line in response.context["lines"]]


def test_the_state_follows_the_work(reviewer):
    scan = factories.make_scan()
    assert state_of(scan.reel) == "new"
    run = factories.make_run(scene=factories.make_scene(scan=scan, frames=(0, 24)))
    assert state_of(scan.reel) == "working"
    StageRun.objects.filter(pk=run.pk).update(status="failed", error="no space left")
    assert state_of(scan.reel) == "failed"
    again = factories.make_run(scene=run.scene, stage=run.stage, status="done")
    assert again.pk > run.pk
    assert state_of(scan.reel) == "review"
    decisions.approve(run.scene, factories.make_take(scene=run.scene), by=reviewer)
    assert state_of(scan.reel) == "approved"
    other = factories.make_scene(scan=scan, frames=(24, 48))
    assert state_of(scan.reel) == "review", "one scene of two is not a reel"
    decisions.approve(other, factories.make_take(scene=other), by=reviewer)
    assert state_of(scan.reel) == "approved"
    factories.make_take(scene=other)
    assert state_of(scan.reel) == "review", "a newer take stands"


def test_words_must_all_be_there_and_case_does_not_matter(desk):
    for name in ("Harbour Day", "Harbour Night", "A Day in the Hills"):
        factories.make_reel(element=factories.make_element(title=factories.make_title(name)))
    assert found(desk, words="harbour") == ["Harbour Day", "Harbour Night"]
    assert found(desk, words="DAY harb") == ["Harbour Day"]
    assert found(desk, words="100%") == []


def test_facets_narrow_together(desk):
    old = factories.make_title("Old", collection="Newsreels", year="1926")
    new = factories.make_title("New", collection="Newsreels", year="1931")
    for title in (old, new):
        factories.make_reel(element=factories.make_element(title=title))
    assert found(desk, collection=old.collection_id) == ["New", "Old"]
    assert found(desk, collection=old.collection_id, year="1926") == ["Old"]
    assert found(desk, year="19", state="new") == ["New", "Old"]
    assert found(desk, state="approved") == []


def test_a_facet_that_makes_no_sense_is_left_out_and_nothing_breaks(desk):
    factories.make_reel()
    assert desk.get(reverse("catalogue"), {"collection": "x", "page": "99"}).status_code == 200


def test_a_line_adds_up_the_takes_that_stand():
    scan = factories.make_scan(frames=48)
    first, second = factories.make_scenes(scan)
    factories.make_take(scene=first, label="SYNTHESISED")
    factories.make_take(scene=second, label="ORIGINAL")
    factories.make_take(scene=first, label="SYNTHESISED")
    (line,) = lines(reels_with_state().for_list())
    assert line.machine == 0.5


def test_the_list_asks_the_database_as_often_for_ten_reels_as_for_one(
    desk, django_assert_max_num_queries
):
    for _ in range(10):
        factories.make_take(scene=factories.make_scene(scan=factories.make_scan()))
    with django_assert_max_num_queries(16):
        desk.get(reverse("catalogue"))
