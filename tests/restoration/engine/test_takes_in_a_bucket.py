"""Takes in a bucket: workers without a shared disk go on with each other's, and all is whole."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from archive import stored
from archive.bucket import Bucket, StoreAway, StoreError
from archive.management.commands import doctor
from archive.models import Event, StoredFile
from restoration import runs, soundness, viewing
from restoration.models import Scene, StageRun, Take
from restoration.storage import storage
from tests.bucket_server import damage, names

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def kept_there(in_bucket: Bucket) -> Bucket:
    return in_bucket


def next_run() -> StageRun:
    return StageRun.objects.filter(status="queued").earliest("pk")


def done(run: StageRun) -> StageRun:
    runs.execute_run(run.pk)
    run.refresh_from_db()
    return run


def move_to(settings: Any, folder: Path) -> None:
    """From here on this process is a worker on another machine, with an empty disk."""
    settings.MEDIA_HOME = folder


def test_a_worker_on_another_machine_runs_the_next_stage(
    scene: Scene, settings: Any, tmp_path: Path, kept_there: Bucket
) -> None:
    runs.process_scene(scene, stages=["deflicker", "repair"])
    first = done(next_run())
    assert first.take is not None
    there = {row.key.rpartition("/")[2] for row in StoredFile.objects.kept()}
    assert {"picture.mkv", "map.mkv", "manifest.json"} <= there
    move_to(settings, tmp_path / "two")
    second = done(next_run())
    assert (second.status, second.error) == ("done", "")
    assert second.take is not None and second.take.manifest["input"] == first.take.digest
    for take in Take.objects.all():
        assert soundness.faults_of(take) == []
    move_to(settings, tmp_path / "three")
    assert viewing.make_view(second.take).is_ready()
    move_to(settings, tmp_path / "four")
    assert viewing.view_of(second.take).is_ready(), "made once for all machines"


def test_a_damaged_input_fails_the_run_in_words_and_leaves_nothing(
    scene: Scene, settings: Any, tmp_path: Path, kept_there: Bucket
) -> None:
    runs.process_scene(scene, stages=["deflicker", "repair"])
    first = done(next_run()).take
    assert first is not None
    picture = StoredFile.objects.kept().get(key=f"{first.storage_key}/picture.mkv")
    damage(kept_there, f"archive/{picture.name}")
    move_to(settings, tmp_path / "two")
    second = done(next_run())
    assert second.status == "failed"
    assert "picture.mkv" in second.error and "altered or damaged" in second.error
    assert not StoredFile.objects.filter(key__contains="/repair/").exists()
    assert list((tmp_path / "two").rglob("*picture*")) == []
    assert "altered" in soundness.check_take(first)[0], "check_takes reads the bucket, not a copy"


def test_a_damaged_take_is_made_once_more_and_the_old_objects_go(
    scene: Scene, kept_there: Bucket
) -> None:
    runs.process_scene(scene, stages=["deflicker"])
    take = done(next_run()).take
    assert take is not None
    before = take.storage_key
    kept_there.remove(StoredFile.objects.kept().get(key=f"{before}/map.mkv").name)
    assert "missing" in soundness.check_take(take)[0]
    again = done(soundness.make_again(take))
    assert (again.status, again.error) == ("done", "")
    take.refresh_from_db()
    assert take.storage_key != before and soundness.faults_of(take) == []
    runs.sweep()
    stored.sweep()
    assert not any(before in name for name in names(kept_there))


def test_nothing_is_finished_while_the_store_is_away_and_the_run_is_tried_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, kept_there: Bucket
) -> None:
    put, tries = Bucket.put, []

    def cut(self: Bucket, path: Path, name: str, sealed: Any, told: Any) -> None:
        tries.append(name)
        if len(tries) == 2:  # The first file arrives, then the line is cut.
            raise StoreAway("The store does not answer (cut)")
        put(self, path, name, sealed, told)

    monkeypatch.setattr(Bucket, "put", cut)
    runs.process_scene(scene, stages=["deflicker"])
    run = done(next_run())
    assert (run.status, run.attempt) == ("queued", 1)
    assert not Take.objects.exists() and names(kept_there) == []
    assert not any(stored.root().glob("takes/*/*/*/*")), "the attempt's folder went too"
    run = done(run)
    assert run.status == "done"
    assert all(row.is_kept for row in StoredFile.objects.all())


def test_a_worker_that_died_between_the_bucket_and_the_row_leaves_nothing(
    scene: Scene, kept_there: Bucket
) -> None:
    runs.process_scene(scene, stages=["deflicker"])
    run = done(next_run())
    assert run.take is not None
    key = run.take.storage_key.replace(f"{run.pk}-", f"{run.pk + 1000}-")
    folder = stored.root() / key
    folder.mkdir(parents=True)
    (folder / "picture.mkv").write_bytes(b"x")
    storage().keep(key)
    begun = stored.begin(f"{key}/map.mkv", stored.sealed(StoredFile.objects.kept()[0]))
    StoredFile.objects.filter(pk=begun.pk).update(created=timezone.now() - timedelta(days=2))
    assert runs.sweep().removed == [key]
    stored.sweep()
    assert not any(key in name for name in names(kept_there))
    assert StoredFile.objects.kept().below(run.take.storage_key).exists()


def test_removing_a_take_removes_its_objects(scene: Scene, kept_there: Bucket) -> None:
    runs.process_scene(scene, stages=["deflicker"])
    take = done(next_run()).take
    assert take is not None and storage().exists(take.storage_key)
    storage().remove(take.storage_key)
    assert not storage().exists(take.storage_key) and names(kept_there) == []


def test_the_room_plays_films_that_only_the_bucket_has(
    scene: Scene, settings: Any, tmp_path: Path, reviewer: User, client: Client
) -> None:
    client.force_login(reviewer)
    runs.process_scene(scene, stages=["deflicker"])
    take = done(next_run()).take
    assert take is not None
    film = viewing.make_view(take).proxy.read_bytes()
    move_to(settings, tmp_path / "web")
    address = f"/takes/{take.pk}/view.mp4"
    got = client.get(address, headers={"Range": "bytes=0-9"})
    assert (got.status_code, got.getvalue()) == (206, film[:10])
    assert list((tmp_path / "web").rglob("*.mp4")) == []
    settings.STORAGE_PRESIGNED = True
    assert client.get(address).status_code == 302
    assert Client().get(address).url.startswith("/login"), "who may not see it gets no address"
    settings.STORAGE_PRESIGNED = False
    assert client.get(f"/takes/{take.pk}/frames/3.png").status_code == 200
    stored.forget(take.storage_key)
    assert client.get(f"/takes/{take.pk}/frames/3.png").status_code == 410


def test_the_doctor_says_whether_the_store_can_be_used(kept_there: Bucket, settings: Any) -> None:
    assert [found.state for found in doctor.check_store()] == ["well"]
    assert names(kept_there) == []
    options = settings.STORAGES["bucket"]["OPTIONS"] | {"bucket_name": "another"}
    settings.STORAGES = settings.STORAGES | {
        "bucket": settings.STORAGES["bucket"] | {"OPTIONS": options}
    }
    (ill, *_) = doctor.check_store()
    assert ill.state == "ill" and "refuses" in ill.words


def test_custody_and_digests_are_the_same_as_on_a_disk(scene: Scene) -> None:
    runs.process_scene(scene, stages=["deflicker"])
    run = done(next_run())
    assert run.take is not None
    event = Event.objects.get(kind="restoration stage", subject=f"take:{run.take.pk}")
    assert event.detail["digest"] == run.take.digest
    manifest = StoredFile.objects.kept().get(key=f"{run.take.storage_key}/manifest.json")
    assert manifest.sha256 == run.take.digest
    with pytest.raises(StoreError, match="missing"):
        storage().remove(run.take.storage_key)
        stored.reader(manifest).read()
