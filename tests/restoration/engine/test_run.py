"""A run from the request to the take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from archive.models import Event, Scan
from restoration import runs, scenes
from restoration.errors import CannotStart
from restoration.models import Scene, StageRun, Take
from restoration.orders import TakeFiles
from restoration.stages.contract import StageError
from restoration.storage import storage
from tests.factories import make_reel, make_take

pytestmark = pytest.mark.django_db


def execute_all() -> None:
    """What a worker would do, one run after the other."""
    while run := StageRun.objects.filter(status="queued").first():
        runs.execute_run(run.pk)


def test_it_makes_a_take_in_a_folder_of_its_own(scene: Scene) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error, run.frames_done) == ("done", "", 12)
    assert run.take is not None
    assert run.take.storage_key.endswith(f"0-12/deflicker/{run.pk}-1")
    files = TakeFiles(storage().folder(run.take.storage_key))
    assert json.loads(files.manifest.read_bytes()) == run.take.manifest
    assert files.picture.exists() and files.map.exists()
    assert scenes.head_take(scene) == run.take


def test_it_tells_custody_what_made_the_take(scene: Scene) -> None:
    run = runs.process_scene(scene, stages=["deflicker"])
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.take is not None
    event = Event.objects.get(kind="restoration stage", subject=f"take:{run.take.pk}")
    assert event.agent.name == "Reelproof" and event.agent.version
    assert event.reel == scene.scan.reel
    told = event.detail
    assert (told["run"], told["digest"], told["device"]) == (run.pk, run.take.digest, "cpu")
    assert told["params"] == run.params


def test_the_stages_that_follow_work_on_the_take_before_them(scene: Scene) -> None:
    runs.process_scene(scene, stages=["repair", "deflicker"])
    execute_all()
    deflicker, repair = Take.objects.order_by("pk")
    assert (deflicker.stage, repair.stage) == ("deflicker", "repair")
    assert repair.input_take == deflicker
    assert repair.manifest["input"] == deflicker.digest
    assert scenes.head_take(scene) == repair
    assert StageRun.objects.values_list("batch").distinct().count() == 1


def test_a_stage_run_by_itself_works_on_the_newest_take_before_it(scene: Scene) -> None:
    runs.process_scene(scene, stages=["deflicker"])
    execute_all()
    runs.process_scene(scene, stages=["repair"])
    execute_all()
    assert Take.objects.get(stage="repair").input_take == Take.objects.get(stage="deflicker")


def test_a_reel_without_scenes_is_cut_first(scan: Scan) -> None:
    (run,) = runs.process_reel(scan.reel, stages=["deflicker"])
    assert run.stage == "cuts"
    execute_all()
    current = list(scan.scenes.current())
    assert [scene.start_frame for scene in current][:1] == [0]
    assert current[-1].end_frame == scan.frames
    assert Take.objects.filter(stage="deflicker").count() == len(current)


def test_a_reel_with_scenes_is_not_cut_again(scenes_of_film: list[Scene]) -> None:
    begun = runs.process_reel(scenes_of_film[0].scan.reel, stages=["deflicker"])
    assert [(run.stage, run.scene) for run in begun] == [
        ("deflicker", scenes_of_film[0]),
        ("deflicker", scenes_of_film[1]),
    ]


def test_a_take_that_stands_is_offered_instead_of_computed(scene: Scene) -> None:
    first = runs.process_scene(scene, stages=["deflicker", "repair"])
    execute_all()
    first.refresh_from_db()
    again = runs.process_scene(scene, stages=["deflicker", "repair"])
    assert (again.status, again.offered, again.take) == ("done", True, first.take)
    assert Take.objects.count() == 2
    assert not StageRun.objects.filter(status="queued").exists()
    assert first.take is not None and first.take.made_by == first


def test_cuts_that_were_found_are_offered_too(scan: Scan) -> None:
    runs.process_reel(scan.reel, stages=["cuts"])
    execute_all()
    (again,) = runs.process_reel(scan.reel, stages=["cuts"])
    assert (again.status, again.offered) == ("done", True)
    assert again.findings == StageRun.objects.order_by("pk")[0].findings


def test_other_parameters_make_another_take_with_the_next_number(scene: Scene) -> None:
    for values in ({}, {"strength": 0.5}):
        runs.process_scene(scene, stages=["deflicker"], params={"deflicker": values})
        execute_all()
    assert [take.number for take in Take.objects.filter(stage="deflicker")] == [1, 2]


def test_the_take_that_was_asked_for_last_is_the_head_even_if_it_is_the_older(
    scene: Scene,
) -> None:
    for values in ({}, {"strength": 0.5}, {}):
        runs.process_scene(scene, stages=["deflicker"], params={"deflicker": values})
        execute_all()
    head = scenes.head_take(scene)
    assert head is not None and head.number == 1


def test_what_a_person_chose_for_the_scene_counts_unless_something_else_is_asked_for(
    scene: Scene,
) -> None:
    scene = scenes.set_settings(scene, "deflicker", {"strength": 0.25})
    chosen = runs.process_scene(scene, stages=["deflicker"])
    asked = runs.process_scene(
        scene, stages=["deflicker"], params={"deflicker": {"strength": 0.75}}
    )
    assert (chosen.params["strength"], asked.params["strength"]) == (0.25, 0.75)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"stages": ["polish"]}, "there is no stage called 'polish'"),
        ({"stages": []}, "name at least one stage"),
        ({"stages": ["repair"], "params": {"repair": {"speed": 3}}}, "no parameter speed"),
        ({"stages": ["repair"], "params": {"deflicker": {}}}, "which is not to be run"),
    ],
)
def test_it_refuses_what_makes_no_sense_before_anything_is_written(
    scenes_of_film: list[Scene], asked: dict[str, Any], words: str
) -> None:
    with pytest.raises((StageError, CannotStart), match=words):
        runs.process_reel(scenes_of_film[0].scan.reel, **asked)
    assert not StageRun.objects.exists()


def test_it_refuses_a_reel_without_a_scan() -> None:
    with pytest.raises(CannotStart, match="ingest"):
        runs.process_reel(make_reel(), stages=["cuts"])


def test_it_refuses_frames_that_the_scan_does_not_have(scan: Scan) -> None:
    with pytest.raises(CannotStart, match=r"\[0, 25\).*24 frames"):
        runs.start_run(scan=scan, stage="deflicker", start_frame=0, end_frame=25)


def test_it_refuses_an_input_take_of_other_frames(scenes_of_film: list[Scene]) -> None:
    take = make_take(scene=scenes_of_film[1])
    with pytest.raises(CannotStart, match="covers other frames"):
        runs.start_run(scan=take.scan, stage="repair", start_frame=0, end_frame=12, input_take=take)
