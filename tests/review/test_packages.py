"""Everything for a use leaves as one bag, is fetched in pieces, can be withdrawn, never changed."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import bagit
import pytest
from django.contrib.auth.models import User
from django.db import InternalError, ProgrammingError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from archive.fixity import sha256_file
from archive.models import Event
from fixtures.demo.leaving import unpack
from review.deliverables import build_deliverable
from review.delivery import requests
from review.delivery.attempts import execute_delivery
from review.errors import DecisionRefused
from review.models import Deliverable
from review.verifying import verify
from review.withdrawals import withdraw
from tests.review.approved_reel import make_approved_reel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def packed(settings: Any, tmp_path: Path, archivist: User) -> Deliverable:
    """Made in this process: what a worker makes is tests/review/test_forensic_gate.py's too."""
    settings.MEDIA_HOME = tmp_path / "media"
    settings.DELIVERY_HOME = tmp_path / "out"
    reel = make_approved_reel(tmp_path, by=archivist, audio_tracks=1)
    return build_deliverable(
        reel, format="package", use="exhibition", to=tmp_path / "out", by=archivist
    )


def path_of(made: Deliverable) -> Path:
    (path,) = [Path(file["path"]) for file in made.files if file["name"] == "package.zip"]
    return path


def test_the_bag_is_whole_and_says_what_each_file_is(packed: Deliverable, tmp_path: Path) -> None:
    with zipfile.ZipFile(path_of(packed)) as archive:
        assert archive.testzip() is None
    folder = unpacked(packed, tmp_path / "unpacked")
    bag = bagit.Bag(str(folder))
    bag.validate()
    record = json.loads((folder / "data" / "record.json").read_text())
    assert record["use"] == "exhibition"
    named = {each["name"]: each["sha256"] for each in record["files"]}
    assert {"master.mkv", "map.mkv", "viewing.mp4", "timeline.otio", "cue-sheet.pdf"} <= set(named)
    assert {path.name for path in (folder / "data").iterdir()} == {*named, "record.json"}
    assert all(sha256_file(folder / "data" / name) == told for name, told in named.items())
    shown = unpack(packed)
    assert (shown.is_valid, shown.files) == (True, len(named) + 1), "as the demo shows it"


def unpacked(made: Deliverable, folder: Path) -> Path:
    with zipfile.ZipFile(path_of(made)) as archive:
        archive.extractall(folder)
    (bag,) = folder.iterdir()
    return bag


def test_both_records_tell_of_one_moment_and_of_the_same_files(
    packed: Deliverable, tmp_path: Path
) -> None:
    within = unpacked(packed, tmp_path / "unpacked") / "data" / "record.json"
    told = json.loads(within.read_text())
    for key in ("made", "by", "expires", "chain_heads"):
        assert told[key] == packed.record[key], key
    itself = {
        "name": "record.json", "sha256": sha256_file(within), "bytes": within.stat().st_size,
    }  # fmt: skip
    assert packed.record["contents"] == [*told["files"], itself]


def test_a_file_of_a_withdrawn_package_is_known_when_it_lies_alone(
    packed: Deliverable, archivist: User, tmp_path: Path
) -> None:
    master = unpacked(packed, tmp_path / "unpacked") / "data" / "master.mkv"
    alone = master.rename(tmp_path / "film.mkv")
    found = verify(alone)
    assert f"master.mkv in the package of deliverable {packed.pk}" in found.known_as[0]
    assert found.problems == []
    withdraw(packed, by=archivist, reason="the donor objects")
    assert any("the donor objects" in each for each in verify(alone).problems)


def test_it_is_fetched_on_from_where_a_download_broke_off(
    packed: Deliverable, client: Client, archivist: User
) -> None:
    client.force_login(archivist)
    address = reverse("deliverable-file", args=[packed.pk, 0])
    whole = path_of(packed).read_bytes()
    first = client.get(address, headers={"range": "bytes=0-99"})
    rest = client.get(address, headers={"range": "bytes=100-", "if-range": first.headers["ETag"]})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert b"".join([*first, *rest]) == whole
    assert (
        'filename="harbour-day-reel-1-exhibition-package-1.zip"'
        in first.headers["Content-Disposition"]
    )


def test_what_is_withdrawn_stays_listed_and_cannot_be_fetched(
    packed: Deliverable, client: Client, archivist: User
) -> None:
    client.force_login(archivist)
    page = reverse("withdraw-deliverable", args=[packed.pk])
    client.post(page, {"reason": " "})
    assert not hasattr(Deliverable.objects.get(), "withdrawal"), "a reason must be given"
    client.post(page, {"reason": "the donor objects"})
    answer = client.get(reverse("deliverable-file", args=[packed.pk, 0]))
    assert answer.status_code == 410
    assert "withdrawn by anna" in answer.content.decode()
    assert "the donor objects" in client.get(f"/reels/{packed.reel_id}/").content.decode()
    assert Event.objects.filter(kind="delivery withdrawn").count() == 1
    assert any("the donor objects" in each for each in verify(path_of(packed)).problems)
    with pytest.raises(DecisionRefused, match="withdrawn before"):
        withdraw(packed, by=archivist, reason="again")


def test_it_expires_when_its_policy_says(
    settings: Any,
    packed: Deliverable,
    client: Client,
    archivist: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[loan]\ntitle = "loans"\nsays = "For a week."\nexpires_after_days = 7\n')
    settings.DELIVERY_POLICIES = str(own)
    row = requests.ask(packed.reel, format="otio", use="loan", by=archivist)
    execute_delivery(row.pk)
    made = Deliverable.objects.get(use="loan")
    assert made.expires == timezone.now().date() + timedelta(days=7)
    assert made.record["expires"] == made.expires.isoformat()
    file = reverse("deliverable-file", args=[made.pk, 0])
    now = timezone.now()
    for days, status in ((6, 200), (7, 410)):
        monkeypatch.setattr(timezone, "now", lambda days=days: now + timedelta(days=days))
        client.force_login(archivist)
        answer = client.get(file)
        assert answer.status_code == status, f"after {days} days"
        said = b"".join(answer)
    assert "It expired on" in said.decode()
    assert any("It expired on" in each for each in verify(Path(made.files[0]["path"])).problems)


def test_the_database_refuses_to_change_or_remove_what_left(packed: Deliverable) -> None:
    for act in (
        lambda: Deliverable.objects.update(use="forensic"),
        lambda: Deliverable.objects.filter(pk=packed.pk)._raw_delete("default"),
    ):
        refused = pytest.raises((InternalError, ProgrammingError), match="is written once")
        with refused, transaction.atomic():
            act()
