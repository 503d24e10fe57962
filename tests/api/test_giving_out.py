"""Links for guests, deliveries tried again, what left taken back, searches kept, folders sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from archive.models import Upload
from restoration.storage import storage
from review.models import Deliverable, SavedSearch, ShareLink
from tests import factories
from tests.api.asking import program

pytestmark = pytest.mark.django_db


def test_a_guests_link_is_made_shown_once_and_revoked():
    asked, scene = program("reviewer"), factories.make_scene()
    storage().folder(factories.make_take(scene=scene).storage_key).mkdir(parents=True)
    said = {"reel": scene.scan.reel_id, "guest": "Ada Byron", "days": 3, "password": "open"}
    assert asked.post("guest-links", said | {"days": 0}).status_code == 400
    assert asked.post("guest-links", said | {"scene": 999_999}).status_code == 422
    key = {"Idempotency_Key": "once"}
    made = asked.post("guest-links", said, **key)
    assert made.status_code == 201, made.content
    address, link = made.json()["address"], ShareLink.objects.get()
    assert Client().get(address.removeprefix("http://testserver")).status_code == 200
    assert made.json()["has_password"] and made.json()["shown"][0]["scene"] == scene.pk
    again = asked.post("guest-links", said, **key)
    assert again.headers["Idempotent-Replayed"] == "true" and again.json()["address"] is None
    secret = address.rstrip("/").rsplit("/", 1)[-1]
    for path in ("guest-links", f"guest-links/{link.pk}"):
        assert secret not in asked.get(path).content.decode()
    assert asked.get(f"guest-links/{link.pk}").json()["closed"] == ""
    assert asked.ask("DELETE", f"guest-links/{link.pk}").status_code == 204
    assert "revoked" in asked.get(f"guest-links/{link.pk}").json()["closed"]
    assert asked.ask("DELETE", f"guest-links/{link.pk}").status_code == 409
    assert asked.get("guest-links?revoked=false").json()["results"] == []


def test_what_left_is_taken_back_with_a_reason():
    asked, scan = program("archivist"), factories.make_scan()
    left = scan.reel.deliverables.create(
        scan=scan, format="otio", use="exhibition", record={}, files=[], by=asked.owner
    )
    path = f"deliverables/{left.pk}"
    assert asked.post(f"{path}/withdraw").status_code == 400
    back = asked.post(f"{path}/withdraw", {"reason": "a wrong name in it"})
    assert back.status_code == 200 and back.json()["unavailable"]
    assert asked.post(f"{path}/withdraw", {"reason": "again"}).status_code == 409
    assert Deliverable.objects.count() == 1, "nothing of it is removed"


def test_a_delivery_is_tried_again_only_if_it_may_leave_now():
    asked, scan = program("archivist"), factories.make_scan()
    told = {"scan": scan, "format": "otio", "use": "exhibition", "by": asked.owner}
    made = scan.reel.deliveries.create(**told, status="failed", error="no room")
    again = asked.post(f"deliveries/{made.pk}/retry")
    assert again.status_code == 422 and again.json()["errors"], "the policy is asked anew"
    assert asked.post("deliveries/999999/retry").status_code == 404


def test_searches_are_kept_and_forgotten():
    asked, other = program("researcher"), program("researcher")
    assert asked.post("searches", {"query": "   "}).status_code == 400
    made = asked.post("searches", {"query": '"thank you"'})
    assert made.status_code == 201, made.content
    path = f"searches/{made.json()['id']}"
    assert asked.get(path).json() == made.json()
    assert other.get(path).status_code == 404 and other.ask("DELETE", path).status_code == 404
    asked.post("searches", {"query": '"thank you"'})
    assert SavedSearch.objects.count() == 1, "kept once"
    assert asked.ask("DELETE", path).status_code == 204
    assert asked.get("searches").json()["results"] == []


FRAMES = [{"name": f"f{number}.png", "bytes": 3, "modified": 1} for number in (2, 1)]


def send(asked: Any, path: str, data: bytes, offset: int = 0) -> Any:
    headers = {"Authorization": f"Bearer {asked.made.secret}", "Upload-Offset": str(offset)}
    kind = "application/offset+octet-stream"
    return Client().generic("PATCH", f"/api/v1/{path}", data, kind, headers=headers)


def test_a_folder_is_announced_sent_file_by_file_and_taken_in_as_one(
    settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
):
    settings.UPLOAD_HOME, settings.MASTER_HOME = tmp_path / "uploads", tmp_path / "masters"
    asked = program("archivist")
    said = {"name": "Harbour Day", "title": "Harbour Day", "rate": "18", "files": FRAMES}
    gap = [*FRAMES, {"name": "f4.png", "bytes": 3}]
    refused = asked.post("uploads/folders", said | {"files": gap})
    assert refused.status_code == 400 and "frame 3 is missing" in refused.json()["detail"]
    made = asked.post("uploads/folders", said)
    assert made.status_code == 201 and made.json()["files"] == 2, made.content
    path = f"uploads/{made.json()['id']}"
    listed = asked.get(f"{path}/frames").json()["results"]
    assert [(each["place"], each["name"]) for each in listed] == [(0, "f1.png"), (1, "f2.png")]
    assert send(asked, f"{path}/frames/0/bytes", b"ab").json()["offset"] == 2
    assert asked.post("uploads/folders", said).json()["id"] == made.json()["id"], "it goes on"
    assert asked.post(f"{path}/finish").status_code == 409, "files are not whole"
    assert send(asked, f"{path}/frames/0/bytes", b"c", 2).json()["offset"] == 3
    assert send(asked, f"{path}/frames/1/bytes", b"abc").status_code == 200
    done = asked.post(f"{path}/finish")
    assert (done.status_code, done.json()["status"]) == (200, "waiting"), done.content
    assert program("archivist").get(f"{path}/frames").status_code == 404, "another's"
    assert Upload.objects.count() == 1
