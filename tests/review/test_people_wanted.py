"""A use may want two people who did not run what they approve: the gate and the scene tell."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from restoration.models import Scene
from review import decisions, gate, people
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
