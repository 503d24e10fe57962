"""People put colour on frames and take it back; the next run heeds it, and hints are never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from archive.models import Event
from restoration import drawn, hints, palettes, scenes
from restoration.colour_advice import doubt_of
from restoration.colour_room import colour_room
from restoration.errors import DrawingError
from restoration.models import Hint, PaletteEntry, StageRun
from restoration.starting import params_for
from restoration.storage import storage
from tests import factories

pytestmark = pytest.mark.django_db

RED = (180, 40, 30)


@pytest.fixture
def scene():
    return factories.make_scene(frames=(8, 32))


def test_a_patch_is_a_square_around_its_place(scene, reviewer):
    (hint,) = hints.paint(scene, 9, [(20, 30)], size=12, rgb=RED, by=reviewer)
    assert (hint.x, hint.y, hint.width, hint.height) == (14, 24, 12, 12)
    assert (hint.frame, hint.hex, hint.by) == (9, "#b4281e", reviewer)


def test_what_lies_outside_the_picture_is_cut_off(scene, reviewer):
    first, second = hints.paint(scene, 9, [(2, 1), (63, 47)], size=10, rgb=RED, by=reviewer)
    assert (first.x, first.y, first.width, first.height) == (0, 0, 7, 6)
    assert (second.x + second.width, second.y + second.height) == (64, 48)


def test_hints_are_parameters_of_the_next_run_in_the_words_of_the_stage(scene, reviewer):
    (hint,) = hints.paint(scene, 9, [(20, 30)], size=12, rgb=RED, by=reviewer)
    params = params_for(scene, {"stage": "colourise", "params": {"engine": "spread"}})
    assert params == {
        "engine": "spread",
        "hints": [
            {"id": str(hint.pk), "frame": 9, "y": 24, "x": 14, "height": 12, "width": 12,
             "rgb": [180, 40, 30], "by": "vera"}
        ],
    }  # fmt: skip


def test_undo_takes_back_ones_own_last_stroke_with_all_its_patches(scene, reviewer, restorer):
    kept = hints.paint(scene, 9, [(5, 5)], size=4, rgb=RED, by=reviewer)
    hints.paint(scene, 9, [(20, 30), (24, 30), (28, 30)], size=4, rgb=RED, by=reviewer)
    others = hints.paint(scene, 9, [(40, 40)], size=4, rgb=RED, by=restorer)
    gone = hints.undo(scene, by=reviewer)
    assert len(gone) == 3
    assert set(Hint.objects.standing()) == {*kept, *others}
    row = Hint.objects.get(pk=gone[0].pk)
    assert row.withdrawn_by == reviewer and row.withdrawn is not None
    hints.undo(scene, by=reviewer)
    with pytest.raises(DrawingError, match="nothing of yours"):
        hints.undo(scene, by=reviewer)


def test_any_stroke_can_be_taken_back_once(scene, reviewer, restorer):
    first, _ = hints.paint(scene, 9, [(5, 5), (9, 5)], size=4, rgb=RED, by=reviewer)
    assert len(hints.withdraw(first, by=restorer)) == 2
    with pytest.raises(DrawingError, match="taken back before"):
        hints.withdraw(first, by=restorer)


@pytest.mark.parametrize(
    ("frame", "places", "size", "words"),
    [
        (32, [(5, 5)], 4, "frames 8 to 31, not 32"),
        (9, [(500, 5)], 4, "outside the picture of 64 by 48"),
        (9, [], 4, "1 to 400 patches"),
        (9, [(5, 5)] * 401, 4, "1 to 400 patches"),
        (9, [(5, 5)], 0, "1 to 200 pixels wide"),
    ],
)
def test_what_cannot_be_painted_is_refused_and_says_why(
    scene, reviewer, frame, places, size, words
):
    with pytest.raises(DrawingError, match=words):
        hints.paint(scene, frame, places, size=size, rgb=RED, by=reviewer)
    assert not Hint.objects.exists()


def test_hints_outlive_moved_cuts_and_a_new_detection(scene, reviewer, archivist):
    other = factories.make_scene(scan=scene.scan, frames=(0, 8))
    hints.paint(scene, 9, [(20, 30)], size=4, rgb=RED, by=reviewer)
    hints.paint(scene, 20, [(20, 30)], size=4, rgb=RED, by=reviewer)
    before, after = scenes.move_cut(scene, 12, by=archivist)
    assert [hint.frame for hint in Hint.objects.standing().of_scene(before)] == [9]
    assert [entry["frame"] for entry in drawn.drawn_params(after, "colourise")["hints"]] == [20]
    assert not other.scan.hints.filter(withdrawn__isnull=False).exists()
    scenes.make_scenes(scene.scan, {"cuts": [18], "gradual": [], "marks": []}, by=archivist)
    assert Hint.objects.standing().count() == 2


def test_a_scene_that_was_replaced_takes_no_hints(scene, reviewer, archivist):
    scenes.split(scene, 12, by=archivist)
    scene.refresh_from_db()
    with pytest.raises(DrawingError, match="paint on the new scene"):
        hints.paint(scene, 9, [(5, 5)], size=4, rgb=RED, by=reviewer)


def test_a_take_says_which_hints_it_does_not_have_yet(scene, reviewer):
    first, second = (
        hints.paint(scene, 9, [(x, 5)], size=4, rgb=RED, by=reviewer)[0] for x in (5, 20)
    )
    params = {"hints": [first.as_param()]}
    take = factories.make_take(scene=scene, stage="colourise", manifest={"params": params})
    assert "1 colour hint added since (by vera)" in scenes.outdated(scene, take)
    assert colour_room(scene, take).changed == ["1 colour hint added since (by vera)"]
    hints.withdraw(second, by=reviewer)
    assert not any("hint" in reason for reason in scenes.outdated(scene, take))
    hints.withdraw(first, by=reviewer)
    assert "1 colour hint removed since (by vera)" in scenes.outdated(scene, take)


def test_the_list_says_what_the_newest_take_made_of_each_hint(scene, reviewer):
    first, *_ = hints.paint(scene, 9, [(5, 5), (12, 5)], size=4, rgb=RED, by=reviewer)
    idle = hints.paint(scene, 9, [(20, 5)], size=4, rgb=RED, by=reviewer)
    take = factories.make_take(scene=scene, stage="colourise")
    folder = storage().folder(take.storage_key)
    folder.mkdir(parents=True)
    frames = [{"frame": number, "from": {str(first.pk): 0.4}} for number in (9, 10, 11)]
    frames[0]["from"][str(idle[0].pk)] = 0.0001
    place = {"frame": 10, "y": 20, "x": 30, "height": 6, "width": 8, "gain": 0.0817}
    facts = {"frames": frames, "warnings": ["60 % of it is undecided"], "paint_next": [place]}
    (folder / "facts.json").write_text(json.dumps(facts))
    room = colour_room(scene, take)
    assert [stroke.reach for stroke in room.strokes] == [None, (9, 11)]
    assert room.advice.warnings == ["60 % of it is undecided"]
    assert doubt_of(take) == []
    assert room.as_json()["next"] == [{"frame": 10, "x": 34, "y": 23, "gain": 8.2}]


def test_the_facts_of_a_take_are_read_once_and_again_when_they_are_put_back(scene, monkeypatch):
    take = factories.make_take(scene=scene, stage="colourise")
    assert colour_room(scene, take).advice.warnings == []
    folder = storage().folder(take.storage_key)
    folder.mkdir(parents=True)
    reads = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: reads.append(path) or real(path))
    for words in ("first", "restored"):
        (folder / "facts.json").write_text(json.dumps({"warnings": [words]}))
        os.utime(folder / "facts.json", ns=(0, len(words)))
        for _ in range(3):
            assert colour_room(scene, take).advice.warnings == [words]
    assert len(reads) == 2


def test_how_far_a_run_is_comes_without_the_rest_of_the_section(scene, reviewer):
    desk = Client()
    desk.force_login(reviewer)
    hints.paint(scene, 9, [(5, 5)], size=4, rgb=RED, by=reviewer)
    address = reverse("scene-colour", args=[scene.pk])
    page = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'id="colour-run"' in page and "1 colour hint added since" in page
    assert 'id="colour"' not in page and "#b4281e" not in page


def test_who_painted_what_is_in_the_custody_of_the_reel(scene, reviewer):
    hints.paint(scene, 9, [(20, 30)], size=4, rgb=RED, by=reviewer)
    hints.undo(scene, by=reviewer)
    events = Event.objects.filter(reel=scene.scan.reel, kind__startswith="colour hint")
    told = [(event.kind, event.agent.name, event.detail["colour"]) for event in events]
    assert told == [
        ("colour hint", "vera", "#b4281e"),
        ("colour hint withdrawn", "vera", "#b4281e"),
    ]


def test_a_palette_colour_names_its_decision_and_paints_other_scenes(scene, reviewer):
    entry = palettes.add(
        scene, palette="Scarlett", name="dress", rgb=RED, source="the costume record",
        certainty="recorded", by=reviewer,
    )  # fmt: skip
    elsewhere = factories.make_scene(scan=scene.scan, frames=(32, 48))
    assert palettes.entries_of(elsewhere.scan.reel.element.title) == [entry]
    (hint,) = hints.paint(elsewhere, 40, [(9, 9)], size=4, rgb=(0, 0, 0), entry=entry, by=reviewer)
    assert (hint.entry, hint.hex) == (entry, entry.hex)
    assert Event.objects.get(kind="colour hint").detail["entry"] == "Scarlett: dress"


def test_a_colour_taken_out_of_its_palette_is_still_named_by_its_hints(scene, reviewer):
    kept = {"palette": "Anna", "rgb": RED, "source": "a letter", "certainty": "likely"}
    entry = palettes.add(scene, name="hat", by=reviewer, **kept)
    with pytest.raises(DrawingError, match="has a colour called hat"):
        palettes.add(scene, name="hat", by=reviewer, **kept)
    (hint,) = hints.paint(scene, 9, [(9, 9)], size=4, rgb=RED, entry=entry, by=reviewer)
    palettes.withdraw(entry, scene, by=reviewer)
    assert palettes.entries_of(scene.scan.reel.element.title) == []
    hint.refresh_from_db()
    assert hint.entry == entry
    palettes.add(scene, name="hat", by=reviewer, **kept)
    with pytest.raises(DrawingError, match="taken out before"):
        palettes.withdraw(entry, scene, by=reviewer)


def test_a_colour_without_a_source_is_not_kept(scene, reviewer):
    with pytest.raises(DrawingError, match="after what"):
        palettes.add(
            scene, palette="Anna", name="hat", rgb=RED, source=" ", certainty="guess", by=reviewer
        )
    assert not PaletteEntry.objects.exists()


@pytest.fixture
def desk(reviewer, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client = Client()
    client.force_login(reviewer)
    return client


def test_the_page_paints_without_a_script_too(desk, scene):
    address = reverse("paint-hints", args=[scene.pk])
    values = {"frame": 9, "x": 20, "y": 30, "size": 6, "colour": "#b4281e"}
    page = desk.post(address, values, follow=True).content.decode()
    assert "Painted in frame 9: 1 patch of #b4281e." in page
    assert 'data-go="9"' in page
    page = desk.post(reverse("undo-hint", args=[scene.pk]), follow=True).content.decode()
    assert "Taken back in frame 9" in page


def test_how_colourise_works_is_chosen_with_the_run_and_kept(desk, scene):
    address = reverse("colour-again", args=[scene.pk])
    desk.post(address, {"engine": "spread"})
    scene.refresh_from_db()
    assert scene.settings == {}
    desk.post(address, {"engine": "network"})
    scene.refresh_from_db()
    assert scene.settings == {"colourise": {"engine": "network"}}
    room = colour_room(scene, None)
    assert [name for name, _, chosen in room.engines if chosen] == ["network"]
    assert room.tints == []
    desk.post(address, {"tint": "keep"})
    scene.refresh_from_db()
    assert scene.settings == {"colourise": {"engine": "network", "tint": "keep"}}
    runs = StageRun.objects.order_by("pk")
    assert [run.params["engine"] for run in runs] == ["spread", "network", "network"]
    page = desk.post(address, {"engine": "magic"}, follow=True).content.decode()
    assert "Nothing was started." in page and runs.count() == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "Give a colour as #rrggbb."),
        ({"x": ""}, "Say where: paint on the picture, or give x and y."),
        ({"places": '[[1, "a"]]'}, "Say where"),
        ({"places": "[[1, 1e99]]"}, "outside every picture"),
        ({"frame": 99}, "frames 8 to 31, not 99"),
    ],
)
def test_the_page_says_what_is_wrong_with_a_hint(desk, scene, change, words):
    values = {"frame": 9, "x": 20, "y": 30, "size": 6, "colour": "#b4281e"} | change
    response = desk.post(reverse("paint-hints", args=[scene.pk]), values, follow=True)
    assert words in " ".join(str(message) for message in response.context["messages"])
    assert not Hint.objects.exists()


def test_following_a_run_asks_the_database_for_that_run_alone(
    desk, scene, reviewer, django_assert_num_queries
):
    for n in range(5):
        hints.paint(scene, 9, [(8 * n + 4, 9)], size=4, rgb=RED, by=reviewer)
    desk.post(reverse("colour-again", args=[scene.pk]))
    address = reverse("scene-colour", args=[scene.pk])
    desk.get(address, headers={"HX-Request": "true"})
    # Who asks (the session, the person, the roles), the scene, an embargo on it, the run; and
    # whether it is restricted film whose readings are written down.
    with django_assert_num_queries(7):
        page = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "waiting" in page and 'hx-trigger="every 2s"' in page and "colour-engine" not in page
    StageRun.objects.update(status="failed", error="no room")
    page = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "no room" in page and "colour-engine" in page and "every 2s" not in page
