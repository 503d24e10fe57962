"""Trash, tables, examinations, fixity, roles and events by hand: an archivist's acts by a
program."""

from __future__ import annotations

import base64
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from archive import custody
from archive.models import AccessToken, Collection, CollectionRole, Event, FixityCheck, Title
from restoration.models import CollectionQuota
from tests import factories
from tests.api.asking import program

pytestmark = pytest.mark.django_db


def test_a_reel_goes_to_the_trash_is_held_and_comes_back(settings):
    settings.TRASH_DAYS = 30
    asked, scan = program("archivist"), factories.make_scan()
    path = f"reels/{scan.reel_id}"
    assert asked.post(f"{path}/trash").status_code == 400, "say why"
    key = {"Idempotency_Key": "once"}
    put = asked.post(f"{path}/trash", {"reason": "a double"}, **key)
    assert put.status_code == 201, put.content
    again = asked.post(f"{path}/trash", {"reason": "a double"}, **key)
    assert again.json() == put.json() and again.headers["Idempotent-Replayed"] == "true"
    assert asked.get(path).status_code == 404
    (lies,) = asked.get(f"trash?act={put.json()[0]['act']}").json()["results"]
    assert lies["id"] == scan.reel_id and lies["empties"] and lies["reason"] == "a double"
    there = f"trash/{scan.reel_id}"
    held = asked.post(f"{there}/hold", {"reason": "a question of rights"}).json()
    assert (held["held_by"], held["empties"]) == (asked.owner.username, None)
    assert asked.get(there).json() == held
    assert asked.ask("DELETE", there).status_code == 405, "nobody empties it before its time"
    assert asked.post(f"{there}/hold").json()["empties"]
    assert asked.post(f"{there}/restore").status_code == 204
    assert asked.get(path).status_code == 200 and asked.get(there).status_code == 404


def test_what_is_worked_on_is_not_put_in_the_trash_and_a_whole_title_is():
    asked, scan = program("archivist"), factories.make_scan()
    other = factories.make_reel(element=scan.reel.element, number=2)
    run = factories.make_run(scene=factories.make_scene(scan=scan))
    said = {"reason": "a double", "whole_title": True}
    refused = asked.post(f"reels/{other.pk}/trash", said)
    assert refused.status_code == 409 and "under way" in refused.json()["detail"]
    run.__class__.objects.update(status="cancelled")
    put = asked.post(f"reels/{other.pk}/trash", said).json()
    assert {row["id"] for row in put} == {scan.reel_id, other.pk}


TABLE = "Film,date,gauge\nHarbour Day,1926,35 mm\nNight,ca. 1926,\n"


def table(text: str = TABLE, **more: object) -> dict[str, object]:
    sent = base64.b64encode(text.encode()).decode()
    return {"name": "cards.csv", "file": sent, "mapping": {"Film": "title"}} | more


def test_a_table_is_tried_taken_in_gone_on_with_and_taken_back():
    asked = program("archivist")
    tried = asked.post("imports", table(dry_run=True)).json()
    assert (tried["import"], tried["dry_run"], tried["counts"]["new"]) == (None, True, 1)
    assert not Title.objects.exists()
    made = asked.post("imports", table()).json()
    assert [row["outcome"] for row in made["rows"]] == ["new", "refused"]
    assert made["rows"][1]["row"] == 3 and "EDTF" in made["rows"][1]["reasons"][0]
    mended = asked.post("imports", table(TABLE.replace("ca. 1926", "1926~"))).json()
    assert [row["outcome"] for row in mended["rows"]] == ["unchanged", "new"]
    listed = asked.get("imports").json()["results"]
    assert [row["id"] for row in listed] == [mended["import"], made["import"]]
    assert (listed[0]["file"], listed[0]["by"]) == ("cards.csv", asked.owner.username)
    undone = asked.post(f"imports/{mended['import']}/undo")
    assert undone.json() == {"restored": 0, "removed": 1, "kept": 0}
    assert [title.name for title in Title.objects.all()] == ["Harbour Day"]
    assert asked.get(f"imports/{mended['import']}").json()["undone"] is True
    assert asked.post(f"imports/{mended['import']}/undo").status_code == 422


@pytest.mark.slow
def test_a_table_that_is_none_is_refused_whole():
    asked = program("archivist")
    for wrong, status in (
        ({"name": "cards.exe"}, 400), ({"name": "../cards.csv"}, 400), ({"file": "?"}, 400),
        ({"mapping": {"Film": "height"}}, 400), ({"mapping": {}}, 422),
        ({"name": "cards.xlsx"}, 422),
    ):  # fmt: skip
        answer = asked.post("imports", table() | wrong)
        assert answer.status_code == status, f"{wrong}: {answer.content}"
    many = asked.post("imports", table("Film\n" + "A\n" * 2001))
    assert many.status_code == 400 and "import_catalogue" in many.content.decode()
    assert not Event.objects.filter(kind="catalogue import").exists()


def test_who_is_less_in_one_collection_takes_no_table_in():
    asked = program("archivist")
    factories.give_role(asked.owner, "reviewer", Collection.objects.create(name="Of a family"))
    refused = asked.post("imports", table())
    assert refused.status_code == 403 and "every collection" in refused.json()["detail"]


