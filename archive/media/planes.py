"""Between FFmpeg's frames and `Picture`: the same code values in another order of bytes.

Every decoder layout listed here is only unpacked (endianness, interleaving, padding bits, palette
look-up), never converted: a picture that cannot be carried that way is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt

from archive.media.errors import UnsupportedPixels
from archive.media.pixels import PIXEL_FORMATS, Picture, PixelFormat, Plane

_U8 = np.dtype(np.uint8)

_PACKED_RGB: dict[str, tuple[int, str]] = {
    "rgb24": (8, "rgb"),
    "bgr24": (8, "bgr"),
    "rgb0": (8, "rgb0"),
    "bgr0": (8, "bgr0"),
    "0rgb": (8, "0rgb"),
    "0bgr": (8, "0bgr"),
    "rgba": (8, "rgba"),
    "bgra": (8, "bgra"),
    "argb": (8, "argb"),
    "abgr": (8, "abgr"),
    "rgb48": (16, "rgb"),
    "bgr48": (16, "bgr"),
    "rgba64": (16, "rgba"),
    "bgra64": (16, "bgra"),
}
_PACKED_YUV: dict[str, tuple[int, int, int, int]] = {  # byte of Y0, U, Y1, V in four
    "yuyv422": (0, 1, 2, 3),
    "uyvy422": (1, 0, 3, 2),
    "yvyu422": (0, 3, 2, 1),
}
_SEMI_PLANAR: dict[str, tuple[str, int, bool]] = {  # target, shift, V before U
    "nv12": ("yuv420p", 0, False),
    "nv21": ("yuv420p", 0, True),
    "nv16": ("yuv422p", 0, False),
    "nv24": ("yuv444p", 0, False),
    "nv42": ("yuv444p", 0, True),
    "nv20": ("yuv422p10le", 0, False),
    "p010": ("yuv420p10le", 6, False),
    "p012": ("yuv420p12le", 4, False),
    "p016": ("yuv420p16le", 0, False),
    "p210": ("yuv422p10le", 6, False),
    "p212": ("yuv422p12le", 4, False),
    "p216": ("yuv422p16le", 0, False),
    "p410": ("yuv444p10le", 6, False),
    "p412": ("yuv444p12le", 4, False),
    "p416": ("yuv444p16le", 0, False),
}
FULL_RANGE_NAMES = {
    f"yuvj{layout}p": f"yuv{layout}p" for layout in ("420", "422", "444", "440", "411")
}


def plane_rows(plane: Any, *, rows: int, row_bytes: int) -> npt.NDArray[np.uint8]:
    """A view of a plane's (rows, row_bytes) without the padding at the ends of its lines."""
    stride = plane.line_size
    if stride < 0:
        raise UnsupportedPixels("The decoder gave an upside-down picture; this layout is not read")
    flat = np.frombuffer(plane, np.uint8)
    return np.lib.stride_tricks.as_strided(flat, (rows, row_bytes), (stride, 1), writeable=False)


def read_picture(frame: av.VideoFrame) -> Picture:
    """The frame's code values in the planes of `PIXEL_FORMATS`.

    Raises: UnsupportedPixels if its layout holds more than those planes can.
    """
    name = frame.format.name
    order = "<"
    if name.endswith("be"):
        name, order = name[:-2], ">"
    elif name.endswith("le"):
        name = name[:-2]
    name = FULL_RANGE_NAMES.get(name, name)
    for read in (_read_planar, _read_packed_rgb, _read_semi_planar, _read_packed_yuv, _read_other):
        picture = read(frame, name, order)
        if picture is not None:
            return picture
    raise UnsupportedPixels(
        f"The pixel format {frame.format.name} cannot be carried without changing code values; "
        "convert the scan to grey, RGB or YUV with 8 to 16 bits first"
    )


def _samples(
    frame: av.VideoFrame, index: int, shape: tuple[int, int], *, bits: int, order: str
) -> Plane:
    """Plane `index` as a fresh, contiguous (rows, columns) array in native byte order."""
    rows, columns = shape
    if bits == 8:
        return plane_rows(frame.planes[index], rows=rows, row_bytes=columns).copy()
    raw = plane_rows(frame.planes[index], rows=rows, row_bytes=2 * columns)
    return np.ascontiguousarray(raw).view(f"{order}u2").astype(np.uint16)


def _plane(samples: npt.NDArray[Any]) -> Plane:
    return cast(Plane, np.ascontiguousarray(samples))


def _target(name: str) -> PixelFormat | None:
    return PIXEL_FORMATS.get(name) or PIXEL_FORMATS.get(f"{name}le")


