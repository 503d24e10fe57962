"""Pictures and sound of what leaves: a bit-exact master, a viewing copy in step, whole sound."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.contrib.auth.models import User

from archive.media.decode import open_source
from archive.models import Reel
from fixtures.clips import read_clip, read_number
from restoration.models import Take
from restoration.storage import storage
from restoration.verification import read_back
from review.deliverables import DeliveryFailed, build_deliverable
from review.models import Deliverable
from tests.review.approved_reel import current_scan, make_approved_reel

pytestmark = pytest.mark.django_db

QUICK = [Fraction(24000, 1001)]
SLOW = [
    pytest.param(rate, marks=pytest.mark.slow)
    for rate in (Fraction(16), Fraction(18), Fraction(25), Fraction(30000, 1001))
]


@pytest.fixture(autouse=True)
def own_storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_HOME = tmp_path / "media"


def deliver(reel: Reel, folder: Path, *, format: str, by: User) -> dict[str, Path]:
    made = build_deliverable(reel, format=format, use="exhibition", to=folder / "out", by=by)
    return paths_of(made)


def paths_of(made: Deliverable) -> dict[str, Path]:
    return {file["name"]: Path(file["path"]) for file in made.files}


def sound_packets(path: Path) -> list[list[str]]:
    """For each sound track, the digests of its packets in order."""
    with av.open(str(path)) as container:
        tracks: dict[int, list[str]] = {stream.index: [] for stream in container.streams.audio}
        for packet in container.demux(*container.streams.audio):
            if packet.size:  # the last one only flushes
                tracks[packet.stream_index].append(hashlib.sha256(bytes(packet)).hexdigest())
        return list(tracks.values())


def samples(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    tracks = []
    for number in range(count):
        with av.open(str(path)) as container:
            decoded = [frame.to_ndarray() for frame in container.decode(audio=number)]
        tracks.append(np.concatenate(decoded, axis=1).ravel())
    return tracks


@pytest.mark.parametrize("pixel", ["gray", "yuv420p", "yuv422p10le", "gray16le", "gbrp"])
def test_the_master_holds_the_takes_code_values(
    tmp_path: Path, archivist: User, pixel: str
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist, pixel=pixel, frames=8, cuts=(3,))
    paths = deliver(reel, tmp_path, format="ffv1", by=archivist)
    with open_source(paths["master.mkv"]) as master:
        joined = list(master.frames())
    taken = []
    for take in Take.objects.order_by("start_frame"):
        with open_source(storage().folder(take.storage_key) / "picture.mkv") as pictures:
            taken += list(pictures.frames())
    assert len(joined) == len(taken) == 8
    assert all(one.same_codes(other) for one, other in zip(joined, taken, strict=True))


def test_master_and_map_hold_the_hard_gate_against_the_scan(
    tmp_path: Path, archivist: User
) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    paths = deliver(reel, tmp_path, format="ffv1", by=archivist)
    scan = current_scan(reel)
    with open_source(scan.path, rate=scan.rate) as source:
        found = read_back(source, paths["master.mkv"], paths["map.mkv"], start_frame=0)
    assert found.violations == []
    assert found.frames == scan.frames
    recorded = Deliverable.objects.get().record["totals"]
    assert found.totals.as_json() == recorded


@pytest.mark.parametrize("rate", QUICK + SLOW, ids=str)
def test_master_and_viewing_copy_show_every_frame_at_its_time(
    tmp_path: Path, archivist: User, rate: Fraction
) -> None:
    reel = make_approved_reel(
        tmp_path, by=archivist, rate=rate, frames=20, width=160, height=120, audio_tracks=1
    )
    paths = deliver(reel, tmp_path, format="all", by=archivist)
    for name in ("master.mkv", "viewing.mp4"):
        numbers = [read_number(plane) for plane in read_clip(paths[name])]
        assert numbers == list(range(20)), name
        with open_source(paths[name]) as source:
            assert source.format.rate == rate, name
    with av.open(str(paths["viewing.mp4"])) as container:
        stream = container.streams.video[0]
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
    assert times == [number / rate for number in range(20)]


@pytest.mark.parametrize("codec", ["flac", "aac"])
@pytest.mark.parametrize(("format", "name"), [("mp4", "viewing.mp4"), ("ffv1", "master.mkv")])
def test_compressed_sound_is_carried_packet_by_packet(
    tmp_path: Path, archivist: User, codec: str, format: str, name: str
) -> None:
    reel = make_approved_reel(
        tmp_path, by=archivist, frames=24, audio_tracks=1, audio_codec=codec, cuts=(10,)
    )
    paths = deliver(reel, tmp_path, format=format, by=archivist)
    assert sound_packets(paths[name]) == sound_packets(Path(current_scan(reel).path))


def test_five_sound_tracks_arrive_with_their_samples(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist, frames=24, audio_tracks=5)
    paths = deliver(reel, tmp_path, format="all", by=archivist)
    original = samples(Path(current_scan(reel).path))
    assert len(original) == 5
    for name in ("master.mkv", "viewing.mp4"):
        carried = samples(paths[name])
        assert len(carried) == 5, name
        for one, other in zip(original, carried, strict=True):
            assert np.array_equal(one, other), name
    record = Deliverable.objects.get().record
    assert [track["codec"] for track in record["viewing_sound"]] == ["pcm_s16le"] * 5


def test_a_silent_scan_makes_silent_files(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist)
    paths = deliver(reel, tmp_path, format="all", by=archivist)
    for name in ("master.mkv", "viewing.mp4"):
        with av.open(str(paths[name])) as container:
            assert not container.streams.audio


def test_sound_that_mp4_cannot_carry_is_said_and_kept_in_the_master(
    tmp_path: Path, archivist: User
) -> None:
    reel = make_approved_reel(
        tmp_path, by=archivist, frames=24, audio_tracks=1, audio_codec="pcm_f32le"
    )
    paths = deliver(reel, tmp_path, format="all", by=archivist)
    original = sound_packets(Path(current_scan(reel).path))
    assert sound_packets(paths["master.mkv"]) == original
    with av.open(str(paths["viewing.mp4"])) as container:
        assert not container.streams.audio
    remarks = Deliverable.objects.get().record["remarks"]
    assert any("viewing.mp4 has no sound" in remark for remark in remarks)
    with pytest.raises(DeliveryFailed, match="pcm_f32le"):
        deliver(reel, tmp_path, format="mp4", by=archivist)


def test_odd_sizes_leave_too(tmp_path: Path, archivist: User) -> None:
    reel = make_approved_reel(tmp_path, by=archivist, pixel="yuv420p", width=63, height=47)
    paths = deliver(reel, tmp_path, format="all", by=archivist)
    assert len(read_clip(paths["viewing.mp4"])) == 12
    assert read_clip(paths["master.mkv"])[0].shape == (47, 63)


def test_a_variable_rate_is_remarked_in_the_record(tmp_path: Path, archivist: User) -> None:
    ticks = [0, 1000, 2000, 5000, 6000, 7000, 8000, 9000, 12000, 13000, 14000, 15000]
    reel = make_approved_reel(tmp_path, by=archivist, ticks=ticks)
    assert current_scan(reel).variable_rate
    paths = deliver(reel, tmp_path, format="ffv1", by=archivist)
    assert len(read_clip(paths["master.mkv"])) == 12
    remarks = Deliverable.objects.get().record["remarks"]
    assert any("variable frame rate" in remark for remark in remarks)
