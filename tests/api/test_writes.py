"""Writes do what the pages do, by the same functions, and are told as they are."""

from __future__ import annotations

import pytest
from django.test import Client

from archive.fixity import sha256_file
from archive.models import AccessToken
from restoration.models import StageRun
from review.models import Approval, Delivery, Note
from tests import factories
from tests.api.asking import Program, program

pytestmark = pytest.mark.django_db


def test_a_decision_is_bound_to_the_digest_of_what_was_seen():
    asked = program("reviewer")
    scene = factories.make_scene()
    take = factories.make_take(scene=scene)
    path = f"scenes/{scene.pk}/approve"
    assert asked.post(path, {"take": take.pk}).status_code == 400, "the digest is needed"
    wrong = asked.post(path, {"take": take.pk, "digest": "0" * 64})
    assert wrong.status_code == 409 and not Approval.objects.exists()
    made = asked.post(path, {"take": take.pk, "digest": take.digest, "seen": 0})
    assert made.status_code == 201, made.content
    approval = Approval.objects.get()
    assert (approval.by, approval.digest) == (asked.owner, take.digest)
    other = program("archivist")
    said = {"take": take.pk, "digest": take.digest, "seen": 0, "comment": "too dark"}
    late = other.post(f"scenes/{scene.pk}/request-changes", said)
    assert late.status_code == 409 and asked.owner.username in late.json()["detail"]
    said["seen"] = approval.pk
    assert other.post(f"scenes/{scene.pk}/request-changes", said).status_code == 201
    newest = Approval.objects.order_by("-pk").first()
    back = other.post(f"approvals/{newest.pk}/withdraw")
    assert back.json()["withdrawn_by"] == other.owner.username
    assert other.post(f"approvals/{newest.pk}/withdraw").status_code == 409


def test_a_stage_is_sent_back_by_itself_and_the_end_of_its_chain_is_then_not_approved():
    asked, scene = program("reviewer"), factories.make_scene()
    first = factories.make_take(scene=scene)
    head = factories.make_take(scene=scene, stage="repair", input_take=first)
    said = {"take": first.pk, "digest": first.digest, "seen": 0, "comment": "it pumps"}
    path = f"scenes/{scene.pk}/request-changes"
    assert asked.post(path, said).status_code == 409, "it is not the end, and alone was not said"
    made = asked.post(path, said | {"alone": True}).json()
    assert made["alone"] and made["version"] == "restoration" and made["stale"] == []
    told = asked.get(f"scenes/{scene.pk}/stages").json()
    assert told["colour"] == []
    assert [(row["stage"], row["state"], row["decision"]) for row in told["restoration"]] == [
        ("deflicker", "changes", made["id"]),
        ("repair", "review", None),
    ]
    whole = {"take": head.pk, "digest": head.digest}
    refused = asked.post(f"scenes/{scene.pk}/approve", whole)
    assert refused.status_code == 409 and "it pumps" in refused.json()["detail"]
    assert asked.get(f"scenes/{scene.pk}").json()["state"] == "changes"
    listed = {alone: asked.get(f"approvals?alone={alone}").json() for alone in ("true", "false")}
    assert [len(listed[alone]["results"]) for alone in ("true", "false")] == [1, 0]
    assert asked.post(f"approvals/{made['id']}/withdraw").status_code == 200
    assert asked.post(f"scenes/{scene.pk}/approve", whole).status_code == 201


def test_runs_are_started_cancelled_and_tried_again():
    asked = program("restorer")
    scene = factories.make_scene()
    order = {"scene": scene.pk, "stages": ["deflicker"], "params": {"deflicker": {}}}
    made = asked.post("runs", order)
    assert made.status_code == 201, made.content
    (run,) = made.json()
    assert (run["status"], run["stage"], run["scene"]) == ("queued", "deflicker", scene.pk)
    assert run["requested_by"] == asked.owner.username
    assert asked.post(f"runs/{run['id']}/cancel").json()["status"] == "cancelled"
    assert asked.post(f"runs/{run['id']}/cancel").status_code == 409
    assert asked.post(f"runs/{run['id']}/retry").json()["status"] == "queued"
    whole = asked.post("runs", {"reel": scene.scan.reel_id, "stages": ["deflicker", "repair"]})
    assert whole.status_code == 201
    wrong = ({"stages": ["nonsense"]}, {"stages": ["deflicker"], "params": {"deflicker": {"x": 1}}})
    for order in wrong:
        refused = asked.post("runs", {"scene": scene.pk} | order)
        assert refused.status_code == 422, refused.content
    assert asked.post("runs", {"stages": ["deflicker"]}).status_code == 400
    assert StageRun.objects.count() == 2


