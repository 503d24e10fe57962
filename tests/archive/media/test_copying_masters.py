"""Masters are joined by their packets: nothing is decoded or encoded on the way."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from tests.restoration.takes import noise

FORM = PictureFormat(64, 48, PIXEL_FORMATS["gray"], Fraction(24000, 1001))


def write(path: Path, form: PictureFormat, numbers: range) -> Path:
    with PictureWriter(path, form) as writer:
        for number in numbers:
            writer.write(noise(form, number))
    return path


@pytest.mark.parametrize("pixel", ["gray", "yuv420p", "yuv422p10le", "gbrp", "gbrp16le"])
def test_the_joined_file_is_the_one_that_encoding_all_would_give(
    tmp_path: Path, pixel: str
) -> None:
    form = replace(FORM, pixel=PIXEL_FORMATS[pixel])
    parts = [
        write(tmp_path / "1.mkv", form, range(5)),
        write(tmp_path / "2.mkv", form, range(5, 12)),
    ]
    whole = write(tmp_path / "whole.mkv", form, range(12))
    with PictureWriter(tmp_path / "joined.mkv", form) as writer:
        assert all(writer.copy(part) for part in parts)
    assert (tmp_path / "joined.mkv").read_bytes() == whole.read_bytes()


def test_copied_and_encoded_pictures_may_take_turns(tmp_path: Path) -> None:
    part = write(tmp_path / "1.mkv", FORM, range(2, 5))
    with PictureWriter(tmp_path / "joined.mkv", FORM) as writer:
        writer.write(noise(FORM, 0))
        writer.write(noise(FORM, 1))
        assert writer.copy(part)
        writer.write(noise(FORM, 5))
    with open_source(tmp_path / "joined.mkv") as source:
        assert len(source) == 6 and source.format.rate == FORM.rate
        for number, picture in enumerate(source.frames()):
            assert picture.same_codes(noise(FORM, number)), number


def test_what_was_coded_otherwise_is_left_to_be_written(tmp_path: Path) -> None:
    other = tmp_path / "other.mkv"
    with av.open(str(other), "w") as container:
        stream = container.add_stream("ffv1", rate=25, options={"level": "3", "slices": "9"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gray"
        frame = av.VideoFrame.from_ndarray(noise(FORM, 0).planes[0], format="gray")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    larger = write(tmp_path / "larger.mkv", replace(FORM, width=80), range(2))
    with PictureWriter(tmp_path / "joined.mkv", FORM) as writer:
        assert not writer.copy(other)
        assert not writer.copy(larger)
        assert writer.written == 0
        writer.write(noise(FORM, 0))
