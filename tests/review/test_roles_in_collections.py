"""What a role in a collection opens and closes of the work, the search, films and files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import reverse

from archive import granting
from archive.models import Collection, Event, Reel, Webhook
from archive.webhooks import outbox
from restoration.models import Scene
from review import decisions, deliverables, handing, notes, people, withdrawals
from review.errors import DecisionRefused, NotAllowed
from review.guests import links
from review.guests.links import Wish
from review.live import hub, marks
from review.live.hub import Listener
from review.queue import queue
from review.search import dumping, finding
from review.search.query import parse
from review.today import waiting_for
from tests import factories
from tests.factories import give_role, make_user
from tests.review.search.said import reel_that_says

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Collection:
    return Collection.objects.create(name="Of a family")


@pytest.fixture
def reel(here: Collection) -> Reel:
    made = reel_that_says("Farewell to Earth.")
    made.title.collection = here
    made.title.save()
    scene = factories.make_scene(scan=made.current_scan())
    factories.make_take(scene=scene)
    return made


@pytest.fixture
def elsewhere() -> Reel:
    made = reel_that_says("Farewell to Mars.", title="Another")
    factories.make_take(scene=factories.make_scene(scan=made.current_scan()))
    return made


@pytest.fixture
def vera(here: Collection) -> User:
    """A reviewer in the collection, and nothing besides."""
    return give_role(make_user(name="vera"), "reviewer", here)


def scene_of(reel: Reel) -> Scene:
    return Scene.objects.get(scan__reel=reel)


def reels_found(user: User) -> set[int]:
    return {line.reel_id for line in finding.find(parse("farewell"), user=user).lines}


def test_decisions_are_taken_where_the_role_is(reel, elsewhere, vera):
    scene = scene_of(reel)
    made = decisions.approve(scene, scene.scan.takes.get(), by=vera)
    other = scene_of(elsewhere)
    take = other.scan.takes.get()
    with pytest.raises(NotAllowed):
        decisions.approve(other, take, by=vera)
    held = decisions.approve(other, take, by=make_user("reviewer"))
    with pytest.raises(NotAllowed):
        decisions.withdraw(held, by=vera)
    decisions.withdraw(made, by=vera)


def test_a_lesser_role_here_takes_away_what_the_group_may(here, reel):
    anna = give_role(make_user("archivist"), "researcher", here)
    scene = scene_of(reel)
    with pytest.raises(NotAllowed):
        decisions.approve(scene, scene.scan.takes.get(), by=anna)
    with pytest.raises(NotAllowed):
        notes.add(scene, by=anna, start_frame=0, end_frame=1, text="dust")
    with pytest.raises(NotAllowed):
        deliverables.check_request(reel, format="otio", use="exhibition", by=anna)
    with pytest.raises(NotAllowed):
        deliverables.make_override(reel, use="exhibition", reason="because", by=anna)
    with pytest.raises(NotAllowed):
        links.make(reel, Wish("Ada"), by=anna)
    made = reel.deliverables.create(
        scan=reel.current_scan(), format="otio", use="exhibition", record={}, by=anna, files=[]
    )
    with pytest.raises(NotAllowed):
        withdrawals.withdraw(made, by=anna, reason="because")


def test_the_search_and_its_files_leave_out_what_the_role_does_not_open(here, reel, elsewhere):
    assert reels_found(make_user("reviewer")) == {reel.pk, elsewhere.pk}
    assert reels_found(give_role(make_user("reviewer"), "none", here)) == {elsewhere.pk}
    assert reels_found(give_role(make_user(), "reviewer", here)) == {reel.pk}
    assert reels_found(give_role(make_user("restorer"), "researcher", here)) == {elsewhere.pk}
    Reel.objects.filter(pk=reel.pk).update(access="research")
    assert reels_found(give_role(make_user("restorer"), "researcher", here)) == {
        reel.pk, elsewhere.pk
    }  # fmt: skip

    def dumped(user: User) -> set[int]:
        text = "".join(dumping.dump("", user))
        return {json.loads(each)["reel_id"] for each in text.splitlines()}

    assert dumped(make_user("archivist")) == {reel.pk, elsewhere.pk}
    assert dumped(give_role(make_user("archivist"), "reviewer", here)) == {elsewhere.pk}
    assert dumped(give_role(make_user(), "archivist", here)) == {reel.pk}


def test_notes_are_found_only_where_somebody_works_on_film(here, reel):
    Reel.objects.update(access="research")
    notes.add(scene_of(reel), by=make_user("reviewer"), start_frame=0, end_frame=1, text="scratch")
    asked = parse("scratch")
    works = give_role(make_user("researcher"), "restorer", here)
    reads = give_role(make_user("restorer"), "researcher", here)
    assert finding.find(asked, user=works).count == 1
    assert finding.find(asked, user=reads).count == 0


def test_pages_films_and_files_open_by_the_role_here(here, reel, elsewhere, settings):
    settings.PUBLIC_CATALOGUE = True
    Reel.objects.update(access="public")
    scan, other = reel.current_scan(), elsewhere.current_scan()
    clients = {}
    for name, user in {
        "shut out": give_role(make_user("archivist"), "none", here),
        "here": give_role(make_user(), "reviewer", here),
    }.items():
        clients[name] = Client()
        clients[name].force_login(user)

    def status(who: str, name: str, *named: Any) -> int:
        return clients[who].get(reverse(name, args=named)).status_code

    for name, thing in (("reel", reel), ("iiif-manifest", reel), ("scan-viewing", scan)):
        assert (status("shut out", name, thing.pk), status("here", name, thing.pk)) == (403, 200)
    assert status("shut out", "give-out", reel.pk, "premis") == 403
    assert status("here", "give-out", reel.pk, "premis") == 200
    # Open to all, but what staff know of it is told to its own staff alone.
    assert status("here", "give-out", elsewhere.pk, "pbcore") == 200
    assert status("here", "give-out", elsewhere.pk, "premis") == 403
    assert status("here", "scene-frame", scene_of(elsewhere).pk, 0) == 404, "no file of the scan"
    assert status("here", "scan-viewing", other.pk) == 200
    listed = clients["shut out"].get(reverse("iiif-collection-part", args=[1])).content.decode()
    assert reverse("iiif-manifest", args=[elsewhere.pk]) in listed
    assert reverse("iiif-manifest", args=[reel.pk]) not in listed


def test_a_page_offers_what_its_own_film_allows(here, reel, elsewhere, client):
    client.force_login(give_role(make_user("archivist"), "reviewer", here))
    pages = [client.get(reverse("reel", args=[each.pk])).content.decode()
             for each in (reel, elsewhere)]  # fmt: skip
    offered = [reverse("describe", args=[each.pk]) in page
               for each, page in zip((reel, elsewhere), pages, strict=True)]  # fmt: skip
    assert offered == [False, True]
    assert reverse("batch", args=[reel.pk]) in pages[0]


def test_lists_of_work_hold_what_somebody_can_do(here, reel, elsewhere, vera):
    both = {scene_of(reel).pk, scene_of(elsewhere).pk}

    def waits(user: User) -> set[int]:
        return {row.scene_id for row in queue(user, "oldest")}

    assert waits(make_user("reviewer")) == both
    assert waits(vera) == {scene_of(reel).pk}
    assert waits(give_role(make_user("reviewer"), "none", here)) == {scene_of(elsewhere).pk}
    assert waits(give_role(make_user("reviewer"), "restorer", here)) == {scene_of(elsewhere).pk}
    assert [each.scene.scan.reel for each in waiting_for(vera).to_review] == [reel]
    failed = [
        factories.make_run(scene=scene_of(each), status="failed", error="it broke")
        for each in (reel, elsewhere)
    ]
    restorer = give_role(make_user(), "restorer", here)
    assert list(waiting_for(restorer).failed) == failed[:1]
    assert not waiting_for(restorer).to_review and not waiting_for(vera).failed


def test_the_work_page_holds_runs_of_films_that_somebody_works_on(here, reel, elsewhere, client):
    runs = [factories.make_run(scene=scene_of(each)) for each in (reel, elsewhere)]
    client.force_login(give_role(make_user(), "restorer", here))
    page = client.get(reverse("work")).content.decode()
    assert [f'id="run-{run.pk}"' in page for run in runs] == [True, False]
    assert client.post(reverse("cancel-run", args=[runs[1].pk])).status_code == 403
    assert client.post(reverse("cancel-run", args=[runs[0].pk])).status_code == 302


def test_a_scene_is_handed_to_whoever_has_the_role_over_it(here, reel, elsewhere, vera, archivist):
    handing.hand_over(scene_of(reel), "restoration", by=archivist, role="reviewer")
    with pytest.raises(DecisionRefused, match="their role in its collection"):
        handing.hand_over(scene_of(elsewhere), "restoration", by=archivist, role="reviewer")
    of_all = make_user("reviewer")
    handing.hand_over(scene_of(elsewhere), "restoration", by=archivist, role="reviewer")
    assert [each.scene for each in handing.handed_to(vera)] == [scene_of(reel)]
    assert handing.handed_to(of_all).count() == 2
    of_here = give_role(make_user("restorer"), "reviewer", here)
    assert [each.scene for each in handing.handed_to(of_here)] == [scene_of(reel)]
    with pytest.raises(DecisionRefused, match="cannot open the review room"):
        handing.hand_over(scene_of(elsewhere), "restoration", by=archivist, to=vera)
    names = {value for value, _ in handing.whom(elsewhere)}
    assert f"person:{vera.pk}" not in names
    assert f"person:{vera.pk}" in {value for value, _ in handing.whom(reel)}
    assert notes.people_named("@vera look", reel) == ([vera], [])
    assert notes.people_named("@vera look", elsewhere) == ([], ["vera"])


def test_who_approved_counts_with_the_role_that_they_have_over_the_film(reel, vera):
    scene = scene_of(reel)
    made = decisions.approve(scene, scene.scan.takes.get(), by=vera)
    (approver,) = people.approvers({scene.pk: made})[scene.pk]
    assert approver.roles == ("reviewer",)


def test_a_link_ends_with_the_role_of_whoever_made_it(here, reel, vera, archivist):
    made = links.make(reel, Wish("Ada"), by=vera).link
    assert "no longer share" not in links.closed_because(made)
    granting.give(here, vera, "restorer", by=archivist)
    again = links._with_reel(type(made).objects.filter(pk=made.pk)).get()
    assert "no longer share" in links.closed_because(again)
    with pytest.raises(NotAllowed):
        links.revoke(again, by=vera)


def test_an_open_room_falls_silent_with_the_role(here, reel, vera, archivist):
    session = SessionStore()
    session.create()
    room = (marks.SCENE, scene_of(reel).pk)
    listener = Listener(vera.pk, session.session_key, room, marks.marks_of(room))
    assert hub.may_listen(listener)
    granting.give(here, vera, "none", by=archivist)
    assert not hub.may_listen(listener)


def test_a_webhook_tells_of_films_where_its_owner_works_on_them(here, reel, elsewhere):
    Reel.objects.update(access="research")
    owner = give_role(make_user("restorer"), "researcher", here)
    Webhook.objects.create(owner=owner, url="https://x.org/", events=[], salt="x")
    assert not outbox.is_told(reel.events.first(), owner), "it is seen, but not worked on"
    assert outbox.is_told(elsewhere.events.first(), owner)
    assert outbox.is_told(reel.events.first(), give_role(make_user(), "reviewer", here))


def test_many_are_edited_where_somebody_describes(here, reel, elsewhere, client):
    client.force_login(give_role(make_user("archivist"), "reviewer", here))
    page = client.post(reverse("edit-many"), {"column": "country", "value": "Norway"})
    assert page.context["count"] == 1
    said = {"column": "collection", "value": here.name}
    refused = client.post(reverse("edit-many"), said).content.decode()
    assert "You do not describe films of that collection" in refused


def test_the_trash_holds_what_somebody_may_throw_away(here, reel, elsewhere, archivist, client):
    from review import trash

    trash.put([reel], by=archivist, reason="a double")
    client.force_login(give_role(make_user("archivist"), "reviewer", here))
    assert "Harbour Day" not in client.get(reverse("trash")).content.decode()
    assert client.post(reverse("restore-from-trash", args=[reel.pk])).status_code == 403
    client.force_login(give_role(make_user(), "archivist", here))
    assert "Harbour Day" in client.get(reverse("trash")).content.decode()
    assert client.post(reverse("restore-from-trash", args=[reel.pk])).status_code == 302
    assert Event.objects.filter(kind="restored from the trash").exists()
