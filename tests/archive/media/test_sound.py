"""A scan's sound goes along untouched, in step with its pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.errors import MediaError
from archive.media.probe import probe
from archive.media.sound import sound_of
from archive.media.tables import make_table
from archive.media.viewing import ViewingWriter
from fixtures.clips import write_clip

RATE_HZ = 48000


def packets(path: Path, track: int = 0) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def samples(path: Path, track: int = 0) -> npt.NDArray[np.int64]:
    """All decoded samples of a mono track, as integers."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        parts = [frame.to_ndarray().astype(np.int64) for frame in container.decode(stream)]
    return np.concatenate(parts, axis=1)[0]


def first_sound(path: Path) -> Fraction:
    """Seconds at which decoded sound begins."""
    with av.open(str(path)) as container:
        frame = next(container.decode(container.streams.audio[0]))
        assert frame.pts is not None
        return frame.pts * Fraction(frame.time_base)


def carry(scan: Path, target: Path, start: int = 0, end: int | None = None) -> list[dict[str, str]]:
    """Write frames [start, end) with their sound; the suffix chooses the writer."""
    table = make_table(scan)
    sound = sound_of(scan, table=table, start_frame=start, end_frame=end)
    with open_source(scan, table=table) as source:
        make = PictureWriter if target.suffix == ".mkv" else ViewingWriter
        with make(target, source.format, sound=sound) as writer:
            for picture in source.frames(start, end):
                writer.write(picture)
            record = writer.sound_record
    return record


@pytest.mark.parametrize("codec", ["aac", "flac", "libmp3lame", "ac3", "libopus", "alac"])
@pytest.mark.parametrize("source", ["mkv", "mp4"])
@pytest.mark.parametrize("target", ["mkv", "mp4"])
def test_coded_sound_is_copied_packet_by_packet(
    tmp_path: Path, source: str, target: str, codec: str
) -> None:
    scan = write_clip(
        tmp_path / f"scan.{source}",
        frames=30,
        pixel="yuv420p",
        codec="libx264",
        audio_tracks=2,
        audio_codec=codec,
    )
    made = tmp_path / f"made.{target}"
    record = carry(scan, made)
    assert [one["how"] for one in record] == ["copied untouched", "copied untouched"]
    for track in (0, 1):
        assert packets(made, track) == packets(scan, track)
    assert make_table(made).pts[0] == 0
    assert abs(first_sound(made) - first_sound(scan)) <= Fraction(1, 40)


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_s24le", "pcm_u8", "pcm_s16be"])
@pytest.mark.parametrize("target", ["mkv", "mp4"])
def test_uncompressed_sound_keeps_every_sample(tmp_path: Path, target: str, codec: str) -> None:
    scan = write_clip(
        tmp_path / "scan.mov",
        frames=30,
        pixel="yuv420p",
        codec="libx264",
        audio_tracks=1,
        audio_codec=codec,
    )
    made = tmp_path / f"made.{target}"
    (record,) = carry(scan, made)
    before, after = samples(scan), samples(made)
    if codec == "pcm_u8" and target == "mp4":
        before = (before - 128) * 256  # eight bits in sixteen
    assert np.array_equal(before, after)
    assert record["written_as"] == ("flac" if target == "mp4" else codec)
    assert ("samples identical" in record["how"]) == (target == "mp4")


@pytest.mark.parametrize("target", ["mkv", "mp4"])
@pytest.mark.parametrize("rate", [Fraction(18), Fraction(24000, 1001)], ids=str)
def test_a_range_of_frames_takes_its_own_samples(
    tmp_path: Path, rate: Fraction, target: str
) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=40, rate=rate, audio_tracks=1)
    made = tmp_path / f"made.{target}"
    carry(scan, made, 11, 29)
    start, stop = (round(frame / rate * RATE_HZ) for frame in (11, 29))
    assert np.array_equal(samples(made), samples(scan)[start:stop])
    assert probe(made).frames == 18
    assert first_sound(made) == 0


def test_a_range_of_coded_sound_lies_where_it_lay(tmp_path: Path) -> None:
    scan = write_clip(
        tmp_path / "scan.mp4",
        frames=48,
        pixel="yuv420p",
        codec="libx264",
        audio_tracks=1,
        audio_codec="aac",
    )
    made = tmp_path / "made.mp4"
    carry(scan, made, 24, 48)
    whole = set(packets(scan))
    assert all(packet in whole for packet in packets(made))
    (track,) = probe(made).audio
    assert abs(track.start) <= Fraction(1024, RATE_HZ)
    assert abs(track.samples - RATE_HZ) <= 2 * 1024


def test_all_five_tracks_and_their_languages_go_along(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=12, audio_tracks=5)
    for target in ("made.mkv", "made.mp4"):
        record = carry(scan, tmp_path / target)
        assert len(record) == 5
        for track in range(5):
            assert np.array_equal(samples(tmp_path / target, track), samples(scan, track))


def test_a_silent_scan_has_no_sound_to_carry(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=3)
    assert sound_of(scan, table=make_table(scan)) is None
    assert sound_of(tmp_path, table=make_table(scan)) is None


def test_sound_that_mp4_cannot_carry_untouched_is_refused(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=6, audio_tracks=1, audio_codec="pcm_s32le")
    with pytest.raises(MediaError, match="MP4 cannot carry the scan's pcm_s32le sound"):
        carry(scan, tmp_path / "made.mp4")
    assert not (tmp_path / "made.mp4").exists()
    carry(scan, tmp_path / "made.mkv")
    assert packets(tmp_path / "made.mkv") == packets(scan)


@pytest.mark.parametrize("target", ["mkv", "mp4"])
def test_late_sound_stays_late(tmp_path: Path, target: str) -> None:
    scan = tmp_path / "scan.mkv"
    with av.open(str(scan), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "gray"
        audio = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64), np.uint8), format="gray")
            frame.pts = number
            container.mux(video.encode(frame))
        sound = av.AudioFrame.from_ndarray(np.ones((1, 24000), np.int16), "s16", "mono")
        sound.sample_rate, sound.pts = RATE_HZ, 12000
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
        container.mux(video.encode(None))
    made = tmp_path / f"made.{target}"
    carry(scan, made)
    assert first_sound(made) == Fraction(1, 4)
    assert make_table(made).pts[0] == 0
