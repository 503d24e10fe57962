"""Pictures as a screen shows them: 8-bit views for people, never for processing."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation

from archive.media.pixels import Picture, PictureFormat
from archive.media.planes import read_picture, write_planes

_MATRICES = {"bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "bt2020nc": 9}
"""Matrices that FFmpeg's scaler converts from."""

_ACCURATE = 0x40000 | 0x2000
"""SWS_ACCURATE_RND and SWS_FULL_CHR_H_INT; without them white comes out as 253."""


def viewing_matrix(form: PictureFormat) -> str:
    """The matrix by which to show a picture: its own, else the one usual for its kind and size."""
    if form.pixel.model != "yuv":
        return "bt709"
    if form.matrix in _MATRICES:
        return form.matrix
    return "bt709" if form.height >= 720 else "smpte170m"


def source_range(form: PictureFormat) -> ColorRange:
    """Grey and RGB without a range are full, YUV is limited, as every player takes them."""
    if form.colour_range == "unknown":
        return ColorRange.MPEG if form.pixel.model == "yuv" else ColorRange.JPEG
    return ColorRange.JPEG if form.colour_range == "full" else ColorRange.MPEG


def to_layout(
    frame: av.VideoFrame,
    form: PictureFormat,
    *,
    layout: str,
    width: int | None = None,
    height: int | None = None,
) -> av.VideoFrame:
    """Convert a frame to yuv420p (limited range, `viewing_matrix`), rgb24 or bgr24 for a screen."""
    if form.pixel.model != "yuv" and form.colour_range == "limited":
        # FFmpeg's scaler takes grey and RGB for full range whatever it is told.
        frame = write_planes(_expand(read_picture(frame)))
    matrix = _MATRICES[viewing_matrix(form)]
    is_yuv = layout.startswith("yuv")
    shrinks = (height or frame.height) < frame.height
    return frame.reformat(
        width=width or frame.width,
        height=height or frame.height,
        format=layout,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=source_range(form),
        dst_color_range=ColorRange.MPEG if is_yuv else ColorRange.JPEG,
        interpolation=(Interpolation.AREA if shrinks else Interpolation.BICUBIC) | _ACCURATE,
    )


def _expand(picture: Picture) -> Picture:
    """Stretch limited range to full."""
    pixel = picture.pixel
    scale = 1 << (pixel.bits - 8)
    stretched = [
        (plane.astype(np.float32) - 16 * scale) * (pixel.peak / (219 * scale)) + 0.5
        for plane in picture.planes
    ]
    planes = tuple(np.clip(plane, 0, pixel.peak).astype(pixel.dtype) for plane in stretched)
    return Picture(pixel, planes)


def picture_to_layout(picture: Picture, form: PictureFormat, *, layout: str) -> av.VideoFrame:
    """`to_layout` for a picture in native planes."""
    return to_layout(write_planes(picture), form, layout=layout)


def display_size(form: PictureFormat, *, max_height: int) -> tuple[int, int]:
    """Even width and height with square pixels, no higher than `max_height`, never enlarged."""
    height = min(form.height, max_height)
    width = form.width * form.sample_aspect * height / form.height
    return max(2, int(width / 2) * 2), max(2, int(height / 2) * 2)
