"""A colour delivery's record says what each colour rests on: hints, stills, the palette's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.contrib.auth.models import User

from archive.models import Reel
from restoration import hints, palettes, references
from restoration.models import Take
from restoration.storage import storage
from review.deliverables import DeliveryFailed
from review.version_choice import COLOUR, VersionChoice
from tests.review.approved_reel import make_approved_reel
from tests.review.coloured_reel import OTHERS_AS_RESTORED, approve, colour, deliver, scenes_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"


@pytest.fixture
def reel(tmp_path: Path, archivist: User) -> Reel:
    """Two restored and approved scenes; nothing in colour yet."""
    return make_approved_reel(tmp_path, by=archivist)


def test_the_record_says_what_each_colour_rests_on_and_who_decided_it(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    scene = scenes_of(reel)[1]
    hints.paint(scene, 5, [(11, 11)], size=6, rgb=(180, 60, 40), by=archivist)
    dress = palettes.add(
        scene, palette="Scarlett", name="dress, scene 2", rgb=(20, 120, 60),
        source="the costume record", certainty="recorded", by=archivist,
    )  # fmt: skip
    hints.paint(scene, 6, [(40, 30)], size=6, rgb=(0, 0, 0), by=archivist, entry=dress)
    still = cv2.imencode(".png", np.full((24, 32, 3), (40, 60, 170), np.uint8))[1].tobytes()
    sent = {"name": "coat.png", "source": "a photograph of 1911"}
    references.keep(scene, 7, still, by=archivist, **sent)
    take = colour(scene)
    approve(take, by=archivist)
    folder = deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED, "edl")
    first, second = json.loads((folder / "record.json").read_text())["scenes"]
    assert first["guides"] == [], "left as restored"
    own, named, seen = second["guides"]
    assert [guide["number"] for guide in second["guides"]] == [1, 2, 3], "as in the map"
    assert (own["frame"], own["rgb"], own["by"]) == (5, [180, 60, 40], "anna")
    assert "palette_entry" not in own
    entry = named["palette_entry"]
    assert (entry["palette"], entry["name"], entry["rgb"]) == (
        "Scarlett", "dress, scene 2", [20, 120, 60],
    )  # fmt: skip
    assert (entry["source"], entry["certainty"]) == ("the costume record", "recorded")
    assert (entry["by"], entry["at"]) == ("anna", dress.at.isoformat())
    assert (seen["frame"], seen["source"], seen["by"]) == (7, "a photograph of 1911", "anna")
    beside = json.loads((folder / "timeline.json").read_text())["scenes"]
    assert [each["guides"] for each in beside] == [[], second["guides"]]


def test_nothing_leaves_whose_table_of_hints_was_altered(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    approve(colour(scenes_of(reel)[1]), by=archivist)
    take = Take.objects.get(version=COLOUR)
    facts = storage().folder(take.storage_key) / "facts.json"
    facts.write_text(facts.read_text().replace("anna", "bert"))
    with pytest.raises(DeliveryFailed, match="nobody can say what its colours rest on"):
        deliver(reel, tmp_path / "out", archivist, OTHERS_AS_RESTORED, "otio")
    assert deliver(reel, tmp_path / "out", archivist, VersionChoice(), "otio").exists()
