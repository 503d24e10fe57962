"""A reel that was enlarged leaves in its new size, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from archive.media.decode import open_source
from archive.models import Reel
from restoration.mapfile import MapReader
from restoration.models import Scene, Take
from restoration.provenance import Totals
from review import decisions
from review.deliverables import DeliveryRefused, build_deliverable, check
from review.gating import hold
from review.models import Approval
from tests.review.approved_reel import current_scan, make_approved_reel, make_real_take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"


@pytest.fixture
def reel(tmp_path: Path, archivist: User) -> Reel:
    return make_approved_reel(tmp_path, by=archivist)


def scenes_of(reel: Reel) -> list[Scene]:
    return list(Scene.objects.current().filter(scan=current_scan(reel)))


def enlarge(scene: Scene, *, by: User) -> Take:
    restored = Take.objects.of_scene(scene).latest("pk")
    take = make_real_take(scene, stage="upscale", after=restored, engine="resample", scale=2)
    decisions.approve(scene, take, by=by)
    return take


def test_every_file_has_the_new_size_and_the_takes_own_labels(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    takes = [enlarge(scene, by=archivist) for scene in scenes_of(reel)]
    made = build_deliverable(
        reel, format="all", use="exhibition", to=tmp_path / "away", by=archivist
    )
    folder, scan = Path(made.files[0]["path"]).parent, current_scan(reel)
    with open_source(folder / "master.mkv") as master, open_source(folder / "viewing.mp4") as copy:
        assert (master.format.width, master.format.height) == (2 * scan.width, 2 * scan.height)
        assert len(master) == len(copy) == scan.frames
        assert copy.format.width == master.format.width
    labels = MapReader(folder / "map.mkv")
    assert (labels.width, labels.height) == (2 * scan.width, 2 * scan.height)
    assert labels.totals() == sum((Totals.from_json(take.totals) for take in takes), Totals())


def test_a_reel_of_two_sizes_is_refused_before_anything_is_written(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    first, _ = scenes_of(reel)
    enlarge(first, by=archivist)
    verdict = check(reel)
    assert not verdict.allowed
    assert "several sizes" in str(verdict.reasons[0])
    with pytest.raises(DeliveryRefused, match="several sizes"):
        build_deliverable(reel, format="all", use="exhibition", to=tmp_path / "x", by=archivist)
    assert not (tmp_path / "x").exists()


def test_sizes_are_those_of_what_leaves_approved_or_marked(reel: Reel, archivist: User) -> None:
    first, _ = scenes_of(reel)
    take = enlarge(first, by=archivist)
    decisions.withdraw(Approval.objects.get(take=take), by=archivist)
    marked = hold(reel, "scholarly").verdict
    assert not marked.allowed and "several sizes" in str(marked.reasons[0])


def test_a_size_that_was_sent_back_does_not_leave_and_is_not_compared(
    reel: Reel, archivist: User
) -> None:
    first, _ = scenes_of(reel)
    decisions.request_changes(first, enlarge(first, by=archivist), by=archivist, reason="too soft")
    reasons = [str(each) for each in hold(reel, "exhibition").verdict.reasons]
    assert any("too soft" in each for each in reasons)
    assert not any("several sizes" in each for each in reasons)
