"""How light a picture's code values are, whatever format they are stored in.

Grey and RGB without a range are full, YUV is limited, as every player takes them; YUV of no
known matrix is BT.709 from 720 lines on, else BT.601.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from archive.media.pixels import Picture, PictureFormat
from archive.media.pixels import Plane as CodePlane
from restoration.imaging.colour import Plane, Rgb, grey_lightness, linear_light, to_lab

_WEIGHTS = {
    "bt709": (0.2126, 0.0722),
    "fcc": (0.30, 0.11),
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "smpte240m": (0.212, 0.087),
    "bt2020nc": (0.2627, 0.0593),
}
"""Of red and blue in luma, by FFmpeg's name of the matrix (ITU-T H.273, table 4)."""
_Table = npt.NDArray[np.float32]


def to_srgb(picture: Picture, form: PictureFormat) -> Rgb:
    """The picture as RGB in [0, 1], (H, W, 3); chroma of subsampled YUV is repeated.

    Args:
        form: the picture's own, for its range and matrix.
    """
    pixel = picture.pixel
    if pixel.model == "rgb":
        return np.stack([_shown(plane, form) for plane in picture.planes], axis=-1)
    if pixel.model == "grey":
        return np.repeat(_shown(picture.planes[0], form)[..., None], 3, axis=-1)
    luma = _scaled(picture.planes[0], form)
    blue, red = (
        _chroma(plane, form)
        .repeat(1 << pixel.chroma_shift_y, 0)
        .repeat(1 << pixel.chroma_shift_x, 1)[: picture.height, : picture.width]
        for plane in picture.planes[1:]
    )
    of_red, of_blue = luma_weights(form)
    made_red = luma + 2 * (1 - of_red) * red
    made_blue = luma + 2 * (1 - of_blue) * blue
    of_green = 1 - of_red - of_blue
    made_green = (luma - of_red * made_red - of_blue * made_blue) / of_green
    shown = np.stack([made_red, made_green, made_blue], axis=-1)
    return np.asarray(np.clip(shown, 0, 1), np.float32)


def lightness_of(picture: Picture, form: PictureFormat) -> Plane:
    """L of every pixel, (H, W) in [0, 100]; codes outside a limited range are black or white."""
    pixel = picture.pixel
    if pixel.model == "grey":
        codes = np.arange(pixel.peak + 1, dtype=np.uint16)
        return np.asarray(grey_lightness(_shown(codes, form))[picture.planes[0]])
    if pixel.model == "rgb" and form.colour_range != "limited":
        tables = _light_tables(pixel.peak)
        light = sum(table[plane] for table, plane in zip(tables, picture.planes, strict=True))
        return np.asarray(_lightness(np.asarray(light, np.float32)), np.float32)
    return np.ascontiguousarray(to_lab(to_srgb(picture, form))[..., 0])


def grey_codes(picture: Picture, form: PictureFormat) -> CodePlane | None:
    """The codes by which RGB of the picture's depth shows it, if it is grey; else None.

    Full range: the very codes. Limited range: stretched, rounded, and clipped where they lie
    outside the range.
    """
    pixel = picture.pixel
    if pixel.model == "rgb":
        red, green, blue = picture.planes
        return red if np.array_equal(red, green) and np.array_equal(red, blue) else None
    if not is_limited(form):
        return picture.planes[0]
    codes = np.rint(_shown(picture.planes[0], form) * pixel.peak)
    return np.asarray(codes.astype(pixel.dtype))


def is_limited(form: PictureFormat) -> bool:
    """Whether black is code 16 of 255 and white 235, and not the ends."""
    if form.colour_range == "unknown":
        return form.pixel.model == "yuv"
    return form.colour_range == "limited"


def _shown(plane: CodePlane, form: PictureFormat) -> _Table:
    """In [0, 1]: what lies outside a limited range is shown as its end, as every player does."""
    scaled = _scaled(plane, form)
    return np.clip(scaled, 0, 1) if is_limited(form) else scaled


def _scaled(plane: CodePlane, form: PictureFormat) -> _Table:
    codes = plane.astype(np.float32)
    if not is_limited(form):
        return codes * np.float32(1.0 / form.pixel.peak)
    unit = 1 << (form.pixel.bits - 8)
    return np.asarray((codes - 16 * unit) * np.float32(1.0 / (219 * unit)), np.float32)


def _chroma(plane: CodePlane, form: PictureFormat) -> _Table:
    """Colour difference in [-0.5, 0.5]."""
    middle = 1 << (form.pixel.bits - 1)
    reach = form.pixel.peak if not is_limited(form) else 224 << (form.pixel.bits - 8)
    return np.asarray((plane.astype(np.float32) - middle) / np.float32(reach), np.float32)


def luma_weights(form: PictureFormat) -> tuple[float, float]:
    """Shares of red and of blue in luma."""
    usual = "bt709" if form.height >= 720 else "smpte170m"
    return _WEIGHTS.get(form.matrix, _WEIGHTS[usual])


@lru_cache(maxsize=4)
def _light_tables(peak: int) -> tuple[_Table, ...]:
    """Each RGB code's share of Y."""
    light = linear_light(np.arange(peak + 1, dtype=np.float32) / np.float32(peak))
    return tuple(
        (light * np.float32(share)).astype(np.float32)
        for share in (0.21263901, 0.71516868, 0.07219232)
    )


def _lightness(light: _Table) -> _Table:
    knee = np.float32(216 / 24389)
    return np.where(light > knee, 116 * np.cbrt(light) - 16, light * np.float32(24389 / 27))
