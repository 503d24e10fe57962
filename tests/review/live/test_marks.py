"""A room's marks change when something in it does, and say what in words."""

from __future__ import annotations

import pytest

from restoration import scenes as cuts
from restoration import transcripts
from restoration.models import Scene
from restoration.speech.transcript import Transcript
from review import decisions, handing, notes
from review.live import marks, presence
from review.live.marks import Room
from review.models import GuestVisit, Note, Presence
from tests import factories
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    made = factories.make_scene()
    factories.make_take(scene=made)
    return made


class Watching:
    """Somebody who has seen everything that there is so far."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.seen = marks.marks_of(room)

    def told(self) -> dict[str, dict[str, object]]:
        """What is new since the last time, by its kind."""
        now = marks.marks_of(self.room)
        found = {event.kind: dict(event.facts) for event in marks.news(self.room, self.seen, now)}
        self.seen = now
        return found


def test_nothing_new_is_told_of_nothing(scene):
    watching = Watching((marks.SCENE, scene.pk))
    assert watching.told() == {}


def test_notes_and_what_becomes_of_them(scene, reviewer, restorer):
    watching = Watching((marks.SCENE, scene.pk))
    note = notes.add(scene, by=reviewer, start_frame=0, end_frame=1, text="a hair")
    assert watching.told() == {"notes": {"by": "vera", "name": "vera", "did": "wrote a note"}}
    notes.answer(note, by=restorer, text="a mast")
    assert watching.told()["notes"]["did"] == "answered a note"
    notes.resolve(note, by=restorer)
    assert watching.told()["notes"]["did"] == "settled or reopened a note"
    other = factories.make_scene(scan=scene.scan, frames=(24, 48))
    notes.add(other, by=reviewer, start_frame=30, end_frame=31, text="elsewhere")
    assert watching.told() == {}


def test_a_guest_is_named_as_one(scene, reviewer):
    watching = Watching((marks.SCENE, scene.pk))
    visit = GuestVisit(name="Ada")
    note = Note(scan=scene.scan, start_frame=0, end_frame=1, text="a hair", by=reviewer)
    note.save()
    assert str(visit) == "Ada (guest)"
    assert watching.told()["notes"]["name"] == "vera"


def test_decisions(scene, reviewer, archivist):
    watching = Watching((marks.SCENE, scene.pk))
    take = cuts.head_take(scene)
    approval = decisions.approve(scene, take, by=reviewer)
    assert watching.told()["decision"]["did"] == "approved deflicker take 1"
    handing.hand_over(scene, cuts.RESTORATION, by=reviewer, to=archivist)
    assert watching.told()["decision"]["did"] == "handed this scene to anna"
    decisions.request_changes(scene, take, by=archivist, reason="dust")
    assert watching.told()["decision"] == {
        "by": "anna", "name": "anna", "did": "asked for changes of deflicker take 1",
    }  # fmt: skip
    decisions.withdraw(scene.approvals.first(), by=archivist)
    assert "withdrew" in str(watching.told()["decision"]["did"])
    assert approval.withdrawn is None


def test_the_progress_of_a_run_and_its_end(scene):
    watching = Watching((marks.SCENE, scene.pk))
    run = factories.make_run(scene=scene, stage="repair", frames_total=24)
    assert watching.told()["run"]["status"] == "queued"
    type(run).objects.update(frames_done=12)
    told = watching.told()["run"]
    assert (told["done"], told["total"], told["stage"]) == (12, 24, "repair")
    take = factories.make_take(scene=scene, stage="repair")
    type(run).objects.update(status="done", take=take)
    assert watching.told()["run"]["take"] == 1


def test_words_in_the_transcript_room(scene, reviewer):
    watching = Watching((marks.REEL, scene.scan.reel_id))
    said = Transcript((line("Farewell to Earth.", 0.1, 1.5),), "en")
    transcripts.keep(scene.scan, said, source="test", maker="machine")
    kept = scene.scan.transcripts.get()
    correction = transcripts.correct(kept, "confirm", ["m0"], {}, by=reviewer)
    assert watching.told()["words"]["did"] == "corrected the transcript"
    transcripts.withdraw(correction, by=reviewer)
    assert watching.told()["words"]["did"] == "took a correction back"


def test_who_is_here_is_told_by_name_and_soon_forgotten(scene, reviewer, archivist):
    room = (marks.SCENE, scene.pk)
    watching = Watching(room)
    presence.note_down([(reviewer.pk, room), (archivist.pk, room), (reviewer.pk, room)])
    people = watching.told()["people"]["people"]
    assert [each["by"] for each in people] == ["anna", "vera"]
    presence.leave(archivist.pk, room)
    assert [each["by"] for each in watching.told()["people"]["people"]] == ["vera"]
    Presence.objects.update(seen="2000-01-01T00:00Z")
    assert watching.told()["people"]["people"] == []
    presence.note_down([(archivist.pk, room)])
    assert Presence.objects.count() == 1, "who left long ago is not kept on record"


def test_marks_travel_as_the_id_of_an_event(scene):
    found = marks.marks_of((marks.SCENE, scene.pk))
    assert marks.read(marks.written(found)) == found
    assert marks.read("x " * 2000 + ":9") == {}
    written = marks.written(found)
    assert written.isascii() and "\n" not in written
