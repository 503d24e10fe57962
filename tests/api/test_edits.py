"""Cuts, hints, corrections, names and films by a program: what the pages do, by the same rules."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from archive import upload_places
from archive.models import Upload
from restoration import transcripts
from restoration.models import FaceTrack, Hint, Scene, TranscriptCorrection
from restoration.speech.transcript import Transcript
from tests import factories
from tests.api.asking import Program, program
from tests.restoration.speech.said import line

pytestmark = pytest.mark.django_db


@pytest.fixture
def homes(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_HOME, settings.MASTER_HOME = tmp_path / "uploads", tmp_path / "masters"


def frames(scan: Any) -> list[tuple[int, int]]:
    current = scan.scenes.current().order_by("start_frame")
    return list(current.values_list("start_frame", "end_frame"))


def test_cuts_are_changed_undone_and_done_again():
    asked, scan = program("restorer"), factories.make_scan()
    first, second = factories.make_scenes(scan)
    before, middle = frames(scan), first.start_frame + 2
    split = asked.post(f"scenes/{first.pk}/split", {"frame": middle})
    assert split.status_code == 201, split.content
    edit = split.json()
    assert (edit["frame"], edit["by"], edit["undone"]) == (middle, asked.owner.username, None)
    assert frames(scan)[0] == (first.start_frame, middle)
    gone = asked.post(f"scenes/{first.pk}/split", {"frame": middle + 1})
    assert gone.status_code == 409, "the scene that was seen is another by now"
    for step, there in (("undo", before), ("redo", [(0, middle)])):
        answer = asked.post(f"edits/{edit['id']}/{step}")
        assert answer.status_code == 200 and frames(scan)[: len(there)] == there
    assert asked.post(f"edits/{edit['id']}/redo").status_code == 422, "it stands already"
    newest = scan.scenes.current().order_by("start_frame")
    one = newest[0]
    key = {"Idempotency_Key": "once"}
    merged = asked.post(f"scenes/{one.pk}/merge", **key)
    again = asked.post(f"scenes/{one.pk}/merge", **key)
    assert merged.status_code == 201 and frames(scan) == before
    assert again.json() == merged.json() and again.headers["Idempotent-Replayed"] == "true"
    whole = newest.get(start_frame=second.start_frame)
    moved = asked.post(f"scenes/{whole.pk}/move-cut", {"frame": whole.start_frame - 1})
    assert moved.status_code == 201, moved.content
    there = Scene.objects.current().get(scan=scan, start_frame=whole.start_frame - 1)
    for act, said in (
        ("border", {"transition": "dissolve"}),
        ("mark", {"frame": there.start_frame + 1, "mark": "cut", "holds": True}),
    ):
        assert asked.post(f"scenes/{there.pk}/{act}", said).status_code == 400, act
    said = {"frame": there.start_frame + 1, "mark": "splice", "holds": True}
    assert asked.post(f"scenes/{there.pk}/mark", said).status_code == 201
    assert asked.get(f"edits?reel={scan.reel_id}").json()["results"][-1]["kind"]


def test_hints_are_painted_and_taken_back_by_the_stroke():
    asked, scene = program("reviewer"), factories.make_scene()
    said = {"scene": scene.pk, "frame": scene.start_frame, "places": [[4, 4], [12, 4]],
            "size": 3, "colour": "#C08040"}  # fmt: skip
    made = asked.post("hints", said)
    assert made.status_code == 201, made.content
    assert {each["colour"] for each in made.json()} == {"#c08040"} and len(made.json()) == 2
    assert len(asked.get(f"hints?scene={scene.pk}").json()["results"]) == 2
    outside = asked.post("hints", said | {"frame": scene.end_frame})
    assert outside.status_code == 422 and "Nothing was painted" in outside.json()["detail"]
    assert asked.post("hints", said | {"colour": "red"}).status_code == 400
    assert asked.ask("DELETE", f"hints/{made.json()[0]['id']}").status_code == 204
    assert not Hint.objects.standing().exists()
    assert asked.ask("DELETE", f"hints/{made.json()[1]['id']}").status_code == 404


def test_lines_are_corrected_as_they_were_seen():
    asked, scan = program("reviewer"), factories.make_scan(frames=48, rate=16)
    said = Transcript((line("The cat is in", 0.2, 1.0), line("Thank you", 1.2, 2.0)), "en")
    kept = transcripts.keep(scan, said, source="tiny.en", maker="machine")
    text = {"transcript": kept.pk, "kind": "text", "keys": ["m0"], "text": "The catch is in"}
    assert asked.post("corrections", text).status_code == 400, "say how it read"
    late = asked.post("corrections", text | {"seen": "The dog is in"})
    assert late.status_code == 422 and "The cat is in" in late.json()["detail"]
    made = asked.post("corrections", text | {"seen": "The cat is in"})
    assert made.status_code == 201, made.content
    shown = [each.text for each in transcripts.layered(kept).shown]
    assert shown == ["The catch is in", "Thank you"]
    put_in = {"transcript": kept.pk, "kind": "add", "text": "Haul", "start_frame": 40}
    assert asked.post("corrections", put_in | {"end_frame": 49}).status_code == 422, "past its end"
    assert asked.post("corrections", put_in | {"end_frame": 48}).status_code == 201
    both = {"transcript": kept.pk, "kind": "merge", "keys": ["m0"], "seen": "The catch is in"}
    assert asked.post("corrections", both).status_code == 400
    back = asked.ask("DELETE", f"corrections/{made.json()['id']}")
    assert back.json()["withdrawn_by"] == asked.owner.username
    assert asked.get("corrections?stands=true").json()["results"][0]["kind"] == "add"
    transcripts.keep(scan, said, source="small.en", maker="machine")
    older = asked.post("corrections", text | {"seen": "The cat is in"})
    assert older.status_code == 409 and TranscriptCorrection.objects.count() == 2


def test_faces_are_named_renamed_and_named_no_more(settings):
    asked, run = (
        program("restorer"),
        factories.make_run(
            scene=factories.make_scene(), stage="attribute", status="done", findings={}
        ),
    )
    scan = run.scan
    face = FaceTrack.objects.create(
        scan=scan, run=run, number=1, person=1, start_frame=0, end_frame=4, best_frame=1,
        box=[1, 1, 5, 5],
    )  # fmt: skip
    named = asked.post(f"faces/{face.pk}/name", {"name": "Anna", "actor": "A. Moe"})
    assert named.status_code == 200, named.content
    assert named.json()["namings"][0]["by"] == asked.owner.username
    (shown,) = asked.get(f"reels/{scan.reel_id}/faces").json()["results"]
    assert (shown["name"], shown["named_by"]) == ("Anna", asked.owner.username)
    (anna,) = asked.get(f"reels/{scan.reel_id}/characters").json()["results"]
    path = f"reels/{scan.reel_id}/characters/{anna['id']}/rename"
    renamed = asked.post(path, {"name": "Anne"})
    assert renamed.status_code == 200 and renamed.json()["name"] == "Anne"
    naming = named.json()["namings"][0]["id"]
    assert asked.ask("DELETE", f"namings/{naming}").status_code == 204
    assert asked.ask("DELETE", f"namings/{naming}").status_code == 404
    settings.BIOMETRICS = False
    refused = asked.get(f"reels/{scan.reel_id}/faces")
    assert refused.status_code == 409 and "switched off" in refused.json()["detail"]


def test_a_film_is_sent_in_pieces_and_goes_on_where_it_stopped(
    homes, django_capture_on_commit_callbacks
):
    asked, data = program("archivist"), b"not a film at all"
    said = {"name": "a.mov", "length": len(data), "title": "Harbour Day", "rate": "18"}
    assert asked.post("uploads", said | {"length": 0}).status_code == 400
    made = asked.post("uploads", said)
    assert made.status_code == 201, made.content
    path = f"uploads/{made.json()['id']}"
    assert send(asked, path, data[:9], 0).json()["offset"] == 9
    assert send(asked, path, data[:9], 0).status_code == 409, "that piece is there already"
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert send(asked, path, data[9:], 9, wrong).status_code == 460
    assert asked.get(path).json()["offset"] == 9
    assert send(asked, path, data[9:], "x").status_code == 400
    assert asked.patch(f"{path}/bytes", {}).status_code == 415
    right = base64.b64encode(hashlib.sha256(data[9:]).digest()).decode()
    done = send(asked, path, data[9:], 9, right)
    assert (done.status_code, done.json()["status"]) == (200, "waiting")
    upload = Upload.objects.get()
    assert upload_places.master_path(upload).read_bytes() == data
    assert asked.ask("DELETE", path).status_code == 409, "it is being taken in"
    assert Program(factories.make_user("archivist")).get(path).status_code == 404, "another's"
    Upload.objects.update(status="failed", error="no film")
    assert asked.post(f"{path}/retry", {"rate": "nonsense"}).status_code == 400
    assert asked.post(f"{path}/retry", {"rate": "24"}).json()["status"] == "waiting"


def send(asked: Program, path: str, data: bytes, offset: Any, digest: str = "") -> Any:
    headers = {"Authorization": f"Bearer {asked.made.secret}", "Upload-Offset": str(offset)}
    headers |= {"Upload-Checksum": f"sha256 {digest}"} if digest else {}
    kind = "application/offset+octet-stream"
    return Client().generic("PATCH", f"/api/v1/{path}/bytes", data, kind, headers=headers)
