"""A disk that really is full: a tiny file system of its own, which only root can mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from archive.models import Scan
from fixtures.clips import write_clip
from restoration import runs
from restoration.models import Scene, StageRun, Take
from restoration.storage import storage
from tests.factories import make_scan, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """200 KiB, in memory."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs root, to mount a file system of 200 KiB")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def large_scan(tmp_path: Path) -> Scan:
    """Its takes need more room than there is."""
    path = tmp_path / "film.mkv"
    write_clip(path, frames=24, rate=16, width=320, height=240, pixel="gray")
    return make_scan(frames=24, width=320, height=240, path=str(path))


def test_the_run_fails_in_clear_words_and_no_half_take_is_left(
    settings: object, tiny_disk: Path, large_scan: Scan
) -> None:
    settings.MEDIA_HOME, settings.RUN_SPARE_BYTES = tiny_disk / "media", 0
    scene = make_scene(scan=large_scan, frames=(0, 24))
    run = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("failed", 1)
    assert "the disk is full" in run.error and "then run again" in run.error
    assert not Take.objects.exists()
    assert not any(path.is_file() for path in tiny_disk.rglob("*"))
    settings.MEDIA_HOME = tiny_disk.parent / "roomy"
    runs.retry(run)
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "done" and run.take is not None
    assert storage().exists(run.take.storage_key)


def test_no_run_is_begun_while_less_is_free_than_is_kept(
    settings: object, scene: Scene, client: Client, operator: User
) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    StageRun.objects.update(sent=None, created=timezone.now() - timedelta(hours=1))
    settings.RUN_SPARE_BYTES = storage().free_bytes() * 2
    runs.execute_run(run.pk)
    assert runs.sweep().resent == [], "nobody is rung for what may not begin"
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("queued", 0)
    client.force_login(operator)
    assert "runs wait until there is room" in client.get("/work/").content.decode()
    settings.RUN_SPARE_BYTES = 0
    assert runs.sweep().resent == [run.pk]
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "done"
