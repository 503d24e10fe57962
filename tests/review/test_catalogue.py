"""A reel is found by words, collection, year and state, and is in the state that it is in."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from archive.models import Reel
from restoration.models import StageRun
from review import decisions
from review.catalogue import narrow
from review.models import SavedSearch
from review.pages import lines, reels_with_state
from review.search import finding, index
from review.search.query import parse
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


def described(name: str, *, country: str = "", gauge: str = "", **fields: object):
    title = factories.make_title(name, country=country, **fields)
    return factories.make_reel(element=factories.make_element(title=title, gauge=gauge))


def facet(desk, name: str, **asked: object) -> dict[str, int]:
    narrowed = desk.get(reverse("catalogue"), asked).context["narrowed"]
    shown = {facet: choices for facet, _, choices in narrowed.facets}
    return {each.text: each.count for each in shown.get(name, [])}


def test_facets_are_counted_over_what_is_left(desk):
    described("A", country="Norway; Sweden", gauge="35 mm", year="1926~")
    described("B", country="Norway", gauge="16 mm", year="192X")
    described("C", country="Northern Norway", gauge="35 mm", year="[1931,1934]")
    assert facet(desk, "country") == {"Norway": 2, "Northern Norway": 1, "Sweden": 1}
    assert facet(desk, "decade") == {"1920s": 2, "1930s": 1}
    assert facet(desk, "gauge", country="Norway") == {"16 mm": 1, "35 mm": 1}
    assert found(desk, country="Norway") == ["A", "B"]
    assert found(desk, decade="192", gauge="35 mm") == ["A"]
    page = desk.get(reverse("catalogue"), {"decade": "192", "words": "a"}).content.decode()
    assert 'name="decade" value="192"' in page, "the form keeps it while words are typed"


def test_words_are_found_in_all_fields_without_case_and_accents_and_misspelt(desk):
    reel = described("Havnedag", notes="Fiskebåter i Ålesund")
    reel.title.credits.create(role="director", name="Anna Müller")
    reel.title.save()
    described("Night")
    for words in ("alesund", "MULLER director", '"anna müller"', "fiskeb", "Alesnud"):
        assert found(desk, words=words) == ["Havnedag"], words
    said = desk.get(reverse("catalogue"), {"words": "Alesnud"})
    assert said.context["narrowed"].instead == {"alesnud": ("alesund",)}
    assert "Sought instead" in said.content.decode()
    assert found(desk, words="*** OR") == []


def test_nobody_learns_from_counts_or_proposals_what_they_may_not_see(desk):
    held = described("Secret", country="Atlantis", notes="unrepeatable")
    held.title.rights.create(
        statement="http://rightsstatements.org/vocab/InC/1.0/", embargo="2999-01-01"
    )
    described("Open", country="Norway")
    assert facet(desk, "country") == {"Norway": 1}
    assert found(desk, words="unrepeatable") == []
    asked = desk.get(reverse("catalogue"), {"words": "unrepeatible"}).context["narrowed"]
    assert (asked.count, asked.instead, asked.facets) == (0, {}, [])


def test_more_reels_cost_no_more_questions(desk):
    def asked(**narrowed: object) -> int:
        with CaptureQueriesContext(connection) as questions:
            desk.get(reverse("catalogue"), narrowed)
        return len(questions)

    def three() -> None:
        for number in range(3):
            reel = described(f"Film {number}", country="Norway", gauge="35 mm", year="1926")
            factories.make_scan(reel=reel)
            factories.make_scene(scan=factories.make_scan(reel=reel))

    three()
    asked()  # who asks is read for good
    before = [asked(), asked(words="film", gauge="35 mm", state="review")]
    three()
    three()
    assert [asked(), asked(words="film", gauge="35 mm", state="review")] == before
    assert max(before) <= 16


def test_each_state_finds_what_bears_it(desk, reviewer):
    scans = [factories.make_scan() for _ in range(5)]
    scenes = [factories.make_scene(scan=scan) for scan in scans[1:]]
    factories.make_run(scene=scenes[0])
    factories.make_run(scene=scenes[1], status="failed", error="no space left")
    decisions.approve(scenes[2], factories.make_take(scene=scenes[2]), by=reviewer)
    for scan in scans:
        state = state_of(scan.reel)
        shown = desk.get(reverse("catalogue"), {"state": state}).context["lines"]
        assert [line.reel.pk for line in shown] == [scan.reel.pk], state


def test_a_narrowed_list_is_kept_for_its_owner_and_says_what_is_new(desk, client, archivist):
    described("A", gauge="35 mm")
    asked = {"gauge": "35 mm", "decade": "", "page": "3"}
    page = desk.get(reverse("catalogue"), asked).content.decode()
    assert 'name="query" value="gauge=35+mm"' in page
    desk.post(reverse("save-catalogue-search"), {"query": "gauge=35+mm&page=3"})
    desk.post(reverse("save-catalogue-search"), {"query": "page=3"})
    desk.post(reverse("save-search"), {"q": "gauge=35+mm"})
    here = SavedSearch.objects.get(of="catalogue")
    assert (here.query, len(here.places)) == ("gauge=35+mm", 1)
    described("B", gauge="35 mm")
    kept = desk.get(reverse("catalogue-searches"))
    told = [(each.said_count, len(each.new), words) for each, words in kept.context["kept"]]
    assert told == [("2", 1, "35 mm")]
    shown = desk.get(reverse("catalogue"), {"gauge": "35 mm", "page": "1"}).content.decode()
    address = f"{reverse('catalogue-searches')}?gauge=35+mm"
    assert f'hx-get="{address}"' in shown
    ((each, _),) = desk.get(address).context["kept"]
    assert not each.new, "it was looked at"
    desk.force_login(archivist)
    assert desk.get(reverse("catalogue-searches")).context["kept"] == []
    assert desk.post(reverse("forget-search", args=[here.pk])).status_code == 404
    desk.force_login(here.owner)
    gone = desk.post(reverse("forget-search", args=[here.pk]))
    assert gone.headers["Location"] == reverse("catalogue")


def test_a_damaged_second_copy_waits_on_today_for_those_who_see_the_reel(desk, client, archivist):
    scan = factories.make_scan()
    copy = scan.copies.create(path="/tape/1.mkv", compared=timezone.now(), outcome="changed")
    client.force_login(archivist)
    assert "/tape/1.mkv" in client.get(reverse("today")).content.decode()
    copy.outcome = "intact"
    copy.save()
    assert "/tape/1.mkv" not in client.get(reverse("today")).content.decode()


def test_where_a_can_stands_is_found_by_those_who_work_on_the_film_alone(archivist, researcher):
    """By location, examination and restriction, misspelt too; nobody else learns of it."""
    inside = factories.make_title("Harbour Day", collection="Newsreels")
    element = factories.make_element(title=inside)
    reel = factories.make_reel(element=element, access="research", location="Vault Bergen 3")
    inside.restrictions.create(use="broadcast", territory="Greenland")
    inside.save()  # as a form does: the index then reads the lists too
    report = reel.conditions.create(on="2026-01-02", examined_by="Eva Lund", by=archivist)
    report.faults.create(kind="vinegar syndrome", grade=2, where="tail")
    factories.make_reel(access="research")
    local = factories.give_role(factories.make_user(), "restorer", inside.collection)

    def saying(user, words):
        return narrow(user, {"words": words}).page(0, 25)

    index.reindex_catalogues([reel.pk])
    for words in ("bergen 3", "Greenland", "vinegar tail", '"Eva Lund"', "Harbour Day"):
        assert saying(archivist, words)[:1] == [reel.pk], words
        assert saying(local, words) == [reel.pk], words
    assert narrow(archivist, {"words": "begren"}).instead == {"begren": ("bergen",)}
    for words in ("bergen", "Greenland", "vinegar", "begren"):
        assert saying(researcher, words) == []
        assert narrow(researcher, {"words": words}).instead == {}
        assert finding.find(parse(f"{words} kind:store"), user=researcher).count == 0
    assert finding.find(parse("bergen kind:store"), user=archivist).count == 1
    assert finding.find(parse("bergen kind:store"), user=local).count == 1
    Reel.objects.get(pk=reel.pk).conditions.all().delete()
    assert saying(archivist, "vinegar") == []
    reel.location = ""
    reel.save()
    assert saying(archivist, "bergen") == []
