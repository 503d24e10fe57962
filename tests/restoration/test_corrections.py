"""People correct light and colour of a scene or a box; runs, takes and custody say so."""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from archive.models import Event
from restoration import corrections, hints, runs, scenes
from restoration.colour_room import colour_room
from restoration.drawn import drawn_params
from restoration.errors import DrawingError
from restoration.mapfile import MapReader
from restoration.models import ColourCorrection, StageRun
from restoration.provenance import Label
from restoration.stages.grade.cdl import Cdl
from restoration.stages.grade.cdl_file import read_cdl, write_cdl
from restoration.starting import params_for
from restoration.storage import storage
from review import custody_words
from tests import factories
from tests.review.approved_reel import current_scan, make_real_take, make_scanned_reel

pytestmark = pytest.mark.django_db

WARM = Cdl(slope=(1.1, 1.0, 0.9), offset=(0.02, 0.0, 0.0), saturation=1.2)


@pytest.fixture
def scene():
    return factories.make_scene(frames=(8, 32), scan=factories.make_scan(pixel_format="yuv420p"))


def test_a_correction_is_a_parameter_of_the_next_run(scene, reviewer):
    made = corrections.enter(scene, WARM, by=reviewer, box=(4, 6, 20, 10), white=(200, 180, 150))
    (entry,) = params_for(scene, {"stage": "grade", "params": {}})["corrections"]
    assert entry == {
        "id": str(made.pk), "frames": [8, 32], "box": [4, 6, 20, 10], "white": [200, 180, 150],
        "slope": [1.1, 1.0, 0.9], "offset": [0.02, 0.0, 0.0], "power": [1.0, 1.0, 1.0],
        "saturation": 1.2, "by": "vera",
    }  # fmt: skip


def test_a_change_takes_the_old_one_back_and_keeps_it_on_record(scene, reviewer, restorer):
    first = corrections.enter(scene, WARM, by=reviewer)
    second = corrections.enter(scene, Cdl(saturation=0.5), by=restorer, replaces=first)
    assert list(ColourCorrection.objects.standing()) == [second]
    first.refresh_from_db()
    assert first.withdrawn_by == restorer
    with pytest.raises(DrawingError, match="taken back before"):
        corrections.withdraw(first, by=restorer)
    kinds = [event.kind for event in Event.objects.filter(kind__startswith="colour correction")]
    assert kinds == [
        "colour correction", "colour correction withdrawn", "colour correction",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"frames": (0, 9)}, "frames must lie from 8 to 31"),
        ({"box": (64, 0, 5, 5)}, "outside the picture of 64 by 48"),
        ({"box": (0, 0, 0, 5)}, "has no pixel|outside"),
        ({"white": (0.5, 200, 200)}, "slope must lie"),
    ],
)
def test_a_correction_that_fits_nothing_is_refused(scene, reviewer, values, words):
    with pytest.raises(DrawingError, match=words):
        corrections.enter(scene, WARM, by=reviewer, **values)
    assert not ColourCorrection.objects.exists()


def test_a_correction_survives_an_edit_of_the_cuts_and_is_cut_to_each_scene(scene, reviewer):
    corrections.enter(scene, WARM, by=reviewer)
    first, second = scenes.split(scene, 12, by=reviewer)
    frames = [
        params_for(each, {"stage": "grade", "params": {}})["corrections"][0]["frames"]
        for each in (first, second)
    ]
    assert frames == [[8, 12], [12, 32]]


def test_a_change_in_one_scene_leaves_the_others_what_they_had(scene, reviewer, restorer):
    first = corrections.enter(scene, WARM, by=reviewer)
    on_top = corrections.enter(scene, Cdl(saturation=0.5), by=reviewer)
    before, rest = scenes.split(scene, 12, by=reviewer)
    middle, after = scenes.split(rest, 20, by=reviewer)
    held = [corrected(each) for each in (before, after)]
    made = corrections.enter(middle, Cdl(), by=restorer, replaces=first)
    assert [corrected(each) for each in (before, after)] == held
    assert [entry["id"] for entry in corrected(middle)] == [str(on_top.pk), str(made.pk)]
    told = Event.objects.get(kind="colour correction withdrawn").detail
    assert (told["correction"], told["frames"]) == (first.pk, [12, 20])
    part = ColourCorrection.objects.standing().of_scene(after).first()
    corrections.withdraw(part, by=restorer, scene=after)
    assert corrected(before) == held[0]
    assert [entry["id"] for entry in corrected(after)] == [str(on_top.pk)]
    with pytest.raises(DrawingError, match="does not reach into this scene"):
        corrections.withdraw(made, by=restorer, scene=before)


def corrected(scene) -> list[dict]:
    return params_for(scene, {"stage": "grade", "params": {}})["corrections"]


