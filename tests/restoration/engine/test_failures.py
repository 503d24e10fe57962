"""A run that goes wrong: permanent errors at once, deaths up to the cap, never silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.models import Event, Scan
from restoration import runs
from restoration.models import Scene, StageRun, Take
from tests.factories import make_scenes

pytestmark = pytest.mark.django_db

EXECUTORS = "tests.restoration.engine.executors"


def run_with(settings: object, scene: Scene, executor: str, *, deliveries: int = 1) -> StageRun:
    settings.RUN_EXECUTOR = f"{EXECUTORS}:{executor}"
    run = runs.process_scene(scene, stages=["deflicker", "repair"])
    for _ in range(deliveries):
        runs.execute_run(run.pk)
    run.refresh_from_db()
    return run


def leftovers(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "media").rglob("*") if path.is_file()]


def test_a_stages_refusal_fails_the_run_at_once_in_its_own_words(
    settings: object, scene: Scene, tmp_path: Path
) -> None:
    run = run_with(settings, scene, "refusing")
    assert (run.status, run.attempt) == ("failed", 1)
    assert run.error == "the film is too dark to see; scan it again with more light"
    assert StageRun.objects.count() == 1, "nothing follows on a failure"
    event = Event.objects.get(subject=f"run:{run.pk}")
    assert (event.outcome, event.detail["error"]) == ("failure", run.error)
    assert leftovers(tmp_path) == []


def test_a_mistake_in_the_code_is_not_tried_again(settings: object, scene: Scene) -> None:
    run = run_with(settings, scene, "mistaken")
    assert (run.status, run.attempt) == ("failed", 1)
    assert run.error.startswith("IndexError: list index out of range")


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        ("killed", "killed by signal 9 (out of memory?)"),
        pytest.param("segfaulting", "Segmentation fault", marks=pytest.mark.slow),
    ],
)
def test_a_child_that_dies_costs_an_attempt_until_the_cap(
    settings: object, scene: Scene, tmp_path: Path, executor: str, words: str
) -> None:
    run = run_with(settings, scene, executor)
    assert (run.status, run.attempt) == ("queued", 1)
    assert leftovers(tmp_path) == []
    for _ in range(2):
        runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("failed", 3)
    assert words in run.error
    assert "Given up after 3 attempts" in run.error
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.attempt == 3


def test_running_out_of_memory_is_tried_again(settings: object, scene: Scene) -> None:
    run = run_with(settings, scene, "short_of_memory")
    assert (run.status, run.attempt) == ("queued", 1)


def test_the_second_attempt_may_do_better(settings: object, scene: Scene) -> None:
    run = run_with(settings, scene, "killed_once", deliveries=2)
    assert (run.status, run.attempt) == ("done", 2)
    assert Take.objects.get().storage_key.endswith(f"{run.pk}-2")


def test_a_child_that_falls_silent_is_ended(settings: object, scene: Scene, tmp_path: Path) -> None:
    settings.RUN_PROGRESS_SECONDS = 1
    run = run_with(settings, scene, "hanging")
    assert (run.status, run.attempt) == ("queued", 1)
    assert leftovers(tmp_path) == []
    settings.RUN_PROGRESS_SECONDS = 600
    settings.RUN_EXECUTOR = "restoration.execution:execute"
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "done"


def test_a_full_disk_fails_the_run_in_clear_words_and_leaves_no_half_take(
    settings: object, scene: Scene, tmp_path: Path
) -> None:
    run = run_with(settings, scene, "full_disk")
    assert (run.status, run.attempt) == ("failed", 1)
    assert "the disk is full" in run.error and "free some space" in run.error
    assert leftovers(tmp_path) == []
    assert not Take.objects.exists()


def test_a_failed_run_can_be_tried_again_with_a_fresh_share_of_attempts(
    settings: object, scene: Scene
) -> None:
    run = run_with(settings, scene, "refusing")
    settings.RUN_EXECUTOR = "restoration.execution:execute"
    again = runs.retry(run)
    assert (again.status, again.attempt, again.error) == ("queued", 0, "")
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "done"
    assert run.take is not None and run.take.storage_key.endswith(f"{run.pk}-2")


def test_a_damaged_input_take_is_not_worked_on(scene: Scene, tmp_path: Path) -> None:
    first = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(first.pk)
    (picture,) = (tmp_path / "media").rglob("picture.mkv")
    with picture.open("r+b") as file:
        file.seek(picture.stat().st_size // 2)
        file.write(b"\0\1\2\3")
    second = runs.process_scene(scene, stages=["repair"])
    runs.execute_run(second.pk)
    second.refresh_from_db()
    assert second.status == "failed" and "altered or damaged" in second.error


def test_a_mistake_while_publishing_fails_the_run_at_once(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistake(*_: object) -> None:
        raise TypeError("'int' object is not iterable")

    monkeypatch.setattr("restoration.publishing._record_success", mistake)
    run = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("failed", 1)
    assert run.error == "TypeError: 'int' object is not iterable"
    assert not Take.objects.exists() and leftovers(tmp_path) == []


def test_an_enlargement_whose_process_died_goes_on_and_leaves_no_chunks(
    settings: object, scan: Scan, tmp_path: Path
) -> None:
    settings.RUN_EXECUTOR = f"{EXECUTORS}:killed_late_once"
    (scene,) = make_scenes(scan, length=24)
    params = {"upscale": {"engine": "resample"}}
    run = runs.process_scene(scene, stages=["upscale"], params=params)
    runs.execute_run(run.pk)
    chunks = tmp_path / "media" / "chunks" / run.key
    assert (chunks / "00000").is_dir(), "twelve frames of it are made"
    assert runs.sweep().removed == [], "the run waits for its next attempt"
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("done", 2)
    assert not chunks.exists()


def test_chunks_that_nobody_went_on_with_are_swept_after_a_while(
    settings: object, tmp_path: Path
) -> None:
    left = tmp_path / "media" / "chunks" / ("a" * 64)
    left.mkdir(parents=True)
    assert runs.sweep().removed == []
    settings.RUN_CHUNKS_SECONDS = 0
    assert runs.sweep().removed == [f"chunks/{'a' * 64}"]
    assert not left.exists()
