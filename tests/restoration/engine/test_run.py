"""A run from the request to the take."""

from __future__ import annotations

import pytest

from archive.models import Event
from restoration import runs, scenes
from restoration.models import Scene, StageRun
from restoration.storage import storage

pytestmark = pytest.mark.django_db


def test_it_makes_a_take_in_its_own_folder(scene: Scene) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == ("done", "")
    assert run.take is not None
    assert run.take.storage_key.endswith(f"0-12/deflicker/{run.pk}-1")
    assert (storage().folder(run.take.storage_key) / "manifest.json").exists()
    assert scenes.head_take(scene) == run.take
