"""Notes are drawn on, answered and resolved; a shape becomes a region or a hint; they leave."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta

import opentimelineio as otio
import pytest
from django.urls import reverse

from archive.models import Rights
from restoration.models import Hint, ProtectedRegion, Scene
from review import note_files, notes
from review.errors import DecisionRefused, NotAllowed
from review.models import Note
from tests import factories
from tests.review.approved_reel import current_scan, make_scanned_reel

pytestmark = pytest.mark.django_db

BOX = {"kind": "box", "points": [[4, 6], [20, 16]], "colour": "#b0523a"}
ARROW = {"kind": "arrow", "points": [[1, 1], [9, 9]]}


@pytest.fixture
def scene() -> Scene:
    return factories.make_scene(frames=(0, 24))


def write(scene, by, text="a hair", frames=(3, 6), drawing=()):
    start, end = frames
    return notes.add(
        scene, by=by, start_frame=start, end_frame=end, text=text, drawing=list(drawing)
    )


def test_a_drawing_is_kept_in_pixels_of_the_picture(scene, reviewer):
    note = write(scene, reviewer, drawing=[BOX, ARROW])
    assert Note.objects.get().drawing == [BOX, ARROW]
    assert [shape.kind for shape in notes.shapes_of(note)] == ["box", "arrow"]


def test_a_drawing_that_is_none_keeps_no_note(scene, reviewer):
    with pytest.raises(DecisionRefused, match="a shape is one of pen, arrow, box, region"):
        write(scene, reviewer, drawing=[{"kind": "script", "points": [[0, 0]]}])
    assert not Note.objects.exists()


def test_a_thread_keeps_who_answered_resolved_and_opened_again(scene, reviewer, restorer):
    note = write(scene, reviewer)
    notes.answer(note, by=restorer, text="It is in the print.")
    notes.resolve(note, by=restorer)
    note.refresh_from_db()
    assert note.resolved_by == restorer
    with pytest.raises(DecisionRefused, match=f"{restorer} has resolved it already"):
        notes.resolve(note, by=reviewer)
    notes.reopen(note, by=reviewer)
    note.refresh_from_db()
    assert (note.resolved, note.resolved_by) == (None, None)
    turns = [(turn.kind, turn.by) for turn in note.answers.all()]
    assert turns == [("answer", restorer), ("resolved", restorer), ("reopened", reviewer)]


def test_who_may_not_write_may_not_answer(scene, reviewer, researcher):
    note = write(scene, reviewer)
    with pytest.raises(NotAllowed):
        notes.answer(note, by=researcher, text="hm")


def test_who_is_called_on_finds_it_on_today_until_they_answer(scene, client, reviewer):
    anna = factories.make_user("restorer", name="anna")
    note = write(scene, reviewer, text="Is this dirt, @Anna?")
    client.force_login(anna)
    address = f"{reverse('scene', args=[scene.pk])}#frame=3"
    assert address in client.get("/").content.decode()
    notes.answer(note, by=anna, text="No, a button.")
    assert address not in client.get("/").content.decode()
    notes.answer(note, by=reviewer, text="Sure, @anna.")
    assert [mention.person for mention in notes.mentions_of(anna)] == [anna]
    notes.resolve(note, by=reviewer)
    assert notes.mentions_of(anna) == []


def test_a_name_of_nobody_is_told_and_outsiders_are_not_called_on(scene, client, reviewer):
    factories.make_user("researcher", name="ruth")
    client.force_login(reviewer)
    sent = {"first": 0, "last": 1, "text": "see @ruth and @nobody, mail a@anna.org"}
    page = client.post(reverse("add-note", args=[scene.pk]), sent, follow=True).content.decode()
    assert "Nobody who reviews it is called @ruth, @nobody" in page
    assert not Note.objects.get().mentions.exists()


def test_a_box_becomes_a_protected_region_in_the_notes_frames(scene, reviewer):
    note = write(scene, reviewer, drawing=[ARROW, BOX])
    region = notes.protect(note, 1, scene, by=reviewer)
    assert (region.start_frame, region.end_frame, region.box) == (3, 6, (4, 6, 17, 11))
    assert region.by == reviewer
    with pytest.raises(DecisionRefused, match="only a box or a region"):
        notes.protect(note, 0, scene, by=reviewer)
    assert ProtectedRegion.objects.count() == 1


def test_a_shape_with_a_colour_becomes_a_hint_that_reaches_nowhere_else(scene, reviewer):
    note = write(scene, reviewer, drawing=[BOX, ARROW])
    made = notes.hint(note, 0, scene, by=reviewer)
    assert {(hint.frame, hint.red, hint.green, hint.blue) for hint in made} == {(3, 176, 82, 58)}
    for hint in Hint.objects.all():
        assert hint.x >= 4 and hint.x + hint.width <= 21
        assert hint.y >= 6 and hint.y + hint.height <= 17
    covered = sum(hint.width * hint.height for hint in made)
    assert covered > 0.6 * 17 * 11
    with pytest.raises(DecisionRefused, match="no colour"):
        notes.hint(note, 1, scene, by=reviewer)


def test_notes_leave_as_a_table_that_no_spreadsheet_runs(scene, client, reviewer, restorer):
    note = write(scene, reviewer, text='=HYPERLINK("http://x")', drawing=[BOX, ARROW])
    notes.answer(note, by=restorer, text="@SUM(1)")
    client.force_login(reviewer)
    answer = client.get(reverse("notes-file", args=[scene.scan.reel_id, "csv"]))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["kind"] for row in rows] == ["note", "answer"]
    assert rows[0]["text"].startswith("'=") and rows[1]["text"].startswith("'@")
    assert (rows[0]["first frame"], rows[0]["last frame"], rows[0]["scene"]) == ("3", "5", "1")
    assert rows[0]["drawing"] == "1 arrow, 1 box"
    assert client.get(f"/reels/{scene.scan.reel_id}/notes.exe").status_code == 404


def test_notes_leave_as_markers_with_thread_and_drawing(scene, reviewer, restorer):
    note = write(scene, reviewer, text="a hair\nin the gate", drawing=[BOX])
    notes.answer(note, by=restorer, text="mended")
    notes.resolve(note, by=restorer)
    data, _ = note_files.write(scene.scan, "otio")
    timeline = otio.adapters.read_from_string(data.decode(), "otio_json")
    (marker,) = timeline.tracks[0][0].markers
    assert marker.comment == "a hair\nin the gate"
    assert (marker.marked_range.start_time.value, marker.marked_range.duration.value) == (3, 3)
    clip = json.loads(data)["tracks"]["children"][0]["children"][0]
    facts = clip["markers"][0]["metadata"]["reelproof"]
    assert facts["resolved_by"] == restorer.username
    assert [turn["kind"] for turn in facts["thread"]] == ["answer", "resolved"]
    assert facts["drawing"][0]["kind"] == "box"


def test_notes_leave_as_pages(scene, reviewer):
    pen = {"kind": "pen", "points": [[1, 1], [5, 9], [20, 20]]}
    region = {"kind": "region", "points": [[1, 1], [50, 9], [20, 40]]}
    for number in range(12):
        write(scene, reviewer, text=f"note {number} <&>", drawing=[BOX, ARROW, pen, region])
    data, media_type = note_files.write(scene.scan, "pdf")
    assert (data[:5], media_type) == (b"%PDF-", "application/pdf")
    assert data == note_files.write(scene.scan, "pdf")[0]


def test_drawings_lie_on_their_frame_unless_the_film_is_under_embargo(tmp_path, reviewer):
    scan = current_scan(make_scanned_reel(tmp_path, frames=6, width=64, height=48))
    where = factories.make_scene(scan=scan, frames=(0, 6))
    write(where, reviewer, drawing=[BOX])
    write(where, reviewer, text="no drawing", frames=(4, 5))
    sheet = note_files.sheet_of(scan)
    assert (sheet.picture(3) or b"")[1:4] == b"PNG" and not sheet.pictureless
    data, _ = note_files.write(scan, "pdf")
    until = date.today() + timedelta(days=9)
    Rights.objects.create(title=scan.reel.title, statement="https://x.org/1/", embargo=until)
    sheet = note_files.sheet_of(scan)
    assert sheet.picture(3) is None and str(until) in sheet.pictureless
    held, _ = note_files.write(scan, "pdf")
    assert len(data) > len(held) + 1000, "the frame is in the one, and not in the other"


def test_without_a_script_the_page_comes_back_and_says_so(scene, client, reviewer):
    client.force_login(reviewer)
    note = write(scene, reviewer)
    sent = {"text": "yes", "scene": scene.pk}
    answer = client.post(reverse("answer-note", args=[note.pk]), sent)
    assert answer.headers["Location"] == f"/scenes/{scene.pk}/#frame=3"
    page = client.post(
        reverse("resolve-note", args=[note.pk]), {"scene": scene.pk}, headers={"HX-Request": "true"}
    ).content.decode()
    assert page.startswith('<section id="notes"') and "Open again" in page


def test_what_was_refused_stays_in_the_form(scene, client, reviewer):
    client.force_login(reviewer)
    sent = {"first": 9, "last": 2, "text": "a long thought", "drawing": json.dumps([BOX])}
    page = client.post(
        reverse("add-note", args=[scene.pk]), sent, headers={"HX-Request": "true"}
    ).content.decode()
    assert "The last frame lies before the first." in page
    assert "a long thought</textarea>" in page and "#b0523a" in page
