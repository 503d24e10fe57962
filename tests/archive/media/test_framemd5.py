"""Our frame digests are those of FFmpeg's framemd5 muxer."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from archive.media.encode import PictureWriter
from archive.media.errors import MediaError
from archive.media.frames import parse_framemd5
from archive.media.pixels import PIXEL_FORMATS, PictureFormat
from archive.media.tables import make_table
from fixtures.clips import numbered_picture, write_clip


def ffmpegs_framemd5(path: Path, target: Path) -> str:
    """What `ffmpeg -i PATH -an -fps_mode passthrough -f framemd5` writes."""
    with av.open(str(path)) as source, av.open(str(target), "w", format="framemd5") as out:
        stream = source.streams.video[0]
        raw = out.add_stream("rawvideo", rate=stream.average_rate)
        raw.width, raw.height, raw.pix_fmt = stream.width, stream.height, stream.pix_fmt
        raw.codec_context.time_base = stream.time_base
        for frame in source.decode(stream):
            frame.pict_type = 0
            out.mux(raw.encode(frame))
        out.mux(raw.encode(None))
    return target.read_text()


def rows(text: str) -> list[list[str]]:
    """The lines without the duration, which FFmpeg rounds from the header's rate."""
    fields = [line.split(",") for line in text.splitlines() if not line.startswith("#")]
    return [[part.strip() for part in (*one[:3], *one[4:])] for one in fields]


@pytest.mark.parametrize("size", [(160, 120), (71, 53)], ids=["even", "odd"])
@pytest.mark.parametrize("pixel", ["gray", "gray10le", "gbrp", "gbrp16le", "yuv420p", "yuv411p"])
def test_digests_equal_ffmpegs(tmp_path: Path, pixel: str, size: tuple[int, int]) -> None:
    width, height = size
    form = PictureFormat(width, height, PIXEL_FORMATS[pixel], Fraction(24000, 1001))
    path = tmp_path / "clip.mkv"
    with PictureWriter(path, form) as writer:
        for number in range(5):
            writer.write(numbered_picture(number, pixel=pixel, width=width, height=height))
    theirs = ffmpegs_framemd5(path, tmp_path / "theirs.framemd5")
    table = make_table(path)
    assert list(table.md5) == parse_framemd5(theirs)
    assert rows(table.framemd5()) == rows(theirs)


def test_the_header_is_ffmpegs(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "clip.mp4",
        frames=4,
        rate=Fraction(25),
        pixel="yuv420p",
        codec="libx264",
        options={"bf": "0"},
    )
    theirs = ffmpegs_framemd5(path, tmp_path / "theirs.framemd5")
    ours = make_table(path).framemd5()
    # FFmpeg names its version, and calls square pixels 0/1 where the file does not say.
    assert header(theirs) == header(ours)


def header(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.startswith("#")]
    return [line for line in lines if not line.startswith(("#software", "#sar"))]


def test_a_table_without_digests_has_no_framemd5(tmp_path: Path) -> None:
    table = make_table(write_clip(tmp_path / "clip.mkv", frames=3), digests=False)
    with pytest.raises(MediaError, match="no digests"):
        table.framemd5()


@pytest.mark.parametrize("text", ["", "hello", "#format: frame checksums\n0, 1, 2\n"])
def test_what_is_no_framemd5_is_refused(text: str) -> None:
    with pytest.raises(MediaError, match="Not a framemd5"):
        parse_framemd5(text)
