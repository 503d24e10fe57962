"""Repairs, palettes, corrections and stills by a program: what the review room does, by its
rules."""

from __future__ import annotations

import base64
import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from restoration.mapfile import MapWriter
from restoration.models import Hint, PaletteEntry, StageRun, Take
from restoration.provenance import FrameMap, Label
from restoration.recording import MAP
from restoration.storage import storage
from tests import factories
from tests.api.asking import program

pytestmark = pytest.mark.django_db

PATCH = (slice(8, 12), slice(20, 26))


@pytest.fixture
def take() -> Take:
    """Of repair, two frames of 32 by 24, of which the second has a patch made up."""
    scan = factories.make_scan(frames=2, width=32, height=24)
    made = factories.make_take(scene=factories.make_scene(scan=scan, frames=(0, 2)), stage="repair")
    folder = storage().place(made.storage_key)
    folder.mkdir(parents=True)
    with MapWriter(folder / MAP, width=32, height=24, rate=Fraction(16)) as written:
        for patched in (False, True):
            structure = np.zeros((24, 32), np.uint8)
            if patched:
                structure[PATCH] = Label.SYNTHESISED
            written.write(FrameMap(structure, np.zeros((24, 32), np.uint8)))
    return made


def test_a_repair_is_found_decided_on_and_decided_on_no_more(take):
    asked = program("reviewer")
    clean = asked.get(f"takes/{take.pk}/repairs/0")
    assert clean.status_code == 200 and clean.json()["repairs"] == []
    (repair,) = asked.get(f"takes/{take.pk}/repairs/1").json()["repairs"]
    assert (repair["box"], repair["label"], repair["pixels"]) == ([20, 8, 6, 4], "SYNTHESISED", 24)
    assert asked.get(f"takes/{take.pk}/repairs/2").status_code == 422, "it has no such frame"
    x, y = repair["at"]
    said = {"take": take.pk, "frame": 1, "x": x, "y": y, "decision": "undo", "reason": "a bird"}
    assert asked.post("repair-decisions", said | {"decision": "burn"}).status_code == 400
    assert asked.post("repair-decisions", said | {"x": 0}).status_code == 422, "nothing is there"
    made = asked.post("repair-decisions", said)
    assert made.status_code == 201, made.content
    shown = asked.get(made.headers["Location"].removeprefix("/api/v1/"))
    assert shown.json() == made.json() and shown.headers["ETag"]
    assert shown.json()["label"] == "SYNTHESISED"
    asked.post("repair-decisions", said | {"decision": "neighbour"})
    (stands,) = asked.get(f"repair-decisions?take={take.pk}").json()["results"]
    assert stands["decision"] == "neighbour", "the newest word on it replaces the first"
    told = asked.get(f"takes/{take.pk}/repairs/1").json()["repairs"][0]["decision"]
    assert (told["id"], told["by"]) == (stands["id"], asked.owner.username)
    assert asked.ask("DELETE", f"repair-decisions/{stands['id']}").status_code == 204
    assert asked.get("repair-decisions").json()["results"] == []
    storage().remove(take.storage_key)
    assert asked.get(f"takes/{take.pk}/repairs/1").status_code == 409, "the map is away"


def test_a_region_is_protected_and_no_more(take):
    asked, scene = program("restorer"), take.scan.scenes.get()
    said = {"scene": scene.pk, "start_frame": 0, "end_frame": 2,
            "polygon": [[1, 1], [9, 1], [9, 60]], "reason": "a signature"}  # fmt: skip
    assert asked.post("protected-regions", said | {"end_frame": 3}).status_code == 422
    assert asked.post("protected-regions", said | {"polygon": [[1, 1, 1]]}).status_code == 400
    made = asked.post("protected-regions", said)
    assert made.status_code == 201, made.content
    assert made.json()["polygon"][2] == [9, 23], "held inside the picture"
    assert asked.get("protected-regions?frame=1").json()["results"] == [made.json()]
    assert asked.get("protected-regions?frame=2").json()["results"] == []
    assert asked.ask("DELETE", f"protected-regions/{made.json()['id']}").status_code == 204
    assert asked.get(f"protected-regions/{made.json()['id']}").status_code == 404