def test_the_version_shown_is_the_one_that_is_corrected(scene, reviewer):
    repaired = factories.make_take(scene=scene, stage="repair")
    coloured = factories.make_take(scene=scene, stage="deflicker", version="colour")
    corrections.enter(scene, WARM, by=reviewer)
    run = runs.process_scene(scene, stages=["grade"], version="restoration", by=reviewer)
    assert run.input_take == repaired
    graded = factories.make_take(
        scene=scene, stage="grade", input_take=repaired, manifest={"params": run.params}
    )
    assert scenes.head_take(scene) == graded
    assert colour_room(scene, graded).grade_changed == []
    assert colour_room(scene, coloured).grade_changed == [
        "1 colour correction added since (by vera)"
    ]
    corrections.enter(scene, WARM, by=reviewer)
    assert "1 colour correction added since (by vera)" in scenes.outdated(scene, graded)


def test_a_real_take_passes_the_gate_and_says_what_a_hand_chose(tmp_path, reviewer):
    clip = {"frames": 3, "width": 64, "height": 48, "pixel": "yuv420p", "rate": 16}
    scan = current_scan(make_scanned_reel(tmp_path, name=factories.unique_digest()[:8], **clip))
    scene = factories.make_scene(scan=scan, frames=(0, 3))
    made = corrections.enter(scene, WARM, by=reviewer)
    params = params_for(scene, {"stage": "grade", "params": {}})
    take = make_real_take(scene, stage="grade", **params)
    assert take.manifest["params"]["corrections"][0]["id"] == str(made.pk)
    frame_map = next(MapReader(storage().folder(take.storage_key) / "map.mkv").frames(1, 2))
    assert set(np.unique(frame_map.structure)) <= {Label.ORIGINAL, Label.ADJUSTED}
    assert (frame_map.colour == Label.HUMAN).mean() > 0.9


def test_a_corrected_colour_version_makes_no_invented_colour_anybodys_own(tmp_path, reviewer):
    clip = {"frames": 3, "width": 64, "height": 48, "rate": 16}
    scan = current_scan(make_scanned_reel(tmp_path, name=factories.unique_digest()[:8], **clip))
    scene = factories.make_scene(scan=scan, frames=(0, 3))
    hints.paint(scene, 1, [(30, 24)], size=8, rgb=(180, 60, 40), by=reviewer)
    corrections.enter(scene, WARM, by=reviewer)
    step = {"stage": "colourise", "params": {}}
    coloured = make_real_take(scene, stage="colourise", **params_for(scene, step))
    graded = make_real_take(
        scene, stage="grade", after=coloured, **params_for(scene, step | {"stage": "grade"})
    )
    assert graded.version == "colour" and scenes.head_take(scene, "colour") == graded
    before, after = (
        next(MapReader(storage().folder(take.storage_key) / "map.mkv").frames(1, 2))
        for take in (coloured, graded)
    )
    assert (before.colour == Label.SYNTHESISED).any()
    assert (after.colour[before.colour == Label.SYNTHESISED] == Label.SYNTHESISED).all()
    assert (after.colour[21:27, 27:33] == Label.HUMAN).all()
    assert (after.structure == Label.ADJUSTED).mean() > 0.9
    room = colour_room(scene, graded)
    assert room.changed == [] and room.shows_colour


