"""From L and colour to code values: RGB of the scan's depth, with L kept and greys given back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat, PixelFormat
from archive.media.pixels import Plane as CodePlane
from restoration.imaging.colour import Lab, Plane, Rgb, ciede2000, fit_gamut, to_lab
from restoration.imaging.tones import grey_codes, is_limited, to_srgb
from restoration.provenance.labels import Label

_Codes = npt.NDArray[Any]
_LIGHTNESS_OFF = 0.4
"""Difference in L that rounding may make."""
_LIKE = 4.0
"""Difference in L at which a coarse colour speaks half as loud for a fine pixel."""


class _Scale(NamedTuple):
    """The code of black, and the steps from it to white."""

    black: int
    span: int

    @classmethod
    def of(cls, picture: Picture, form: PictureFormat) -> _Scale:
        """RGB keeps the range that it had, which its file says; all else becomes full range."""
        if picture.pixel.model == "rgb" and is_limited(form):
            unit = 1 << (picture.pixel.bits - 8)
            return cls(16 * unit, 219 * unit)
        return cls(0, picture.pixel.peak)

    def codes(self, rgb: Rgb, pixel: PixelFormat) -> _Codes:
        steps = np.rint(rgb * np.float32(self.span)) + self.black
        return np.asarray(steps.astype(pixel.dtype))


class Coloured(NamedTuple):
    """A frame as RGB. faint: (H, W) bool, where sRGB cannot hold the colour at that L."""

    picture: Picture
    structure: npt.NDArray[np.uint8]
    colour: npt.NDArray[np.uint8]
    faint: npt.NDArray[np.bool_]


def rgb_format(pixel: PixelFormat) -> PixelFormat:
    """RGB of the same depth."""
    for other in PIXEL_FORMATS.values():
        if other.model == "rgb" and other.bits == pixel.bits:
            return other
    raise ValueError(f"there is no RGB of {pixel.bits} bits")


def write_codes(
    picture: Picture,
    form: PictureFormat,
    lightness: Plane,
    ab: npt.NDArray[np.float32],
    *,
    painted: npt.NDArray[np.bool_],
    keep_tint: bool,
) -> Coloured:
    """The frame in colour, and the labels of what was done.

    Args:
        lightness: L of the picture. ab: (H, W, 2), the colour of each pixel; exactly 0 and 0 where
            none is added: those pixels keep their codes (or their grey, if a tint is dropped).
        painted: where a person entered the colour.
    """
    pixel, scale = rgb_format(picture.pixel), _Scale.of(picture, form)
    added = (ab != 0).any(axis=-1) | painted
    rgb, faint = fit_gamut(np.dstack([lightness, ab]).astype(np.float32))
    codes = scale.codes(rgb, pixel)
    if painted.any():
        asked = np.dstack([lightness, ab])[painted].astype(np.float32)
        codes[painted] = _nearest_codes(rgb[painted], asked, scale)
    codes[~added] = _uncoloured(picture, form, lightness, pixel, keep_tint=keep_tint)[~added]
    made = Picture(pixel, tuple(np.ascontiguousarray(codes[..., n]) for n in range(3)))
    structure = np.full(lightness.shape, Label.ADJUSTED.value, np.uint8)
    colour = np.where(added, np.uint8(Label.SYNTHESISED), np.uint8(Label.ADJUSTED))
    colour[painted] = Label.HUMAN.value
    if picture.pixel == pixel:
        same = ~added
        for before, after in zip(picture.planes, made.planes, strict=True):
            same &= before == after
        structure[same], colour[same] = Label.ORIGINAL.value, Label.ORIGINAL.value
    return Coloured(made, structure, colour.astype(np.uint8), faint & added)


def _uncoloured(
    picture: Picture, form: PictureFormat, lightness: Plane, pixel: PixelFormat, *, keep_tint: bool
) -> _Codes:
    """(H, W, 3) codes of the picture as it is, or as grey of the same L."""
    scale = _Scale.of(picture, form)
    if keep_tint and picture.pixel.model == "rgb":
        return np.stack(picture.planes, axis=-1).astype(pixel.dtype)
    grey = _own_grey(picture, form)
    if grey is None and keep_tint:
        return scale.codes(to_srgb(picture, form), pixel)
    if grey is None:
        flat = np.dstack([lightness, np.zeros_like(lightness), np.zeros_like(lightness)])
        return scale.codes(fit_gamut(flat)[0], pixel)
    return np.repeat(grey[..., None], 3, axis=-1).astype(pixel.dtype)


def _nearest_codes(rgb: Rgb, asked: Lab, scale: _Scale) -> _Codes:
    """Of the eight roundings of each colour, the one that is nearest by CIEDE2000. (n, 3).

    In the dark a code is a large step in colour, and rounding channel by channel not the best.
    """
    floor = np.floor(rgb * np.float32(scale.span))
    steps = np.array(list(np.ndindex(2, 2, 2)), np.float32)
    tried = np.clip(floor[None] + steps[:, None], 0, scale.span)
    found = to_lab((tried / np.float32(scale.span)).astype(np.float32))
    errors = ciede2000(found, np.broadcast_to(asked, found.shape))
    errors += 100 * (np.abs(found[..., 0] - asked[..., 0]) > _LIGHTNESS_OFF)
    best = errors.argmin(axis=0)
    return np.asarray(tried[best, np.arange(len(best))] + scale.black)


def _own_grey(picture: Picture, form: PictureFormat) -> CodePlane | None:
    """The codes of a picture without any colour; None if it has some."""
    if picture.pixel.model == "yuv":
        middle = 1 << (picture.pixel.bits - 1)
        if any((plane != middle).any() for plane in picture.planes[1:]):
            return None
    return grey_codes(picture, form)


def enlarge(ab: npt.NDArray[np.float32], small: Plane, full: Plane) -> npt.NDArray[np.float32]:
    """Colour at the picture's size: of the four places around, those that are as light count.

    Joint bilateral upsampling (Kopf et al. 2007).

    Args:
        ab: (h, w, 2). small: (h, w), L there. full: (H, W), L of the picture.
    """
    if small.shape == full.shape:
        return ab
    height, width = full.shape
    y = np.clip((np.arange(height) + 0.5) * small.shape[0] / height - 0.5, 0, small.shape[0] - 1)
    x = np.clip((np.arange(width) + 0.5) * small.shape[1] / width - 0.5, 0, small.shape[1] - 1)
    joined = np.zeros((height, width, 2), np.float32)
    weights = np.full((height, width), 1e-6, np.float32)
    for down in (0, 1):
        rows = np.minimum(y.astype(np.intp) + down, small.shape[0] - 1)
        near_y = np.abs(1 - down - (y - np.floor(y))).astype(np.float32)
        for right in (0, 1):
            columns = np.minimum(x.astype(np.intp) + right, small.shape[1] - 1)
            near_x = np.abs(1 - right - (x - np.floor(x))).astype(np.float32)
            off = (small[rows][:, columns] - full) * np.float32(1 / _LIKE)
            weight = (near_y[:, None] * near_x + np.float32(1e-3)) / (1 + off * off)
            weights += weight
            joined += weight[..., None] * ab[rows][:, columns]
    return np.asarray(joined / weights[..., None], np.float32)