@pytest.mark.slow
def test_a_palettes_colour_is_kept_put_into_scenes_and_taken_out():
    asked = program("reviewer")
    first, second = factories.make_scenes(factories.make_scan())
    said = {"scene": first.pk, "palette": "Anna", "name": "coat", "colour": "#A02030",
            "source": "the costume record", "certainty": "recorded"}  # fmt: skip
    made = asked.post("palette-colours", said)
    assert made.status_code == 201 and made.json()["colour"] == "#a02030"
    assert asked.post("palette-colours", said).status_code == 422, "it has that colour"
    path = f"palette-colours/{made.json()['id']}"
    places = [{"scene": each.pk, "frame": each.start_frame, "x": 9, "y": 9}
              for each in (first, second)]  # fmt: skip
    beyond = [places[0], places[1] | {"frame": second.end_frame}]
    assert asked.post(f"{path}/put", {"size": 5, "places": beyond}).status_code == 422
    assert not Hint.objects.exists(), "all of them, or none"
    other = factories.make_scene()
    strange = [places[0] | {"scene": other.pk, "frame": other.start_frame}]
    assert asked.post(f"{path}/put", {"size": 5, "places": strange}).status_code == 422
    put = asked.post(f"{path}/put", {"size": 5, "places": places})
    assert put.status_code == 201, put.content
    (batch,) = {each["batch"] for each in put.json()}
    assert asked.ask("DELETE", f"{path}/put/{batch}").status_code == 204
    assert not Hint.objects.standing().exists()
    assert asked.ask("DELETE", f"{path}/put/{batch}").status_code == 422, "once is enough"
    title = first.scan.reel.element.title_id
    assert asked.get(f"palette-colours?title={title}&palette=Anna").json()["results"]
    assert asked.ask("DELETE", path).status_code == 204
    assert asked.get(path).status_code == 404 and PaletteEntry.objects.count() == 1


@pytest.mark.slow
def test_colour_is_corrected_replaced_given_out_and_taken_back():
    asked, scene = program("restorer"), factories.make_scene(frames=(0, 24))
    said = {"scene": scene.pk, "slope": [1.1, 1, 0.9], "saturation": 0.8, "white": [200, 180, 160],
            "reason": "too blue"}  # fmt: skip
    made = asked.post("colour-corrections", said)
    assert made.status_code == 201, made.content
    assert (made.json()["start_frame"], made.json()["end_frame"]) == (0, 24)
    for wrong, status in (
        ({"power": [9, 1, 1]}, 400), ({"start_frame": 3}, 400), ({"box": [1, 1, 5]}, 400),
        ({"box": [1, 1, 5, 5], "polygon": [[1, 1], [5, 1], [5, 5]]}, 400),
        ({"start_frame": 0, "end_frame": 25}, 422), ({"replaces": 999_999}, 409),
    ):  # fmt: skip
        assert asked.post("colour-corrections", said | wrong).status_code == status, wrong
    anew = said | {"replaces": made.json()["id"], "offset": [0.01, 0, 0]}
    newer = asked.post("colour-corrections", anew).json()
    assert asked.get(f"colour-corrections?scene={scene.pk}").json()["results"] == [newer]
    file = asked.get(f"colour-corrections/{newer['id']}/file")
    assert file.headers["Content-Type"] == "application/xml" and b"<Slope>" in file.content
    assert asked.ask("DELETE", f"colour-corrections/{newer['id']}").status_code == 204
    assert asked.get("colour-corrections").json()["results"] == []
    assert not StageRun.objects.exists(), "nothing runs by itself"


def test_a_still_of_reference_is_kept_and_taken_back():
    asked, scene = program("reviewer"), factories.make_scene(frames=(0, 24))
    picture = io.BytesIO()
    Image.new("RGB", (32, 24), (170, 60, 40)).save(picture, "PNG")
    sent = base64.b64encode(picture.getvalue()).decode()
    said = {"scene": scene.pk, "frame": 3, "name": "coat.png", "source": "a photograph",
            "file": sent}  # fmt: skip
    assert asked.post("reference-stills", said | {"file": "?"}).status_code == 400
    assert asked.post("reference-stills", said | {"file": "AAAA"}).status_code == 422
    made = asked.post("reference-stills", said)
    assert made.status_code == 201 and made.json()["media_type"] == "image/png"
    assert asked.get("reference-stills?frame=3").json()["results"] == [made.json()]
    assert asked.ask("DELETE", f"reference-stills/{made.json()['id']}").status_code == 204
    assert asked.get("reference-stills").json()["results"] == []
