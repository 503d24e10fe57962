"""Numbered frames hold the code values that went in, and DPX headers their frame and timecode."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.errors import UnsupportedPixels
from archive.media.numbered import DPX, TIFF, FrameFiles, NumberedWriter
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.media.planes import write_planes
from archive.media.probe import probe
from archive.media.sequence import read_dpx_header
from archive.timecode import timecode
from fixtures.clips import numbered_picture

CASES = [(kind, pixel) for kind in (DPX, TIFF) for pixel in kind.layouts]


def write(folder: Path, kind: FrameFiles, pixel: str, *, rate: Fraction, start: str) -> None:
    form = PictureFormat(63, 47, PIXEL_FORMATS[pixel], rate)
    with NumberedWriter(
        folder, form, kind, prefix="R0000001", frames=3,
        timecode=lambda frame: timecode(frame, rate, start),
    ) as frames:  # fmt: skip
        for number in range(3):
            frames.write(numbered_picture(number, pixel=pixel, width=63, height=47))


@pytest.mark.parametrize(("kind", "pixel"), CASES, ids=lambda each: getattr(each, "codec", each))
def test_frames_read_back_with_the_same_code_values(
    tmp_path: Path, kind: FrameFiles, pixel: str
) -> None:
    write(tmp_path / "frames", kind, pixel, rate=Fraction(24), start="")
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names[0] == f"R0000001.0000000{kind.ending}"
    with open_source(tmp_path / "frames", rate=Fraction(24)) as source:
        assert len(source) == 3
        if kind is DPX:
            assert probe(tmp_path / "frames").rate == 24, "which the headers alone say"
        for number, found in enumerate(source.frames()):
            wanted = numbered_picture(number, pixel=pixel, width=63, height=47)
            assert found.pixel == wanted.pixel
            assert all(
                np.array_equal(one, other)
                for one, other in zip(found.planes, wanted.planes, strict=True)
            )


@pytest.mark.parametrize(
    ("rate", "start", "last"),
    [
        (Fraction(16), "23:59:59:15", "00:00:00:01"),
        (Fraction(24000, 1001), "01:00:00:00", "01:00:00:02"),
        (Fraction(30000, 1001), "00:00:59;29", "00:01:00:03"),
        (Fraction(50), "", "00:00:00:02"),
    ],
    ids=str,
)
def test_each_header_says_frame_rate_and_timecode(
    tmp_path: Path, rate: Fraction, start: str, last: str
) -> None:
    write(tmp_path / "frames", DPX, "gbrp10le", rate=rate, start=start)
    path = tmp_path / "frames" / "R0000001.0000002.dpx"
    found = read_dpx_header(path)
    assert (found.rate, found.timecode) == (rate, last)
    data = path.read_bytes()
    assert struct.unpack_from(">II", data, 1712) == (2, 3), "place in the sequence, and its length"
    assert struct.unpack_from(">I", data, 16) == (len(data),)
    assert data[36:80].rstrip(b"\0") == b"R0000001.0000002.dpx"
    assert probe(tmp_path / "frames").rate == rate


def test_what_a_format_cannot_hold_exactly_is_refused(tmp_path: Path) -> None:
    for kind, pixel in ((DPX, "yuv420p"), (TIFF, "gbrp10le"), (DPX, "gray10le")):
        with pytest.raises(UnsupportedPixels, match="Deliver the master"):
            write(tmp_path / "frames", kind, pixel, rate=Fraction(24), start="")
    assert not (tmp_path / "frames").exists()


def test_a_header_that_ends_before_its_time_fields_says_nothing_of_time(tmp_path: Path) -> None:
    """Pictures by FFmpeg itself begin where other programs have rate and timecode."""
    context = av.CodecContext.create("dpx", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 64, 48, "gray"
    context.time_base = Fraction(1, 24)
    (packet,) = context.encode(write_planes(numbered_picture(1, width=64, height=48)))
    (tmp_path / "1.dpx").write_bytes(bytes(packet))
    found = read_dpx_header(tmp_path / "1.dpx")
    assert (found.rate, found.timecode) == (None, None)
