"""The H.264 copies that people look at: exact times, right colours, right sizes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from archive.media.display import display_size, picture_to_layout
from archive.media.errors import MediaError, WriteFailed
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from archive.media.planes import read_picture
from archive.media.probe import probe
from archive.media.tables import make_table
from archive.media.viewing import ViewingWriter
from fixtures.clips import numbered_picture, read_clip, read_number

RATES = [Fraction(n) for n in (16, 18, 24, 25, 50)]
RATES += [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(50, 3)]


def write(
    path: Path,
    pixel: str = "gray",
    *,
    frames: int = 12,
    rate: Fraction = Fraction(24),
    width: int = 160,
    height: int = 120,
    **settings: object,
) -> Path:
    form = PictureFormat(width, height, PIXEL_FORMATS[pixel], rate)
    with ViewingWriter(path, form, preset="veryfast", **settings) as writer:  # type: ignore[arg-type]
        for number in range(frames):
            writer.write(numbered_picture(number, pixel=pixel, width=width, height=height))
    return path


def flat(pixel: str, levels: tuple[int, ...], *, side: int = 32) -> Picture:
    form = PIXEL_FORMATS[pixel]
    shapes = form.plane_shapes(width=side, height=side)
    planes = tuple(np.full(s, level, form.dtype) for s, level in zip(shapes, levels, strict=True))
    return Picture(form, planes)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_frame_n_is_shown_at_n_over_rate(tmp_path: Path, rate: Fraction) -> None:
    table = make_table(write(tmp_path / "view.mp4", frames=40, rate=rate))
    assert [pts * table.time_base for pts in table.pts] == [n / rate for n in range(40)]
    assert (table.rate, table.variable_rate) == (rate, False)


@pytest.mark.parametrize("pixel", PIXEL_FORMATS)
def test_every_kind_of_scan_can_be_viewed(tmp_path: Path, pixel: str) -> None:
    path = write(tmp_path / "view.mp4", pixel, frames=3)
    found = probe(path)
    assert (found.codec, found.native_format, found.frames) == ("h264", "yuv420p", 3)
    assert [read_number(plane) for plane in read_clip(path)] == [0, 1, 2]


@pytest.mark.parametrize(
    "pixel", ["gray", "gray10le", "gray16le", "gbrp", "gbrp12le", "yuv422p10le"]
)
@pytest.mark.parametrize("colour_range", ["full", "limited"])
def test_black_white_and_grey_keep_their_brightness(pixel: str, colour_range: str) -> None:
    form = PIXEL_FORMATS[pixel]
    shape = PictureFormat(32, 32, form, Fraction(24), colour_range)  # type: ignore[arg-type]
    scale = 1 << (form.bits - 8)
    low, high = (0, form.peak) if colour_range == "full" else (16 * scale, 235 * scale)
    for level, video, screen in ((low, 16, 0), (high, 235, 255), ((low + high) // 2, 125, 127)):
        middle = (1 << form.bits) // 2
        levels = (level, middle, middle) if form.model == "yuv" else (level,) * 3
        picture = flat(pixel, levels[: len(form.plane_shapes(width=2, height=2))])
        luma = read_picture(picture_to_layout(picture, shape, layout="yuv420p")).planes
        assert abs(int(luma[0][9, 9]) - video) <= 1
        assert max(abs(int(luma[1][5, 5]) - 128), abs(int(luma[2][5, 5]) - 128)) <= 1
        shown = read_picture(picture_to_layout(picture, shape, layout="rgb24")).planes
        assert all(abs(int(plane[9, 9]) - screen) <= 1 for plane in shown)


@pytest.mark.parametrize(
    ("rgb", "yuv"),  # ITU-R BT.709, limited range
    [((255, 0, 0), (63, 102, 240)), ((0, 255, 0), (173, 42, 26)), ((0, 0, 255), (32, 240, 118))],
)
def test_rgb_becomes_bt709(rgb: tuple[int, int, int], yuv: tuple[int, int, int]) -> None:
    form = PictureFormat(32, 32, PIXEL_FORMATS["gbrp"], Fraction(24), "full", "gbr")
    planes = read_picture(picture_to_layout(flat("gbrp", rgb), form, layout="yuv420p")).planes
    assert all(abs(int(plane[4, 4]) - code) <= 1 for plane, code in zip(planes, yuv, strict=True))


def test_yuv_keeps_its_matrix(tmp_path: Path) -> None:
    form = PictureFormat(
        64, 48, PIXEL_FORMATS["yuv420p"], Fraction(25), "limited", "bt470bg", "bt470bg", "bt709"
    )
    with ViewingWriter(tmp_path / "view.mp4", form) as writer:
        for number in range(3):
            writer.write(numbered_picture(number, pixel="yuv420p", width=64, height=48))
    assert probe(tmp_path / "view.mp4").colour == {
        "range": "limited",
        "matrix": "bt470bg",
        "primaries": "bt470bg",
        "transfer": "bt709",
    }


def test_odd_sizes_grow_by_their_last_row_and_column(tmp_path: Path) -> None:
    path = write(tmp_path / "view.mp4", "gray", frames=2, width=161, height=119)
    found = probe(path)
    assert (found.format.width, found.format.height) == (162, 120)
    plane = read_clip(path)[1].astype(int)
    assert abs(plane[:, 161] - plane[:, 160]).max() < 25
    assert read_number(plane[:119, :161].astype(np.uint8)) == 1


def test_the_index_lies_in_front(tmp_path: Path) -> None:
    data = write(tmp_path / "view.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_it_is_high_profile_in_eight_bits(tmp_path: Path) -> None:
    with av.open(str(write(tmp_path / "view.mp4", "yuv422p10le"))) as container:
        stream = container.streams.video[0]
        assert stream.profile == "High"
        assert stream.format.name == "yuv420p"


def test_pixels_that_are_not_square_say_so(tmp_path: Path) -> None:
    form = PictureFormat(
        72, 58, PIXEL_FORMATS["gray"], Fraction(25), sample_aspect=Fraction(16, 15)
    )
    with ViewingWriter(tmp_path / "view.mp4", form) as writer:
        writer.write(flat_grey(72, 58))
    assert probe(tmp_path / "view.mp4").format.sample_aspect == Fraction(16, 15)
    assert display_size(form, max_height=720) == (76, 58)


def flat_grey(width: int, height: int) -> Picture:
    return Picture(PIXEL_FORMATS["gray"], (np.full((height, width), 99, np.uint8),))


def test_sizes_for_screens_are_even_and_never_larger() -> None:
    form = PictureFormat(1441, 1075, PIXEL_FORMATS["gray"], Fraction(24))
    assert display_size(form, max_height=720) == (964, 720)
    assert display_size(form, max_height=4000) == (1440, 1074)


def test_it_leaves_no_file_when_the_work_fails_midway(tmp_path: Path) -> None:
    form = PictureFormat(72, 58, PIXEL_FORMATS["gray"], Fraction(25))
    path = tmp_path / "view.mp4"
    with pytest.raises(RuntimeError), ViewingWriter(path, form) as writer:
        writer.write(flat_grey(72, 58))
        raise RuntimeError("the export broke")
    assert not path.exists()


def test_it_refuses_a_picture_of_another_size(tmp_path: Path) -> None:
    form = PictureFormat(72, 58, PIXEL_FORMATS["gray"], Fraction(25))
    with (
        pytest.raises(MediaError, match="16x16"),
        ViewingWriter(tmp_path / "view.mp4", form) as writer,
    ):
        writer.write(flat_grey(16, 16))


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    full = tmp_path / "view.mp4"
    full.symlink_to("/dev/full")
    with pytest.raises(WriteFailed):
        write(full)
