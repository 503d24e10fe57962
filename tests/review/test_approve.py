"""A person's decision is bound to what was seen, and to what is written down about it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from archive import custody
from archive.models import Event
from restoration import hints, scenes
from restoration.models import Scene, Take
from review import decisions
from review.errors import DecisionRefused, NotAllowed
from review.models import Approval
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def take() -> Take:
    return factories.make_take(scene=factories.make_scene(), stage="repair")


@pytest.fixture
def scene() -> Scene:
    return factories.make_scene()


def made_with(scene: Scene, stage: str, params: dict[str, Any]) -> Take:
    manifest = {"stage": stage, "params": params}
    return factories.make_take(scene=scene, stage=stage, manifest=manifest)


def scene_of(take: Take) -> Any:
    return take.scan.scenes.current().get()


def test_it_stores_the_digest_of_the_take(take, reviewer):
    approval = decisions.approve(scene_of(take), take, by=reviewer, comment="clean")
    assert (approval.digest, approval.by, approval.reason) == (take.digest, reviewer, "clean")
    assert decisions.current_approval(scene_of(take)) == approval
    assert decisions.is_approved(scene_of(take))


def test_it_writes_an_event_with_the_person_and_the_digest(take, reviewer):
    decisions.approve(scene_of(take), take, by=reviewer)
    event = Event.objects.filter(kind="approval").get()
    assert event.reel == take.scan.reel
    assert event.subject == f"take:{take.pk}"
    assert event.detail["digest"] == take.digest
    assert event.agent == custody.person(reviewer)
    assert custody.verify_chain(event.chain) == []


@pytest.mark.parametrize("role", ["restorer", "researcher", "operator", ""])
def test_it_refuses_those_who_may_not_decide(take, role):
    somebody = factories.make_user(role)
    with pytest.raises(NotAllowed, match="nothing was changed"):
        decisions.approve(scene_of(take), take, by=somebody)
    assert not Approval.objects.exists()
    assert not Event.objects.filter(kind="approval").exists()


def test_it_refuses_a_take_that_is_no_longer_the_newest(take, reviewer):
    scene = scene_of(take)
    factories.make_take(scene=scene, stage="repair")
    with pytest.raises(DecisionRefused, match="repair take 2"):
        decisions.approve(scene, take, by=reviewer)
    assert not Approval.objects.exists()


def test_it_refuses_another_digest_than_the_takes(take, reviewer):
    with pytest.raises(DecisionRefused, match="Nothing was recorded"):
        decisions.approve(scene_of(take), take, by=reviewer, digest="0" * 64)


def test_it_refuses_a_scene_whose_cuts_were_changed(take, reviewer, restorer):
    scene = scene_of(take)
    scenes.split(scene, 10, by=restorer)
    with pytest.raises(DecisionRefused, match="cuts of this scene were changed"):
        decisions.approve(scene, take, by=reviewer)


def test_a_request_for_changes_needs_a_reason(take, reviewer):
    with pytest.raises(DecisionRefused, match="say what should change"):
        decisions.request_changes(scene_of(take), take, by=reviewer, reason="  ")
    approval = decisions.request_changes(
        scene_of(take), take, by=reviewer, reason="hair at the left"
    )
    assert approval.decision == Approval.Decision.CHANGES
    assert not decisions.is_approved(scene_of(take))


def test_a_later_decision_replaces_an_earlier_one(take, reviewer, archivist):
    scene = scene_of(take)
    decisions.approve(scene, take, by=reviewer)
    later = decisions.request_changes(scene, take, by=archivist, reason="too soft")
    assert decisions.current_approval(scene) == later


def test_withdrawing_leaves_no_decision_not_the_one_before(take, reviewer):
    scene = scene_of(take)
    decisions.request_changes(scene, take, by=reviewer, reason="dust")
    approval = decisions.approve(scene, take, by=reviewer)
    decisions.withdraw(approval, by=reviewer)
    assert decisions.current_approval(scene) is None
    assert Event.objects.filter(kind="decision withdrawn").exists()
    with pytest.raises(DecisionRefused, match="withdrawn before"):
        decisions.withdraw(approval, by=reviewer)


def test_it_refuses_a_take_that_is_out_of_date_already_and_says_why(scene, reviewer, restorer):
    take = made_with(scene, "repair", {"sensitivity": 1.0})
    scenes.set_settings(scene, "repair", {"sensitivity": 1.5}, by=restorer)
    with pytest.raises(DecisionRefused, match=r"repair.sensitivity is now 1.5.*Run it again"):
        decisions.approve(scene, take, by=reviewer)
    assert not Approval.objects.exists()
    assert not Event.objects.filter(kind="approval").exists()
    decisions.request_changes(scene, take, by=reviewer, reason="softer, please")
    scenes.set_settings(scene, "repair", {}, by=restorer)
    assert decisions.approve(scene, take, by=reviewer).take == take


def test_a_hint_painted_after_the_page_was_opened_counts(scene, reviewer, restorer):
    take = made_with(scene, "colourise", {"hints": []})
    hints.paint(scene, scene.start_frame, [(8, 8)], size=4, rgb=(180, 60, 40), by=restorer)
    with pytest.raises(DecisionRefused, match="1 colour hint added since"):
        decisions.approve(scene, take, by=reviewer, digest=take.digest)
    hints.undo(scene, by=restorer)
    assert decisions.approve(scene, take, by=reviewer, digest=take.digest)


def test_the_page_says_so_before_anybody_decides(scene, client, reviewer, restorer):
    made_with(scene, "repair", {"sensitivity": 1.0})
    client.force_login(reviewer)
    address = reverse("scene", args=[scene.pk])
    assert "Out of date" not in client.get(address).content.decode()
    scenes.set_settings(scene, "repair", {"sensitivity": 1.5}, by=restorer)
    page = client.get(address).content.decode()
    assert "Out of date: run it again before it is approved." in page
    assert 'id="approve" disabled' in page