@pytest.fixture
def desk(reviewer, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client = Client()
    client.force_login(reviewer)
    return client


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_wheels_and_a_box_are_entered_on_the_page(desk, scene):
    values = {"first": 8, "last": 19, "gain_red": 1.2, "lift_blue": 0.1, "gamma_green": 1.25,
              "saturation": 0.8, "white": "#c8b496", "left": 2, "top": 4, "width": 9,
              "height": 9}  # fmt: skip
    response = desk.post(reverse("correct-colour", args=[scene.pk]), values, follow=True)
    assert "Kept for frames 8 to 19" in said(response)
    row = ColourCorrection.objects.get()
    assert row.slope == [1.2, 1.0, 0.9] and row.offset == [0.0, 0.0, 0.1]
    assert row.power == [1.0, 0.8, 1.0] and row.saturation == 0.8
    assert (row.box, row.white, row.end_frame) == ([2, 4, 9, 9], [200, 180, 150], 20)
    page = response.content.decode()
    assert "gain 1.2 1 1" in page and "#c8b496 made neutral" in page
    assert f'<option value="{row.pk}">replaces:' in page


def test_a_correction_opened_and_kept_again_is_the_same_correction(desk, scene, reviewer):
    exact = Cdl(slope=(1.234567, 7.654321, 0.1), offset=(0.012345, -0.5, 0.0),
                power=(7.123457, 1.0, 0.333333), saturation=0.987654)  # fmt: skip
    row = corrections.enter(scene, exact, by=reviewer, frames=(10, 21), reason="dusk")
    form = desk.get(reverse("scene", args=[scene.pk])).content.decode()
    form = form.split('id="correct-form"')[1].split("</form>")[0]
    values = dict(re.findall(r'name="(\w+)" [^>]*?value="([^"]*)"', form))
    desk.post(reverse("correct-colour", args=[scene.pk]), {**values, "replaces": row.pk})
    again = ColourCorrection.objects.standing().get()
    assert again.pk != row.pk and (again.start_frame, again.end_frame) == (10, 21)
    assert Cdl.parse(again.as_values()) == exact and again.reason == "dusk"
    desk.post(
        reverse("correct-colour", args=[scene.pk]),
        {**values, "gamma_green": 1.25, "replaces": again.pk},
    )
    nudged = ColourCorrection.objects.standing().get()
    assert nudged.power == [7.123457, 0.8, 0.333333] and nudged.slope == list(exact.slope)


def test_a_region_with_a_soft_edge_is_entered_run_and_given_out(desk, scene, reviewer):
    values = {"first": 8, "last": 19, "gain_red": 1.2, "corners": "2,4 20,4 10,30", "softness": 3}
    response = desk.post(reverse("correct-colour", args=[scene.pk]), values, follow=True)
    assert "Kept for frames 8 to 19" in said(response)
    row = ColourCorrection.objects.get()
    assert (row.box, row.polygon, row.softness) == (None, [[2, 4], [20, 4], [10, 30]], 3)
    page = response.content.decode()
    assert "inside the corners 2,4 20,4 10,30, soft over 3 pixels" in page
    assert 'value="2,4 20,4 10,30"' in page
    (param,) = drawn_params(scene, "grade")["corrections"]
    assert (param["polygon"], param["softness"]) == (row.polygon, 3)
    out = desk.get(reverse("correction-cdl", args=[scene.pk, row.pk])).content
    assert b"inside the corners 2,4 20,4 10,30, soft over 3 pixels" in out
    assert read_cdl(out).slope == (1.2, 1.0, 1.0), "the values are those of any CDL"
    event = Event.objects.get(kind="colour correction")
    assert "a region of 3 corners, its edge soft over 3 pixels" in custody_words.words(event)


def test_a_correction_without_a_region_has_the_parameters_it_always_had(scene, reviewer):
    corrections.enter(scene, WARM, by=reviewer, box=[0, 0, 8, 8])
    (param,) = drawn_params(scene, "grade")["corrections"]
    assert set(param) == {"id", "frames", "box", "white", "slope", "offset", "power", "saturation",
                          "by"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"corners": "1,2 3"}, "Corners are pairs of whole numbers"),
        ({"corners": "1,2 3,4"}, "3 to 400 corners"),
        ({"corners": "90,90 95,90 95,95"}, "lies outside the picture of 64 by 48"),
        ({"corners": "1,1 9,1 9,9", "left": 1, "top": 1, "width": 2, "height": 2}, "not both"),
        ({"softness": 4}, "needs a box or a polygon"),
        ({"gamma_red": 0}, "gamma must be above 0"),
        ({"left": 3}, "A box has four numbers"),
        ({"gain_red": 99}, "slope must lie"),
        ({"white": "grey"}, "#rrggbb"),
        ({"last": 99}, "frames must lie from 8 to 31"),
    ],
)
def test_the_page_says_what_is_wrong_with_a_correction(desk, scene, change, words):
    values = {"first": 8, "last": 19} | change
    response = desk.post(reverse("correct-colour", args=[scene.pk]), values, follow=True)
    assert words in said(response)
    assert not ColourCorrection.objects.exists()


def test_a_cdl_file_comes_in_and_goes_out(desk, scene):
    file = SimpleUploadedFile("scene12.cc", write_cdl(WARM, name="a"))
    response = desk.post(reverse("take-in-cdl", args=[scene.pk]), {"file": file}, follow=True)
    assert "Kept for frames 8 to 31" in said(response)
    row = ColourCorrection.objects.get()
    assert row.reason == "from scene12.cc"
    for name, root in (
        ("correction-cc", b"<ColorCorrection "),
        ("correction-cdl", b"DecisionList"),
    ):
        out = desk.get(reverse(name, args=[scene.pk, row.pk]))
        assert root in out.content and "attachment" in out.headers["Content-Disposition"]
        assert read_cdl(out.content) == WARM
    bad = SimpleUploadedFile("notes.txt", b"hello")
    response = desk.post(reverse("take-in-cdl", args=[scene.pk]), {"file": bad}, follow=True)
    assert "this is no XML" in said(response)


def test_a_reviewer_may_run_the_colour_stages_and_no_others(desk, scene):
    desk.post(reverse("correct-colour", args=[scene.pk]), {"first": 8, "last": 31})
    response = desk.post(reverse("grade-again", args=[scene.pk]), follow=True)
    assert "Started: grade" in said(response)
    run = StageRun.objects.get(stage="grade")
    assert run.requested_by.get_username() == "vera" and run.scene == scene
    response = desk.post(reverse("colour-cancel", args=[scene.pk]), follow=True)
    assert "Cancelled: grade." in said(response)
    run.refresh_from_db()
    assert run.status == "cancelled"
    response = desk.post(reverse("colour-cancel", args=[scene.pk]), follow=True)
    assert "No colour stage of this scene waits or runs any more." in said(response)
    refused = desk.post(reverse("process-scene", args=[scene.pk]), {"stages": ["repair"]})
    assert refused.status_code == 403
