"""What leaves is made of approved, fresh takes alone, is checked, recorded, and whole."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from archive import custody
from archive.fixity import sha256_file
from archive.models import Event, Reel
from restoration.models import Scene, Take
from restoration.storage import storage
from review import decisions
from review.deliverables import DeliveryFailed, DeliveryRefused, build_deliverable, check
from review.delivery import pictures
from review.errors import NotAllowed, ReviewError
from review.formats import aaf
from review.models import Deliverable
from tests.review.approved_reel import (
    approve_all,
    current_scan,
    make_approved_reel,
    make_real_take,
    make_scanned_reel,
    split_and_restore,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"


@pytest.fixture
def reel(tmp_path: Path, archivist: User) -> Reel:
    return make_approved_reel(tmp_path, by=archivist)


def scenes_of(reel: Reel) -> list[Scene]:
    return list(Scene.objects.current().filter(scan=current_scan(reel)))


def reasons_of(reel: Reel) -> list[str]:
    return [str(reason) for reason in check(reel).reasons]


def test_a_reel_with_every_scene_approved_may_leave(reel: Reel) -> None:
    assert check(reel).allowed
    assert reasons_of(reel) == []


def test_it_names_each_scene_that_nobody_approved(tmp_path: Path, archivist: User) -> None:
    reel = make_scanned_reel(tmp_path, frames=12, width=64, height=48)
    scenes = split_and_restore(reel, cuts=(4, 8))
    approve_all(scenes[1:2], by=archivist)
    assert reasons_of(reel) == [
        "Scene 1 (frames 0 to 3): nobody has approved its take yet.",
        "Scene 3 (frames 8 to 11): nobody has approved its take yet.",
    ]


def test_it_names_a_scene_without_a_take(tmp_path: Path) -> None:
    from tests import factories

    reel = make_scanned_reel(tmp_path, frames=6, width=64, height=48)
    factories.make_scene(scan=current_scan(reel), frames=(0, 6))
    assert reasons_of(reel) == [
        "Scene 1 (frames 0 to 5): no take has been made of it yet; process it, then decide."
    ]


def test_a_reel_without_scan_or_scenes_is_refused_with_what_to_do(tmp_path: Path) -> None:
    from tests import factories

    assert "take one in first" in reasons_of(factories.make_reel())[0]
    unsplit = make_scanned_reel(tmp_path, frames=6, width=64, height=48)
    assert "manage.py process" in reasons_of(unsplit)[0]


def test_frames_that_belong_to_no_scene_are_a_reason(reel: Reel) -> None:
    last = scenes_of(reel)[-1]
    Scene.objects.filter(pk=last.pk).update(end_frame=10)
    assert any("Frames 10 to 11 belong to no scene" in text for text in reasons_of(reel))


def test_a_newer_take_makes_the_scene_stale(reel: Reel) -> None:
    make_real_take(scenes_of(reel)[0], strength=0.5)
    reasons = reasons_of(reel)
    assert len(reasons) == 1
    assert reasons[0].startswith("Scene 1 (frames 0 to 4): its approval is stale.")
    assert "take 2" in reasons[0]


def test_a_moved_cut_takes_the_approvals_of_both_scenes(reel: Reel, archivist: User) -> None:
    from restoration import scenes

    scenes.move_cut(scenes_of(reel)[1], 7, by=archivist)
    reasons = reasons_of(reel)
    assert [text.split(":")[0] for text in reasons] == [
        "Scene 1 (frames 0 to 6)",
        "Scene 2 (frames 7 to 11)",
    ]


def test_requested_changes_are_quoted(reel: Reel, archivist: User) -> None:
    scene = scenes_of(reel)[1]
    take = Take.objects.get(scan=scene.scan, start_frame=scene.start_frame)
    decisions.request_changes(scene, take, by=archivist, reason="too dark")
    assert reasons_of(reel) == [
        "Scene 2 (frames 5 to 11): changes were requested by anna: too dark"
    ]


def test_a_refusal_writes_nothing(reel: Reel, tmp_path: Path, archivist: User) -> None:
    approval = decisions.current_approval(scenes_of(reel)[0])
    assert approval is not None
    decisions.withdraw(approval, by=archivist)
    target = tmp_path / "out"
    with pytest.raises(DeliveryRefused, match=r"Scene 1 \(frames 0 to 4\)"):
        build_deliverable(reel, format="otio", use="exhibition", to=target, by=archivist)
    assert not target.exists()
    assert not Deliverable.objects.exists()
    assert not Event.objects.filter(kind="delivery").exists()


def test_everything_delivered_is_listed_with_its_digest(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    made = build_deliverable(
        reel, format="all", use="exhibition", to=tmp_path / "out", by=archivist
    )
    folder = tmp_path / "out" / "harbour-day-reel-1-exhibition-all-1"
    on_disk = {str(path): sha256_file(path) for path in folder.iterdir()}
    assert {file["path"]: file["sha256"] for file in made.files} == on_disk
    assert {Path(path).name for path in on_disk} == {
        "master.mkv",
        "map.mkv",
        "viewing.mp4",
        "timeline.otio",
        "timeline.edl",
        "timeline.xml",
        "timeline.fcpxml",
        *(["timeline.aaf"] if aaf.is_installed() else []),
        "timeline.mlt",
        "timeline.json",
        "cue-sheet.csv",
        "cue-sheet.pdf",
        "conservation-report.pdf",
        "credentials.zip",
        "record.json",
    }
    assert [path.name for path in (tmp_path / "out").iterdir()] == [folder.name]


def test_the_record_holds_takes_approvals_totals_and_chain_heads(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    heads = custody.chain_heads(reel)
    made = build_deliverable(
        reel, format="mp4", use="exhibition", to=tmp_path / "out", by=archivist
    )
    record = json.loads(Path(made.files[-1]["path"]).read_text())
    assert record == made.record
    assert record["use"] == "exhibition"
    assert record["scan"]["sha256"] == current_scan(reel).sha256
    takes = list(Take.objects.order_by("start_frame"))
    assert [scene["take"]["manifest_digest"] for scene in record["scenes"]] == [
        take.digest for take in takes
    ]
    assert [scene["approval"]["digest"] for scene in record["scenes"]] == [
        take.digest for take in takes
    ]
    assert {scene["approval"]["by"] for scene in record["scenes"]} == {"anna"}
    assert record["totals"]["pixels"] == 12 * 64 * 48
    assert record["chain_heads"] == heads
    assert any("no pixel in it is ORIGINAL" in remark for remark in record["remarks"])


def test_delivery_is_an_event_of_the_person_who_let_it_leave(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    made = build_deliverable(reel, format="otio", use="forensic", to=tmp_path, by=archivist)
    event = Event.objects.get(kind="delivery")
    assert event.subject == f"deliverable:{made.pk}"
    assert event.agent.user == archivist
    assert event.detail["files"] == made.files
    assert custody.verify_chain(event.chain) == []


def test_a_second_delivery_gets_a_folder_of_its_own(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    folders = {
        Path(made.files[0]["path"]).parent.name
        for made in (
            build_deliverable(reel, format="otio", use="exhibition", to=tmp_path, by=archivist)
            for _ in range(2)
        )
    }
    assert folders == {
        "harbour-day-reel-1-exhibition-otio-1",
        "harbour-day-reel-1-exhibition-otio-2",
    }


def test_only_who_may_deliver_delivers(reel: Reel, tmp_path: Path, reviewer: User) -> None:
    with pytest.raises(NotAllowed, match="vera may not deliver"):
        build_deliverable(reel, format="otio", use="exhibition", to=tmp_path / "out", by=reviewer)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("format", "use"), [("avi", "exhibition"), ("otio", "fun")])
def test_an_unknown_format_or_use_is_named(
    reel: Reel, tmp_path: Path, format: str, use: str
) -> None:
    with pytest.raises(ReviewError, match="choose"):
        build_deliverable(reel, format=format, use=use, to=tmp_path / "out", by=None)


def test_a_take_that_changed_on_disk_is_not_delivered(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    take = Take.objects.earliest("start_frame")
    picture = storage().folder(take.storage_key) / "picture.mkv"
    spoilt = bytearray(picture.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    picture.write_bytes(spoilt)
    with pytest.raises(DeliveryFailed, match="scene 1 is not what was approved"):
        build_deliverable(reel, format="ffv1", use="exhibition", to=tmp_path / "out", by=archivist)
    assert not (tmp_path / "out").exists()


def test_a_scan_that_changed_on_disk_is_not_delivered(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    with Path(current_scan(reel).path).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(DeliveryFailed, match="check_fixity"):
        build_deliverable(reel, format="otio", use="exhibition", to=tmp_path / "out", by=archivist)


class Stopped(Exception):
    pass


def stop_midway(what: str, done: int, total: int) -> None:
    if what == "master" and done == 3:
        raise Stopped


def test_stopping_midway_leaves_nothing(reel: Reel, tmp_path: Path, archivist: User) -> None:
    with pytest.raises(Stopped):
        build_deliverable(
            reel,
            format="all",
            use="exhibition",
            to=tmp_path / "out",
            by=archivist,
            progress=stop_midway,
        )
    assert not (tmp_path / "out").exists()
    assert not Deliverable.objects.exists()


def test_a_decision_withdrawn_while_files_are_written_still_counts(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    def withdraw_midway(what: str, done: int, total: int) -> None:
        if what == "master" and done == 2:
            approval = decisions.current_approval(scenes_of(reel)[1])
            assert approval is not None
            decisions.withdraw(approval, by=archivist)

    with pytest.raises(DeliveryRefused, match="Scene 2"):
        build_deliverable(
            reel,
            format="ffv1",
            use="exhibition",
            to=tmp_path / "out",
            by=archivist,
            progress=withdraw_midway,
        )
    assert not (tmp_path / "out").exists()


def test_what_a_killed_delivery_left_is_cleared_away(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    gone = os.fork() if hasattr(os, "fork") else 0
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    left = tmp_path / "out" / f".delivering-{gone}-abc"
    left.mkdir(parents=True)
    (left / "master.mkv").write_bytes(b"half")
    build_deliverable(reel, format="otio", use="exhibition", to=tmp_path / "out", by=archivist)
    assert not left.exists()


def test_a_disk_too_full_is_said_before_the_work(
    reel: Reel, tmp_path: Path, archivist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(pictures.shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(DeliveryFailed, match="MiB are free; free some"):
        build_deliverable(reel, format="ffv1", use="exhibition", to=tmp_path / "out", by=archivist)
    assert not (tmp_path / "out").exists()


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing beyond `size` fails, much as on a full disk; the database is another process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_fails_midway_leaves_nothing(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    with files_of_at_most(8_000), pytest.raises(DeliveryFailed, match="nothing was left in"):
        build_deliverable(reel, format="all", use="exhibition", to=tmp_path / "out", by=archivist)
    assert not (tmp_path / "out").exists()
    assert not Deliverable.objects.exists()
    made = build_deliverable(reel, format="all", use="exhibition", to=tmp_path, by=archivist)
    assert len(made.files) == 14 + aaf.is_installed()
