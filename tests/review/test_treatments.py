"""What every stage did leaves with the pictures: adjustments alone have a record of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from archive.fixity import sha256_file
from archive.models import Reel
from restoration.models import Take
from restoration.storage import storage
from review import credentials
from review.deliverables import DeliveryFailed, build_deliverable
from tests.review.approved_reel import make_approved_reel

pytestmark = pytest.mark.django_db


@pytest.fixture
def reel(settings: Any, tmp_path: Path, archivist: User) -> Reel:
    settings.MEDIA_HOME = tmp_path / "media"
    return make_approved_reel(tmp_path, by=archivist)


def facts_of(take: Take) -> Path:
    return storage().folder(take.storage_key) / "facts.json"


def test_evidence_takes_the_log_of_every_adjustment_along(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    made = build_deliverable(reel, format="otio", use="forensic", to=tmp_path / "a", by=archivist)
    files = {file["name"]: Path(file["path"]) for file in made.files}
    log = json.loads(files["treatments.json"].read_text())
    takes = list(Take.objects.order_by("start_frame"))
    for scene, take in zip(log["scenes"], takes, strict=True):
        (done,) = scene["treatments"]
        assert (done["stage"], done["manifest_digest"]) == ("deflicker", take.digest)
        assert done["settings"] == take.manifest["params"]
        assert done["recorded"] == json.loads(facts_of(take).read_text())
        assert len(done["recorded"]["frames"]) == take.end_frame - take.start_frame
    spoken_for = dict(credentials.read(files["credentials.zip"]).ingredients)
    assert spoken_for["treatments.json"] == sha256_file(files["treatments.json"])

    facts_of(takes[1]).write_bytes(b"{}")
    with pytest.raises(DeliveryFailed, match=r"deflicker take 1 of scene 2 .*lost or damaged"):
        build_deliverable(reel, format="otio", use="forensic", to=tmp_path / "b", by=archivist)
    assert not list((tmp_path / "b").glob("*"))


def test_a_stage_that_only_adjusts_is_told_with_version_and_settings(
    reel: Reel, tmp_path: Path, archivist: User
) -> None:
    made = build_deliverable(reel, format="ffv1", use="exhibition", to=tmp_path, by=archivist)
    take = Take.objects.earliest("start_frame")
    (told,) = made.record["scenes"][0]["take"]["treatments"]
    assert (told["version"], told["settings"]) == (
        take.manifest["version"],
        take.manifest["params"],
    )
    assert told["code_sha256"] == take.manifest["code"]
    sidecar = next(Path(file["path"]) for file in made.files if file["name"] == "credentials.zip")
    agents = [each["softwareAgent"] for each in credentials.read(sidecar).actions[1:]]
    assert agents == [{"name": "Reelproof deflicker", "version": take.manifest["version"]}]
