"""A decision speaks of one take; when that is no longer what stands, it says so and why."""

from __future__ import annotations

import pytest

from restoration import borders, scenes
from restoration.models import Scene
from review import decisions
from review.pages import storyboard
from review.standing import State, standing_of
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    scan = factories.make_scan(frames=48)
    return factories.make_scenes(scan, length=24)[0]


def made_with(scene, stage, params, **fields):
    manifest = {"stage": stage, "params": params}
    return factories.make_take(scene=scene, stage=stage, manifest=manifest, **fields)


def reasons_of(scene):
    approval = decisions.current_approval(scene)
    approval.scene.refresh_from_db()
    return decisions.stale_reasons(approval)


def test_a_fresh_approval_has_no_reasons(scene, reviewer):
    take = factories.make_take(scene=scene)
    decisions.approve(scene, take, by=reviewer)
    assert reasons_of(scene) == []
    assert standing_of(scene).state == State.APPROVED


def test_a_newer_take_makes_it_stale(scene, reviewer):
    decisions.approve(scene, factories.make_take(scene=scene), by=reviewer)
    factories.make_take(scene=scene)
    assert any("take 2" in reason for reason in reasons_of(scene))
    assert standing_of(scene).state == State.STALE


def test_a_newer_take_upstream_makes_it_stale(scene, reviewer):
    first = factories.make_take(scene=scene, stage="deflicker")
    repaired = factories.make_take(scene=scene, stage="repair", input_take=first)
    decisions.approve(scene, repaired, by=reviewer)
    factories.make_take(scene=scene, stage="deflicker")
    assert reasons_of(scene) == ["Deflicker was made anew since: take 2."]


def test_a_further_stage_makes_it_stale(scene, reviewer):
    first = factories.make_take(scene=scene, stage="deflicker")
    decisions.approve(scene, first, by=reviewer)
    factories.make_take(scene=scene, stage="repair", input_take=first)
    assert reasons_of(scene) == ["Repair take 1 now stands at the end of this scene."]


def test_a_changed_parameter_makes_it_stale_until_it_is_changed_back(scene, reviewer, restorer):
    take = made_with(scene, "deflicker", {"window": 15})
    name, default = _first_parameter("deflicker")
    take.manifest["params"] = {name: default}
    take.save(update_fields=["manifest"])
    decisions.approve(scene, take, by=reviewer)
    scenes.set_settings(scene, "deflicker", {name: default * 2}, by=restorer)
    assert [reason for reason in reasons_of(scene) if name in reason]
    scenes.set_settings(scene, "deflicker", {name: default}, by=restorer)
    assert reasons_of(scene) == []


def _first_parameter(stage):
    import dataclasses

    from restoration.stages import find_stage

    for entry in dataclasses.fields(find_stage(stage).params):
        if isinstance(entry.default, int | float) and not isinstance(entry.default, bool):
            return entry.name, entry.default
    raise AssertionError(f"{stage} has no number among its parameters")


def test_a_moved_cut_makes_the_decisions_on_both_sides_stale(scene, reviewer, restorer):
    after = scene.scan.scenes.current().last()
    for each in (scene, after):
        decisions.approve(each, factories.make_take(scene=each), by=reviewer)
    scenes.move_cut(after, 20, by=restorer)
    assert all("moved from frame 24 to 20" in reasons_of(each)[0] for each in (scene, after))
    first, second = storyboard(scene.scan)
    assert first.standing.decision is None
    assert [lost.scene for lost in decisions.lost_approvals(first.scene)] == [scene]
    assert len(decisions.lost_approvals(second.scene)) == 2
    assert {first.standing.state, second.standing.state} == {State.STALE}
    assert "moved from frame 24 to 20" in first.standing.reasons[0]


def test_a_splice_marked_since_makes_the_decision_stale(scene, reviewer, restorer):
    take = factories.make_take(scene=scene, manifest={"params": {}, "marks": [5]})
    scene.marks = [{"frame": 5, "kind": "splice", "confidence": 0.6}]
    scene.save()
    decisions.approve(scene, take, by=reviewer)
    assert reasons_of(scene) == []
    borders.mark_splice(scene, 9, is_splice=True, by=restorer)
    assert reasons_of(scene) == ["A splice was marked at frame 9 since."]
    borders.mark_splice(scene, 5, is_splice=False, by=restorer)
    assert "There is no splice at frame 5 any more." in reasons_of(scene)


def test_a_withdrawn_decision_is_not_missed_after_a_cut_is_moved(scene, reviewer, restorer):
    take = factories.make_take(scene=scene)
    decisions.approve(scene, take, by=reviewer)
    decisions.withdraw(decisions.request_changes(scene, take, by=reviewer, reason="x"), by=reviewer)
    scenes.split(scene, 10, by=restorer)
    assert {card.standing.state for card in storyboard(scene.scan)} == {State.UNTOUCHED}


def test_a_cut_that_is_moved_back_brings_the_decision_back(scene, reviewer, restorer):
    decisions.approve(scene, factories.make_take(scene=scene), by=reviewer)
    after = scene.scan.scenes.current().last()
    scenes.move_cut(after, 20, by=restorer)
    scenes.move_cut(scene.scan.scenes.current().last(), 24, by=restorer)
    assert decisions.is_approved(scene.scan.scenes.current().first())


def test_an_edit_elsewhere_on_the_reel_touches_nothing(scene, reviewer, restorer):
    decisions.approve(scene, factories.make_take(scene=scene), by=reviewer)
    scenes.split(scene.scan.scenes.current().last(), 30, by=restorer)
    assert decisions.is_approved(scene)
