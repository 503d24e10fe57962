"""`manage.py verify` says what a file is, and believes nothing but digests and pictures."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from archive.models import Reel
from restoration.models import Take
from restoration.storage import storage
from review.credentials import Reading
from review.deliverables import build_deliverable
from review.shares import LABELS
from review.verify_words import rows_of
from review.verifying import Finding
from tests.review.approved_reel import current_scan, make_approved_reel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"


@pytest.fixture
def reel(tmp_path: Path, archivist: User) -> Reel:
    return make_approved_reel(tmp_path, by=archivist)


@pytest.fixture
def delivered(reel: Reel, tmp_path: Path, archivist: User) -> Path:
    made = build_deliverable(
        reel, format="ffv1", use="exhibition", to=tmp_path / "out", by=archivist
    )
    return Path(made.files[0]["path"]).parent


def verified(path: Path, *, sound: bool = True) -> dict[str, Any]:
    out = StringIO()
    if sound:
        call_command("verify", str(path), json=True, stdout=out)
    else:
        with pytest.raises(SystemExit):
            call_command("verify", str(path), json=True, stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    assert bool(document["problems"]) is not sound
    return document


def test_it_knows_a_scan(reel: Reel) -> None:
    document = verified(Path(current_scan(reel).path))
    assert document["known_as"] == [f"scan {current_scan(reel).pk} of Harbour Day, reel 1"]


def test_it_knows_a_takes_picture_and_holds_its_map_against_the_scan(reel: Reel) -> None:
    take = Take.objects.latest("start_frame")
    document = verified(storage().folder(take.storage_key) / "picture.mkv")
    assert document["known_as"] == ["picture of take 1 of deflicker [5, 12) of Harbour Day, reel 1"]
    assert "every ORIGINAL pixel" in document["map"]
    assert document["totals"] == take.totals


def test_it_knows_a_delivered_master_and_its_record(delivered: Path) -> None:
    document = verified(delivered / "master.mkv")
    assert "master.mkv of deliverable" in document["known_as"][0]
    assert "Harbour Day, reel 1, delivered for exhibition" in document["record"]
    assert "every ORIGINAL pixel" in document["map"]


def test_it_knows_a_map(delivered: Path) -> None:
    document = verified(delivered / "map.mkv")
    assert document["map"] == "a provenance map of 12 frames"
    assert document["totals"]["pixels"] == 12 * 64 * 48


def test_a_file_changed_after_delivery_is_told_from_its_record(delivered: Path) -> None:
    timeline = delivered / "record.json"
    master = delivered / "master.mkv"
    with master.open("ab") as file:
        file.write(b"\0")
    document = verified(master, sound=False)
    assert document["known_as"] == []
    assert "was changed after it was delivered" in document["problems"][0]
    assert verified(timeline)["record"] == "the record of Harbour Day, reel 1, for exhibition"


def test_a_map_of_another_take_is_caught(reel: Reel, tmp_path: Path) -> None:
    first, second = Take.objects.order_by("start_frame")
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(storage().folder(first.storage_key) / "picture.mkv", folder)
    shutil.copy(storage().folder(second.storage_key) / "map.mkv", folder)
    document = verified(folder / "picture.mkv", sound=False)
    assert "another take's" in document["problems"][0]


def test_an_unknown_file_is_said_to_be_unknown(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear archivist")
    document = verified(path)
    assert document["known_as"] == []
    assert document["map"] == ""


def test_people_read_the_same_in_words(delivered: Path) -> None:
    out = StringIO()
    call_command("verify", str(delivered / "master.mkv"), stdout=out)
    assert "  is       master.mkv of deliverable" in out.getvalue()
    assert "  pixels   " in out.getvalue()
    assert "  signed   whole, and signed by an authority that this installation trusts" in (
        out.getvalue()
    )
    assert "  approved scene 1, frames 0 to " in out.getvalue()


def test_what_stands_under_the_signature_is_told_in_words() -> None:
    counted = {label: 0 for label in LABELS}
    totals = {"structure": counted | {"ORIGINAL": 99_999, "RECOVERED": 1},
              "colour": counted | {"HUMAN": 100_000}, "pixels": 100_000}  # fmt: skip
    word = {"by": "Anna", "reason": "he is ill", "rules": ["people who approved"]}
    told = {"use": "broadcast", "version": "restoration", "override": word, "totals": totals}
    found = Finding(Path("viewing.mp4"), credentials=Reading("trusted", provenance=told))
    rows = dict(rows_of(found))
    assert rows["for"] == "broadcast, restoration"
    assert rows["against"] == "people who approved, by Anna: he is ill"
    assert rows["takes"] == (
        "picture: ORIGINAL > 99.99 %, RECOVERED < 0.01 %; colour: HUMAN 100.0 %"
    ), "what is there is not rounded to nothing"


def test_a_missing_file_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify", str(tmp_path / "nothing.mkv"))
