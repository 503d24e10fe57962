"""Every layout that a decoder may give is only unpacked, never converted."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from archive.media.errors import UnsupportedPixels
from archive.media.pixels import PIXEL_FORMATS, Picture
from archive.media.planes import native_bytes, plane_rows, read_picture, write_planes

WIDTH, HEIGHT = 7, 5


def frame_of(layout: str, planes: list[npt.NDArray[Any]]) -> av.VideoFrame:
    """A frame whose planes' bytes are those of the (rows, n) arrays, whatever its line size."""
    frame = av.VideoFrame(WIDTH, HEIGHT, layout)
    for target, plane in zip(frame.planes, planes, strict=True):
        rows = np.ascontiguousarray(plane).view(np.uint8).reshape(plane.shape[0], -1)
        line = target.line_size or target.buffer_size  # a palette has no lines
        padded = np.full((target.buffer_size // line, line), 0xEE, np.uint8)
        padded[: rows.shape[0], : rows.shape[1]] = rows
        target.update(padded.tobytes())
    return frame


def codes(shape: tuple[int, ...], *, peak: int, seed: int = 0) -> npt.NDArray[Any]:
    dtype = np.uint8 if peak < 256 else np.uint16
    return np.random.default_rng(seed).integers(0, peak + 1, shape).astype(dtype)


@pytest.mark.parametrize("pixel", PIXEL_FORMATS)
def test_a_picture_comes_back_from_its_own_frame(pixel: str) -> None:
    form = PIXEL_FORMATS[pixel]
    shapes = form.plane_shapes(width=WIDTH, height=HEIGHT)
    picture = Picture(form, tuple(codes(s, peak=form.peak, seed=i) for i, s in enumerate(shapes)))
    assert read_picture(write_planes(picture)).same_codes(picture)


@pytest.mark.parametrize(
    ("layout", "order"),
    [("rgb24", "rgb"), ("bgr24", "bgr"), ("rgb0", "rgb0"), ("bgr0", "bgr0"), ("0rgb", "0rgb")],
)
def test_packed_rgb_becomes_planes(layout: str, order: str) -> None:
    packed = codes((HEIGHT, WIDTH, len(order)), peak=255)
    picture = read_picture(frame_of(layout, [packed.reshape(HEIGHT, -1)]))
    assert picture.pixel.name == "gbrp"
    for plane, channel in zip(picture.planes, "rgb", strict=True):
        assert np.array_equal(plane, packed[..., order.index(channel)])


@pytest.mark.parametrize(
    ("layout", "order"), [("rgb48le", "<u2"), ("rgb48be", ">u2"), ("bgr48be", ">u2")]
)
def test_sixteen_bit_rgb_is_read_in_either_byte_order(layout: str, order: str) -> None:
    packed = codes((HEIGHT, WIDTH, 3), peak=65535)
    picture = read_picture(frame_of(layout, [packed.astype(order).reshape(HEIGHT, -1)]))
    assert picture.pixel.name == "gbrp16le"
    for plane, channel in zip(picture.planes, "rgb", strict=True):
        assert np.array_equal(plane, packed[..., layout.index(channel)])


@pytest.mark.parametrize(
    ("layout", "pixel", "peak"),
    [
        ("gray16be", "gray16le", 65535),
        ("gray10be", "gray10le", 1023),
        ("gray12be", "gray12le", 4095),
    ],
)
def test_big_endian_grey_keeps_its_codes(layout: str, pixel: str, peak: int) -> None:
    luma = codes((HEIGHT, WIDTH), peak=peak)
    picture = read_picture(frame_of(layout, [luma.astype(">u2")]))
    assert picture.pixel.name == pixel
    assert np.array_equal(picture.planes[0], luma)


@pytest.mark.parametrize(
    ("layout", "pixel", "shift", "swapped"),
    [
        ("nv12", "yuv420p", 0, False),
        ("nv21", "yuv420p", 0, True),
        ("nv16", "yuv422p", 0, False),
        ("nv24", "yuv444p", 0, False),
        ("p010le", "yuv420p10le", 6, False),
        ("p012le", "yuv420p12le", 4, False),
        ("p016le", "yuv420p16le", 0, False),
        ("p210le", "yuv422p10le", 6, False),
    ],
)
def test_interleaved_chroma_is_parted_and_shifted_down(
    layout: str, pixel: str, shift: int, swapped: bool
) -> None:
    form = PIXEL_FORMATS[pixel]
    shapes = form.plane_shapes(width=WIDTH, height=HEIGHT)
    luma, blue, red = (codes(s, peak=form.peak, seed=i) for i, s in enumerate(shapes))
    pair = np.stack([red, blue] if swapped else [blue, red], axis=-1)
    stored = [luma << shift, (pair << shift).reshape(pair.shape[0], -1)]
    picture = read_picture(frame_of(layout, stored))
    assert picture.same_codes(Picture(form, (luma, blue, red)))


@pytest.mark.parametrize("layout", ["yuyv422", "uyvy422"])
def test_packed_422_of_odd_width_is_parted(layout: str) -> None:
    pairs = -(-WIDTH // 2)
    packed = codes((HEIGHT, pairs, 4), peak=255)
    picture = read_picture(frame_of(layout, [packed.reshape(HEIGHT, -1)]))
    first = layout.index("y")
    luma = packed[..., [first, first + 2]].reshape(HEIGHT, -1)[:, :WIDTH]
    assert picture.pixel.name == "yuv422p"
    assert np.array_equal(picture.planes[0], luma)
    assert np.array_equal(picture.planes[1], packed[..., layout.index("u")])
    assert np.array_equal(picture.planes[2], packed[..., layout.index("v")])


@pytest.mark.parametrize("layout", ["monow", "monob"])
def test_one_bit_pictures_become_black_and_white(layout: str) -> None:
    bits = codes((HEIGHT, WIDTH), peak=1)
    picture = read_picture(frame_of(layout, [np.packbits(bits, axis=1)]))
    white = 1 - bits if layout == "monow" else bits
    assert np.array_equal(picture.planes[0], white * 255)


def test_a_palette_is_looked_up() -> None:
    indices = codes((HEIGHT, WIDTH), peak=255)
    palette = codes((256, 4), peak=255)
    palette[:, 3] = 255
    frame = frame_of("pal8", [indices, palette.reshape(1, -1)])
    picture = read_picture(frame)
    for plane, channel in zip(picture.planes, (2, 1, 0), strict=True):
        assert np.array_equal(plane, palette[indices, channel])


@pytest.mark.parametrize("layout", ["rgba", "ya8", "gbrap", "yuva420p"])
def test_an_opaque_alpha_channel_is_dropped(layout: str) -> None:
    frame = av.VideoFrame(WIDTH, HEIGHT, layout)
    for plane in frame.planes:
        plane.update(b"\xff" * plane.buffer_size)
    picture = read_picture(frame)
    assert all((plane == 255).all() for plane in picture.planes)
    assert len(picture.planes) in (1, 3)


@pytest.mark.parametrize("layout", ["rgba", "ya8", "ya16be", "gbrap16le", "yuva444p10le"])
def test_a_transparent_picture_is_refused(layout: str) -> None:
    frame = av.VideoFrame(WIDTH, HEIGHT, layout)
    for plane in frame.planes:
        plane.update(b"\x01" * plane.buffer_size)
    with pytest.raises(UnsupportedPixels, match="transparent"):
        read_picture(frame)


@pytest.mark.parametrize("layout", ["gbrpf32le", "xyz12le", "bayer_rggb8", "rgb565le", "rgb8"])
def test_other_layouts_are_refused_by_name(layout: str) -> None:
    with pytest.raises(UnsupportedPixels, match=layout):
        read_picture(av.VideoFrame(8, 8, layout))


def test_full_range_yuv_is_read_as_yuv() -> None:
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuvj420p")
    assert read_picture(frame).pixel.name == "yuv420p"


def test_line_padding_never_reaches_a_digest() -> None:
    frames = []
    for padding in (0x00, 0xFF):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([padding]) * plane.buffer_size)
            rows = plane_rows(plane, rows=plane.height, row_bytes=plane.width)
            buffer = np.frombuffer(memoryview(plane), np.uint8)
            view = np.lib.stride_tricks.as_strided(buffer, rows.shape, (plane.line_size, 1))
            view[...] = 9
        frames.append(native_bytes(frame))
    assert frames[0] == frames[1] == b"\x09" * len(frames[0])
