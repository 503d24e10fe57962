"""A palette's colour is put into other scenes: proposed by likeness, confirmed by a person."""

from __future__ import annotations

from uuid import uuid4

import cv2
import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from archive.media.pixels import PIXEL_FORMATS, Picture
from archive.models import Event
from fixtures.clips import moving_texture
from restoration import hints, palette_use, palettes
from restoration.errors import DrawingError
from restoration.imaging.likeness import Patch, find
from restoration.models import Hint, Scene, StageRun
from restoration.palette_use import Place
from tests import factories
from tests.review.approved_reel import current_scan, make_scanned_reel

pytestmark = pytest.mark.django_db

WIDTH, HEIGHT = 192, 144
AT = {0: (50, 60), 4: (130, 90), 8: (90, 40)}
"""Where the hat is in each scene, by the scene's first frame: x, y of its middle."""


def hat(size: int = 31) -> np.ndarray:
    """A checked disc, unlike anything else in the picture."""
    rows, columns = np.indices((size, size))
    checked = np.where((rows // 5 + columns // 5) % 2, 210, 60).astype(np.uint8)
    return checked


def film() -> list[Picture]:
    """Twelve frames, three scenes of four, with the hat in the first two, elsewhere and darker."""
    made = []
    for number in range(12):
        light = moving_texture(number // 4 * 40 + number, WIDTH, HEIGHT) * 120 + 60
        luma = light.astype(np.uint8)
        luma = cv2.GaussianBlur(luma, (0, 0), 3)
        scene = number // 4 * 4
        if scene < 8:
            x, y = AT[scene]
            worn = hat() if scene == 0 else (hat() * 0.8 + 10).astype(np.uint8)
            luma[y - 15 : y + 16, x - 15 : x + 16] = worn
        made.append(Picture(PIXEL_FORMATS["gray"], (luma,)))
    return made


@pytest.fixture
def scenes(tmp_path, settings) -> list[Scene]:
    settings.MEDIA_HOME = tmp_path / "media"
    reel = make_scanned_reel(tmp_path, pictures=film(), width=WIDTH, height=HEIGHT, frames=12)
    scan = current_scan(reel)
    return [factories.make_scene(scan=scan, frames=(start, start + 4)) for start in (0, 4, 8)]


@pytest.fixture
def entry(scenes, reviewer):
    entry = palettes.add(
        scenes[0], palette="Anna", name="hat", rgb=(180, 60, 40), source="a letter of 1911",
        certainty="likely", by=reviewer,
    )  # fmt: skip
    hints.paint(scenes[0], 1, [AT[0]], size=6, rgb=(0, 0, 0), by=reviewer, entry=entry)
    return entry


def test_the_place_is_proposed_where_the_same_thing_is_seen_again(scenes, entry):
    place = palette_use.propose(entry, scenes[1])
    assert place is not None and place.likeness > 0.7
    assert scenes[1].start_frame <= place.frame < scenes[1].end_frame
    assert np.hypot(place.x - AT[4][0], place.y - AT[4][1]) <= 4
    assert Hint.objects.count() == 1, "a proposal paints nothing"


def test_nothing_is_proposed_where_nothing_is_like_it(scenes, entry):
    assert palette_use.propose(entry, scenes[2]) is None


def test_what_has_nothing_to_be_known_by_is_not_looked_for():
    flat = np.full((40, 40), 90, np.float32)
    noisy = np.random.default_rng(1).normal(90, 30, (90, 120)).astype(np.float32)
    assert find(Patch.around(flat, 20, 20, 10), noisy) is None
    assert find(Patch.around(noisy, 20, 20, 80), noisy[:9, :9]) is None


@pytest.mark.parametrize("size", [0.75, 1.0, 1.35])
def test_a_thing_is_found_again_nearer_or_further_away(size):
    picture = np.full((144, 192), 100, np.float32)
    picture += np.random.default_rng(2).normal(0, 4, picture.shape).astype(np.float32)
    seen = picture.copy()
    seen[30:61, 40:71] = hat()
    grown = cv2.resize(hat(), None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    there = picture.copy()
    high = grown.shape[0]
    there[80 : 80 + high, 110 : 110 + high] = grown * 0.9 + 5
    found = find(Patch.around(seen, 45, 55, 20), there)
    assert found is not None and found.score > 0.6
    assert np.hypot(found.row - (80 + high / 2), found.column - (110 + high / 2)) <= 5


def test_confirmed_places_become_hints_that_name_the_colour_and_the_person(scenes, entry, restorer):
    places = [(scenes[1], Place(5, 130, 90)), (scenes[2], Place(9, 20, 20))]
    applied = palette_use.put_into(entry, places, size=8, by=restorer)
    made = list(Hint.objects.filter(batch=applied.batch).order_by("pk"))
    assert [(hint.frame, hint.by, hint.entry) for hint in made] == [
        (5, restorer, entry),
        (9, restorer, entry),
    ]
    assert {hint.hex for hint in made} == {entry.hex}
    assert len({hint.stroke for hint in made}) == 2, "each can be taken back by itself"
    told = Event.objects.filter(kind="colour hint").order_by("pk").last()
    assert told.detail["entry"] == "Anna: hat" and told.detail["batch"] == str(applied.batch)


def test_all_of_it_is_painted_or_nothing(scenes, entry, restorer):
    places = [(scenes[1], Place(5, 130, 90)), (scenes[2], Place(0, 20, 20))]
    with pytest.raises(DrawingError, match=r"frames 8 to 11, not 0.*scene of frames 8 to 11"):
        palette_use.put_into(entry, places, size=8, by=restorer)
    with pytest.raises(DrawingError, match="tick the scenes"):
        palette_use.put_into(entry, [], size=8, by=restorer)
    assert Hint.objects.count() == 1


def test_what_was_put_into_scenes_at_once_is_taken_back_at_once(scenes, entry, restorer):
    places = [(scenes[1], Place(5, 130, 90)), (scenes[2], Place(9, 20, 20))]
    applied = palette_use.put_into(entry, places, size=8, by=restorer)
    hints.withdraw(applied.hints[0], by=restorer)
    (left,) = palette_use.applications(entry)
    assert [hint.frame for hint in left.hints] == [9]
    assert len(palette_use.take_back(entry, applied.batch, by=restorer)) == 1
    assert palette_use.applications(entry) == []
    assert Hint.objects.standing().count() == 1, "the hint of before stays"
    with pytest.raises(DrawingError, match="taken back before"):
        palette_use.take_back(entry, applied.batch, by=restorer)


@pytest.fixture
def desk(restorer, settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    client = Client()
    client.force_login(restorer)
    return client


def test_scenes_are_chosen_on_a_page_and_each_gets_one_run(desk, scenes, entry, restorer):
    address = reverse("use-colour", args=[scenes[0].pk, entry.pk])
    page = desk.get(address).content.decode()
    assert page.count('class="card place"') == 2, "the others, not the scene one comes from"
    assert reverse("use-colour", args=[scenes[0].pk, entry.pk]) in (
        desk.get(reverse("scene", args=[scenes[0].pk])).content.decode()
    )
    card = desk.get(reverse("propose-colour", args=[scenes[1].pk, entry.pk])).content.decode()
    assert "Proposed:" in card and 'class="proposed"' in card and "checked" not in card
    one, two = scenes[1].pk, scenes[2].pk
    asked = {
        "size": 8, "run": 1, "scenes": [one], f"frame_{one}": 5, f"x_{one}": 130, f"y_{one}": 90,
        f"frame_{two}": 9, f"x_{two}": 20, f"y_{two}": 20,
    }  # fmt: skip
    page = desk.post(reverse("put-colour", args=[scenes[0].pk, entry.pk]), asked, follow=True)
    text = page.content.decode()
    assert "Anna: hat painted in 1 scene." in text and "Started: 1 run." in text
    assert [run.scene_id for run in StageRun.objects.all()] == [one]
    assert StageRun.objects.get().params["hints"][0]["by"] == restorer.get_username()
    only = desk.get(address + "?of=palette").content.decode()
    assert only.count('class="card place"') == 1, "where Anna was painted"
    batch = Hint.objects.get(batch__isnull=False).batch
    back = reverse("take-back-colour", args=[scenes[0].pk, entry.pk, batch])
    assert "Taken back: 1 hint." in desk.post(back, follow=True).content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scenes": []}, "tick the scenes"),
        ({"x": ""}, "Say where in the scene of frames 4 to 7"),
        ({"frame": 99}, "this scene has frames 4 to 7"),
        ({"size": 0}, "Nothing was painted."),
    ],
)
def test_the_page_says_what_is_missing_and_paints_nothing(desk, scenes, entry, change, words):
    one = scenes[1].pk
    values = {"size": 8, "scenes": [one], "frame": 5, "x": 130, "y": 90} | change
    asked = {
        (f"{name}_{one}" if name in ("frame", "x", "y") else name): value
        for name, value in values.items()
    }
    address = reverse("put-colour", args=[scenes[0].pk, entry.pk])
    assert words in desk.post(address, asked, follow=True).content.decode()
    assert Hint.objects.count() == 1
    back = reverse("take-back-colour", args=[scenes[0].pk, entry.pk, uuid4()])
    assert "taken back before" in desk.post(back, follow=True).content.decode()
