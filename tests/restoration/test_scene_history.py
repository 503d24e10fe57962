"""Undo and redo of edits of the cuts: what comes back, who may, and who is told to look again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection

from archive import custody
from archive.models import Event, Scan
from restoration import borders, history, scenes
from restoration.errors import SceneError
from restoration.models import Scene, SceneEdit, StageRun, Verdict
from review import decisions
from review.standing import State, standings
from tests.factories import make_run, make_scan, make_scenes, make_take

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan() -> Scan:
    """Frames 0 to 99 in four scenes of 25."""
    scan = make_scan(frames=100)
    make_scenes(scan, length=25)
    return scan


def current(scan: Scan) -> list[Scene]:
    return list(scan.scenes.current())


def everything(scan: Scan) -> tuple[list[object], list[object]]:
    """All that an edit may change, as plain values."""
    rows = scan.scenes.current().values(
        "id", "start_frame", "end_frame", "kind", "transition", "confidence", "gradual", "marks",
        "by_hand", "settings",
    )  # fmt: skip
    return list(rows), list(Verdict.objects.values("frame", "about", "holds", "by", "at"))


def undo_last(scan: Scan, by: User | None = None) -> SceneEdit:
    last = history.edit_to_undo(scan)
    assert last is not None
    return history.undo(scan, last.pk, by=by)


def redo_next(scan: Scan, by: User | None = None) -> SceneEdit:
    following = history.edit_to_redo(scan)
    assert following is not None
    return history.redo(scan, following.pk, by=by)


EDITS: dict[str, Callable[[Scan], object]] = {
    "split": lambda scan: scenes.split(current(scan)[1], 40),
    "merge": lambda scan: scenes.merge(current(scan)[1]),
    "move": lambda scan: scenes.move_cut(current(scan)[2], 47),
    "confirm": lambda scan: borders.check(current(scan)[1], 25, is_cut=True),
    "no cut": lambda scan: borders.check(current(scan)[1], 25, is_cut=False),
    "dissolve": lambda scan: borders.describe(
        current(scan)[1], transition="dissolve", gradual=(22, 28)
    ),
    "intertitle": lambda scan: borders.describe(
        current(scan)[1], transition="cut", kind="intertitle"
    ),
    "splice": lambda scan: borders.mark_splice(current(scan)[1], 30, is_splice=True),
    "detection": lambda scan: scenes.make_scenes(scan, {"cuts": [25, 60], "confidence": [0.6, 1]}),
}


@pytest.mark.parametrize("name", EDITS)
def test_undo_brings_back_what_stood_before_and_redo_what_was_made(name: str, scan: Scan) -> None:
    before = everything(scan)
    EDITS[name](scan)
    after = everything(scan)
    assert after != before
    undo_last(scan)
    assert everything(scan) == before
    redo_next(scan)
    assert everything(scan) == after


def test_a_whole_session_is_undone_step_by_step_and_done_again(scan: Scan) -> None:
    states = [everything(scan)]
    for name in ("detection", "confirm", "dissolve", "splice", "split", "merge", "move", "no cut"):
        EDITS[name](scan)
        states.append(everything(scan))
    for state in reversed(states[:-1]):
        undo_last(scan)
        assert everything(scan) == state
    assert history.edit_to_undo(scan) is None
    for state in states[1:]:
        redo_next(scan)
        assert everything(scan) == state


def test_the_same_scenes_come_back_with_takes_settings_and_approvals(
    scan: Scan, restorer: User, reviewer: User
) -> None:
    scene = scenes.set_settings(current(scan)[1], "deflicker", {"strength": 0.5}, by=restorer)
    take = make_take(scene=scene, manifest={"params": {"strength": 0.5}})
    decisions.approve(scene, take, by=reviewer)
    scenes.merge(scene, by=restorer)
    undo_last(scan, restorer)
    back = current(scan)[1]
    assert back == scene and scenes.head_take(back) == take
    assert back.settings == {"deflicker": {"strength": 0.5}}
    assert decisions.is_approved(back)


def test_untouched_scenes_stay_approved_and_the_others_say_why_not(
    scan: Scan, restorer: User, reviewer: User
) -> None:
    for scene in current(scan):
        decisions.approve(scene, make_take(scene=scene), by=reviewer)
    scenes.move_cut(current(scan)[2], 47, by=restorer)
    found = standings(current(scan))
    assert [standing.state for standing in found] == [
        State.APPROVED, State.STALE, State.STALE, State.APPROVED,
    ]  # fmt: skip
    assert "the cut at its end was moved from frame 50 to 47 by rosa" in found[1].reasons[0]
    assert "the cut at its start was moved from frame 50 to 47 by rosa" in str(found[2].reasons)


def test_what_was_approved_meanwhile_says_that_the_edit_was_undone(
    scan: Scan, restorer: User, reviewer: User
) -> None:
    left, _ = scenes.split(current(scan)[0], 10, by=restorer)
    decisions.approve(left, make_take(scene=left), by=reviewer)
    undo_last(scan, restorer)
    reasons = standings(current(scan))[0].reasons
    assert reasons == [
        "vera had approved for frames 0 to 9; since then: “split at frame 10” was undone by rosa."
    ]


def test_runs_on_scenes_that_an_undo_takes_away_are_cancelled(scan: Scan) -> None:
    left, _ = scenes.split(current(scan)[0], 10)
    run = make_run(scene=left)
    undo_last(scan)
    run.refresh_from_db()
    assert run.status == StageRun.Status.CANCELLED


def test_who_edited_what_and_who_undid_it_is_on_record(
    scan: Scan, restorer: User, archivist: User
) -> None:
    scenes.split(current(scan)[0], 10, by=restorer)
    edit = undo_last(scan, archivist)
    assert (edit.words, edit.by, edit.undone_by) == ("split at frame 10", restorer, archivist)
    told = Event.objects.get(kind="scene edit undone")
    assert told.agent.name == archivist.get_username()
    assert told.detail == {"edit": 1, "words": "split at frame 10"}
    redo_next(scan, restorer)
    assert Event.objects.get(kind="scene edit redone").agent.name == restorer.get_username()
    assert custody.verify_chain(f"reel:{scan.reel_id}") == []


def test_after_another_edit_what_was_undone_cannot_be_done_again(scan: Scan) -> None:
    scenes.split(current(scan)[0], 10)
    undo_last(scan)
    scenes.split(current(scan)[0], 12)
    assert history.edit_to_redo(scan) is None
    undo_last(scan)
    following = history.edit_to_redo(scan)
    assert following is not None and following.words == "split at frame 12"


def test_undo_of_an_edit_that_is_no_longer_the_last_changes_nothing(
    scan: Scan, restorer: User
) -> None:
    scenes.split(current(scan)[0], 10)
    seen = history.edit_to_undo(scan)
    scenes.split(current(scan)[4], 80, by=restorer)
    before = everything(scan)
    assert seen is not None
    with pytest.raises(SceneError, match="“split at frame 80” by rosa meanwhile; look again"):
        history.undo(scan, seen.pk)
    assert everything(scan) == before


def test_an_undo_that_somebody_else_has_made_already_is_refused(scan: Scan, restorer: User) -> None:
    scenes.split(current(scan)[0], 10)
    edit = undo_last(scan, restorer)
    with pytest.raises(SceneError, match="rosa has undone “split at frame 10” meanwhile"):
        history.undo(scan, edit.pk)


def test_without_edits_there_is_nothing_to_undo(scan: Scan) -> None:
    for change in (history.undo, history.redo):
        with pytest.raises(SceneError, match="nobody has edited these cuts yet"):
            change(scan, 1)


def test_the_first_detection_is_not_undone() -> None:
    scan = make_scan(frames=100)
    scenes.make_scenes(scan, {"cuts": [50]})
    assert history.edit_to_undo(scan) is None


def test_each_scan_has_its_own_history(scan: Scan) -> None:
    other = make_scan(frames=50)
    make_scenes(other, length=25)
    scenes.split(current(scan)[0], 10)
    scenes.split(current(other)[0], 10)
    assert [edit.number for edit in SceneEdit.objects.all()] == [1, 1]
    undo_last(other)
    assert len(current(other)) == 2 and len(current(scan)) == 5


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_undo_at_the_same_moment_one_is_told(scan: Scan) -> None:
    scenes.split(current(scan)[0], 10)
    scenes.split(current(scan)[0], 5)
    seen = history.edit_to_undo(scan)
    assert seen is not None
    together = threading.Barrier(2)
    told: list[str] = []

    def undo() -> None:
        together.wait()
        try:
            history.undo(scan, seen.pk)
        except SceneError as error:
            told.append(str(error))
        finally:
            connection.close()

    people = [threading.Thread(target=undo) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(told) == 1 and "look again" in told[0]
    assert [scene.start_frame for scene in current(scan)] == [0, 10, 25, 50, 75]
