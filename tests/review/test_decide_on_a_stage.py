"""A stage's take is approved or sent back by itself; what leaves is approved at the chain's end."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archive.models import Event, Reel
from restoration import scenes as cuts
from restoration.models import Scene, Take
from review import batches, decisions, gate, handing, pages, people, queue, uses, verdict
from review import stage_decisions as stages
from review.errors import DecisionRefused
from review.gate import Approver, Material, StageFacts, decide
from review.live import marks
from review.models import Approval
from review.policies import parse_policy
from review.stage_decisions import StageState
from review.standing import State, standing_of, standings
from tests import factories
from tests.review.test_policies import WORDS, counts, found
from tests.review.test_policies import scene as facts_of_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return factories.make_scenes(factories.make_scan(frames=24), length=24)[0]


@pytest.fixture
def chain(scene: Scene) -> list[Take]:
    """deflicker, repair, grade: each made on the one before."""
    made: list[Take] = []
    for stage in ("deflicker", "repair", "grade"):
        before = made[-1] if made else None
        made.append(factories.make_take(scene=scene, stage=stage, input_take=before))
    return made


def states(scene: Scene) -> list[StageState]:
    head = cuts.head_take(scene)
    assert head is not None
    return [each.state for each in stages.of_chain(scene, head)]


def test_one_stage_is_approved_and_the_next_sent_back(scene, chain, reviewer):
    decisions.approve(scene, chain[1], by=reviewer, alone=True)
    decisions.request_changes(scene, chain[2], by=reviewer, reason="too dark", alone=True)
    assert states(scene) == ["review", "approved", "changes"]
    assert decisions.current_approval(scene) is None, "of the whole nothing was said"
    assert not decisions.is_approved(scene)
    standing = standing_of(scene)
    assert standing.state == State.CHANGES
    assert standing.told == [f"Grade take 1 was sent back by itself by {reviewer}: too dark."]
    assert [event.kind for event in Event.objects.order_by("sequence")] == [
        "stage approval",
        "stage changes requested",
    ]
    assert Event.objects.first().detail["digest"] == chain[1].digest


def test_stages_approved_by_themselves_open_no_gate(scene, chain, reviewer):
    for take in chain:
        decisions.approve(scene, take, by=reviewer, alone=True)
    assert standing_of(scene).state == State.REVIEW
    refused = verdict.check(scene.scan.reel)
    assert not refused.allowed
    assert "nobody has approved its take yet" in str(refused.reasons[0])
    assert not Approval.objects.exists() and Approval.everything.count() == 3


def test_what_stands_on_a_stage_that_was_sent_back_is_not_approved(scene, chain, reviewer, member):
    other = member("ada", "reviewer")
    back = decisions.request_changes(scene, chain[1], by=other, reason="a limb", alone=True)
    with pytest.raises(DecisionRefused, match="Repair take 1 was sent back by itself by ada"):
        decisions.approve(scene, chain[2], by=reviewer)
    decisions.withdraw(back, by=other)
    assert decisions.approve(scene, chain[2], by=reviewer)
    assert standing_of(scene).state == State.APPROVED


def test_an_approval_goes_stale_when_a_stage_of_it_is_sent_back(scene, chain, reviewer, member):
    approval = decisions.approve(scene, chain[2], by=reviewer)
    assert pages.with_state(Reel.objects.all()).get().state == "approved"
    other = member("ada", "reviewer")
    decisions.request_changes(scene, chain[0], by=other, reason="it pumps", alone=True)
    told = ["Deflicker take 1 was sent back by itself by ada: it pumps."]
    assert decisions.stale_reasons(approval) == told
    assert standing_of(scene).state == State.CHANGES and standing_of(scene).told == told
    assert told[0] in str(verdict.check(scene.scan.reel).reasons[0])
    assert pages.with_state(Reel.objects.all()).get().state == "review"
    decisions.approve(scene, chain[0], by=reviewer, alone=True)
    assert decisions.is_approved(scene), "the newest word on the take counts"
    assert pages.with_state(Reel.objects.all()).get().state == "approved"


def test_a_word_on_a_stage_goes_stale_with_what_it_stands_on(scene, chain, reviewer, restorer):
    word = decisions.approve(scene, chain[1], by=reviewer, alone=True)
    again = factories.make_take(scene=scene, stage="deflicker")
    factories.make_run(scene=scene, stage="deflicker", take=again, requested_by=restorer)
    assert decisions.stale_reasons(word) == ["Deflicker was made anew since: take 2 (by rosa)."]
    assert states(scene) == ["review", "stale", "review"]
    with pytest.raises(DecisionRefused, match="is out of date already"):
        decisions.approve(scene, chain[1], by=reviewer, alone=True)


def test_a_stage_made_anew_waits_for_a_new_word(scene, chain, reviewer):
    back = decisions.request_changes(scene, chain[1], by=reviewer, reason="a limb", alone=True)
    mended = factories.make_take(scene=scene, stage="repair", input_take=chain[0])
    assert standing_of(scene).state == State.REVIEW, "it is not sent back any more"
    assert decisions.stale_reasons(back) == ["Repair was made anew since: take 2."]
    head = factories.make_take(scene=scene, stage="grade", input_take=mended)
    assert states(scene) == ["review", "review", "review"]
    assert decisions.approve(scene, head, by=reviewer)


def test_a_take_outside_the_chain_that_stands_is_not_decided_on(scene, chain, reviewer):
    factories.make_take(scene=scene, stage="repair", input_take=chain[0])
    word = decisions.request_changes(scene, chain[1], by=reviewer, reason="a limb", alone=True)
    head = factories.make_take(scene=scene, stage="grade", input_take=chain[0])
    with pytest.raises(DecisionRefused, match=r"grade take 2 stands at the end .*made without it"):
        decisions.approve(scene, chain[1], by=reviewer, alone=True)
    assert decisions.stale_reasons(word) == ["Repair was made anew since: take 2."]
    with pytest.raises(DecisionRefused, match="Look at it, then decide"):
        decisions.approve(scene, head, by=reviewer, digest="0" * 64, alone=True)


def test_the_colour_version_heeds_the_stages_that_it_stands_on(scene, chain, reviewer):
    coloured = factories.make_take(scene=scene, stage="colourise", input_take=chain[2])
    decisions.request_changes(scene, chain[1], by=reviewer, reason="a limb", alone=True)
    for version in (cuts.RESTORATION, cuts.COLOUR):
        assert standing_of(scene, version).state == State.CHANGES
    with pytest.raises(DecisionRefused, match="Repair take 1 was sent back"):
        decisions.approve(scene, coloured, by=reviewer)
    sent_back = decisions.request_changes(scene, chain[2], by=reviewer, reason="dark")
    assert sent_back in [standing_of(scene).decision]
    head = [each.state for each in stages.of_chain(scene, coloured)]
    assert head == ["review", "changes", "review", "review"], "the whole is no stage"


def test_the_second_of_two_who_decide_on_a_stage_at_once_is_told(scene, chain, reviewer, member):
    other = member("ada", "reviewer")
    first = decisions.approve(scene, chain[1], by=other, seen=0, alone=True)
    with pytest.raises(DecisionRefused, match="ada decided at"):
        decisions.request_changes(scene, chain[1], by=reviewer, reason="x", seen=0, alone=True)
    decisions.approve(scene, chain[0], by=reviewer, seen=0, alone=True)
    decisions.request_changes(scene, chain[1], by=reviewer, reason="x", seen=first.pk, alone=True)


def test_queue_batch_and_hand_over_agree(scene, chain, reviewer, member):
    other = member("ada", "reviewer")
    handing.hand_over(scene, cuts.RESTORATION, by=other, to=reviewer)
    decisions.approve(scene, chain[0], by=reviewer, alone=True)
    assert handing.of_scene(scene, cuts.RESTORATION), "the whole is still to be decided on"
    assert [row.scene for row in queue.queue(reviewer, "mine")] == [scene]
    decisions.request_changes(scene, chain[1], by=reviewer, reason="a limb", alone=True)
    assert handing.of_scene(scene, cuts.RESTORATION) is None
    assert not queue.queue(reviewer, "oldest")
    plan = batches.plan(scene.scan, reviewer, every=5, most=1, version=cuts.RESTORATION)
    (member_of,) = plan.members
    assert member_of.obstacle == "changes requested: repair take 1 by itself"
    told = next(marks.news(("scene", scene.pk), {}, marks.marks_of(("scene", scene.pk))))
    assert told.facts["did"] == "asked for changes of repair take 1 by itself"


def test_a_stage_is_handed_over_by_itself(client, scene, chain, reviewer, restorer):
    client.force_login(restorer)
    sent = {"to": f"person:{reviewer.pk}", "version": "restoration", "take": chain[1].pk}
    page = client.post(reverse("hand-over", args=[scene.pk]), sent, follow=True)
    asked = f"take={chain[1].pk}&of=stage&against={chain[0].pk}"
    assert page.redirect_chain[0][0].endswith(f"?{asked}")
    assert f"Repair take 1 handed to {reviewer}" in page.content.decode()
    assert Event.objects.get(kind="scene handed over").detail["digest"] == chain[1].digest
    client.force_login(reviewer)
    for address in ("/", reverse("queue") + "?order=mine"):
        assert asked.replace("&", "&amp;") in client.get(address).content.decode()
    decisions.approve(scene, chain[0], by=reviewer, alone=True)
    assert handing.of_scene(scene, cuts.RESTORATION), "it was about another stage"
    decisions.approve(scene, chain[1], by=reviewer, alone=True)
    assert handing.of_scene(scene, cuts.RESTORATION) is None
    again = factories.make_take(scene=scene, stage="repair", input_take=chain[0])
    factories.make_take(scene=scene, stage="grade", input_take=again)
    with pytest.raises(DecisionRefused, match="made without repair take 1"):
        handing.hand_over(scene, cuts.RESTORATION, by=restorer, to=reviewer, take=chain[1])


def test_the_page_shows_each_stage_and_decides_on_it(client, scene, chain, reviewer, restorer):
    client.force_login(reviewer)
    address = reverse("scene", args=[scene.pk])
    whole = client.get(address).content.decode()
    stage = f"?take={chain[1].pk}&amp;of=stage&amp;against={chain[0].pk}"
    assert f'href="{stage}"' in whole and "You decide on" not in whole
    page = client.get(address + stage.replace("&amp;", "&")).content.decode()
    assert "You decide on repair take 1 by itself." in page
    sent = {"take": chain[1].pk, "digest": chain[1].digest, "seen": 0, "alone": "1"}
    sent["comment"] = "a limb was taken"
    done = client.post(reverse("request-changes", args=[scene.pk]), sent, follow=True)
    assert "Sent back by itself: repair take 1." in done.content.decode()
    assert done.redirect_chain == [
        (f"{address}?take={chain[1].pk}&of=stage&against={chain[0].pk}", 302)
    ]
    word = Approval.everything.get()
    whole = client.get(address).content.decode()
    assert f'id="approve" disabled aria-describedby="sent-back-{word.pk}"' in whole
    client.force_login(restorer)
    assert "a limb was taken" in client.get("/").content.decode()
    client.force_login(reviewer)
    client.post(reverse("withdraw", args=[word.pk]))
    word.refresh_from_db()
    assert word.withdrawn_by == reviewer
    assert 'aria-describedby="sent-back' not in client.get(address).content.decode()


def test_many_scenes_take_as_many_questions_as_one(reviewer):
    made = factories.make_scenes(factories.make_scan(frames=72), length=24)
    for each in made:
        first = factories.make_take(scene=each)
        head = factories.make_take(scene=each, stage="repair", input_take=first)
        decisions.approve(each, head, by=reviewer)
        decisions.request_changes(each, first, by=reviewer, reason="pumps", alone=True)
    asked = []
    for few in (made[:1], made):
        with CaptureQueriesContext(connection) as questions:
            assert all("pumps" in each.told[0] for each in standings(few))
        asked.append(len(questions))
    assert asked[0] == asked[1]


VERA, RAN = Approver("Vera", ("reviewer",)), Approver("Rosa", ("reviewer",), ran=("repair",))


def test_a_policy_may_ask_for_each_stage():
    def told(*approvers: Approver, **more: Any) -> gate.Finding:
        stages = (StageFacts("deflicker take 1", (VERA,)), StageFacts("repair take 1", approvers))
        material = Material((facts_of_scene(1, [counts()], approvers=(VERA,), stages=stages),))
        policy = parse_policy("loan", WORDS | {"stages": "each"} | more)
        return found(decide(policy, material), "each stage approved")

    assert told(VERA).outcome == gate.PASSED
    assert told().outcome == gate.FAILED
    assert told().measured == "scene 1 lacks repair take 1"
    assert told(RAN, makers="left out").outcome == gate.FAILED
    silent = decide(parse_policy("loan", WORDS), Material((facts_of_scene(1, [counts()]),)))
    assert "each stage approved" not in [each.rule for each in silent.findings]


def test_the_gate_and_the_queue_ask_for_each_stage_where_the_policy_does(
    scene, chain, reviewer, member, monkeypatch
):
    policy = parse_policy("loan", WORDS | {"stages": "each"})
    monkeypatch.setattr(uses, "_read", lambda own: {"loan": policy})
    other = member("ada", "reviewer")
    approval = decisions.approve(scene, chain[2], by=reviewer)
    (wanted,) = people.people_wanted(approval)
    assert wanted.stages == ("deflicker take 1", "repair take 1") and not wanted.are_enough
    assert [row.scene for row in queue.queue(other, "another")] == [scene]
    for take in chain[:2]:
        assert [row.scene for row in queue.queue(reviewer, "another")] == [scene]
        decisions.approve(scene, take, by=reviewer, alone=True)
    (wanted,) = people.people_wanted(approval)
    assert wanted.are_enough
    assert not queue.queue(reviewer, "another") and not queue.queue(other, "another")
