"""The reels of an element leave in one timeline, each at its own rate, or none of them does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from django.contrib.auth.models import User

from archive.models import Event, Reel
from restoration.models import Scene
from restoration.provenance import Label
from review import decisions, trash
from review.deliverables import DeliveryRefused, build_deliverable
from review.delivery import requests
from review.delivery.attempts import execute_delivery
from review.models import Approval, Deliverable
from review.verifying import verify
from tests import factories
from tests.review.approved_reel import (
    approve_all,
    current_scan,
    make_approved_reel,
    make_real_take,
    make_scanned_reel,
)
from tests.review.labelled_takes import CLEAN, SIZE, labelling

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"
    settings.CREDENTIALS_HOME = tmp_path / "credentials"


@pytest.fixture
def reels(tmp_path: Path, archivist: User) -> Iterator[list[Reel]]:
    """Reel 1 at 24 frames a second, reel 2 at 16, both approved."""
    rates = (Fraction(24), Fraction(16))
    made = [
        make_approved_reel(tmp_path, by=archivist, rate=rate, name=f"Harbour {rate}")
        for rate in rates
    ]
    join(made)
    yield made


def join(reels: list[Reel]) -> None:
    """Into one element, in that order."""
    for number, reel in enumerate(reels, start=1):
        reel.element, reel.number = reels[0].element, number
        reel.save()


def deliver(reel: Reel, folder: Path, use: str = "exhibition") -> Deliverable:
    return build_deliverable(reel, format="title", use=use, to=folder / "to", by=None)


def test_every_reel_plays_in_its_own_time(reels: list[Reel], tmp_path: Path) -> None:
    made = deliver(reels[1], tmp_path)
    folder = Path(made.files[0]["path"]).parent
    assert folder.name == "harbour-24-exhibition-title-1"
    assert {file["name"] for file in made.files} >= {
        "timeline.otio", "timeline.edl", "timeline.xml", "timeline.fcpxml", "timeline.mlt",
        "timeline.json", "record.json",
    }  # fmt: skip
    timeline = otio.adapters.read_from_file(str(folder / "timeline.otio"))
    clips = list(timeline.video_tracks()[0].find_clips())
    assert [clip.source_range.duration.rate for clip in clips] == [24.0, 24.0, 16.0, 16.0]
    assert timeline.duration().to_seconds() == pytest.approx(12 / 24 + 12 / 16)
    told = json.loads((folder / "timeline.json").read_text())
    assert (told["rate"], told["frames"]) == ("24/1", 30)
    assert [reel["record"]["frames"] for reel in told["reels"]] == [[0, 12], [12, 30]]
    record = made.record
    assert record["reel"] == "reel 2"
    assert [each["reel"] for each in record["reels"]] == ["reel 1", "reel 2"]
    approved = [scene["approval"]["by"] for each in record["reels"] for scene in each["scenes"]]
    assert len(approved) == 4
    for reel in reels:
        assert Event.objects.filter(reel=reel, kind="delivery", outcome="success").count() == 1


def test_a_reel_in_the_trash_leaves_with_none_of_the_others(
    reels: list[Reel], tmp_path: Path, archivist: User
) -> None:
    trash.put([reels[1]], by=archivist, reason="a double")
    made = deliver(reels[0], tmp_path)
    assert [each["reel"] for each in made.record["reels"]] == ["reel 1"]
    folder = Path(made.files[0]["path"]).parent
    clips = otio.adapters.read_from_file(str(folder / "timeline.otio")).find_clips()
    assert {clip.name for clip in clips} >= {"Scene 1", "Scene 2"}
    assert not reels[1].events.filter(kind="delivery").exists()
    tape = f"R{reels[1].pk:07d}"
    assert all(tape.encode() not in Path(file["path"]).read_bytes() for file in made.files)


def test_one_reel_that_may_not_leave_keeps_all(
    reels: list[Reel], tmp_path: Path, archivist: User
) -> None:
    scene = Scene.objects.filter(scan=reels[1].current_scan()).first()
    assert scene is not None
    approval = Approval.objects.filter(scene=scene).latest("pk")
    decisions.request_changes(scene, approval.take, by=archivist, reason="too dark")
    with pytest.raises(DeliveryRefused, match=r"Reel 2: Scene 1 .*too dark"):
        deliver(reels[0], tmp_path)
    with pytest.raises(DeliveryRefused, match="Reel 2: Scene 1"):
        requests.ask(reels[0], format="title", use="exhibition", by=archivist)
    factories.make_reel(element=reels[0].element, number=3)
    with pytest.raises(DeliveryRefused, match="Reel 3: "):
        deliver(reels[0], tmp_path)
    assert not Deliverable.objects.exists()


@pytest.mark.slow
def test_a_worker_makes_it_too(reels: list[Reel], archivist: User) -> None:
    delivery = requests.ask(reels[0], format="title", use="scholarly", by=archivist)
    execute_delivery(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.status == "done", delivery.error
    assert delivery.deliverable is not None
    names = {file["name"] for file in delivery.deliverable.files}
    tapes = {f"map-{number}-R{reel.pk:07d}.mkv" for number, reel in enumerate(reels, start=1)}
    assert names >= tapes, "the use encloses the map of every reel"
    paths = {file["name"]: Path(file["path"]) for file in delivery.deliverable.files}
    for name in tapes:
        found = verify(paths[name])
        assert (found.credentials.state, found.problems) == ("trusted", [])
    signed = ["credentials-1.zip", "credentials-2.zip"]
    assert delivery.deliverable.record["credentials"]["files"] == signed
    first, second = (paths[name] for name in sorted(tapes))
    first.chmod(0o644)
    first.write_bytes(second.read_bytes())
    found = verify(first)
    assert found.credentials.state == "invalid"
    assert any("credentials-1.zip beside it was signed for" in each for each in found.problems)


@pytest.mark.parametrize(
    "label",
    [
        Label.RECOVERED,
        pytest.param(Label.HUMAN, marks=pytest.mark.slow),
        pytest.param(Label.SYNTHESISED, marks=pytest.mark.slow),
    ],
)
def test_no_reel_beside_it_leaves_as_evidence_with_what_was_made(
    tmp_path: Path, archivist: User, label: Label
) -> None:
    found = []
    for name, last in (("clean", Label.ADJUSTED), ("made", label)):
        reel = make_scanned_reel(
            tmp_path, name=name, frames=2, width=SIZE, height=SIZE, pixel="yuv420p"
        )
        scene = factories.make_scene(scan=current_scan(reel), frames=(0, 2))
        make_real_take(scene, by=labelling([CLEAN, (last, Label.ADJUSTED)], start=0))
        approve_all([scene], by=archivist)
        found.append(reel)
    join(found)
    with pytest.raises(DeliveryRefused, match="Reel 2: "):
        deliver(found[0], tmp_path, use="forensic")
