"""Copies for editing suites and browsers: every frame, the right timecode, the scan's samples."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.contrib.auth.models import User

from archive.media.decode import open_source
from fixtures.clips import read_clip, read_number
from review import credentials
from review.deliverables import DeliveryFailed, build_deliverable
from review.formats.signed import SIDECAR
from review.models import Deliverable
from review.verifying import verify
from tests.review.approved_reel import current_scan, make_approved_reel
from tests.review.formats.test_master_and_viewing_copy import samples, sound_packets

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_places(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"
    settings.CREDENTIALS_HOME = tmp_path / "credentials"


def deliver(
    folder: Path, by: User, format: str, *, use: str = "exhibition", **clip: Any
) -> tuple[Deliverable, dict[str, Path]]:
    values = {"frames": 20, "width": 256, "height": 120, "audio_tracks": 2} | clip
    start = values.pop("start_timecode", "")
    reel = make_approved_reel(folder, by=by, **values)
    scan = current_scan(reel)
    scan.start_timecode = start
    scan.save()
    made = build_deliverable(reel, format=format, use=use, to=folder / "out", by=by)
    return made, {file["name"]: Path(file["path"]) for file in made.files}


@pytest.mark.parametrize(
    ("format", "name", "codec", "rate", "start"),
    [
        ("prores", "prores-422-hq.mov", ("prores", "HQ"), Fraction(30000, 1001), "01:00:00;00"),
        ("prores", "prores-422-hq.mov", ("prores", "HQ"), Fraction(18), ""),
        ("dnxhr", "dnxhr-hqx.mov", ("dnxhd", "DNXHR HQX"), Fraction(60000, 1001), "23:59:50:00"),
        ("dnxhr", "dnxhr-hqx.mov", ("dnxhd", "DNXHR HQX"), Fraction(16), "01:00:00:00"),
    ],
)
def test_a_copy_for_suites_has_every_frame_from_the_right_timecode(
    tmp_path: Path,
    archivist: User,
    format: str,
    name: str,
    codec: tuple[str, str],
    rate: Fraction,
    start: str,
) -> None:
    made, paths = deliver(tmp_path, archivist, format, rate=rate, start_timecode=start)
    assert [read_number(plane) for plane in read_clip(paths[name])] == list(range(20))
    with av.open(str(paths[name])) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.profile) == codec
        assert stream.codec_context.pix_fmt == "yuv422p10le"
        tags = [each.metadata for each in container.streams.data]
        told = [each["timecode"] for each in tags if "timecode" in each]
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
    assert told == [start or "00:00:00:00"], "a timecode track, which suites conform by"
    assert times == [number / rate for number in range(20)]
    assert sound_packets(paths[name])[0], "it has the sound"
    for copied, own in zip(samples(paths[name]), samples(Path(made.scan.path)), strict=True):
        assert np.array_equal(copied, own)
    assert any("half of the colour" in each for each in made.record["cannot_carry"])
    assert any("no pixel in it is ORIGINAL" in each for each in made.record["remarks"])
    assert credentials.read(paths[name]).state == credentials.VALID


def test_grey_keeps_its_tones_in_a_copy_for_suites(tmp_path: Path, archivist: User) -> None:
    made, paths = deliver(tmp_path, archivist, "prores", pixel="gray16le", audio_tracks=0)
    with open_source(Path(made.scan.path)) as scan:
        wanted = next(scan.frames()).planes[0].astype(float) / 65535
    with open_source(paths["prores-422-hq.mov"]) as copy:
        found = (next(copy.frames()).planes[0].astype(float) - 64) / 876
    assert np.abs(wanted - found).mean() < 0.01


def test_flac_becomes_pcm_of_the_same_samples_for_suites(tmp_path: Path, archivist: User) -> None:
    made, paths = deliver(tmp_path, archivist, "prores", audio_codec="flac", audio_tracks=1)
    (told,) = made.record["viewing_sound"]
    assert (told["codec"], told["written_as"][:4]) == ("flac", "pcm_")
    (own,), (copied,) = samples(Path(made.scan.path)), samples(paths["prores-422-hq.mov"])
    assert np.array_equal(own, copied)


def test_pictures_too_small_for_dnxhr_are_refused_with_what_to_do(
    tmp_path: Path, archivist: User
) -> None:
    with pytest.raises(DeliveryFailed, match=r"at least 256 x 120.*deliver ProRes"):
        deliver(tmp_path, archivist, "dnxhr", width=64, height=48)
    assert not list((tmp_path / "out").glob("*"))


def test_a_copy_in_webm_is_in_step_and_spoken_for_by_a_sidecar(
    tmp_path: Path, archivist: User
) -> None:
    rate = Fraction(24000, 1001)
    made, paths = deliver(tmp_path, archivist, "webm", rate=rate, use="scholarly", frames=40)
    path = paths["viewing.webm"]
    assert [read_number(plane) for plane in read_clip(path)] == list(range(40))
    with open_source(path) as source:
        assert source.format.rate == rate
    with av.open(str(path)) as container:
        kinds = [stream.codec_context.name for stream in container.streams]
        length = sum(frame.samples for frame in container.decode(audio=0)) / 48000
    assert kinds == ["vp9", "opus"]
    assert length == pytest.approx(40 / rate, abs=0.03)
    assert any("first track alone" in each for each in made.record["cannot_carry"])
    assert {"map.mkv", SIDECAR} <= set(paths), "the policy encloses the map"
    finding = verify(path)
    assert (finding.credentials.state, finding.problems) == ("trusted", [])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")
    assert verify(path).credentials.state == "invalid"
    assert json.loads(paths["record.json"].read_text())["format"] == "webm"
