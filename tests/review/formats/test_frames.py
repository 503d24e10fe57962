"""A reel leaves as DPX or TIFF frames: one package, bit for bit, with map, sound and signature."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import bagit
import pytest
from django.contrib.auth.models import User

from archive.media.decode import open_source
from archive.media.sequence import read_dpx_header
from restoration.models import Take
from restoration.recording import FrameDigest, picture_md5
from review.authority import require_authority
from review.claim import NotApproved
from review.credentials import Identity
from review.deliverables import DeliveryFailed, build_deliverable
from review.formats.signed import SIDECAR
from review.formats.signed_frames import sign_frames
from review.models import Deliverable
from review.verifying import verify
from tests.review.approved_reel import current_scan, make_approved_reel
from tests.review.formats.editions import make_edition
from tests.review.formats.test_master_and_viewing_copy import sound_packets

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.CREDENTIALS_HOME = tmp_path / "credentials"


def unpacked(made: Deliverable, folder: Path) -> Path:
    (path,) = [Path(file["path"]) for file in made.files if file["name"] == "package.zip"]
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    (bag,) = folder.iterdir()
    bagit.Bag(str(bag)).validate()
    return bag / "data"


@pytest.mark.parametrize(
    ("format", "pixel"), [("dpx", "gray16le"), ("dpx", "gbrp10le"), ("tiff", "gbrp16le")]
)
def test_frames_are_the_approved_takes_bit_for_bit(
    tmp_path: Path, archivist: User, format: str, pixel: str
) -> None:
    rate = Fraction(24)
    reel = make_approved_reel(tmp_path, by=archivist, rate=rate, pixel=pixel, audio_tracks=1)
    scan = current_scan(reel)
    scan.start_timecode = "01:00:00:00"
    scan.save()
    made = build_deliverable(
        reel, format=format, use="exhibition", to=tmp_path / "out", by=archivist
    )
    data = unpacked(made, tmp_path / "unpacked")
    assert {path.name for path in data.iterdir()} == {
        "frames", "map.mkv", "sound.mka", "credentials.zip", "record.json",
    }  # fmt: skip
    with open_source(data / "frames", rate=rate) as source:
        md5s = [picture_md5(picture) for picture in source.frames()]
    for take in Take.objects.filter(scan=scan):
        digest = FrameDigest()
        for md5 in md5s[take.start_frame : take.end_frame]:
            digest.add(md5)
        assert digest.hexdigest() == take.manifest["picture_framemd5"]
    assert sound_packets(data / "sound.mka") == sound_packets(Path(scan.path))
    if format == "dpx":
        last = read_dpx_header(data / "frames" / f"R{reel.pk:07d}.0000011.dpx")
        assert (last.rate, last.timecode) == (rate, "01:00:00:11")

    found = verify(data / "frames")
    assert (found.problems, found.credentials.state) == ([], "trusted")
    assert found.known_as[0].startswith("frames in the package of deliverable")
    assert "every ORIGINAL pixel has the scan's code value" in found.map_says
    assert "delivered for exhibition" in found.recorded
    assert verify(data / "sound.mka").credentials.state == "trusted"
    told = json.loads((data / "record.json").read_text())
    assert [each["name"] for each in told["files"]][:3] == ["frames", "map.mkv", "sound.mka"]


def test_a_changed_frame_is_seen(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    made = build_deliverable(
        reel, format="tiff", use="exhibition", to=tmp_path / "out", by=archivist
    )
    data = unpacked(made, tmp_path / "unpacked")
    assert verify(data / "frames").problems == []
    frames = sorted((data / "frames").iterdir())
    frames[3].write_bytes(frames[4].read_bytes())
    found = verify(data / "frames")
    assert found.credentials.state == "invalid"
    assert any("was changed after it was delivered" in each for each in found.problems)


def test_pictures_that_such_files_cannot_hold_are_refused(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist, pixel="yuv422p10le")
    with pytest.raises(DeliveryFailed, match=r"these pictures are yuv422p10le.*Deliver the master"):
        build_deliverable(reel, format="dpx", use="exhibition", to=tmp_path / "out", by=archivist)
    assert not list((tmp_path / "out").glob("*"))


def test_each_tiff_frame_says_itself_what_was_made_in_it(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist, pixel="gray16le")
    made = build_deliverable(
        reel, format="tiff", use="exhibition", to=tmp_path / "out", by=archivist
    )
    assert made.record["credentials"]["files"] == ["frames/*.tif", SIDECAR]
    frames = sorted((unpacked(made, tmp_path / "unpacked") / "frames").iterdir())
    alone = tmp_path / "alone"
    alone.mkdir()
    scan = current_scan(reel)
    for take in Take.objects.filter(scan=scan):
        for frame in (take.start_frame, take.end_frame - 1):
            path = alone / frames[frame].name
            path.write_bytes(frames[frame].read_bytes())
            found = verify(path)
            assert (found.credentials.state, found.problems) == ("trusted", [])
            assert found.credentials.title == path.name
            assert found.credentials.ingredients == ((Path(scan.path).name, scan.sha256),)
            (approval,) = found.credentials.approvals
            assert approval["first_frame"] == take.start_frame
            assert approval["take_manifest_sha256"] == take.digest
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 0xFF]))
    assert verify(path).credentials.state == "invalid"


def test_frames_of_which_anything_is_not_approved_stay_as_they_were_written(
    tmp_path: Path,
) -> None:
    edition = make_edition(Fraction(24))
    folder = tmp_path / "frames"
    folder.mkdir()
    path = folder / "R.0000000.tif"
    path.write_bytes(b"as it was written")
    left = replace(edition.scenes[-1], unapproved="nobody has approved it")
    made = require_authority(tmp_path / "credentials")
    with pytest.raises(NotApproved):
        sign_frames(
            folder, replace(edition, scenes=(*edition.scenes[:-1], left)),
            Identity(made.chain.read_text(), made.key), when="2026-11-30T10:00:00Z",
            progress=lambda done, total: None,
        )  # fmt: skip
    assert path.read_bytes() == b"as it was written"
