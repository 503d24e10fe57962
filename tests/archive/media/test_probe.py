"""What a scan is: counted, timed and described by decoding it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.errors import MediaError
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.media.probe import Probe, probe
from fixtures.clips import numbered_picture, read_number, write_clip, write_edit_listed_mp4

RATES = [Fraction(16), Fraction(18), Fraction(24000, 1001), Fraction(24), Fraction(25)]
RATES += [Fraction(30000, 1001), Fraction(50)]


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov", "avi"])
@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_rate_is_exact_in_every_container(tmp_path: Path, rate: Fraction, suffix: str) -> None:
    codec = "ffv1" if suffix in ("mkv", "avi") else "libx264"
    path = write_clip(
        tmp_path / f"clip.{suffix}", frames=30, rate=rate, pixel="yuv420p", codec=codec
    )
    found = probe(path)
    assert (found.rate, found.variable_rate, found.frames) == (rate, False, 30)
    assert found.warnings == ()


def test_it_describes_pictures_and_sound(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=48, pixel="yuv422p10le", audio_tracks=1)
    found = probe(path)
    assert (found.kind, found.codec, found.native_format) == ("file", "ffv1", "yuv422p10le")
    assert (found.format.width, found.format.height) == (160, 120)
    assert found.format.pixel.bits == 10
    assert found.field_order == "progressive"
    (track,) = found.audio
    assert (track.codec, track.sample_rate, track.channels) == ("pcm_s16le", 48000, 1)
    assert (track.samples, track.start) == (96000, 0)
    assert {one["@type"] for one in found.mediainfo["tracks"]} == {"General", "Video", "Audio"}


def test_mediainfo_does_not_tell_where_the_file_lies(tmp_path: Path) -> None:
    found = probe(write_clip(tmp_path / "clip.mkv", frames=3))
    assert str(tmp_path) not in json.dumps(found.mediainfo)
    assert found.mediainfo["version"]


def test_a_silent_film_has_no_tracks(tmp_path: Path) -> None:
    assert probe(write_clip(tmp_path / "clip.mkv", frames=3)).audio == ()


def test_five_tracks_are_all_listed(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=24, audio_tracks=5)
    found = probe(path)
    assert [track.index for track in found.audio] == [0, 1, 2, 3, 4]
    assert {track.samples for track in found.audio} == {48000}


def test_samples_of_coded_sound_are_counted_by_decoding(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "clip.mkv",
        frames=24,
        rate=Fraction(24000, 1001),
        audio_tracks=1,
        audio_codec="flac",
    )
    (track,) = probe(path).audio
    assert track.samples == int(24 * 48000 * Fraction(1001, 24000))


def test_a_variable_rate_keeps_every_frame_with_its_time(tmp_path: Path) -> None:
    ticks = [n * 1000 + (7000 if n >= 20 else 0) for n in range(40)]
    path = write_clip(tmp_path / "vfr.mkv", frames=40, ticks=ticks)
    found = probe(path)
    assert found.variable_rate
    assert (found.frames, found.rate) == (40, 24)
    times = [pts * found.table.time_base for pts in found.table.pts]
    assert abs(times[20] - times[19] - Fraction(8, 24)) < Fraction(1, 500)
    assert "varies" in " ".join(found.warnings)
    with open_source(path, table=found.table) as source:
        assert [read_number(one.planes[0]) for one in source.frames(18, 22)] == [18, 19, 20, 21]


def test_an_edit_list_is_followed_as_players_do(tmp_path: Path) -> None:
    found = probe(write_edit_listed_mp4(tmp_path / "edited.mp4", frames=48, hidden=7))
    assert (found.frames, found.rate, found.variable_rate) == (41, 24, False)
    assert found.warnings == ("An edit list hides 7 of 48 pictures.",)


@pytest.mark.parametrize("suffix", ["mov", "mkv", "mp4"])
def test_the_start_timecode_is_read(tmp_path: Path, suffix: str) -> None:
    path = write_clip(
        tmp_path / f"clip.{suffix}",
        frames=6,
        rate=25,
        pixel="yuv420p",
        codec="libx264",
        start_timecode="10:00:00:05",
    )
    assert probe(path).start_timecode == "10:00:00:05"


@pytest.mark.parametrize("pixel", ["yuv444p", "gray", "gbrp"])
def test_odd_sizes_are_whole(tmp_path: Path, pixel: str) -> None:
    path = write_clip(tmp_path / "odd.mkv", frames=4, width=161, height=119, pixel=pixel)
    found = probe(path)
    assert (found.format.width, found.format.height) == (161, 119)
    with open_source(path, table=found.table) as source:
        assert read_number(source.picture(3).planes[0]) == 3


def test_odd_sizes_with_subsampled_chroma_round_it_up(tmp_path: Path) -> None:
    path = tmp_path / "odd.mkv"
    form = PictureFormat(161, 119, PIXEL_FORMATS["yuv420p"], Fraction(24))
    with PictureWriter(path, form) as writer:
        for number in range(4):
            writer.write(numbered_picture(number, pixel="yuv420p", width=161, height=119))
    with open_source(path) as source:
        assert [plane.shape for plane in source.picture(2).planes] == [
            (119, 161),
            (60, 81),
            (60, 81),
        ]


@pytest.mark.parametrize(
    "name",
    ["a reel.mkv", 'l\'"arrivée".mkv', "映画 フィルム.mkv", "%03d.mkv", "file:a.mkv", "-i.mkv"],
)
def test_any_name_can_be_read(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=3).rename(tmp_path / name)
    assert probe(path).frames == 3


def test_a_relative_name_is_never_taken_for_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(tmp_path / "clip.mkv", frames=3).rename(tmp_path / "http:x.mkv")
    monkeypatch.chdir(tmp_path)
    assert probe("http:x.mkv").frames == 3


def test_a_given_rate_is_taken_and_the_timestamps_stay(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=12, rate=25, pixel="yuv420p", codec="libx264")
    found = probe(path, rate=Fraction(18))
    assert (found.rate, found.table.rate) == (18, 25)


def test_colour_is_read_from_the_file(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "clip.mp4",
        frames=3,
        pixel="yuv420p",
        codec="libx264",
        options={
            "x264-params": "colormatrix=bt470bg:colorprim=bt470bg:transfer=smpte170m:fullrange=on"
        },
    )
    assert probe(path).colour == {
        "range": "full",
        "matrix": "bt470bg",
        "primaries": "bt470bg",
        "transfer": "smpte170m",
    }


def test_interlaced_video_names_its_first_field(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "fields.mkv",
        frames=6,
        rate=25,
        pixel="yuv420p",
        codec="libx264",
        options={"x264-params": "tff=1"},
    )
    assert probe(path).field_order == "top first"


def test_sound_that_begins_later_says_by_how_much(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "gray"
        audio = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64), np.uint8), format="gray")
            frame.pts = number
            container.mux(video.encode(frame))
        sound = av.AudioFrame.from_ndarray(np.ones((1, 24000), np.int16), "s16", "mono")
        sound.sample_rate, sound.pts = 48000, 12000
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
        container.mux(video.encode(None))
    (track,) = probe(path).audio
    assert (track.start, track.samples) == (Fraction(1, 4), 24000)


def test_a_picture_that_changes_its_size_midway_is_refused(tmp_path: Path) -> None:
    parts = [
        write_clip(
            tmp_path / f"{width}.ts", frames=10, width=width, pixel="yuv420p", codec="libx264"
        )
        for width in (160, 192)
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(MediaError, match=r"from 160x120 yuv420p to 192x120 yuv420p at frame 10"):
        probe(joined)


def test_it_survives_json(tmp_path: Path) -> None:
    found = probe(write_clip(tmp_path / "clip.mkv", frames=5, audio_tracks=2))
    assert Probe.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_progress_is_told_for_every_frame(tmp_path: Path) -> None:
    told: list[int] = []
    probe(
        write_clip(tmp_path / "clip.mkv", frames=5),
        progress=lambda done, _expected: told.append(done),
    )
    assert told == [1, 2, 3, 4, 5]
