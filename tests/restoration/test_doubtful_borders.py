"""Doubtful cuts come up for review in order; what people say of them outlives a new detection."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from archive.models import Event, Scan
from restoration import borders, scenes
from restoration.doubts import doubts, left_to_check
from restoration.errors import SceneError
from restoration.models import Scene, Verdict
from tests.factories import make_scan, make_scene

pytestmark = pytest.mark.django_db


def border(frame: int, confidence: float, kind: str = "cut", **more: object) -> dict[str, object]:
    return {"frame": frame, "kind": kind, "confidence": confidence, "evidence": {}} | more


FOUND = {
    "cuts": [30, 60, 80],
    "confidence": [0.99, 0.55, 0.7],
    "gradual": [[76, 84]],
    "marks": [
        {"frame": 10, "kind": "splice", "confidence": 0.85},
        {"frame": 15, "kind": "flash", "confidence": 0.9},
    ],
    "borders": [
        border(30, 0.99),
        border(60, 0.55, evidence={"network": 0.4, "ranks": 41.5, "motion": 0.8}),
        border(80, 0.7, "dissolve", range=[76, 84]),
    ],
    "doubtful": [border(45, 0.42), border(90, 0.1)],
}


@pytest.fixture
def scan() -> Scan:
    scan = make_scan(frames=100)
    scenes.make_scenes(scan, FOUND)
    return scan


def starts(scan: Scan) -> list[int]:
    return [scene.start_frame for scene in scan.scenes.current()]


def holding(scan: Scan, frame: int) -> Scene:
    return scan.scenes.current().holding(frame).get()


def to_check(scan: Scan) -> list[int]:
    current = list(scan.scenes.current())
    frames = [doubt.frame for doubt in doubts(scan, current, borders.borders(scan, current))]
    assert left_to_check([scan]).get(scan.pk, 0) == len(frames)
    return frames


def test_the_most_doubtful_come_first_and_near_misses_among_them(scan: Scan) -> None:
    assert to_check(scan) == [60, 45, 80, 90]


def test_what_was_found_of_each_border_is_kept(scan: Scan) -> None:
    _, _, sixty, dissolve, _ = (
        entry for entry in borders.borders(scan, list(scan.scenes.current()))
    )
    assert (sixty.frame, sixty.evidence["ranks"]) == (60, 41.5)
    assert (dissolve.kind, dissolve.gradual) == ("dissolve", [76, 84])


def test_findings_of_an_older_detection_are_doubted_by_their_confidence() -> None:
    scan = make_scan(frames=100)
    scenes.make_scenes(
        scan, {"cuts": [30, 60], "confidence": [0.95, 0.6], "gradual": [[55, 64]], "marks": []}
    )
    assert to_check(scan) == [60]
    assert holding(scan, 60).transition == "dissolve"


def test_a_confirmed_cut_is_off_the_list_and_says_by_whom(scan: Scan, restorer: User) -> None:
    scene = holding(scan, 60)
    borders.check(scene, 60, is_cut=True, by=restorer)
    assert to_check(scan) == [45, 80, 90]
    verdict = Verdict.objects.get()
    assert (verdict.frame, verdict.holds, verdict.by) == (60, True, restorer)
    assert holding(scan, 60) == scene, "confirming changes no scene"
    event = Event.objects.get(kind="border checked")
    assert (event.agent.name, event.detail["frame"]) == (restorer.get_username(), 60)


def test_a_refused_cut_joins_its_scenes(scan: Scan, restorer: User) -> None:
    borders.check(holding(scan, 60), 60, is_cut=False, by=restorer)
    assert starts(scan) == [0, 30, 80]
    assert to_check(scan) == [45, 80, 90]


def test_a_near_miss_that_is_a_cut_splits_its_scene(scan: Scan) -> None:
    borders.check(holding(scan, 45), 45, is_cut=True)
    assert starts(scan) == [0, 30, 45, 60, 80]
    assert 45 not in to_check(scan)


def test_a_near_miss_that_is_none_is_only_taken_off_the_list(scan: Scan) -> None:
    borders.check(holding(scan, 45), 45, is_cut=False)
    assert starts(scan) == [0, 30, 60, 80]
    assert to_check(scan) == [60, 80, 90]


@pytest.mark.parametrize("frame", [0, 60, 99])
def test_only_a_frame_of_the_scene_can_be_checked(scan: Scan, frame: int) -> None:
    with pytest.raises(SceneError, match="is not in scene"):
        borders.check(holding(scan, 0), frame, is_cut=True)


def test_a_border_of_a_scene_that_was_replaced_is_not_checked(scan: Scan) -> None:
    seen = holding(scan, 60)
    scenes.move_cut(seen, 62)
    with pytest.raises(SceneError, match="replaced meanwhile"):
        borders.check(seen, 60, is_cut=True)


def test_a_new_detection_keeps_confirmed_cuts_and_leaves_refused_ones_out(scan: Scan) -> None:
    borders.check(holding(scan, 60), 60, is_cut=True)
    borders.check(holding(scan, 45), 45, is_cut=False)
    scenes.make_scenes(scan, {"cuts": [30, 45, 59, 80], "confidence": [0.9, 0.6, 0.6, 0.9]})
    assert starts(scan) == [0, 30, 60, 80], "59 is the confirmed cut, seen a frame off"
    assert to_check(scan) == []


def test_a_moved_cut_does_not_come_back_where_it_was(scan: Scan) -> None:
    scenes.move_cut(holding(scan, 30), 33)
    scenes.make_scenes(scan, FOUND)
    assert starts(scan) == [0, 33, 60, 80]
    assert 30 not in to_check(scan)


def test_a_cut_found_inside_a_scene_that_a_person_made_is_put_up_for_review(scan: Scan) -> None:
    scenes.split(holding(scan, 0), 20)
    scenes.make_scenes(scan, {"cuts": [10, 30, 60, 80], "confidence": [0.97, 1, 1, 1]})
    assert starts(scan) == [0, 20, 30, 60, 80]
    assert to_check(scan) == [10]


def test_scenes_found_again_take_what_the_new_detection_says(scan: Scan) -> None:
    again = FOUND | {"borders": [border(30, 0.99), border(60, 0.95), border(80, 0.98)]}
    again |= {"confidence": [0.99, 0.95, 0.98], "gradual": [], "doubtful": []}
    before = [scene.pk for scene in scan.scenes.current()]
    scenes.make_scenes(scan, again)
    assert [scene.pk for scene in scan.scenes.current()] == before
    assert (holding(scan, 80).transition, holding(scan, 80).gradual) == ("cut", None)
    assert to_check(scan) == []


def test_a_described_border_outlives_a_new_detection(scan: Scan, restorer: User) -> None:
    borders.describe(
        holding(scan, 60), transition="fade", gradual=(55, 64), kind="intertitle", by=restorer
    )
    scenes.make_scenes(scan, FOUND)
    scene = holding(scan, 60)
    assert (scene.transition, scene.gradual, scene.kind) == ("fade", [55, 64], "intertitle")
    assert 60 not in to_check(scan)


@pytest.mark.parametrize("span", [(61, 64), (50, 59), (64, 55), (55, 80), (-1, 64), None])
def test_a_dissolve_holds_its_cut(scan: Scan, span: tuple[int, int] | None) -> None:
    with pytest.raises(SceneError):
        borders.describe(holding(scan, 60), transition="dissolve", gradual=span)
    assert holding(scan, 60).transition == "cut"


def test_nothing_dissolves_into_the_first_scene(scan: Scan) -> None:
    with pytest.raises(SceneError, match="begins with the film"):
        borders.describe(holding(scan, 0), transition="fade", gradual=(0, 5))


def test_splices_are_marked_and_refused_for_good(scan: Scan) -> None:
    borders.mark_splice(holding(scan, 10), 10, is_splice=False)
    borders.mark_splice(holding(scan, 45), 45, is_splice=True)
    assert [mark["kind"] for mark in holding(scan, 0).marks] == ["flash"]
    scenes.make_scenes(scan, FOUND)
    assert [mark["kind"] for mark in holding(scan, 0).marks] == ["flash"]
    assert [mark["frame"] for mark in holding(scan, 45).marks] == [45]


def test_a_splice_that_the_detection_found_is_confirmed_without_changing_it(scan: Scan) -> None:
    before = holding(scan, 10).marks
    borders.mark_splice(holding(scan, 10), 10, is_splice=True)
    frames = [mark["frame"] for mark in holding(scan, 10).marks]
    assert frames == [mark["frame"] for mark in before]
    assert Verdict.objects.get(about="splice").holds


@pytest.mark.parametrize(("frame", "words"), [(0, "inside a scene"), (12, "no splice is marked")])
def test_a_splice_that_is_not_there_cannot_be_taken_away(
    scan: Scan, frame: int, words: str
) -> None:
    with pytest.raises(SceneError, match=words):
        borders.mark_splice(holding(scan, 0), frame, is_splice=False)


MARKED = FOUND | {
    "marks": [
        {"frame": 10, "kind": "splice", "confidence": 0.57},
        {"frame": 15, "kind": "flash", "confidence": 0.9},
        {"frame": 17, "kind": "duplicate", "confidence": 0.65},
    ],
    "intertitles": [[30, 60]],
    "intertitle_confidence": [0.75],
}


@pytest.fixture
def marked() -> Scan:
    scan = make_scan(frames=100)
    scenes.make_scenes(scan, MARKED)
    return scan


def test_doubtful_marks_come_up_too_and_single_frames_after_all_others(marked: Scan) -> None:
    assert to_check(marked) == [60, 10, 45, 80, 30, 90, 17]


def test_a_confirmed_mark_is_off_the_list_and_certain(marked: Scan, restorer: User) -> None:
    borders.judge_mark(holding(marked, 17), 17, "duplicate", holds=True, by=restorer)
    assert 17 not in to_check(marked)
    [mark] = [mark for mark in holding(marked, 17).marks if mark["kind"] == "duplicate"]
    assert mark["confidence"] == 1.0
    scenes.make_scenes(marked, MARKED | {"marks": []})
    assert [mark["kind"] for mark in holding(marked, 17).marks] == ["duplicate"]
    assert Verdict.objects.get(about="duplicate").by == restorer


def test_a_refused_mark_is_gone_and_no_later_detection_brings_it_back(marked: Scan) -> None:
    borders.judge_mark(holding(marked, 17), 17, "duplicate", holds=False)
    scenes.make_scenes(marked, MARKED)
    assert [mark["frame"] for mark in holding(marked, 17).marks] == [10, 15]
    assert 17 not in to_check(marked)


def test_a_refused_intertitle_is_a_shot_and_a_confirmed_one_stays(marked: Scan) -> None:
    assert holding(marked, 30).kind == "intertitle"
    borders.judge_mark(holding(marked, 30), 30, "intertitle", holds=True)
    assert (holding(marked, 30).kind, 30 in to_check(marked)) == ("intertitle", False)
    borders.judge_mark(holding(marked, 30), 30, "intertitle", holds=False)
    scenes.make_scenes(marked, MARKED)
    assert (holding(marked, 30).kind, 30 in to_check(marked)) == ("shot", False)


def test_an_intertitle_is_told_on_its_first_frame_alone(marked: Scan) -> None:
    with pytest.raises(SceneError, match="on its first frame"):
        borders.judge_mark(holding(marked, 40), 40, "intertitle", holds=True)


def test_counting_what_is_left_takes_three_queries_for_all_scans(
    scan: Scan, django_assert_num_queries: object
) -> None:
    other = make_scan(frames=50)
    make_scene(scan=other, frames=(0, 25))
    make_scene(scan=other, frames=(25, 50), confidence=0.5)
    with django_assert_num_queries(3):
        assert left_to_check([scan, other]) == {scan.pk: 4, other.pk: 1}
