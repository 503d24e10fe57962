"""What a person did last on a scene is taken back by a key: it is told, and decisions are asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from restoration import corrections, hints, repairs
from restoration.models import ColourCorrection, Hint, ProtectedRegion, Scene
from restoration.models.repair import RepairDecision
from restoration.scenes import RESTORATION
from restoration.stages.grade.cdl import Cdl
from review import decisions, handing, notes
from review.undoing import Act, last_act
from tests import factories

pytestmark = pytest.mark.django_db
BOX = [[1, 1], [9, 1], [9, 9], [1, 9]]


@pytest.fixture
def scene() -> Scene:
    return factories.make_scenes(factories.make_scan(frames=24), length=24)[0]


def told(scene: Scene, person: Any) -> dict[str, Any]:
    act = last_act(scene, person)
    assert isinstance(act, Act)
    return act.as_json()


def press(client: Any, scene: Scene) -> dict[str, Any]:
    """Ask what was last, and send it as the page does."""
    act: dict[str, Any] = client.get(reverse("last-act", args=[scene.pk])).json()
    if act.get("done"):
        sent = {"scene": scene.pk, **act["values"]}
        assert client.post(act["address"], sent).status_code in (200, 302)
    return act


def test_each_act_is_taken_back_the_newest_first(client, scene, reviewer, restorer):
    hints.paint(scene, 3, [(4, 4)], size=3, rgb=(200, 0, 0), by=reviewer)
    repairs.protect(scene, BOX, (0, 8), by=reviewer)
    take = factories.make_take(scene=scene, stage="repair")
    RepairDecision.objects.create(
        scan=scene.scan, take=take, frame=5, polygon=BOX, pixels=81, label=2, decision="undo",
        by=reviewer,
    )  # fmt: skip
    corrections.enter(scene, Cdl(saturation=0.5), by=reviewer)
    notes.add(scene, by=reviewer, start_frame=7, end_frame=8, text="dust")
    hints.paint(scene, 9, [(4, 4)], size=3, rgb=(0, 200, 0), by=restorer)
    client.force_login(reviewer)
    words = [press(client, scene)["words"].rpartition(", of ")[0] for _ in range(5)]
    assert words == [
        "your note on frame 7",
        "your colour correction from frame 0",
        "your word on a repair of frame 5 (undone)",
        "your protected region from frame 0",
        "your hint on frame 3",
    ]
    assert press(client, scene) == {}, "nothing of others is touched"
    assert Hint.objects.standing().get().by == restorer
    assert not ProtectedRegion.objects.standing() and not RepairDecision.objects.standing()
    assert not ColourCorrection.objects.standing()
    assert Hint.objects.exclude(withdrawn=None).get().withdrawn_by == reviewer


def test_a_decision_is_asked_first_and_withdrawn_by_a_record_of_its_own(client, scene, reviewer):
    take = factories.make_take(scene=scene)
    made = decisions.approve(scene, take, by=reviewer)
    asked = told(scene, reviewer)
    assert asked["ask"].startswith("Withdraw your approval of deflicker take 1?")
    assert asked["place"] == ""
    client.force_login(reviewer)
    press(client, scene)
    made.refresh_from_db()
    assert made.withdrawn_by == reviewer
    assert [event.kind for event in scene.scan.reel.events.order_by("sequence")] == [
        "approval",
        "decision withdrawn",
    ]
    assert press(client, scene) == {}


def test_a_stage_decided_on_by_itself_is_one_too(scene, reviewer, archivist):
    first = factories.make_take(scene=scene)
    factories.make_take(scene=scene, stage="repair", input_take=first)
    decisions.request_changes(scene, first, by=reviewer, reason="pumps", alone=True)
    assert "your request for changes of deflicker take 1 by itself" in told(scene, reviewer)["ask"]
    decisions.approve(scene, first, by=archivist, alone=True)
    assert last_act(scene, reviewer) is None, "somebody else has decided since"


def test_a_note_that_was_resolved_is_opened_again(client, scene, reviewer, restorer):
    note = notes.add(scene, by=restorer, start_frame=7, end_frame=8, text="dust")
    notes.resolve(note, by=reviewer)
    client.force_login(reviewer)
    assert press(client, scene)["words"].startswith("that you resolved the note on frame 7")
    note.refresh_from_db()
    assert note.resolved is None and last_act(scene, reviewer) is None


def test_what_cannot_be_taken_back_is_said_and_hides_nothing_older(scene, reviewer, archivist):
    hints.paint(scene, 3, [(4, 4)], size=3, rgb=(200, 0, 0), by=reviewer)
    handing.hand_over(scene, RESTORATION, by=reviewer, to=archivist)
    act = told(scene, reviewer)
    assert act["words"].startswith(f"that you handed the scene to {archivist}")
    assert not act["done"] and not act["address"]


def test_what_is_old_is_asked_first(scene, reviewer):
    hints.paint(scene, 3, [(4, 4)], size=3, rgb=(200, 0, 0), by=reviewer)
    assert told(scene, reviewer)["ask"] == ""
    Hint.objects.update(at=timezone.now() - timedelta(hours=13))
    assert told(scene, reviewer)["ask"].startswith("Take back your hint on frame 3, of ")
