"""Edits of the cuts: what changes, what stays, what comes back, and who is told."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection

from archive.models import Event, Scan
from restoration import scenes
from restoration.errors import SceneError
from restoration.models import Scene
from restoration.stages.contract import StageError
from tests.factories import make_scan, make_scene, make_scenes, make_take

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan() -> Scan:
    return make_scan(frames=100)


def ranges(scan: Scan) -> list[tuple[int, int]]:
    return [(scene.start_frame, scene.end_frame) for scene in scan.scenes.current()]


def found(*cuts: int, **more: object) -> dict[str, object]:
    return {"cuts": list(cuts), "gradual": [], "marks": []} | more


def test_cuts_become_scenes_that_cover_the_whole_scan(scan: Scan) -> None:
    scenes.make_scenes(scan, found(30, 60))
    assert ranges(scan) == [(0, 30), (30, 60), (60, 100)]


def test_a_scan_without_cuts_is_one_scene(scan: Scan) -> None:
    scenes.make_scenes(scan, found())
    assert ranges(scan) == [(0, 100)]


def test_cuts_outside_the_scan_and_repeated_ones_change_nothing(scan: Scan) -> None:
    scenes.make_scenes(scan, found(0, 30, 30, 100, 250))
    assert ranges(scan) == [(0, 30), (30, 100)]


def test_what_was_found_about_a_cut_is_kept_with_its_scene(scan: Scan) -> None:
    scenes.make_scenes(
        scan,
        found(
            30,
            60,
            confidence=[0.9, 0.6],
            gradual=[[55, 64]],
            intertitles=[[30, 60]],
            marks=[{"frame": 45, "kind": "splice", "confidence": 0.7}],
        ),
    )
    _, title, dissolve = scan.scenes.current()
    assert (title.kind, title.confidence, title.marks[0]["frame"]) == ("intertitle", 0.9, 45)
    assert (dissolve.kind, dissolve.confidence, dissolve.gradual) == ("shot", 0.6, [55, 64])


def test_scenes_found_again_stay_the_same_rows_with_their_takes(scan: Scan) -> None:
    before = scenes.make_scenes(scan, found(30, 60))
    take = make_take(scene=before[0])
    after = scenes.make_scenes(scan, found(30, 80))
    assert ranges(scan) == [(0, 30), (30, 80), (80, 100)]
    assert after[0] == before[0]
    assert scenes.head_take(after[0]) == take


def test_detecting_again_leaves_alone_what_a_person_placed(scan: Scan) -> None:
    middle = scenes.make_scenes(scan, found(30, 60))[1]
    scenes.split(middle, 40)
    scenes.make_scenes(scan, found(30, 50, 70))
    assert ranges(scan) == [(0, 30), (30, 40), (40, 60), (60, 70), (70, 100)]


def test_finding_the_same_again_writes_nothing(scan: Scan) -> None:
    scenes.make_scenes(scan, found(30))
    events = Event.objects.count()
    scenes.make_scenes(scan, found(30))
    assert Event.objects.count() == events


def test_a_split_makes_two_scenes_and_keeps_the_takes_of_the_others(
    scan: Scan, restorer: User
) -> None:
    first, second = make_scenes(scan, length=50)
    take = make_take(scene=second)
    left, right = scenes.split(first, 20, by=restorer)
    assert ranges(scan) == [(0, 20), (20, 50), (50, 100)]
    assert left.by_hand and right.by_hand
    assert scenes.head_take(left) is None
    assert scenes.head_take(second) == take
    event = Event.objects.get(kind="scene split")
    assert (event.agent.name, event.detail["frame"]) == (restorer.get_username(), 20)


def test_a_scene_that_comes_back_is_the_same_one_and_finds_its_takes(scan: Scan) -> None:
    first, _ = make_scenes(scan, length=50)
    take = make_take(scene=first)
    left, _ = scenes.split(first, 20)
    again = scenes.merge(left)
    assert again == first
    assert again.retired is None and ranges(scan) == [(0, 50), (50, 100)]
    assert scenes.head_take(again) == take


def test_a_merge_takes_out_the_cut_to_the_next_scene(scan: Scan) -> None:
    first, second = make_scenes(scan, length=50)
    merged = scenes.merge(first)
    assert ranges(scan) == [(0, 100)]
    for gone in (first, second):
        gone.refresh_from_db()
        assert gone.retired_because == "merged across frame 50"
    assert merged.by_hand


def test_a_moved_cut_changes_both_scenes_at_it(scan: Scan) -> None:
    _, second = make_scenes(scan, length=50)
    scenes.move_cut(second, 45)
    assert ranges(scan) == [(0, 45), (45, 100)]


def test_splices_go_with_the_frames_that_they_lie_in(scan: Scan) -> None:
    marks = [{"frame": frame, "kind": "splice", "confidence": 1.0} for frame in (10, 20, 30)]
    scene = make_scene(scan=scan, frames=(0, 50), marks=marks)
    left, right = scenes.split(scene, 20)
    assert [mark["frame"] for mark in left.marks] == [10]
    assert [mark["frame"] for mark in right.marks] == [30], "a splice at the cut is the cut"


def test_both_halves_keep_what_was_chosen_for_the_scene(scan: Scan) -> None:
    scene = make_scene(scan=scan, frames=(0, 50), settings={"deflicker": {"strength": 0.5}})
    left, right = scenes.split(scene, 20)
    assert left.settings == right.settings == {"deflicker": {"strength": 0.5}}


@pytest.mark.parametrize("frame", [0, 50, 51, 1000])
def test_a_split_wants_a_frame_inside_the_scene(scan: Scan, frame: int) -> None:
    first, _ = make_scenes(scan, length=50)
    with pytest.raises(SceneError, match="choose one from 1 to 49"):
        scenes.split(first, frame)
    assert ranges(scan) == [(0, 50), (50, 100)]


def test_a_scene_of_one_frame_cannot_be_split(scan: Scan) -> None:
    scene = make_scene(scan=scan, frames=(10, 11))
    with pytest.raises(SceneError, match="has one frame"):
        scenes.split(scene, 10)


def test_the_last_scene_has_nothing_to_merge_with(scan: Scan) -> None:
    with pytest.raises(SceneError, match="is the last one"):
        scenes.merge(make_scenes(scan, length=50)[1])


def test_the_first_scene_starts_where_the_scan_starts(scan: Scan) -> None:
    with pytest.raises(SceneError, match="is the first one"):
        scenes.move_cut(make_scenes(scan, length=50)[0], 10)


@pytest.mark.parametrize("frame", [0, 100, 120])
def test_a_moved_cut_leaves_each_scene_a_frame(scan: Scan, frame: int) -> None:
    _, second = make_scenes(scan, length=50)
    with pytest.raises(SceneError, match="frames 1 to 99"):
        scenes.move_cut(second, frame)


def test_a_scene_that_was_replaced_meanwhile_is_not_edited(scan: Scan) -> None:
    first, _ = make_scenes(scan, length=50)
    scenes.split(first, 20)
    for edit in (lambda: scenes.split(first, 30), lambda: scenes.merge(first)):
        with pytest.raises(SceneError, match="replaced meanwhile"):
            edit()


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_split_at_the_same_moment_one_is_told_to_look_again(
    scan: Scan,
) -> None:
    scene = make_scene(scan=scan, frames=(0, 100))
    together = threading.Barrier(2)
    told: list[str] = []

    def split(frame: int) -> None:
        together.wait()
        try:
            scenes.split(scene, frame)
        except SceneError as error:
            told.append(str(error))
        finally:
            connection.close()

    people = [threading.Thread(target=split, args=(frame,)) for frame in (30, 60)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(told) == 1 and "look again" in told[0]
    assert len(ranges(scan)) == 2


def test_chosen_settings_are_checked_kept_and_recorded(scan: Scan, restorer: User) -> None:
    scene = make_scene(scan=scan)
    scene = scenes.set_settings(scene, "deflicker", {"strength": "0.5"}, by=restorer)
    assert Scene.objects.get().settings == {"deflicker": {"strength": 0.5}}
    event = Event.objects.get(kind="scene settings")
    assert (event.detail["before"], event.detail["after"]) == ({}, {"strength": 0.5})
    with pytest.raises(StageError, match="no parameter speed"):
        scenes.set_settings(scene, "deflicker", {"speed": 3})
    assert scenes.set_settings(scene, "deflicker", {}).settings == {}


def test_the_head_is_the_newest_take_of_the_last_stage(scan: Scan) -> None:
    scene = make_scene(scan=scan)
    deflickered = make_take(scene=scene, stage="deflicker")
    make_take(scene=scene, stage="repair", input_take=deflickered)
    newest = make_take(scene=scene, stage="repair", input_take=deflickered)
    make_take(scene=scene, stage="deflicker")
    make_take(scene=scene, stage="colourise")
    assert scenes.head_take(scene) == newest


def test_the_heads_of_a_whole_reel_take_one_query(
    scan: Scan, django_assert_num_queries: object
) -> None:
    made = make_scenes(scan, length=20)
    takes = {scene.pk: make_take(scene=scene) for scene in made[:3]}
    with django_assert_num_queries(1):
        assert scenes.head_takes(made) == takes


def test_a_take_is_outdated_by_a_newer_one_in_its_chain_or_another_choice(scan: Scan) -> None:
    scene = make_scene(scan=scan)
    first = make_take(scene=scene, stage="deflicker", manifest={"params": {"strength": 1.0}})
    repaired = make_take(scene=scene, stage="repair", input_take=first, manifest={"params": {}})
    assert scenes.chain(repaired) == [first, repaired]
    assert scenes.outdated(scene, repaired) == []
    scene = scenes.set_settings(scene, "deflicker", {"strength": 0.5})
    assert scenes.outdated(scene, repaired) == [
        "deflicker.strength is now 0.5, the take was made with 1.0"
    ]
    make_take(scene=scene, stage="deflicker")
    assert "deflicker was made anew since: take 2" in scenes.outdated(scene, repaired)