def _read_planar(frame: av.VideoFrame, name: str, order: str) -> Picture | None:
    opaque = name.replace("gbrap", "gbrp").replace("yuva", "yuv")
    pixel = _target(opaque)
    if pixel is None:
        return None
    shapes = pixel.plane_shapes(width=frame.width, height=frame.height)
    read = [
        _samples(frame, index, shape, bits=pixel.bits, order=order)
        for index, shape in enumerate(shapes)
    ]
    if opaque != name:
        alpha = _samples(frame, 3, shapes[0], bits=pixel.bits, order=order)
        _require_opaque(alpha, pixel.peak, name)
    if pixel.model == "rgb":  # FFmpeg stores G, B, R
        read = [read[2], read[0], read[1]]
    return Picture(pixel, tuple(read))


def _read_packed_rgb(frame: av.VideoFrame, name: str, order: str) -> Picture | None:
    if name not in _PACKED_RGB:
        return None
    bits, letters = _PACKED_RGB[name]
    shape = (frame.height, frame.width * len(letters))
    packed = _samples(frame, 0, shape, bits=bits, order=order)
    packed = packed.reshape(frame.height, frame.width, len(letters))
    pixel = PIXEL_FORMATS["gbrp" if bits == 8 else "gbrp16le"]
    if "a" in letters:
        _require_opaque(packed[..., letters.index("a")], pixel.peak, name)
    planes = [_plane(packed[..., letters.index(one)]) for one in "rgb"]
    return Picture(pixel, tuple(planes))


def _read_semi_planar(frame: av.VideoFrame, name: str, order: str) -> Picture | None:
    if name not in _SEMI_PLANAR:
        return None
    target, shift, swapped = _SEMI_PLANAR[name]
    pixel = PIXEL_FORMATS[target]
    luma_shape, chroma_shape, _ = pixel.plane_shapes(width=frame.width, height=frame.height)
    rows, columns = chroma_shape
    luma = _samples(frame, 0, luma_shape, bits=pixel.bits, order=order)
    pair = _samples(frame, 1, (rows, 2 * columns), bits=pixel.bits, order=order)
    first, second = pair[:, 0::2], pair[:, 1::2]
    chroma = (second, first) if swapped else (first, second)
    planes = [_plane(plane >> shift) for plane in (luma, *chroma)]
    return Picture(pixel, tuple(planes))


