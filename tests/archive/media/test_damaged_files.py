"""Files that are cut off, empty, not what their name says, or made to mislead."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from archive.media.decode import open_source
from archive.media.errors import MediaError, NoFrames, NotAVideo
from archive.media.probe import probe
from fixtures.clips import read_number, tone, write_clip


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def faststart(path: Path, *, frames: int = 60) -> Path:
    """An MP4 with its index in front, so that a cut-off file still opens."""
    source = write_clip(
        path.with_name("whole.mp4"),
        frames=frames,
        pixel="yuv420p",
        codec="libx264",
        options={"g": "12", "bf": "0"},
    )
    with (
        av.open(str(source)) as read,
        av.open(str(path), "w", options={"movflags": "+faststart"}) as out,
    ):
        stream = out.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_a_cut_off_video_gives_what_it_holds_and_says_so(tmp_path: Path, suffix: str) -> None:
    if suffix == "mp4":
        path = faststart(tmp_path / "reel.mp4")
    else:
        codec = "ffv1" if suffix == "mkv" else "libx264"
        path = write_clip(tmp_path / f"reel.{suffix}", frames=60, pixel="yuv420p", codec=codec)
    found = probe(cut(path, 0.6))
    assert 20 <= found.frames < 60
    if suffix != "ts":  # a transport stream announces no length
        assert found.warnings
    with open_source(path, table=found.table) as source:
        sound = [n for n in range(found.frames) if n not in found.table.damaged]
        assert read_number(source.picture(sound[-1]).planes[0]) == sound[-1]
        assert len(list(source.frames())) == found.frames


def test_a_cut_off_mp4_counts_what_lies_beyond_its_end(tmp_path: Path) -> None:
    found = probe(cut(faststart(tmp_path / "reel.mp4"), 0.5))
    assert "The file is cut off" in found.warnings[0]
    assert "of 60 lie beyond its end" in found.warnings[0]


def test_an_mp4_that_lost_its_index_is_no_video(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "reel.mp4", frames=30, pixel="yuv420p", codec="libx264")
    with pytest.raises(NotAVideo, match=r"reel\.mp4 is not a video that can be read"):
        probe(cut(path, 0.8))


def test_a_header_without_pictures_has_no_frames(tmp_path: Path) -> None:
    path = faststart(tmp_path / "reel.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 4])
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert isinstance(caught.value, NoFrames | NotAVideo)


def test_a_video_of_no_frames_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=24)
        video.width, video.height, video.pix_fmt = 64, 48, "gray"
        audio = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(0, 4800, hertz=440), "s16", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    with pytest.raises(NoFrames, match="no picture can be decoded"):
        probe(path)
    with pytest.raises(NoFrames):
        open_source(path)


def test_an_empty_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "reel.mkv"
    path.touch()
    with pytest.raises(NotAVideo, match="0 bytes"):
        probe(path)


@pytest.mark.parametrize(
    "content",
    [
        b"Dear archive, please find attached the film.\n" * 50,
        b"\x00" * 5000,
        b"%PDF-1.7\n" + bytes(range(256)) * 20,
        b"PK\x03\x04" + bytes(range(256)) * 20,
    ],
    ids=["letter", "zeros", "pdf", "zip"],
)
def test_another_kind_of_file_is_no_video_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reel.mp4"
    path.write_bytes(content)
    with pytest.raises(NotAVideo, match=r"reel\.mp4"):
        probe(path)


def test_a_sound_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(0, 48000, hertz=440), "s16", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(audio.encode(frame))
    with pytest.raises(NotAVideo, match="no picture track"):
        probe(path)


def test_nothing_at_the_path_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        probe(tmp_path / "reel.mkv")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile '{clip}'\n"),
        ("list.mpd", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'),
        ("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n"),
    ],
)
def test_a_file_that_opens_other_files_is_refused(tmp_path: Path, name: str, text: str) -> None:
    clip = write_clip(tmp_path / "clip.ts", frames=5, pixel="yuv420p", codec="libx264")
    path = tmp_path / name
    path.write_text(text.format(clip=clip))
    with pytest.raises(NotAVideo):
        probe(path)


def test_a_flipped_byte_in_ffv1_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "master.mkv", frames=10)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    place = (packets[6].pos or 0) + packets[6].size // 2
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)
    found = probe(path)
    assert (found.frames, found.table.damaged) == (10, (6,))
    assert "1 frames are damaged" in " ".join(found.warnings)


def test_damage_in_the_middle_is_counted_not_hidden(tmp_path: Path) -> None:
    path = faststart(tmp_path / "reel.mp4")
    data = bytearray(path.read_bytes())
    place = len(data) * 2 // 3
    data[place : place + 3000] = b"\xa5" * 3000
    path.write_bytes(data)
    found = probe(path)
    assert found.table.damaged or found.frames < 60
    assert found.warnings
