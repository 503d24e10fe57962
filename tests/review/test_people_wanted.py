"""A use may want two people who did not run what they approve: the gate and the scene tell."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from restoration.models import Scene
from review import decisions, gate, people, queue, uses
from review.gate import Approver, Material, decide
from review.policies import parse_policy
from tests import factories
from tests.review.test_policies import WORDS, counts, found, scene

RAN = Approver("Anna", ("archivist",), ran=("repair",))
VERA = Approver("Vera", ("reviewer",))


def test_who_ran_it_is_left_out_where_the_policy_says_so_and_is_named() -> None:
    both = Material((scene(1, [counts()], approvers=(RAN, VERA)),))
    strict = parse_policy("loan", WORDS | {"people": 2, "makers": "left out"})
    told = found(decide(strict, both), "people who approved")
    assert told.outcome == gate.FAILED
    assert told.limit == "at least 2 for each scene, not counting who ran it"
    assert told.measured == "1: Vera (Anna ran repair)"
    lax = parse_policy("loan", WORDS | {"people": 2})
    assert found(decide(lax, both), "people who approved").outcome == gate.PASSED


@pytest.mark.django_db
def test_the_scene_tells_how_many_are_there(client: Any, archivist: Any, reviewer: Any) -> None:
    where: Scene = factories.make_scene()
    first = factories.make_take(scene=where)
    take = factories.make_take(scene=where, stage="repair", input_take=first)
    factories.make_run(scene=where, status="done", take=first, requested_by=archivist)
    decisions.approve(where, take, by=archivist)
    decisions.approve(where, take, by=reviewer)
    (broadcast,) = people.people_wanted(decisions.current_approval(where))
    assert (broadcast.counted, broadcast.ran) == ((reviewer.username,), (archivist.username,))
    client.force_login(reviewer)
    page = client.get(reverse("scene", args=[where.pk])).content.decode()
    assert "1 of 2 people" in page and "for they ran it: archivist" in page.replace(
        archivist.username, "archivist"
    )


def asked_again(person: Any) -> list[Scene]:
    return [row.scene for row in queue.queue(person, "another")]


@pytest.mark.django_db
def test_what_wants_another_person_waits_for_those_who_would_count(
    client: Any, archivist: Any, reviewer: Any, restorer: Any, member: Any
) -> None:
    where: Scene = factories.make_scene()
    first = factories.make_take(scene=where)
    take = factories.make_take(scene=where, stage="repair", input_take=first)
    factories.make_run(scene=where, status="done", take=first, requested_by=archivist)
    assert asked_again(reviewer) == []
    decisions.approve(where, take, by=archivist)
    assert asked_again(reviewer) == [where], "who ran it does not count"
    assert asked_again(archivist) == [], "who ran it is not asked either"
    assert asked_again(restorer) == [], "who may not decide is not asked"
    client.force_login(reviewer)
    page = client.get(reverse("queue") + "?order=another").content.decode()
    assert f"/scenes/{where.pk}/?queue=another" in page and "broadcast: 0 of 2 people" in page
    decisions.approve(where, take, by=reviewer)
    assert asked_again(reviewer) == [], "nobody is asked twice"
    other = member("ada", "reviewer")
    assert asked_again(other) == [where]
    mine = decisions.approve(where, take, by=other)
    assert asked_again(member("ida", "reviewer")) == [], "two are enough"
    decisions.withdraw(mine, by=other)
    assert queue.queue(other, "oldest").get().scene == where, "it waits as any other"


@pytest.mark.django_db
def test_a_queue_for_another_person_asks_as_much_for_many_as_for_one(
    client: Any, archivist: Any, reviewer: Any
) -> None:
    made = factories.make_scenes(factories.make_scan(frames=24 * 6))
    client.force_login(reviewer)
    address, asked = reverse("queue") + "?order=another", []
    for few in (made[:2], made[2:]):
        for each in few:
            decisions.approve(each, factories.make_take(scene=each), by=archivist)
        client.get(address)
        with CaptureQueriesContext(connection) as questions:
            shown = client.get(address).content.decode()
        asked.append((len(questions), shown.count("broadcast: 1 of 2 people, anna")))
    assert [listed for _, listed in asked] == [2, 6]
    assert asked[0][0] == asked[1][0]


@pytest.mark.django_db
def test_roles_count_as_they_are_in_the_collection_of_the_film(
    monkeypatch: Any, archivist: Any, reviewer: Any, member: Any
) -> None:
    policy = parse_policy("loan", WORDS | {"people": 2, "roles": ["reviewer"]})
    monkeypatch.setattr(uses, "_read", lambda own: {"loan": policy})
    title = factories.make_title(collection="Newsreels")
    reel = factories.make_reel(element=factories.make_element(title=title))
    where = factories.make_scene(scan=factories.make_scan(reel=reel))
    assert title.collection is not None
    ada = factories.give_role(member("ada", "archivist"), "reviewer", title.collection)
    ida = factories.give_role(member("ida", "reviewer"), "archivist", title.collection)
    take = factories.make_take(scene=where)
    for person in (archivist, ida, ada):
        decisions.approve(where, take, by=person)
    (told,) = people.people_wanted(decisions.current_approval(where))
    assert told.counted == ("ada",), "ida is no reviewer here"
    assert asked_again(reviewer) == [where]
    bea = factories.give_role(member("bea", "reviewer"), "archivist", title.collection)
    assert asked_again(bea) == [], "nor would she count here"
    decisions.approve(where, take, by=reviewer)
    assert asked_again(member("eva", "reviewer")) == [], "two reviewers are enough"