def test_whoever_keeps_the_machine_stops_runs_but_of_what_is_held():
    run = factories.make_run(scene=factories.make_scene())
    asked = program("operator")
    assert asked.get("reels").status_code == 403
    run.scan.reel.title.rights.create(statement="http://x.org/", embargo="2999-01-01")
    assert asked.post(f"runs/{run.pk}/cancel").status_code == 404
    run.scan.reel.title.rights.all().delete()
    assert asked.post(f"runs/{run.pk}/cancel").status_code == 200


def test_notes_are_written_answered_and_resolved():
    asked = program("restorer")
    scene = factories.make_scene()
    box = {"kind": "box", "points": [[1, 1], [9, 9]], "colour": "#ff0000"}
    said = {"scene": scene.pk, "start_frame": 0, "end_frame": 2, "text": "hair", "drawing": [box]}
    made = asked.post("notes", said)
    assert made.status_code == 201, made.content
    path = f"notes/{made.json()['id']}"
    assert made.headers["Location"] == f"/api/v1/{path}"
    assert asked.post(f"{path}/answer", {"text": "gone"}).json()["answers"][0]["text"] == "gone"
    assert asked.post(f"{path}/resolve").json()["resolved_by"] == asked.owner.username
    assert asked.post(f"{path}/resolve").status_code == 409
    assert asked.get("notes?is_open=true").json()["results"] == []
    assert asked.post(f"{path}/reopen").json()["resolved"] is None
    said["drawing"] = [{"kind": "nonsense"}]
    assert asked.post("notes", said).status_code == 409
    assert Note.objects.count() == 1


def test_what_may_not_leave_is_refused_with_every_reason():
    scene = factories.make_scene()
    asked = program("archivist")
    order = {"reel": scene.scan.reel_id, "format": "otio", "use": "exhibition"}
    refused = asked.post("deliveries", order)
    assert refused.status_code == 422
    assert refused.json()["errors"] and not Delivery.objects.exists()
    assert asked.post("deliveries", order | {"use": "nonsense"}).status_code == 422
    assert asked.post("deliveries", order | {"format": "nonsense"}).status_code == 400


@pytest.fixture
def delivered(tmp_path, archivist):
    path = tmp_path / "reel.otio"
    path.write_text("a timeline")
    scan = factories.make_scan()
    files = [{"path": str(path), "sha256": sha256_file(path)}]
    return scan.reel.deliverables.create(
        scan=scan, format="otio", use="exhibition", files=files, record={}, by=archivist
    )


def fetch(address: str):
    """The answer, read to its end."""
    answer = Client().get(address)
    if answer.streaming:
        answer.told = b"".join(answer.streaming_content)
    return answer


def test_a_file_is_fetched_by_an_address_that_ends(delivered, monkeypatch):
    asked = program("archivist")
    shown = asked.get(f"deliverables/{delivered.pk}").json()
    assert shown["files"][0]["name"] == "reel.otio" and "path" not in shown["files"][0]
    made = asked.post(f"deliverables/{delivered.pk}/files/0/link")
    assert made.status_code == 201
    address = made.json()["url"]
    assert asked.made.secret not in address
    answer = fetch(address)
    assert answer.told == b"a timeline"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert fetch(address[:-2] + "xx").status_code == 404
    assert asked.post(f"deliverables/{delivered.pk}/files/1/link").status_code == 404
    AccessToken.objects.update(scopes=["read"])
    assert fetch(address).status_code == 404, "the token may not fetch any more"
    AccessToken.objects.update(scopes=["deliver"])
    delivered.reel.title.rights.create(statement="http://x.org/", embargo="2999-01-01")
    assert fetch(address).status_code == 200, "an archivist's"
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    assert fetch(address).status_code == 404


def test_what_was_withdrawn_is_gone(delivered):
    asked: Program = program("archivist")
    address = asked.post(f"deliverables/{delivered.pk}/files/0/link").json()["url"]
    from review.withdrawals import withdraw

    withdraw(delivered, by=asked.owner, reason="a mistake")
    assert fetch(address).status_code == 410
    assert asked.post(f"deliverables/{delivered.pk}/files/0/link").status_code == 410