def test_an_examination_is_entered_with_its_photographs(settings, tmp_path):
    settings.MEDIA_HOME = tmp_path
    asked, reel = program("archivist"), factories.make_reel()
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 30, 30)).save(picture, "PNG")
    fault = {"kind": "scratches", "grade": 3, "where": "head",
             "photograph": base64.b64encode(picture.getvalue()).decode()}  # fmt: skip
    said = {"on": "2024-05-01", "examined_by": "Anna Moe", "shrinkage": "0.8", "faults": [fault]}
    path = f"reels/{reel.pk}/conditions"
    unknown = asked.post(path, said | {"faults": [fault, fault | {"kind": "scratchez"}]})
    assert unknown.status_code == 400 and not reel.conditions.exists()
    assert unknown.json()["errors"][0]["pointer"] == "/faults/1/kind", unknown.content
    no_picture = asked.post(path, said | {"faults": [fault | {"photograph": "AAAA"}]})
    assert no_picture.json()["errors"][0]["pointer"] == "/faults/0/photograph"
    made = asked.post(path, said)
    assert made.status_code == 201, made.content
    assert asked.get(path).json()["results"] == [made.json()]
    address = made.json()["faults"][0]["photograph"].removeprefix("/api/v1/")
    shown = asked.get(address)
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(shown.content)).size == (60, 40)
    assert custody.verify_chain(f"reel:{reel.pk}") == []


def test_what_happened_before_the_system_is_entered_by_hand():
    asked, reel = program("archivist"), factories.make_reel()
    said = {"kind": "transfer", "when": "1952~", "who": "The studio", "certainty": "likely",
            "source": "accession ledger 1952, page 14"}  # fmt: skip
    assert asked.post(f"reels/{reel.pk}/events", said | {"when": "about 1952"}).status_code == 400
    made = asked.post(f"reels/{reel.pk}/events", said)
    assert made.status_code == 201 and made.json()["detail"]["when"] == "1952~"
    assert asked.get(f"reels/{reel.pk}/events?kind=transfer").json()["results"] == [made.json()]
    assert custody.verify_chain(f"reel:{reel.pk}") == []


def test_fixity_is_reported_and_a_check_asked_for(settings, django_capture_on_commit_callbacks):
    settings.FIXITY_DAYS = 90
    asked, scan, other = program("archivist"), factories.make_scan(), factories.make_scan()
    for outcome in ("changed", "intact"):
        scan.checks.create(outcome=outcome, detail={"words": "frame 500"})
    FixityCheck.objects.update(at=timezone.now() - timedelta(days=100))
    told = asked.get("fixity").json()
    assert told == {
        "days": 90, "scans": 2, "never_checked": 1, "due": 1, "storages": [],
        "newest": {"intact": 1, "changed": 0, "missing": 0, "unreadable": 0},
    }  # fmt: skip
    (found,) = asked.get("fixity-checks?outcome=changed").json()["results"]
    assert (found["scan"], found["detail"]) == (scan.pk, {"words": "frame 500"})
    assert asked.get(f"fixity-checks/{found['id']}").json() == found
    with django_capture_on_commit_callbacks() as asked_of_workers:
        assert asked.post(f"scans/{other.pk}/check").status_code == 202
    other.refresh_from_db()
    assert other.fixity_asked and len(asked_of_workers) == 1


def test_roles_in_a_collection_are_given_and_taken_back_with_the_scope_for_it():
    kept_in, person = Collection.objects.create(name="Of a family"), factories.make_user("reviewer")
    asked, path = program("archivist"), f"collections/{kept_in.pk}/roles"
    said = {"person": person.username, "role": "restorer"}
    AccessToken.objects.update(scopes=["read", "write", "decide", "deliver"])
    assert asked.post(path, said).status_code == 403, "to give roles is a scope of its own"
    AccessToken.objects.update(scopes=["read", "roles"])
    made = asked.post(path, said)
    assert made.status_code == 201 and made.json()["given_by"] == asked.owner.username
    assert asked.get(path).json()["results"] == [made.json()]
    for wrong, status in (
        ({"person": "nobody"}, 400), ({"role": "king"}, 400),
        ({"person": asked.owner.username}, 422),
    ):  # fmt: skip
        assert asked.post(path, said | wrong).status_code == status, wrong
    assert asked.ask("DELETE", f"{path}/{made.json()['id']}").status_code == 204
    assert not CollectionRole.objects.exists()
    assert Event.objects.filter(subject=f"collection:{kept_in.pk}").count() == 2


def quota(kept_in: Collection) -> CollectionQuota:
    scene = factories.make_scene()
    Title.objects.filter(elements__reels=scene.scan.reel).update(collection=kept_in)
    factories.make_take(scene=scene, bytes=700)
    begun = timezone.now() - timedelta(minutes=30)
    factories.make_run(
        scene=scene, status="failed", error="no room", device="cuda", started=begun,
        ended=begun + timedelta(minutes=12),
    )  # fmt: skip
    return CollectionQuota.objects.create(collection=kept_in, gpu_minutes=60, running_runs=2)


def test_quotas_say_what_is_used_in_a_fixed_number_of_questions():
    asked = program("restorer")
    first = quota(Collection.objects.create(name="A"))
    (told,) = asked.get("quotas").json()["results"]
    assert told == {
        "id": first.pk, "collection": first.collection_id, "disk_bytes": None, "used_bytes": 700,
        "running_runs": 2, "computing": 0, "gpu_minutes": 60, "used_gpu_minutes": 12.0,
    }  # fmt: skip
    CollectionQuota.objects.create(collection=Collection.objects.create(name="Empty"))
    assert len(asked.get("quotas").json()["results"]) == 1, "of it nothing is seen"
    counts = []
    for name in ("B", "C"):
        quota(Collection.objects.create(name=name))
        with CaptureQueriesContext(connection) as found:
            asked.get("quotas")
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_the_vocabularies_are_listed():
    asked = program("researcher")
    known = asked.get("terms?vocabulary=gauge&retired=false").json()["results"]
    assert "35 mm" in {term["label"] for term in known}
    assert {term["vocabulary"] for term in known} == {"gauge"}
    assert asked.get("terms?retired=true").json()["results"] == []
