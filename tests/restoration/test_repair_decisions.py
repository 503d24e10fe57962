"""People keep, undo and protect; the next run heeds it, and earlier takes say that they do not."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from archive.models import Event, Scan
from restoration import drawn, repairs, runs, scenes
from restoration.errors import DrawingError
from restoration.frame_pictures import pixel_read_out
from restoration.mapfile import MapReader
from restoration.models import RepairDecision, Scene, StageRun, Take
from restoration.provenance import FrameMap, Label, Sources
from restoration.repair_room import not_judged, repair_room
from restoration.starting import params_for
from restoration.storage import storage
from review import decisions
from tests import factories
from tests.e2e.conftest import flickering_and_torn
from tests.review.approved_reel import current_scan, make_real_take, make_scanned_reel

pytestmark = pytest.mark.django_db

TORN = 3
"""The frame of the clip that has a tear, at 64 to 81 by 72 to 85."""


SCAN_FACTS = ("frames", "rate_numerator", "rate_denominator", "width", "height", "path", "sha256",
              "bytes", "derived", "pixel_format", "bit_depth", "kind", "framemd5")  # fmt: skip
TAKE_FACTS = ("storage_key", "key", "manifest", "digest", "totals")


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, Any]]:
    """The files outlive the rows of a test: what the rows said of them."""
    return {}


@pytest.fixture
def take(made, tmp_path_factory) -> Take:
    """A take of repair on one of deflicker, over all eight frames of a clip."""
    if made:
        scan = Scan.objects.create(reel=factories.make_reel(), **made["scan"])
        scene = factories.make_scene(scan=scan, frames=(0, 8))
        first = factories.make_take(scene=scene, stage="deflicker", **made["deflicker"])
        return factories.make_take(scene=scene, stage="repair", input_take=first, **made["repair"])
    clip = {"frames": 8, "rate": Fraction(16), "width": 192, "height": 144}
    folder, name = tmp_path_factory.mktemp("film"), factories.unique_digest()[:8]
    scan = current_scan(make_scanned_reel(folder, name=name, **clip, paint=flickering_and_torn))
    scene = factories.make_scene(scan=scan, frames=(0, 8))
    first = make_real_take(scene)
    repaired = make_real_take(scene, stage="repair", after=first)
    made["scan"] = {name: getattr(scan, name) for name in SCAN_FACTS}
    for each in (first, repaired):
        made[each.stage] = {name: getattr(each, name) for name in TAKE_FACTS}
    return repaired


@pytest.fixture
def scene(take) -> Scene:
    return take.scan.scenes.get()


def again(scene, take, **params):
    """The take that a run of repair would make now."""
    # Rows of an earlier test are gone, its files are not.
    storage().remove(f"takes/{scene.scan.sha256[:12]}/0-8/repair/2-0")
    params = params_for(scene, {"stage": "repair", "params": params})
    return make_real_take(scene, stage="repair", after=take.input_take, **params)


def tear(take) -> repairs.Repair:
    return max(repairs.repairs_in(take, TORN), key=lambda repair: repair.pixels)


def labels_of(take, frame: int) -> FrameMap:
    path = storage().folder(take.storage_key) / "map.mkv"
    return next(MapReader(path).frames(frame, frame + 1))


def test_a_pixel_names_the_stage_that_gave_its_label(take):
    structure = labels_of(take, TORN).structure
    copied, adjusted = (
        tuple(map(int, np.argwhere(found)[0]))
        for found in (structure > Label.ADJUSTED, structure == Label.ADJUSTED)
    )
    assert pixel_read_out(take, TORN, *copied)["stages"]["structure"] == "repair"
    assert pixel_read_out(take, TORN, *adjusted)["stages"]["structure"] == "deflicker"
    take.input_take.storage_key = "takes/removed"
    assert pixel_read_out(take, TORN, *adjusted)["stages"]["structure"] is None


def test_a_repair_is_told_with_its_place_label_and_source(take):
    repair = tear(take)
    left, top, width, height = repair.box
    assert (abs(left - 64), abs(top - 72)) <= (3, 3)
    assert 18 <= width <= 24 and 14 <= height <= 20
    assert repair.label in (Label.RECOVERED, Label.SYNTHESISED)
    assert sum(repair.labels.values()) == repair.pixels
    if repair.label == Label.RECOVERED:
        assert set(repair.sources) <= {1, 2, 4, 5}
    told = repairs.listed(take, TORN)
    assert json.loads(json.dumps(told))["repairs"]
    assert told["undone"] == told["protected"] == []


def test_an_undone_repair_is_left_as_the_scan_in_the_next_take(scene, take, reviewer):
    repair = tear(take)
    repairs.decide(take, TORN, repair.at, decision="undo", by=reviewer, reason="a bird")
    later = again(scene, take)
    assert later.manifest["params"]["undone"][0]["frames"] == [TORN, TORN + 1]
    left, top, width, height = repair.box
    place = (slice(top, top + height), slice(left, left + width))
    assert (labels_of(later, TORN).structure[place] <= Label.ADJUSTED).all()
    assert later.key != take.key


def test_a_decision_is_found_again_in_a_later_take(scene, take, reviewer):
    made = repairs.decide(take, TORN, tear(take).at, decision="keep", by=reviewer)
    later = again(scene, take, grow=2)
    assert tear(later).pixels != tear(take).pixels
    (told,) = [each["decision"] for each in repairs.listed(later, TORN)["repairs"] if
               each["decision"]]  # fmt: skip
    assert (told["id"], told["decision"]) == (made.pk, "keep")


def test_keeping_changes_no_label_and_no_run(scene, take, reviewer):
    repairs.decide(take, TORN, tear(take).at, decision="keep", by=reviewer)
    assert drawn.drawn_params(scene, "repair") == {}
    assert scenes.outdated(scene, take) == []
    run = runs.process_scene(scene, stages=["repair"], by=reviewer)
    assert run.params == take.manifest["params"]


def test_a_new_word_replaces_the_earlier_one(take, reviewer, archivist):
    first = repairs.decide(take, TORN, tear(take).at, decision="keep", by=reviewer)
    second = repairs.decide(take, TORN, tear(take).at, decision="undo", by=archivist)
    first.refresh_from_db()
    assert first.withdrawn is not None and first.withdrawn_by == archivist
    assert list(RepairDecision.objects.standing()) == [second]


def test_an_undone_repair_makes_take_and_approval_stale_in_words(scene, take, reviewer):
    approval = decisions.approve(scene, take, by=reviewer)
    made = repairs.decide(take, TORN, tear(take).at, decision="undo", by=reviewer)
    assert "1 undone repair added since (by vera)" in scenes.outdated(scene, take)
    assert any("undone repair added" in reason for reason in decisions.stale_reasons(approval))
    repairs.withdraw(made, by=reviewer)
    assert scenes.outdated(scene, take) == []
    assert decisions.stale_reasons(approval) == []


def test_a_protected_region_is_part_of_the_run_and_its_removal_too(scene, take, restorer):
    corners = [[50, 60], [100, 60], [100, 100], [50, 100]]
    region = repairs.protect(scene, corners, (0, 8), by=restorer, reason="lettering")
    assert "1 protected region added since (by rosa)" in scenes.outdated(scene, take)
    later = again(scene, take)
    labels = labels_of(later, TORN)
    assert (labels.structure[60:101, 50:101] <= Label.ADJUSTED).all()
    assert not any("added since" in reason for reason in scenes.outdated(scene, later))
    repairs.unprotect(region, by=restorer)
    assert scenes.outdated(scene, later)[-1] == "1 protected region removed since (by rosa)"
    with pytest.raises(DrawingError, match="removed before"):
        repairs.unprotect(region, by=restorer)


def test_who_said_what_and_when_is_in_the_custody_of_the_reel(scene, take, reviewer):
    made = repairs.decide(take, TORN, tear(take).at, decision="undo", by=reviewer, reason="a bird")
    repairs.withdraw(made, by=reviewer)
    region = repairs.protect(scene, [[1, 1], [9, 1], [9, 9]], (0, 2), by=reviewer)
    repairs.unprotect(region, by=reviewer)
    kinds = list(Event.objects.filter(reel=scene.scan.reel).values_list("kind", flat=True))
    for kind in ("repair undone", "repair decision withdrawn", "region protected",
                 "protection removed"):  # fmt: skip
        assert kind in kinds
    event = Event.objects.get(kind="repair undone")
    assert event.detail["reason"] == "a bird" and event.detail["frame"] == TORN


def test_where_nothing_was_repaired_nothing_is_recorded(take, reviewer):
    with pytest.raises(DrawingError, match="no repair at 1, 1"):
        repairs.decide(take, TORN, (1, 1), decision="undo", by=reviewer)
    with pytest.raises(DrawingError, match="frames 0 to 7, not 99"):
        repairs.decide(take, 99, (1, 1), decision="undo", by=reviewer)
    with pytest.raises(DrawingError, match="no take of repair"):
        repairs.decide(take.input_take, TORN, (1, 1), decision="undo", by=reviewer)
    assert not RepairDecision.objects.exists()


@pytest.mark.parametrize(
    ("polygon", "frames", "words"),
    [
        ([[0, 0], [5, 5], [0, 5]], (0, 99), "frames must lie from 0 to 7"),
        ([[900, 900], [905, 900], [905, 905]], (0, 2), "outside the picture"),
        ([[0, "a"]], (0, 2), "whole numbers"),
        ("no", (0, 2), "a region is"),
    ],
)
def test_a_region_that_fits_nothing_is_refused(scene, reviewer, polygon, frames, words):
    with pytest.raises(DrawingError, match=words):
        repairs.protect(scene, polygon, frames, by=reviewer)


def test_what_was_drawn_survives_an_edit_of_the_cuts(scene, take, restorer):
    repairs.protect(scene, [[1, 1], [9, 1], [9, 9]], (2, 6), by=restorer)
    repairs.decide(take, TORN, tear(take).at, decision="undo", by=restorer)
    first, second = scenes.split(scene, 4, by=restorer)
    assert drawn.drawn_params(first, "repair")["protect"][0]["frames"] == [2, 4]
    assert drawn.drawn_params(second, "repair")["protect"][0]["frames"] == [4, 6]
    assert len(drawn.drawn_params(first, "repair")["undone"]) == 1
    assert "undone" not in drawn.drawn_params(second, "repair")


def test_a_run_started_from_the_page_carries_what_was_drawn(scene, take, restorer):
    repairs.protect(scene, [[1, 1], [9, 1], [9, 9]], (0, 8), by=restorer)
    run = runs.process_scene(scene, stages=["repair"], by=restorer)
    assert run.params["protect"][0]["polygon"] == [[1, 1], [9, 1], [9, 9]]
    room = repair_room(scene, take)
    assert room.run == run and room.run.status == StageRun.Status.QUEUED
    assert room.changed == ["1 protected region added since (by rosa)"]


def test_frames_that_could_not_be_judged_are_named_with_their_measures(tmp_path):
    def paint(number, width, height):
        luma = flickering_and_torn(number, width, height)
        return luma[::-1, ::-1] * 0.5 if number == 5 else luma

    reel = make_scanned_reel(tmp_path, name="torn", frames=8, rate=Fraction(16), width=192,
                             height=144, paint=paint)  # fmt: skip
    scene = factories.make_scene(scan=current_scan(reel), frames=(0, 8))
    take = make_real_take(scene, stage="repair")
    assert 5 in [entry["frame"] for entry in not_judged(take)]
    assert all(entry["why"] for entry in not_judged(take))
    assert repair_room(scene, take).not_judged == not_judged(take)


def test_regions_are_told_apart_and_adjusted_ones_count_only_without_an_earlier_stage():
    structure = np.zeros((40, 60), np.uint8)
    cv2.circle(structure, (10, 10), 3, int(Label.RECOVERED), -1)
    structure[30, 50] = Label.SYNTHESISED
    structure[5:35, 30] = Label.ADJUSTED
    offset = np.where(structure == Label.RECOVERED, -1, 0).astype(np.int8)
    still = np.zeros(structure.shape, np.int16)
    labels = FrameMap(structure, np.zeros_like(structure), Sources(offset, still, still))
    found = repairs.find_repairs(labels, 7, adjusts=False)
    assert [repair.label for repair in found] == [Label.RECOVERED, Label.SYNTHESISED]
    assert found[0].sources == {6: found[0].pixels}
    assert found[1].outline == [[50, 30]]
    alone = repairs.find_repairs(labels, 7, adjusts=True)
    assert Label.ADJUSTED in [repair.label for repair in alone]
