"""A decision speaks of one take; when that is no longer what stands, it says so and why."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from restoration import borders, repairs, scenes
from restoration.models import Scene
from review import decisions
from review.pages import storyboard
from review.standing import State, standing_of, standings
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
    factories.make_take(scene=scene, stage="deflicker")
    assert reasons_of(scene) == [
        "Repair take 1 now stands at the end of this scene.",
        "Deflicker was made anew since: take 2.",
    ]


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


def test_the_reasons_name_who_changed_what(scene, reviewer, restorer, archivist):
    first = made_with(scene, "deflicker", {"strength": 1.0})
    repaired = made_with(scene, "repair", {}, input_take=first)
    approval = decisions.approve(scene, repaired, by=reviewer)
    scenes.set_settings(scene, "deflicker", {"strength": 0.5}, by=archivist)
    repairs.protect(scene, [[1, 1], [9, 1], [9, 9]], (0, 8), by=restorer)
    repairs.protect(scene, [[20, 1], [29, 1], [29, 9]], (0, 8), by=archivist)
    again = factories.make_take(scene=scene, stage="repair", input_take=first)
    factories.make_run(scene=scene, stage="repair", take=again, requested_by=restorer)
    approval.scene.refresh_from_db()
    assert decisions.stale_reasons(approval) == [
        "Deflicker.strength is now 0.5, the take was made with 1.0 (by anna).",
        "Repair was made anew since: take 2 (by rosa).",
        "2 protected regions added since (by anna and rosa).",
    ]


def test_reasons_of_many_scenes_take_as_many_questions_as_those_of_one(reviewer, restorer):
    made = factories.make_scenes(factories.make_scan(frames=72), length=24)
    for each in made:
        decisions.approve(each, made_with(each, "repair", {}), by=reviewer)
        frames = (each.start_frame, each.end_frame)
        repairs.protect(each, [[1, 1], [9, 1], [9, 9]], frames, by=restorer)
        again = factories.make_take(scene=each, stage="repair")
        factories.make_run(scene=each, stage="repair", take=again, requested_by=restorer)
    asked = []
    for few in (made[:1], made):
        with CaptureQueriesContext(connection) as questions:
            assert all("rosa" in each.reasons[0] for each in standings(few))
        asked.append(len(questions))
    assert asked[0] == asked[1]


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
    assert reasons_of(scene) == ["A splice was marked at frame 9 since (by rosa)."]
    borders.mark_splice(scene, 5, is_splice=False, by=restorer)
    assert "There is no splice at frame 5 any more (by rosa)." in reasons_of(scene)


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
