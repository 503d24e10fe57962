"""Scenes wait in an order that a person chooses, are handed over, and are approved in batches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from archive.models import Event, Rights
from restoration import scenes as cuts
from restoration.models import Scene, Take
from review import batches, decisions, handing, queue
from review.errors import DecisionRefused, NotAllowed
from review.models import Approval, ApprovalBatch, HandOver, SceneStanding
from review.sampling import rule_in_words, sample
from tests import factories

SIZE = 64 * 48 * 24


def made_up(scene: Scene, part: float, **facts: Any) -> Take:
    """A take of which so much is synthesised."""
    count = round(SIZE * part)
    plane = {"ORIGINAL": SIZE - count, "SYNTHESISED": count}
    totals = {"structure": plane, "colour": plane, "pixels": SIZE}
    return factories.make_take(
        scene=scene, stage="repair", totals=totals, manifest={"stage": "repair", "facts": facts}
    )


@pytest.fixture
def scenes(db: None) -> list[Scene]:
    return factories.make_scenes(factories.make_scan(frames=24 * 8))


@pytest.fixture
def takes(scenes: list[Scene]) -> list[Take]:
    return [made_up(scene, part) for scene, part in zip(scenes, PARTS, strict=True)]


PARTS = (0.0, 0.1, 0.0, 0.3, 0.0, 0.2, 0.0, 0.0)


def test_a_sample_is_every_nth_and_the_most_synthesised() -> None:
    assert sample(PARTS, every=5, most=2) == [0, 3, 5]
    assert sample([0.0] * 4, every=2, most=1) == [0, 2]
    assert sample([], every=2, most=1) == []
    assert rule_in_words(3, 2) == "every 3rd scene and the 2 with most synthesised"
    for every, most in ((1, 1), (21, 1), (2, 0)):
        with pytest.raises(ValueError, match="look at"):
            sample(PARTS, every=every, most=most)


def numbers(rows: Iterable[SceneStanding], scenes: list[Scene]) -> list[int]:
    return [scenes.index(row.scene) + 1 for row in rows]


def test_orders_of_the_queue(scenes, takes, reviewer, archivist):
    assert numbers(queue.queue(reviewer, "oldest"), scenes) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert numbers(queue.queue(reviewer, "synthesised"), scenes)[:3] == [4, 6, 2]
    made_up(scenes[6], 0.0, frames_not_judged=12)
    made_up(scenes[2], 0.0, undecided=0.3)
    assert numbers(queue.queue(reviewer, "uncertain"), scenes)[:2] == [7, 3]
    assert not queue.queue(reviewer, "mine")
    handing.hand_over(scenes[4], cuts.RESTORATION, by=archivist, role="reviewer")
    assert numbers(queue.queue(reviewer, "mine"), scenes) == [5]


def test_mine_is_what_waits_again_after_the_person_decided(scenes, takes, reviewer, archivist):
    for number, person in ((2, reviewer), (2, reviewer), (4, archivist)):
        take = made_up(scenes[number], 0.1)
        Approval.objects.create(
            scene=scenes[number], take=take, digest=take.digest, by=person, decision="approved"
        )
    assert not queue.queue(reviewer, "mine")
    for number in (2, 4):
        made_up(scenes[number], 0.2)
    assert numbers(queue.queue(reviewer, "mine"), scenes) == [3]


def test_a_page_of_mine_asks_once_what_the_person_decided(
    scenes, takes, reviewer, archivist, django_assert_max_num_queries
):
    """As a condition on each row it took longer than all the rest of the page."""
    handing.hand_over(scenes[4], cuts.RESTORATION, by=archivist, role="reviewer")
    mine = queue.queue(reviewer, "mine")
    with django_assert_max_num_queries(2) as asked:
        assert (mine.count(), len(mine)) == (1, 1)
    assert not any("review_approval" in query["sql"] for query in asked.captured_queries)


def test_from_scene_to_scene_also_when_one_has_left(scenes, takes, client, reviewer):
    client.force_login(reviewer)
    place = queue.place(reviewer, "synthesised", scenes[5], cuts.RESTORATION)
    assert (place.number, place.count) == (2, 8)
    assert place.before and place.before.scene == scenes[3]
    address = reverse("scene", args=[scenes[5].pk]) + "?queue=synthesised"
    assert "2 of 8" in client.get(address).content.decode()
    sent = {"take": takes[5].pk, "digest": takes[5].digest, "seen": 0, "queue": "synthesised"}
    page = client.post(reverse("approve", args=[scenes[5].pk]), sent, follow=True)
    assert page.redirect_chain == [(address, 302)]
    assert "7 left" in page.content.decode()
    place = queue.place(reviewer, "synthesised", scenes[5], cuts.RESTORATION)
    assert place.after and place.after.scene == scenes[1]


def test_what_is_under_embargo_waits_for_archivists_alone(scenes, takes, reviewer, archivist):
    until = date.today() + timedelta(days=9)
    title = scenes[0].scan.reel.title
    handing.hand_over(scenes[4], cuts.RESTORATION, by=archivist, role="reviewer")
    Rights.objects.create(title=title, statement="https://x.org/1/", embargo=until)
    with pytest.raises(DecisionRefused, match="under embargo"):
        handing.hand_over(scenes[4], cuts.RESTORATION, by=archivist, to=reviewer)
    assert not queue.queue(reviewer, "oldest") and not handing.handed_to(reviewer).exists()
    assert len(queue.queue(archivist, "oldest")) == 8


def test_the_queue_page_lists_what_waits(scenes, takes, client, reviewer, restorer):
    client.force_login(reviewer)
    page = client.get(reverse("queue") + "?order=synthesised").content.decode()
    for scene in scenes:  # each row's picture and name, and "Begin" with the first
        count = page.count(f"/scenes/{scene.pk}/?queue=synthesised")
        assert count == (3 if scene == scenes[3] else 2)
    client.force_login(restorer)
    assert "Nothing waits here" in client.get(reverse("queue") + "?order=mine").content.decode()


def test_handed_over_until_somebody_decides(scenes, takes, client, restorer, reviewer):
    client.force_login(restorer)
    sent = {"to": f"person:{reviewer.pk}", "word": "Is the sky right?", "version": "restoration"}
    address = reverse("hand-over", args=[scenes[0].pk])
    page = client.post(address, sent, follow=True).content.decode()
    assert f"Handed to {reviewer}" in page
    client.force_login(reviewer)
    assert "Is the sky right?" in client.get("/").content.decode()
    event = Event.objects.get(kind="scene handed over")
    assert (event.detail["to"], event.detail["word"]) == (str(reviewer), "Is the sky right?")
    decisions.approve(scenes[0], takes[0], by=reviewer)
    assert handing.of_scene(scenes[0], cuts.RESTORATION) is None
    assert "Is the sky right?" not in client.get("/").content.decode()


def test_it_is_handed_to_nobody_who_cannot_look(scenes, takes, reviewer, researcher):
    with pytest.raises(DecisionRefused, match="cannot open the review room"):
        handing.hand_over(scenes[0], cuts.RESTORATION, by=reviewer, to=researcher)
    with pytest.raises(DecisionRefused, match="choose reviewer"):
        handing.hand_over(scenes[0], cuts.RESTORATION, by=reviewer, role="operator")
    with pytest.raises(NotAllowed):
        handing.hand_over(scenes[0], cuts.RESTORATION, by=researcher, to=reviewer)
    assert not HandOver.objects.exists()


def planned(scenes: list[Scene], by: Any) -> batches.Plan:
    return batches.plan(scenes[0].scan, by, every=5, most=2, version=cuts.RESTORATION)


def approve_batch(scenes: list[Scene], by: Any, seen: str) -> list[Approval]:
    return batches.approve(
        scenes[0].scan, by=by, every=5, most=2, version=cuts.RESTORATION, seen=seen
    )


def test_a_batch_wants_the_sample_approved_by_the_same_person(scenes, takes, reviewer, archivist):
    plan = planned(scenes, reviewer)
    assert [each.number for each in plan.sampled] == [1, 4, 6]
    with pytest.raises(DecisionRefused, match="look at scene 1, 4, 6 first"):
        approve_batch(scenes, reviewer, plan.digest)
    for place in (0, 3):
        decisions.approve(scenes[place], takes[place], by=reviewer)
    decisions.approve(scenes[5], takes[5], by=archivist)
    with pytest.raises(DecisionRefused, match="look at scene 6 first"):
        approve_batch(scenes, reviewer, planned(scenes, reviewer).digest)
    assert Approval.objects.count() == 3 and not ApprovalBatch.objects.exists()


def test_each_scene_of_a_batch_is_bound_to_its_digest_and_tells_the_rule(scenes, takes, reviewer):
    for place in (0, 3, 5):
        decisions.approve(scenes[place], takes[place], by=reviewer)
    decisions.request_changes(scenes[7], takes[7], by=reviewer, reason="dust")
    plan = planned(scenes, reviewer)
    assert [each.number for each in plan.left_out] == [8]
    made = approve_batch(scenes, reviewer, plan.digest)
    assert [approval.take for approval in made] == [takes[place] for place in (1, 2, 4, 6)]
    batch = ApprovalBatch.objects.get()
    for approval in made:
        assert (approval.digest, approval.batch) == (approval.take.digest, batch)
        assert "every 5th scene and the 2 with most synthesised looked at" in approval.reason
    assert [row["scene"] for row in batch.sampled] == [1, 4, 6]
    events = Event.objects.filter(kind="approval", detail__batch=str(batch.pk))
    assert events.count() == 4
    assert not decisions.is_approved(scenes[7])


def test_a_batch_of_what_has_changed_since_is_refused_whole(scenes, takes, client, reviewer):
    for place in (0, 3, 5):
        decisions.approve(scenes[place], takes[place], by=reviewer)
    seen = planned(scenes, reviewer).digest
    made_up(scenes[2], 0.05)
    with pytest.raises(DecisionRefused, match="have changed since you opened"):
        approve_batch(scenes, reviewer, seen)
    assert Approval.objects.count() == 3
    client.force_login(reviewer)
    address = reverse("batch", args=[scenes[0].scan.reel_id])
    sent = {"every": 5, "most": 2, "version": "restoration"}
    sent["seen"] = planned(scenes, reviewer).digest
    page = client.post(address, sent, follow=True).content.decode()
    assert "Approved in a batch: 5 scenes." in page


def test_the_second_of_two_who_decide_at_once_is_told(scenes, takes, client, reviewer, archivist):
    opened = 0
    decisions.approve(scenes[0], takes[0], by=archivist, seen=opened)
    with pytest.raises(DecisionRefused, match=f"{archivist} decided at .*approved"):
        decisions.request_changes(scenes[0], takes[0], by=reviewer, reason="dust", seen=opened)
    newest = decisions.current_approval(scenes[0])
    assert newest is not None and newest.by == archivist
    decisions.request_changes(scenes[0], takes[0], by=reviewer, reason="dust", seen=newest.pk)


def test_a_stale_approval_offers_the_comparison(scenes, takes, client, reviewer):
    decisions.approve(scenes[0], takes[0], by=reviewer)
    newer = made_up(scenes[0], 0.01)
    client.force_login(reviewer)
    page = client.get(reverse("scene", args=[scenes[0].pk])).content.decode()
    assert f"?take={newer.pk}&amp;against={takes[0].pk}" in page and "then approve again" in page
