"""What the pages show: proxies whose clock names the frame, stills, and the sound's peaks."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.derivatives import make_derivatives
from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.listening import beside_frames
from archive.media.probe import probe
from archive.media.proxies import make_proxy, make_stills, make_waveform, storyboard_frames
from archive.media.stills import frame_png, picture_png
from fixtures.clips import (
    numbered_picture,
    read_clip,
    read_number,
    write_clip,
    write_edit_listed_mp4,
    write_sequence,
)

RATES = [Fraction(n) for n in (16, 18, 24, 25, 50)]
RATES += [Fraction(24000, 1001), Fraction(30000, 1001)]


def proxy_of(scan: Path, path: Path, *, rate: Fraction | None = None) -> FrameTable:
    table = probe(scan, rate=rate).table
    with open_source(scan, rate=rate, table=table) as source:
        return make_proxy(source, path)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_frame_n_is_shown_at_n_over_rate(tmp_path: Path, rate: Fraction) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=30, rate=rate, audio_tracks=1)
    table = proxy_of(scan, tmp_path / "proxy.mp4")
    assert [pts * table.time_base for pts in table.pts] == [n / rate for n in range(30)]
    assert all(table.key)
    assert [read_number(one) for one in read_clip(tmp_path / "proxy.mp4")] == list(range(30))


def test_the_last_frame_is_shown_as_long_as_the_others(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=30, rate=18)
    proxy_of(scan, tmp_path / "proxy.mp4")
    with av.open(str(tmp_path / "proxy.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.duration * stream.time_base == Fraction(30, 18)
        assert stream.start_time == 0


def test_a_variable_rate_is_made_constant_frame_by_frame(tmp_path: Path) -> None:
    ticks = [n * 1000 + (9000 if n >= 12 else 0) for n in range(24)]
    scan = write_clip(tmp_path / "scan.mkv", frames=24, ticks=ticks)
    table = proxy_of(scan, tmp_path / "proxy.mp4")
    assert [pts * table.time_base for pts in table.pts] == [Fraction(n, 24) for n in range(24)]
    assert [read_number(one) for one in read_clip(tmp_path / "proxy.mp4")] == list(range(24))


def test_hidden_frames_are_not_in_the_proxy(tmp_path: Path) -> None:
    scan = write_edit_listed_mp4(tmp_path / "scan.mp4", frames=30, hidden=7)
    proxy_of(scan, tmp_path / "proxy.mp4")
    assert [read_number(one) for one in read_clip(tmp_path / "proxy.mp4")] == list(range(7, 30))


def test_a_corrected_rate_is_the_proxys(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=25, rate=25, audio_tracks=1)
    table = proxy_of(scan, tmp_path / "proxy.mp4", rate=Fraction(18))
    assert table.rate == 18
    (track,) = probe(tmp_path / "proxy.mp4").audio
    assert abs(Fraction(track.samples, 48000) - Fraction(25, 18)) < Fraction(3, 100)


def test_a_large_scan_is_shrunk_to_even_sizes(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=2, width=401, height=301)
    table = probe(scan).table
    with open_source(scan, table=table) as source:
        made = make_proxy(source, tmp_path / "proxy.mp4", max_height=200)
    assert made.dimensions == (266, 200)


def burst_clip(path: Path, *, ticks: list[int] | None = None) -> Path:
    """A silent clip of 24 frames at 24 fps with a click inside frame 15."""
    write_clip(path, frames=24, ticks=ticks)
    out = path.with_name("with-click.mkv")
    silence = np.zeros((1, 48000 * 3), np.int16)
    at = (15 if ticks is None else ticks[15] / 1000) / 24 + 0.01
    silence[0, round(at * 48000) : round(at * 48000) + 480] = 20000
    with av.open(str(path)) as source, av.open(str(out), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        audio = target.add_stream("pcm_s16le", rate=48000, layout="mono")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        frame = av.AudioFrame.from_ndarray(silence, "s16", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        target.mux(audio.encode(frame))
        target.mux(audio.encode(None))
    return out


@pytest.mark.parametrize(
    "ticks",
    [None, [n * 1000 + (9000 if n >= 12 else 0) for n in range(24)]],
    ids=["constant", "variable"],
)
def test_sound_stays_beside_its_picture(tmp_path: Path, ticks: list[int] | None) -> None:
    scan = burst_clip(tmp_path / "scan.mkv", ticks=ticks)
    proxy_of(scan, tmp_path / "proxy.mp4")
    with av.open(str(tmp_path / "proxy.mp4")) as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    loud = np.flatnonzero(np.abs(np.concatenate(parts)) > 0.2)
    seconds = loud[0] / 48000
    assert abs(seconds - (15 / 24 + 0.01)) < 0.004


def test_a_silent_scan_makes_a_silent_proxy(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=4)
    proxy_of(scan, tmp_path / "proxy.mp4")
    assert probe(tmp_path / "proxy.mp4").audio == ()


def test_a_takes_proxy_has_the_scans_sound(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=12, audio_tracks=1)
    take = write_clip(tmp_path / "take.mkv", frames=12)
    with open_source(take) as source, open_source(scan) as speaking:
        make_proxy(source, tmp_path / "proxy.mp4", scan=speaking)
    assert len(probe(tmp_path / "proxy.mp4").audio) == 1


def test_stills_are_the_frames_they_are_named_after(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=30, width=640, height=480)
    with open_source(scan) as source:
        made = make_stills(source, [0, 7, 21, 22], tmp_path / "stills", width=320)
    assert [path.name for path in made] == ["000000.jpg", "000007.jpg", "000021.jpg", "000022.jpg"]
    for path in made:
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        assert picture.shape == (240, 320)
        assert read_number(picture) == int(path.stem)


@pytest.mark.parametrize("frames", [1, 7, 120, 121, 5000])
def test_a_storyboard_spreads_over_the_reel(frames: int) -> None:
    chosen = storyboard_frames(frames, most=120)
    assert chosen[0] == 0
    assert len(chosen) == len(set(chosen)) <= 120
    assert frames - chosen[-1] <= max(1, -(-frames // 120))


def test_peaks_lie_where_the_sound_is(tmp_path: Path) -> None:
    scan = burst_clip(tmp_path / "scan.mkv")
    table = probe(scan).table
    made = make_waveform(scan, tmp_path / "waveform.json", table=table, rate=Fraction(24))
    assert json.loads((tmp_path / "waveform.json").read_text()) == made
    (track,) = made["tracks"]
    buckets = made["buckets_per_frame"]
    assert len(track["min"]) == len(track["max"]) == 24 * buckets
    loud = [place // buckets for place, peak in enumerate(track["max"]) if peak > 30]
    assert set(loud) == {15}
    assert abs(max(track["max"]) - 127 * 20000 / 32768) < 12  # filters ring at the click's edges


def test_each_track_has_its_own_peaks(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=12, audio_tracks=5)
    made = make_waveform(scan, tmp_path / "w.json", table=probe(scan).table, rate=Fraction(24))
    assert [track["index"] for track in made["tracks"]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("pixel", ["gray", "gray16le", "gbrp", "yuv420p", "yuv422p10le"])
def test_a_png_is_exactly_the_frame(tmp_path: Path, pixel: str) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=20, pixel=pixel)
    for number in (13, 2):
        data = np.frombuffer(frame_png(scan, number), np.uint8)
        shown = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        assert shown is not None
        luma = shown if shown.ndim == 2 else shown[..., 2]
        assert read_number(luma) == number
        picture = numbered_picture(number, pixel=pixel)
        if pixel == "gray":
            assert np.array_equal(shown, picture.planes[0])
        if pixel == "gbrp":
            assert np.array_equal(shown, np.stack(picture.planes[::-1], axis=-1))


def test_a_png_of_a_folder_needs_no_rate(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "frames", frames=4)
    shown = cv2.imdecode(np.frombuffer(frame_png(folder, 2), np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown is not None
    assert read_number(shown) == 3


def test_a_png_of_a_frame_that_is_not_there_is_refused(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=4)
    with pytest.raises(MediaError, match="frames 0 to 3"):
        frame_png(scan, 4)


def test_a_png_can_be_shrunk(tmp_path: Path) -> None:
    with open_source(write_clip(tmp_path / "scan.mkv", frames=2)) as source:
        picture, form = source.picture(1), source.format
    data = np.frombuffer(picture_png(picture, form, max_height=60), np.uint8)
    shown = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert shown is not None
    assert shown.shape == (60, 80)


def test_a_scans_folder_holds_all_that_the_pages_need(tmp_path: Path) -> None:
    scan = write_clip(tmp_path / "scan.mkv", frames=10, audio_tracks=2)
    found = probe(scan)
    made = make_derivatives(scan, tmp_path / "derived", table=found.table, rate=found.rate)
    names = {str(p.relative_to(tmp_path / "derived")) for p in (tmp_path / "derived").rglob("*.*")}
    assert names == {
        "frames.json",
        "frames.framemd5",
        "proxy.mp4",
        "proxy.json",
        "waveform.json",
    } | {f"storyboard/{number:06d}.jpg" for number in range(10)}
    assert made.stills == tuple(range(10))
    assert made.sound_tracks == 2
    assert FrameTable.load(tmp_path / "derived" / "frames.json") == found.table


def test_sound_beside_uneven_frames_runs_on_without_a_jump(tmp_path: Path) -> None:
    ticks = [n * 1000 + (200 if n % 2 else 0) for n in range(24)]
    silent = write_clip(tmp_path / "scan.mkv", frames=24, ticks=ticks)
    scan = tmp_path / "rising.mkv"
    with av.open(str(silent)) as source, av.open(str(scan), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        audio = target.add_stream("pcm_s16le", rate=48000, layout="mono")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        rising = (np.arange(60_000) // 2).astype(np.int16)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(rising, "s16", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        target.mux(audio.encode(frame))
        target.mux(audio.encode(None))
    table = probe(scan).table
    assert table.variable_rate
    heard = np.concatenate(list(beside_frames(scan, table=table, rate=Fraction(24))), axis=1)[0]
    steps = np.diff(heard[: 48000 - 4000]) * 32768
    assert steps.min() > -0.1
    assert steps.max() < 1.5
