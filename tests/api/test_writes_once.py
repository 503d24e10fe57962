"""No update is lost, and nothing is done twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from archive.models import Event, StoredAnswer
from review.models import Note
from tests import factories
from tests.api.asking import Program, program

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> Program:
    return program("archivist")


@pytest.fixture
def title():
    return factories.make_scan().reel.title


def test_a_description_is_changed_by_whoever_saw_how_it_stands(asked, title):
    title.credits.create(role="director", name="A. Guy")
    seen = asked.get(f"titles/{title.pk}")
    change = {
        "year": "1926~",
        "credits": [{"role": "director", "name": "Alice Guy"}, {"role": "writer", "name": "B."}],
        "rights": [{"statement": "http://rightsstatements.org/vocab/InC/1.0/"}],
    }
    changed = asked.patch(f"titles/{title.pk}", change, If_Match=seen.headers["ETag"])
    assert changed.status_code == 200, changed.content
    told = changed.json()
    assert told["year"] == "1926~" and told["name"] == title.name
    assert [each["name"] for each in told["credits"]] == ["Alice Guy", "B."]
    assert changed.headers["ETag"] == asked.get(f"titles/{title.pk}").headers["ETag"]
    event = Event.objects.get(kind="metadata modification")
    assert event.agent.user == asked.owner
    assert event.detail["changes"]["year"] == ["", "1926~"]
    emptied = asked.patch(
        f"titles/{title.pk}", {"credits": []}, If_Match=changed.headers["ETag"]
    ).json()
    assert emptied["credits"] == [] and len(emptied["rights"]) == 1


def test_a_change_of_what_somebody_else_changed_is_refused(asked, title):
    seen = asked.get(f"titles/{title.pk}").headers["ETag"]
    other = program("archivist")
    assert other.patch(f"titles/{title.pk}", {"notes": "mine"}, If_Match=seen).status_code == 200
    late = asked.patch(f"titles/{title.pk}", {"notes": "yours"}, If_Match=seen)
    assert late.status_code == 412
    assert asked.get(f"titles/{title.pk}").json()["notes"] == "mine"
    assert asked.patch(f"titles/{title.pk}", {"notes": "x"}).status_code == 428


def test_what_the_forms_refuse_is_refused_with_the_place(asked, title):
    seen = asked.get(f"titles/{title.pk}").headers["ETag"]
    wrong = {"year": "the twenties", "credits": [{"role": "no such role", "name": "A"}]}
    refused = asked.patch(f"titles/{title.pk}", wrong, If_Match=seen)
    assert refused.status_code == 400
    places = {each["pointer"] for each in refused.json()["errors"]}
    assert places == {"/year", "/credits/0/role"}
    assert asked.get(f"titles/{title.pk}").headers["ETag"] == seen


def test_each_part_of_a_description_is_changed_at_its_own_address(asked):
    scan = factories.make_scan()
    reel = scan.reel
    changes = {
        f"elements/{reel.element_id}": ("gauge", "35 mm"),
        f"reels/{reel.pk}": ("location", "shelf 3"),
        f"scans/{scan.pk}": ("scanner", "Arriscan"),
    }
    for path, (name, value) in changes.items():
        seen = asked.get(path).headers["ETag"]
        changed = asked.patch(path, {name: value}, If_Match=seen)
        assert changed.status_code == 200, changed.content
        assert changed.json()[name] == value
    older = scan
    factories.make_scan(reel=reel)
    seen = asked.get(f"scans/{older.pk}").headers["ETag"]
    assert asked.patch(f"scans/{older.pk}", {"remarks": "x"}, If_Match=seen).status_code == 409


def test_what_did_not_change_is_not_sent_again(asked, title):
    seen = asked.get(f"titles/{title.pk}").headers["ETag"]
    again = asked.get(f"titles/{title.pk}", If_None_Match=seen)
    assert again.status_code == 304 and again.content == b""


def write_note(asked: Program, scene, key: str, text: str = "dust"):
    said = {"scene": scene.pk, "start_frame": 0, "end_frame": 1, "text": text}
    return asked.post("notes", said, Idempotency_Key=key)


def test_the_same_write_again_is_answered_as_before_and_done_once(asked):
    scene = factories.make_scene()
    first, again = write_note(asked, scene, "k1"), write_note(asked, scene, "k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json() and Note.objects.count() == 1
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert write_note(asked, scene, "k1", "hair").status_code == 409
    assert write_note(Program(asked.owner), scene, "k1").status_code == 201, "another token's key"
    assert write_note(asked, scene, "k2").status_code == 201
    assert Note.objects.count() == 3


def test_a_refusal_is_not_kept(asked):
    scene = factories.make_scene(frames=(0, 1))
    assert write_note(asked, scene, "k1", "@nobody").status_code == 201
    said = {"scene": scene.pk, "start_frame": 5, "end_frame": 6, "text": "dust"}
    assert asked.post("notes", said, Idempotency_Key="k2").status_code == 409
    assert not StoredAnswer.objects.filter(key="k2").exists()


def test_a_key_is_forgotten_after_a_day(asked):
    scene = factories.make_scene()
    write_note(asked, scene, "k1")
    StoredAnswer.objects.update(at=timezone.now() - timedelta(hours=25))
    assert "Idempotent-Replayed" not in write_note(asked, scene, "k1").headers


def test_what_was_answered_is_not_told_to_whoever_may_not_see_it_any_more():
    scene = factories.make_scene()
    asked = program("reviewer")
    note = write_note(asked, scene, "k").json()["id"]
    said = {"text": "yes"}
    assert asked.post(f"notes/{note}/answer", said, Idempotency_Key="a").status_code == 200
    scene.scan.reel.title.rights.create(statement="http://x.org/", embargo="2999-01-01")
    assert asked.post(f"notes/{note}/answer", said, Idempotency_Key="a").status_code == 404


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_ten_at_the_same_time_one_is_done(asked):
    scene = factories.make_scene()
    answers = []

    def ask() -> None:
        answers.append(write_note(asked, scene, "k1"))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {answer.status_code for answer in answers} == {201}
    assert Note.objects.count() == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 9
