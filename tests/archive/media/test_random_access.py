"""Any frame of any file, by its number, exactly."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from archive.media import video
from archive.media.decode import PictureSource, open_source
from archive.media.errors import FrameUnreadable, MediaError
from archive.media.frames import FrameTable
from archive.media.tables import make_table
from fixtures.clips import read_number, write_clip, write_edit_listed_mp4, write_sequence

FRAMES = 60
CODINGS = {
    "b-frames.mp4": ("libx264", {"bf": "3", "g": "24"}),
    "open-gop.mkv": ("libx264", {"x264-params": "open-gop=1:keyint=20:bframes=3"}),
    "intra-refresh.mkv": ("libx264", {"x264-params": "intra-refresh=1:keyint=20"}),
    "one-gop.mov": ("libx264", {"g": "1000", "bf": "2"}),
    "dvd.mpg": ("mpeg2video", {"g": "12", "bf": "2", "b": "4M"}),
    "stream.ts": ("mpeg2video", {"g": "12", "bf": "2", "b": "4M"}),
    "packed.avi": ("mpeg4", {"g": "15", "bf": "2", "b": "4M"}),
    "master.mkv": ("ffv1", {}),
}


@pytest.fixture(scope="module", params=CODINGS)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    codec, options = CODINGS[request.param]
    path = tmp_path_factory.mktemp("clips") / request.param
    rate = 25 if codec.startswith("mpeg") else 24
    return write_clip(path, frames=FRAMES, rate=rate, pixel="yuv420p", codec=codec, options=options)


def number_at(source: PictureSource, frame: int) -> int:
    return read_number(source.picture(frame).planes[0])


def test_every_frame_is_found_by_its_number(clip: Path) -> None:
    with open_source(clip) as source:
        assert len(source) == FRAMES
        order = random.Random(7).sample(range(FRAMES), 25)
        assert [number_at(source, frame) for frame in order] == order


def test_a_range_is_read_in_order_from_anywhere(clip: Path) -> None:
    with open_source(clip) as source:
        for start, stop in ((31, 40), (5, 9), (40, 60), (0, 3)):
            found = [read_number(one.planes[0]) for one in source.frames(start, stop)]
            assert found == list(range(start, stop))


def test_going_on_where_the_last_read_ended_does_not_seek(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(
        tmp_path / "clip.mp4", frames=40, pixel="yuv420p", codec="libx264", options={"g": "10"}
    )
    with open_source(path, table=make_table(path)) as source:
        starts: list[int] = []
        begin = video.VideoReader._start_at

        def spy(reader: video.VideoReader, origin: int) -> None:
            starts.append(origin)
            begin(reader, origin)

        monkeypatch.setattr(video.VideoReader, "_start_at", spy)
        for start in range(0, 40, 8):
            list(source.frames(start, start + 8))
        assert starts == []  # at the start it was when it was opened
        source.picture(25)
        assert starts == [20]


def test_a_source_opened_near_a_frame_reads_it_without_another_seek(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(
        tmp_path / "clip.mp4", frames=40, pixel="yuv420p", codec="libx264", options={"g": "10"}
    )
    with open_source(path, table=make_table(path), start=25) as source:
        with monkeypatch.context() as patched:
            patched.setattr(video.VideoReader, "_start_at", None)
            assert [read_number(picture.planes[0]) for picture in source.frames(25, 28)] == [
                25,
                26,
                27,
            ]
        assert read_number(source.picture(3).planes[0]) == 3
        assert read_number(source.picture(25).planes[0]) == 25


def test_two_readers_of_one_source_may_take_turns(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=30, pixel="yuv420p", codec="libx264")
    with open_source(path) as source:
        pairs = zip(source.frames(0, 10), source.frames(20, 30), strict=True)
        for offset, (early, late) in enumerate(pairs):
            assert read_number(early.planes[0]) == offset
            assert read_number(late.planes[0]) == 20 + offset


def test_only_the_frames_that_an_edit_list_shows_are_counted(tmp_path: Path) -> None:
    path = write_edit_listed_mp4(tmp_path / "edited.mp4", frames=48, hidden=7)
    with open_source(path) as source:
        assert len(source) == 41
        assert [number_at(source, frame) for frame in (0, 40, 13, 1)] == [7, 47, 20, 8]


@pytest.mark.parametrize("suffix", ["png", "tiff", "dpx", "jpg"])
def test_a_folder_is_read_by_number(tmp_path: Path, suffix: str) -> None:
    folder = write_sequence(tmp_path / "frames", frames=12, suffix=suffix, first=97)
    with open_source(folder, rate=Fraction(18)) as source:
        assert len(source) == 12
        assert source.format.rate == 18
        assert [number_at(source, frame) for frame in (0, 11, 4, 5)] == [97, 108, 101, 102]


def test_a_range_outside_the_source_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=5)
    with open_source(path) as source, pytest.raises(MediaError, match="frames 0 to 4"):
        list(source.frames(3, 6))


def test_an_empty_range_gives_nothing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=5)
    with open_source(path) as source:
        assert list(source.frames(5, 5)) == []


def test_a_given_rate_wins_over_the_files_own(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=5, rate=25)
    with open_source(path, rate=Fraction(18)) as source:
        assert source.format.rate == 18


def test_a_file_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=12)
    table = make_table(path)
    write_clip(path, frames=12, paint=lambda n, w, h: np.full((h, w), 0.3, np.float32))
    with pytest.raises(FrameUnreadable, match=r"Frame 0 of clip\.mkv"):
        open_source(path, table=table)


def test_a_table_of_a_longer_file_does_not_invent_frames(tmp_path: Path) -> None:
    table = make_table(write_clip(tmp_path / "long.mkv", frames=12), digests=False)
    short = write_clip(tmp_path / "short.mkv", frames=8)
    with open_source(short, table=table) as source, pytest.raises(FrameUnreadable, match="Frame 8"):
        list(source.frames())


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """Pictures are handed out one at a time: none that was given back is kept."""
    import gc
    import weakref

    path = write_clip(tmp_path / "clip.mkv", frames=80)
    with open_source(path) as source:
        seen: list[weakref.ref[np.ndarray]] = []
        for picture in source.frames():
            seen.append(weakref.ref(picture.planes[0]))
        del picture
        gc.collect()
        assert sum(ref() is not None for ref in seen) == 0


def test_tables_survive_being_saved(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", frames=9, rate=Fraction(24000, 1001))
    table = make_table(path)
    table.save(tmp_path / "frames.json")
    assert FrameTable.load(tmp_path / "frames.json") == table


@pytest.mark.parametrize("text", ["", "{}", '{"version": 9}', '{"version": 1, "pts": "x"}'])
def test_what_is_no_frame_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "frames.json"
    path.write_text(text)
    with pytest.raises(MediaError):
        FrameTable.load(path)
