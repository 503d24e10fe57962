"""What administrators keep: words, members of closed collections, quotas, second copies."""

from __future__ import annotations

import pytest

from archive import second_copies
from archive.models import Collection, Event, Reel, Title
from restoration.models import CollectionQuota
from tests import factories
from tests.api.asking import Program, program

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> Program:
    asked = program("")
    asked.owner.is_superuser = True
    asked.owner.save()
    return asked


@pytest.fixture
def kept_in() -> Collection:
    return Collection.objects.create(name="Of a family")


def test_a_word_is_added_and_offered_no_more(asked):
    said = {"vocabulary": "gauge", "code": "54", "label": "54 mm"}
    made = asked.post("terms", said)
    assert made.status_code == 201, made.content
    assert asked.post("terms", said).status_code == 422, "it is there already"
    path = f"terms/{made.json()['id']}"
    assert made.headers["Location"] == f"/api/v1/{path}"
    seen = asked.get(path).headers["ETag"]
    assert asked.patch(path, {"retired": True}).status_code == 428
    assert asked.patch(path, {"retired": True}, If_Match=seen).json()["retired"]
    assert asked.patch(path, {"label": "55 mm"}, If_Match=seen).status_code == 412
    kinds = Event.objects.filter(subject=f"term:{made.json()['id']}").values_list("kind", flat=True)
    assert list(kinds) == ["vocabulary extended", "metadata modification"]
    assert program("archivist").post("terms", said).status_code == 403


@pytest.mark.slow
def test_members_close_a_collection_to_all_others(asked, kept_in):
    reel = factories.make_scan().reel
    Title.objects.update(collection=kept_in)
    Reel.objects.update(access="research")
    let_in, other = program("researcher"), program("researcher")
    path = f"collections/{kept_in.pk}/members"
    made = asked.post(path, {"person": let_in.owner.username})
    assert made.status_code == 201, made.content
    assert other.get(f"reels/{reel.pk}").status_code == 404
    assert let_in.get(f"reels/{reel.pk}").status_code == 200
    (member,) = program("archivist").get(path).json()["results"]
    assert member["person"] == let_in.owner.username
    assert asked.ask("DELETE", f"{path}/{member['id']}").status_code == 204
    assert other.get(f"reels/{reel.pk}").status_code == 200
    kinds = Event.objects.filter(subject=f"collection:{kept_in.pk}").values_list("kind", flat=True)
    assert list(kinds) == ["member let in", "member taken out"]


def test_bounds_are_set_by_whoever_saw_how_they_stand(asked, kept_in):
    path = f"collections/{kept_in.pk}/quota"
    before = asked.get(path)
    assert before.json()["gpu_minutes"] is None
    seen = before.headers["ETag"]
    assert asked.patch(path, {"gpu_minutes": 60}, If_Match=seen).json()["gpu_minutes"] == 60
    assert asked.patch(path, {"gpu_minutes": 90}, If_Match=seen).status_code == 412
    assert asked.patch(path, {"running_runs": 0}, If_Match="*").status_code == 400
    changed = asked.patch(path, {"disk_bytes": 5, "gpu_minutes": None}, If_Match="*").json()
    assert (changed["disk_bytes"], changed["gpu_minutes"]) == (5, None)
    assert CollectionQuota.objects.get().disk_bytes == 5
    assert Event.objects.filter(subject__startswith="collectionquota:").count() == 2


@pytest.mark.slow
def test_a_second_copy_is_named_when_a_worker_has_read_it(asked, scan_of_a_film, tmp_path):
    whole, other = tmp_path / "copy.mov", tmp_path / "other.mov"
    whole.write_bytes(b"a film")
    other.write_bytes(b"another")
    asked_for = []
    for path in (whole, other):
        answer = asked.post(f"scans/{scan_of_a_film.pk}/copies", {"path": str(path)})
        assert answer.status_code == 202, answer.content
        asked_for.append(
            second_copies.name_or_tell(scan_of_a_film, path, by=asked.owner) is not None
        )
    assert asked_for == [True, False]
    (shown,) = asked.get("second-copies").json()["results"]
    assert shown["path"] == str(whole)
    refused = Event.objects.get(kind=second_copies.NAMED, outcome="failure")
    assert refused.reel == scan_of_a_film.reel and "no copy" in refused.detail["words"]
    assert asked.post(f"scans/{scan_of_a_film.pk}/copies", {"path": "a.mov"}).status_code == 400


@pytest.fixture
def scan_of_a_film(tmp_path, archivist):
    from archive.fixity import sha256_file

    master = tmp_path / "master.mov"
    master.write_bytes(b"a film")
    scan = factories.make_scan()
    type(scan).objects.filter(pk=scan.pk).update(path=str(master), sha256=sha256_file(master))
    scan.refresh_from_db()
    return scan
