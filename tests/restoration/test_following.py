"""A take is read back while the stage still computes; nothing slips through because of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from archive.media.decode import PictureSource, open_source
from archive.media.encode import PictureWriter
from archive.media.pixels import Picture
from archive.media.tables import make_table
from restoration.execution import ProvenanceError
from restoration.following import ScanFrames, TakeFollower
from restoration.provenance import identity_map
from restoration.recording import TakeRecorder
from restoration.stages.contract import Clip, StageFrame
from restoration.verification import compare_with_written
from tests.restoration.takes import (
    Params,
    leave,
    only,
    run_stage,
    small_stage,
    write_scan,
)

FRAMES = 12
FIRST_FRAME = 560
"""A place in the first frame of either file, behind the head."""


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan")
    return write_scan(folder / "scan.mkv", frames=FRAMES, width=64, height=48)


@contextmanager
def followed(
    scan: Path, folder: Path, *, meanwhile: Callable[[int], None] = lambda written: None
) -> Iterator[tuple[TakeRecorder, TakeFollower]]:
    """A take that is the scan, written and followed up to its last frame.

    Args:
        meanwhile: called with the number of frames written, before the follower is told of one.
    """
    written = count(1)

    def tell() -> None:
        meanwhile(next(written))
        follower.grow()

    folder.mkdir()
    with (
        open_source(scan) as source,
        TakeRecorder(folder, source.format, start_frame=0) as recorder,
        TakeFollower(
            ScanFrames(lambda: open_source(scan), md5=(), held=lambda number: None),
            folder / "picture.mkv",
            folder / "map.mkv",
            start_frame=0,
        ) as follower,
    ):
        recorder.tell(tell)
        for picture in source.frames():
            recorder.write(picture, lambda: identity_map(48, 64))
        yield recorder, follower


@pytest.mark.parametrize("name", ["picture.mkv", "map.mkv"])
@pytest.mark.parametrize("read_already", [True, False])
def test_a_file_that_is_damaged_while_it_grows_is_found(
    scan: Path, tmp_path: Path, name: str, read_already: bool
) -> None:
    """In its first frame, or in what was written last."""

    def damage(written: int) -> None:
        if written == 8:
            with (tmp_path / "take" / name).open("r+b") as file:
                size = file.seek(0, 2)
                file.seek(FIRST_FRAME if read_already else size - 64)
                data = file.read(64)
                file.seek(-len(data), 1)
                file.write(bytes(byte ^ 0x40 for byte in data))

    with followed(scan, tmp_path / "take", meanwhile=damage) as (recorder, follower):
        recorder.finish()
        assert follower.finish(lambda: None).violations != []


def test_what_is_read_back_is_what_was_written(scan: Path, tmp_path: Path) -> None:
    with followed(scan, tmp_path / "take") as (recorder, follower):
        written = recorder.finish()
        beats: list[None] = []
        found = follower.finish(lambda: beats.append(None))
    assert found.violations == [] and compare_with_written(found, written) == []
    assert found.frames == len(beats) == FRAMES


@pytest.mark.parametrize("name", ["picture.mkv", "map.mkv"])
def test_a_file_exchanged_after_it_was_read_back_is_found(
    scan: Path, tmp_path: Path, name: str
) -> None:
    """Sound by itself, of the same length and form: only its packets are others."""
    other = write_scan(tmp_path / "other.mkv", frames=FRAMES + 1, width=64, height=48)
    with followed(other, tmp_path / "other") as (recorder, _):
        recorder.finish()
    with followed(scan, tmp_path / "take") as (recorder, follower):
        recorder.finish()
        (tmp_path / "other" / name).replace(tmp_path / "take" / name)
        found = follower.finish(lambda: None)
    assert any("now that it is closed" in problem for problem in found.violations)


def test_a_picture_exchanged_for_one_of_the_same_length_is_found(
    scan: Path, tmp_path: Path
) -> None:
    with followed(scan, tmp_path / "take") as (recorder, follower):
        recorder.finish()
        exchange_two_frames(tmp_path / "take" / "picture.mkv")
        found = follower.finish(lambda: None)
    assert found.violations == [
        "picture.mkv was closed with other contents than were read back while it grew"
    ]


def exchange_two_frames(path: Path) -> None:
    with open_source(path) as source:
        form, pictures = source.format, list(source.frames())
    path.unlink()  # the follower goes on reading the old file
    with PictureWriter(path, form) as writer:
        for picture in [*pictures[:3], pictures[4], pictures[3], *pictures[5:]]:
            writer.write(picture)


def test_a_file_shortened_before_it_was_read_is_found(scan: Path, tmp_path: Path) -> None:
    """The follower waits for the file's end, so it sees a file that lost its last frames."""
    with followed(scan, tmp_path / "take") as (recorder, follower):
        recorder.finish()
        with (tmp_path / "take" / "picture.mkv").open("r+b") as file:
            file.truncate(file.seek(0, 2) // 2)
        found = follower.finish(lambda: None)
    assert found.violations != []


def test_the_scan_is_decoded_once_if_its_frames_are_still_at_hand(scan: Path) -> None:
    table = make_table(scan)
    with open_source(scan, table=table) as source:
        pictures = list(source.frames())
        frames = ScanFrames(never, md5=table.md5, held=pictures.__getitem__)
        assert all(frames.frame(number) is pictures[number] for number in range(FRAMES))


def test_a_frame_at_hand_that_is_not_the_scans_any_more_is_decoded_again(scan: Path) -> None:
    table = make_table(scan)
    with open_source(scan, table=table) as source, open_source(scan) as other:
        pictures = list(other.frames())
        altered = pictures[5].planes[0].copy()
        altered[0, 0] ^= 1
        pictures[5] = replace_luma(pictures[5], altered)
        frames = ScanFrames(lambda: source, md5=table.md5, held=pictures.__getitem__)
        assert frames.frame(4) is pictures[4]
        found = frames.frame(5)
        assert found is not pictures[5]
        assert found.planes[0][0, 0] == altered[0, 0] ^ 1


def never() -> PictureSource:
    raise AssertionError("the scan was opened, although all its frames were at hand")


def replace_luma(picture: Picture, luma: object) -> Picture:
    return replace(picture, planes=(luma, *picture.planes[1:]))


def test_a_stage_that_alters_its_input_in_place_against_the_rules_is_found_out(
    scan: Path, tmp_path: Path
) -> None:
    """It lifts the write protection, so what it read and what it made are the same array."""

    def scribble(clip: Clip, number: int, params: Params) -> StageFrame:
        picture = only(clip, number)
        picture.planes[0].setflags(write=True)
        picture.planes[0][5, 7] ^= 1
        return leave(clip, number, params)

    with pytest.raises(ProvenanceError, match="1 samples are labelled ORIGINAL but differ"):
        run_stage(scan, small_stage("scribbler", scribble), tmp_path / "take")
