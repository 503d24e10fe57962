"""CIE Lab of sRGB pictures, and back with L kept and chroma fitted into what sRGB can show.

IEC 61966-2-1 (sRGB), CIE 15 (Lab, D65, 2 degrees) and CIE 142-2001 (CIEDE2000, by Sharma, Wu and
Dalal 2005). Grey codes have a = b = 0 here to the last bit that matters: the white point is that
of the matrix itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
"""(H, W) float32: L in [0, 100], a or b."""
Rgb = npt.NDArray[np.float32]
"""(..., 3) float32 in [0, 1], gamma-coded sRGB."""
Lab = npt.NDArray[np.float32]
"""(..., 3) float32."""

_TO_XYZ = np.array(
    [
        [0.4123908, 0.35758434, 0.18048079],
        [0.21263901, 0.71516868, 0.07219232],
        [0.01933082, 0.11919478, 0.95053215],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)
_FROM_RGB = (_TO_XYZ / _WHITE[:, None]).astype(np.float32)
_TO_RGB = np.linalg.inv(_TO_XYZ / _WHITE[:, None]).astype(np.float32)
_KNEE, _SLOPE = np.float32(216 / 24389), np.float32(24389 / 27)
_FITS = 10
"""Halvings by which chroma is fitted into the gamut: to a thousandth of it."""


def to_lab(rgb: Rgb) -> Lab:
    """Lab of sRGB. (..., 3) to (..., 3)."""
    xyz = linear_light(rgb) @ _FROM_RGB.T
    root = np.where(xyz > _KNEE, np.cbrt(xyz), (_SLOPE * xyz + 16) / np.float32(116))
    lab = np.empty_like(root)
    lab[..., 0] = 116 * root[..., 1] - 16
    lab[..., 1] = 500 * (root[..., 0] - root[..., 1])
    lab[..., 2] = 200 * (root[..., 1] - root[..., 2])
    return np.asarray(lab, np.float32)


def grey_lightness(codes: npt.NDArray[np.float32]) -> Plane:
    """L of grey sRGB codes in [0, 1]; the same shape."""
    light = linear_light(codes)
    return np.asarray(
        np.where(light > _KNEE, 116 * np.cbrt(light) - 16, _SLOPE * light), np.float32
    )


def to_rgb(lab: Lab) -> Rgb:
    """sRGB of Lab, not clipped: what lies outside [0, 1] cannot be shown."""
    root = np.empty_like(lab)
    root[..., 1] = (lab[..., 0] + 16) / np.float32(116)
    root[..., 0] = root[..., 1] + lab[..., 1] / np.float32(500)
    root[..., 2] = root[..., 1] - lab[..., 2] / np.float32(200)
    cubed = root**3
    xyz = np.where(cubed > _KNEE, cubed, (116 * root - 16) / _SLOPE)
    return _coded(xyz @ _TO_RGB.T)


def fit_gamut(lab: Lab) -> tuple[Rgb, npt.NDArray[np.bool_]]:
    """sRGB of the same L and hue, with chroma lowered where sRGB cannot hold it.

    Returns: (..., 3) in [0, 1], and where chroma was lowered, (...).
    """
    rgb = to_rgb(lab)
    # Half a code of 16 bits is no loss; the last bits of float32 must not count as one.
    slack = np.float32(1e-5)
    outside = np.asarray(((rgb < -slack) | (rgb > 1 + slack)).any(axis=-1))
    if outside.any():
        rgb[outside] = _lower_chroma(lab[outside], slack)
    return np.clip(rgb, 0, 1), outside


def _lower_chroma(lab: Lab, slack: np.float32) -> Rgb:
    low = np.zeros(len(lab), np.float32)
    high = np.ones(len(lab), np.float32)
    for _ in range(_FITS):
        middle = np.asarray((low + high) / 2, np.float32)
        rgb = to_rgb(_scaled(lab, middle))
        fits = ((rgb >= -slack) & (rgb <= 1 + slack)).all(axis=-1)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return to_rgb(_scaled(lab, low))


def _scaled(lab: Lab, share: npt.NDArray[np.float32]) -> Lab:
    scaled = lab.copy()
    scaled[..., 1:] *= share[..., None]
    return scaled


def linear_light(codes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Light in [0, 1] of gamma-coded sRGB values in [0, 1]; any shape."""
    codes = np.asarray(codes, np.float32)
    bright = ((np.maximum(codes, 0) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.asarray(np.where(codes <= 0.04045, codes / np.float32(12.92), bright), np.float32)


def _coded(light: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    bright = np.float32(1.055) * np.maximum(light, 0) ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.asarray(np.where(light <= 0.0031308, light * np.float32(12.92), bright), np.float32)


def ciede2000(first: Lab, second: Lab) -> npt.NDArray[np.float32]:
    """CIEDE2000 with all weights 1. (..., 3) each; returns (...)."""
    one, two = first.astype(np.float64), second.astype(np.float64)
    l1, a1, b1 = one[..., 0], one[..., 1], one[..., 2]
    l2, a2, b2 = two[..., 0], two[..., 1], two[..., 2]
    mean7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean7 / (mean7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    none = c1 * c2 == 0
    turn = np.where(none, 0.0, (h2 - h1 + 180) % 360 - 180)
    hue = np.where(none, h1 + h2, (h1 + turn / 2) % 360)
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    delta_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    weight = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    from_middle = (light - 50) ** 2
    in_light = (l2 - l1) / (1 + 0.015 * from_middle / np.sqrt(20 + from_middle))
    in_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    in_hue = delta_hue / (1 + 0.015 * chroma * weight)
    blue = 60 * np.exp(-(((hue - 275) / 25) ** 2))
    twist = -np.sin(np.radians(blue)) * 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    squared = in_light**2 + in_chroma**2 + in_hue**2 + twist * in_chroma * in_hue
    return np.asarray(np.sqrt(np.maximum(squared, 0)), np.float32)
