"""A person asks for a neighbour instead of what was made up; the next run obeys and tells."""

from __future__ import annotations

from fractions import Fraction

import pytest

from fixtures.clips import moving_texture
from restoration import repairs, scenes
from restoration.errors import DrawingError
from restoration.models import RepairDecision, Scene, Take
from restoration.provenance import Label
from restoration.repair_room import repair_room
from restoration.stages.repair.regions import Region, draw
from restoration.starting import params_for
from review.custody_words import words
from tests import factories
from tests.restoration.stages.films import blot
from tests.restoration.test_repair_decisions import labels_of
from tests.review.approved_reel import current_scan, make_real_take, make_scanned_reel

pytestmark = pytest.mark.django_db

TORN = 3
"""The frame with a blotch so large that its middle has no ring to fit a neighbour by."""
LARGEST = {"largest": 100.0}


def torn(number: int, width: int, height: int):
    light = moving_texture(number, width, height)
    return blot(light, 64, 80, 30, 1.0) if number == TORN else light


@pytest.fixture
def scene(tmp_path) -> Scene:
    clip = {"frames": 6, "rate": Fraction(16), "width": 160, "height": 120, "paint": torn}
    reel = make_scanned_reel(tmp_path, name=f"torn {factories.unique_digest()[:6]}", **clip)
    return factories.make_scene(scan=current_scan(reel), frames=(0, 6))


def made_up(take: Take) -> repairs.Repair:
    return next(each for each in repairs.repairs_in(take, TORN) if each.labels.get("SYNTHESISED"))


def test_the_next_run_copies_what_this_one_made_up(scene, reviewer):
    take = make_real_take(scene, stage="repair", **LARGEST)
    repair = made_up(take)
    word = repairs.decide(take, TORN, repair.at, decision="neighbour", by=reviewer, reason="a hat")
    assert scenes.outdated(scene, take) == ["1 neighbour request added since (by vera)"]
    event = scene.scan.reel.events.get(kind="repair asked of a neighbour")
    assert words(event).endswith("“a hat”")

    given = params_for(scene, {"stage": "repair", "params": LARGEST})
    later = make_real_take(scene, stage="repair", **given)
    labels = labels_of(later, TORN)
    asked = draw([Region(0, 1, tuple(map(tuple, repair.outline)))], 0, labels.structure.shape)
    assert not (labels.structure[asked] == Label.SYNTHESISED).any()
    assert (labels.sources.offset[asked] != 0).sum() >= repair.labels["SYNTHESISED"]
    (decided,) = repair_room(scene, later).decisions
    assert decided.word == word and "pixels copied from frame" in decided.answer
    assert repair_room(scene, take).decisions[0].answer == ""

    with pytest.raises(DrawingError, match="nothing of this repair is synthesised"):
        repairs.decide(later, TORN, repair.at, decision="neighbour", by=reviewer)
    assert RepairDecision.objects.standing().get() == word
