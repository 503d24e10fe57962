"""What `PictureWriter` writes reads back with the same code values, format and rate."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from archive.media.decode import open_source
from archive.media.encode import PictureWriter
from archive.media.errors import MediaError, WriteFailed
from archive.media.ffv1 import slices_are_sound
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from archive.media.tables import index_own_master, make_table

RATES = [Fraction(n) for n in (12, 16, 18, 24, 25, 50)] + [
    Fraction(50, 3),
    Fraction(24000, 1001),
    Fraction(30000, 1001),
    Fraction(60000, 1001),
    Fraction(1000, 41),
]


def noise(pixel: str, *, width: int, height: int, count: int = 3) -> list[Picture]:
    """Pictures of random code values over the whole depth."""
    form = PIXEL_FORMATS[pixel]
    generator = np.random.default_rng(width * height)
    shapes = form.plane_shapes(width=width, height=height)
    return [
        Picture(
            form,
            tuple(generator.integers(0, form.peak + 1, s).astype(form.dtype) for s in shapes),
        )
        for _ in range(count)
    ]


def form_of(pixel: str, *, width: int, height: int, rate: Fraction | int = 24) -> PictureFormat:
    return PictureFormat(width, height, PIXEL_FORMATS[pixel], Fraction(rate))


def write(path: Path, pictures: list[Picture], form: PictureFormat) -> Path:
    with PictureWriter(path, form) as writer:
        for picture in pictures:
            writer.write(picture)
    return path


@pytest.mark.parametrize("size", [(64, 48), (67, 53), (1, 1)], ids=["even", "odd", "one pixel"])
@pytest.mark.parametrize("pixel", PIXEL_FORMATS)
def test_it_keeps_every_code_value(tmp_path: Path, pixel: str, size: tuple[int, int]) -> None:
    width, height = size
    pictures = noise(pixel, width=width, height=height)
    path = write(tmp_path / "take.mkv", pictures, form_of(pixel, width=width, height=height))
    with open_source(path) as source:
        assert source.format.pixel == PIXEL_FORMATS[pixel]
        read = list(source.frames())
    assert len(read) == len(pictures)
    assert all(one.same_codes(other) for one, other in zip(read, pictures, strict=True))


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_it_keeps_the_exact_rate_through_matroskas_milliseconds(
    tmp_path: Path, rate: Fraction
) -> None:
    pictures = noise("gray", width=16, height=16, count=40)
    path = write(tmp_path / "take.mkv", pictures, form_of("gray", width=16, height=16, rate=rate))
    with open_source(path) as source:
        assert source.format.rate == rate
    table = make_table(path)
    assert (table.rate, table.variable_rate, len(table)) == (rate, False, 40)


def test_it_keeps_colour_description_and_sample_aspect(tmp_path: Path) -> None:
    form = PictureFormat(
        width=67,
        height=48,
        pixel=PIXEL_FORMATS["yuv422p10le"],
        rate=Fraction(25),
        colour_range="limited",
        matrix="bt470bg",
        primaries="bt470bg",
        transfer="smpte170m",
        sample_aspect=Fraction(59, 54),
    )
    path = write(tmp_path / "take.mkv", noise("yuv422p10le", width=67, height=48), form)
    with open_source(path) as source:
        assert source.format == form


def test_it_writes_ffv1_level_3_in_slices_with_checksums(tmp_path: Path) -> None:
    path = write(
        tmp_path / "take.mkv",
        noise("gray16le", width=64, height=48),
        form_of("gray16le", width=64, height=48),
    )
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "ffv1"
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert all(packet.is_keyframe for packet in packets)
    assert all(slices_are_sound(bytes(packet)) for packet in packets)


def test_the_same_pictures_make_the_same_file(tmp_path: Path) -> None:
    pictures = noise("yuv420p", width=64, height=48)
    form = form_of("yuv420p", width=64, height=48)
    files = [write(tmp_path / f"{n}.mkv", pictures, form).read_bytes() for n in range(2)]
    assert files[0] == files[1]


def test_its_own_masters_are_numbered_without_decoding(tmp_path: Path) -> None:
    path = write(
        tmp_path / "take.mkv",
        noise("gray", width=64, height=48, count=9),
        form_of("gray", width=64, height=48, rate=18),
    )
    table = index_own_master(path)
    assert table is not None
    decoded = make_table(path)
    assert (table.pts, table.rate) == (decoded.pts, decoded.rate)


def test_it_refuses_a_picture_of_another_size(tmp_path: Path) -> None:
    with (
        pytest.raises(MediaError, match="16x16"),
        PictureWriter(tmp_path / "take.mkv", form_of("gray", width=64, height=48)) as writer,
    ):
        writer.write(noise("gray", width=16, height=16)[0])


def test_it_leaves_no_file_when_the_work_fails_midway(tmp_path: Path) -> None:
    path = tmp_path / "take.mkv"
    with (
        pytest.raises(RuntimeError),
        PictureWriter(path, form_of("gray", width=16, height=16)) as writer,
    ):
        writer.write(noise("gray", width=16, height=16)[0])
        raise RuntimeError("the stage broke")
    assert not path.exists()


def test_it_refuses_to_finish_a_file_without_pictures(tmp_path: Path) -> None:
    path = tmp_path / "take.mkv"
    with (
        pytest.raises(MediaError, match="No picture"),
        PictureWriter(path, form_of("gray", width=16, height=16)),
    ):
        pass
    assert not path.exists()


def test_it_says_where_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match=r"take\.mkv could not be written: No such file"):
        PictureWriter(tmp_path / "nowhere" / "take.mkv", form_of("gray", width=16, height=16))


_FILL = """
import resource, signal, sys
from fractions import Fraction
from pathlib import Path
from tests.archive.media.test_picture_round_trip import form_of, noise, PictureWriter, WriteFailed
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
pictures = noise("gray", width=64, height=48, count=12)
try:
    with PictureWriter(Path(sys.argv[1]), form_of("gray", width=64, height=48)) as writer:
        for picture in pictures:
            writer.write(picture)
except WriteFailed as error:
    print(error)
"""


@pytest.mark.parametrize("room", [3_000, 39_000])
def test_a_disk_that_fills_up_is_an_error_and_leaves_no_file(tmp_path: Path, room: int) -> None:
    path = tmp_path / "take.mkv"
    done = subprocess.run(
        [sys.executable, "-c", _FILL, os.fspath(path), str(room)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "take.mkv could not be written" in done.stdout
    assert not path.exists()


def test_a_full_device_is_named_in_words(tmp_path: Path) -> None:
    full = tmp_path / "take.mkv"
    full.symlink_to("/dev/full")
    with (
        pytest.raises(WriteFailed, match="no space is left"),
        PictureWriter(full, form_of("gray", width=64, height=48)) as writer,
    ):
        for picture in noise("gray", width=64, height=48, count=30):
            writer.write(picture)
    assert Path("/dev/full").exists()