def _read_packed_yuv(frame: av.VideoFrame, name: str, order: str) -> Picture | None:
    if name not in _PACKED_YUV:
        return None
    pairs = -(-frame.width // 2)
    packed = _samples(frame, 0, (frame.height, 4 * pairs), bits=8, order=order)
    packed = packed.reshape(frame.height, pairs, 4)
    y0, u, y1, v = _PACKED_YUV[name]
    luma = packed[..., [y0, y1]].reshape(frame.height, 2 * pairs)[:, : frame.width]
    planes = [_plane(plane) for plane in (luma, packed[..., u], packed[..., v])]
    return Picture(PIXEL_FORMATS["yuv422p"], tuple(planes))


def _read_other(frame: av.VideoFrame, name: str, order: str) -> Picture | None:
    readers: dict[str, Callable[[av.VideoFrame, str], Picture]] = {
        "monow": _read_bits,
        "monob": _read_bits,
        "pal8": _read_palette,
        "ya8": _read_grey_alpha,
        "ya16": _read_grey_alpha,
    }
    return readers[name](frame, order) if name in readers else None


def _read_bits(frame: av.VideoFrame, order: str) -> Picture:
    """One bit a pixel becomes 0 or 255; monow counts 0 as white."""
    packed = plane_rows(frame.planes[0], rows=frame.height, row_bytes=-(-frame.width // 8))
    bits = np.unpackbits(packed, axis=1, count=frame.width)
    grey = np.where(bits == (0 if frame.format.name == "monow" else 1), 255, 0).astype(np.uint8)
    return Picture(PIXEL_FORMATS["gray"], (grey,))


def _read_palette(frame: av.VideoFrame, order: str) -> Picture:
    indices = plane_rows(frame.planes[0], rows=frame.height, row_bytes=frame.width)
    palette = np.frombuffer(memoryview(frame.planes[1]), np.uint8)[:1024].reshape(
        256, 4
    )  # B, G, R, A
    _require_opaque(palette[np.unique(indices), 3], 255, "pal8")
    planes = tuple(palette[indices, channel].copy() for channel in (2, 1, 0))
    return Picture(PIXEL_FORMATS["gbrp"], planes)


def _read_grey_alpha(frame: av.VideoFrame, order: str) -> Picture:
    bits = 8 if frame.format.name == "ya8" else 16
    pixel = PIXEL_FORMATS["gray" if bits == 8 else "gray16le"]
    pair = _samples(frame, 0, (frame.height, 2 * frame.width), bits=bits, order=order)
    _require_opaque(pair[:, 1::2], pixel.peak, frame.format.name)
    return Picture(pixel, (_plane(pair[:, 0::2]),))


def _require_opaque(alpha: npt.NDArray[Any], peak: int, name: str) -> None:
    if alpha.size and int(alpha.min()) != peak:
        raise UnsupportedPixels(
            f"The {name} picture is partly transparent; a film scan is opaque. "
            "Export the frames without an alpha channel"
        )


def native_bytes(frame: av.VideoFrame) -> bytes:
    """The frame as FFmpeg's rawvideo encoder writes it: all planes without line padding.

    This is what `ffmpeg -f framemd5` digests.
    """
    return b"".join(_native_planes(frame))


def native_md5(frame: av.VideoFrame) -> str:
    """MD5 of `native_bytes`, without putting them together."""
    digest = hashlib.md5(usedforsecurity=False)
    for plane in _native_planes(frame):
        digest.update(plane)
    return digest.hexdigest()


def native_size(frame: av.VideoFrame) -> int:
    """How many bytes `native_bytes` gives."""
    return sum(rows * row_bytes for rows, row_bytes in _raw_shapes(frame))


def _native_planes(frame: av.VideoFrame) -> Iterator[memoryview]:
    for plane, (rows, row_bytes) in zip(frame.planes, _raw_shapes(frame), strict=False):
        if plane.line_size == row_bytes:
            yield memoryview(plane)[: rows * row_bytes]
        else:
            yield memoryview(plane_rows(plane, rows=rows, row_bytes=row_bytes).tobytes())


def _raw_shapes(frame: av.VideoFrame) -> list[tuple[int, int]]:
    """Rows and bytes a row of each plane as stored."""
    layout = frame.format
    if layout.name == "pal8":
        return [(frame.height, frame.width), (1, 1024)]
    if layout.is_bit_stream:
        return [(frame.height, -(-frame.width * layout.bits_per_pixel // 8))]
    if not layout.is_planar:
        if layout.name in _PACKED_YUV:
            return [(frame.height, 4 * (-(-frame.width // 2)))]
        return [(frame.height, frame.width * layout.padded_bits_per_pixel // 8)]
    shapes: dict[int, tuple[int, int]] = {}
    for part in layout.components:
        subsampled = part.is_chroma
        rows = layout.chroma_height(frame.height) if subsampled else frame.height
        columns = layout.chroma_width(frame.width) if subsampled else frame.width
        size = 1 if part.bits <= 8 else (2 if part.bits <= 16 else 4)
        held = shapes.get(part.plane, (rows, 0))[1]
        shapes[part.plane] = (rows, held + columns * size)
    return [shapes[index] for index in sorted(shapes)]


def write_planes(picture: Picture) -> av.VideoFrame:
    """The picture as a frame of its own `PIXEL_FORMATS` name."""
    planes = picture.planes
    if picture.pixel.model == "rgb":
        planes = (planes[1], planes[2], planes[0])
    return fill_frame(picture.pixel.name, planes)


def fill_frame(layout: str, planes: tuple[Plane, ...]) -> av.VideoFrame:
    """A frame of FFmpeg's pixel format `layout` from its planes in FFmpeg's order."""
    rows, columns = planes[0].shape
    frame = av.VideoFrame(columns, rows, layout)
    for target, plane in zip(frame.planes, planes, strict=True):
        _fill(target, plane)
    return frame


def write_bgr0(picture: Picture) -> av.VideoFrame:
    """An 8-bit RGB picture as FFV1 takes it; the unused fourth byte is 255."""
    red, green, blue = picture.planes
    packed = np.stack([blue, green, red, np.full_like(red, 255)], axis=-1)
    frame = av.VideoFrame(picture.width, picture.height, "bgr0")
    _fill(frame.planes[0], packed.reshape(picture.height, picture.width * 4))
    return frame


def _fill(target: Any, plane: npt.NDArray[Any]) -> None:
    rows = np.ascontiguousarray(plane).view(np.uint8).reshape(plane.shape[0], -1)
    buffer = np.frombuffer(target, np.uint8)
    stride = target.line_size
    view = np.lib.stride_tricks.as_strided(buffer, rows.shape, (stride, 1))
    view[...] = rows
