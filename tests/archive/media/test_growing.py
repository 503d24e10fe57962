"""A file that is read back while it is still being written."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import pytest

from archive.media.encode import PictureWriter
from archive.media.errors import MediaError
from archive.media.growing import GrowingFile, PacketsRead, follow, packets_of
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.media.planes import read_picture
from tests.restoration.takes import noise

FORM = PictureFormat(64, 48, PIXEL_FORMATS["gray"], Fraction(18))


def test_frames_come_out_before_the_writer_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    came_out = threading.Event()
    pictures = []

    def read(file: GrowingFile) -> None:
        for frame in follow(file, seen):
            pictures.append(read_picture(frame))
            came_out.set()

    seen = PacketsRead([], [])
    with PictureWriter(path, FORM) as writer:
        file = GrowingFile(path)
        reader = threading.Thread(target=read, args=(file,))
        reader.start()
        for number in range(8):
            writer.write(noise(FORM, number))
            file.grow()
        assert came_out.wait(10), "nothing is read until the file is closed"
    file.complete()
    reader.join()
    file.close()
    assert len(pictures) == 8
    assert all(each.same_codes(noise(FORM, number)) for number, each in enumerate(pictures))
    assert packets_of(path) == seen, "the closed file holds what was read while it grew"


def test_a_file_that_was_cut_off_ends_early_or_says_so(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.mkv", tmp_path / "part.mkv"
    with PictureWriter(whole, FORM) as writer:
        for number in range(8):
            writer.write(noise(FORM, number))
    data = whole.read_bytes()
    for size in (0, 100, len(data) // 2):
        part.write_bytes(data[:size])
        file = GrowingFile(part)
        file.complete()
        try:
            frames = sum(1 for _ in follow(file, PacketsRead([], [])))
        except MediaError:
            frames = 0
        finally:
            file.close()
        assert frames < 8


def test_a_wrong_slice_is_an_error_whether_the_file_grows_or_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with PictureWriter(path, FORM) as writer:
        for number in range(8):
            writer.write(noise(FORM, number))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)
    file = GrowingFile(path)
    file.complete()
    with pytest.raises(MediaError, match="wrong CRC"):
        list(follow(file, PacketsRead([], [])))
    file.close()
    with pytest.raises(MediaError, match="wrong CRC"):
        packets_of(path)
