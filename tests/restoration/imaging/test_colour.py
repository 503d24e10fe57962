"""CIE Lab there and back, L kept at every depth, and CIEDE2000 against its published test data."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.imaging.colour import ciede2000, fit_gamut, grey_lightness, to_lab, to_rgb
from restoration.imaging.tones import grey_codes, lightness_of, to_srgb

RNG = np.random.default_rng(5)


def test_lab_of_srgb_is_that_of_the_field() -> None:
    rgb = RNG.random((64, 64, 3)).astype(np.float32)
    assert np.abs(to_lab(rgb) - rgb2lab(rgb)).max() < 0.02
    assert np.abs(to_rgb(to_lab(rgb)) - rgb).max() < 1e-4


def test_greys_have_no_colour() -> None:
    grey = np.repeat(np.arange(256, dtype=np.float32)[:, None] / 255, 3, axis=1)
    assert np.abs(to_lab(grey)[:, 1:]).max() < 1e-3
    assert np.allclose(to_lab(grey)[:, 0], grey_lightness(grey[:, 0]), atol=1e-3)


def test_ciede2000_is_that_of_the_field() -> None:
    first, second = (
        (RNG.random((4000, 3)) * [100, 160, 160] - [0, 80, 80]).astype(np.float32) for _ in "ab"
    )
    assert np.abs(ciede2000(first, second) - deltaE_ciede2000(first, second)).max() < 1e-3
    # Sharma, Wu and Dalal 2005, pairs 1, 17 and 24.
    one = np.array([[50, 2.6772, -79.7751], [50, 2.5, 0], [50, 2.5, 0]], np.float32)
    two = np.array([[50, 0, -82.7485], [73, 25, -18], [50, 3.2592, 0.3350]], np.float32)
    assert ciede2000(one, two) == pytest.approx([2.0425, 27.1492, 1.0], abs=2e-4)


def test_any_colour_at_any_lightness_keeps_the_lightness_in_8_bits() -> None:
    lab = np.empty((20_000, 3), np.float32)
    lab[:, 0] = grey_lightness(RNG.integers(0, 256, len(lab)).astype(np.float32) / 255)
    lab[:, 1:] = RNG.uniform(-110, 110, (len(lab), 2))
    rgb, lowered = fit_gamut(lab)
    written = np.rint(rgb * 255) / np.float32(255)
    assert lowered.any() and not lowered.all()
    assert np.abs(to_lab(written.astype(np.float32))[:, 0] - lab[:, 0]).max() < 0.3


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_every_full_range_grey_is_its_own_code(bits: int) -> None:
    name = {8: "gray", 10: "gray10le", 16: "gray16le"}[bits]
    pixel = PIXEL_FORMATS[name]
    codes = np.arange(pixel.peak + 1, dtype=pixel.dtype).reshape(16, -1)
    form = PictureFormat(codes.shape[1], 16, pixel, Fraction(18))
    assert np.array_equal(grey_codes(Picture(pixel, (codes,)), form), codes)


def test_limited_range_is_stretched_and_yuv_is_limited_unless_it_says_otherwise() -> None:
    pixel = PIXEL_FORMATS["yuv420p"]
    planes = tuple(
        np.full(shape, code, np.uint8)
        for shape, code in zip(pixel.plane_shapes(width=4, height=2), (235, 128, 128), strict=True)
    )
    picture, form = Picture(pixel, planes), PictureFormat(4, 2, pixel, Fraction(18))
    assert np.allclose(to_srgb(picture, form), 1.0)
    assert np.allclose(lightness_of(picture, form), 100, atol=1e-3)
    assert np.array_equal(grey_codes(picture, form), np.full((2, 4), 255))


@pytest.mark.parametrize("name", ["gray", "gray10le", "gbrp", "yuv444p"])
def test_codes_outside_a_limited_range_are_black_or_white_and_no_more(name: str) -> None:
    pixel = PIXEL_FORMATS[name]
    unit = 1 << (pixel.bits - 8)
    luma = np.array([[0, 10, 16, 235, 240, 255]], pixel.dtype) * unit
    planes = [luma] * len(pixel.plane_shapes(width=6, height=1))
    if pixel.model == "yuv":
        planes[1:] = [np.full((1, 6), 128, pixel.dtype)] * 2
    picture = Picture(pixel, tuple(planes))
    form = PictureFormat(6, 1, pixel, Fraction(18), colour_range="limited", matrix="bt709")
    assert np.allclose(lightness_of(picture, form), [[0, 0, 0, 100, 100, 100]], atol=1e-3)
    shown = to_srgb(picture, form)
    assert shown.min() >= 0 and shown.max() <= 1
