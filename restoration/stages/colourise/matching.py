"""Places of a coloured still that look like places of a frame.

A place looks like its surroundings: gradients by direction around it at two sizes (SIFT without its
detector: Lowe 2004; dense and at several sizes: Liu, Yuen and Torralba 2011), which do not change
with exposure, beside its luma and contrast with the still's tones matched to the frame's (Welsh,
Ashikhmin and Mueller 2002). The still is looked at in three sizes and mirrored too. A place takes
the colours of several that are like it, and is the less sure the less these agree.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Lab, Plane

Looks = npt.NDArray[np.float32]
"""(n, C) float32."""
Places = npt.NDArray[np.intp]
"""(n, 2): y and x."""
SIZES = (0.75, 1.0, 1.33)
"""Of the still, beside the frame."""
_AROUND = (0.05, 0.14)
"""Sizes of the surroundings, by the picture's longer side."""
_LIGHT = 0.012
"""Weight of a unit of L beside two descriptors of length one."""
_ACROSS = 40
"""Places of the still along its longer side."""
_ALIKE = 8
"""Places that a colour is taken from."""
_SHARP = 0.03
"""Squared distance that a place may be further off than the best and still count."""


class Matched(NamedTuple):
    """ab: (n, 2), colours of the places asked for. spread: (n,), how far those disagree that it was
    taken from, as a variance. distance: (n,), of the best, 0 for the same look."""

    ab: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]
    distance: npt.NDArray[np.float32]


def match(reference: Lab, lightness: Plane, places: Places) -> Matched:
    """The colours that a still gives to places of a frame."""
    asked = _look(lightness, lightness, places)
    offered, colours = _offered(reference, lightness)
    squared = (asked**2).sum(1)[:, None] + (offered**2).sum(1)[None] - 2 * asked @ offered.T
    nearest = np.argpartition(squared, _ALIKE, axis=1)[:, :_ALIKE]
    near = np.take_along_axis(squared, nearest, axis=1)
    best = near.min(axis=1)
    weight = np.exp(-(near - best[:, None]) / _SHARP)
    weight /= weight.sum(axis=1, keepdims=True)
    found = colours[nearest]
    ab = (weight[..., None] * found).sum(axis=1)
    spread = (weight * ((found - ab[:, None]) ** 2).sum(-1)).sum(axis=1) / 2
    return Matched(ab, spread, np.sqrt(np.maximum(best, 0)))


def _offered(reference: Lab, lightness: Plane) -> tuple[Looks, npt.NDArray[np.float32]]:
    """Looks and colours of the still's places, in every size, as it is and mirrored."""
    longest = max(lightness.shape)
    looks, colours = [], []
    for size in SIZES:
        scale = size * longest / max(reference.shape[:2])
        shape = (
            max(16, round(reference.shape[1] * scale)),
            max(16, round(reference.shape[0] * scale)),
        )
        for flipped in (False, True):
            lab = np.asarray(cv2.resize(reference, shape, interpolation=cv2.INTER_AREA))
            lab = np.ascontiguousarray(lab[:, ::-1] if flipped else lab)
            light = np.ascontiguousarray(lab[..., 0], np.float32)
            places = grid(light.shape, _ACROSS)
            looks.append(_look(light, toned(light, lightness), places, longest))
            colours.append(cv2.blur(lab[..., 1:], (3, 3))[places[:, 0], places[:, 1]])
    return np.concatenate(looks), np.concatenate(colours)


def grid(shape: tuple[int, ...], across: int) -> Places:
    """Places evenly over a picture, so many along its longer side."""
    step = max(2, max(shape[:2]) // across)
    rows, columns = np.mgrid[step // 2 : shape[0] : step, step // 2 : shape[1] : step]
    return np.stack([rows.ravel(), columns.ravel()], axis=-1)


def toned(lightness: Plane, like: Plane) -> Plane:
    """The tones of one picture matched to another's by their quantiles."""
    steps = np.linspace(0, 1, 33)
    return np.asarray(
        np.interp(lightness, np.quantile(lightness, steps), np.quantile(like, steps)), np.float32
    )


def _look(lightness: Plane, tones: Plane, places: Places, longest: int | None = None) -> Looks:
    """Both descriptors, and luma with its surroundings'. (n, 259)."""
    codes = np.clip(lightness * 2.55, 0, 255).astype(np.uint8)
    across = longest or max(lightness.shape)
    parts = [_gradients(codes, places, share * across) for share in _AROUND]
    wide = cv2.GaussianBlur(tones, (0, 0), _AROUND[0] * across / 2)
    apart = cv2.GaussianBlur(np.abs(tones - wide), (0, 0), _AROUND[0] * across / 2)
    for plane in (cv2.blur(tones, (3, 3)), wide, apart):
        parts.append(_LIGHT * plane[places[:, 0], places[:, 1]][:, None])
    return np.concatenate(parts, axis=1).astype(np.float32)


def _gradients(codes: npt.NDArray[np.uint8], places: Places, size: float) -> Looks:
    """Unit vectors (n, 128); RootSIFT (Arandjelovic and Zisserman 2012)."""
    # A descriptor reaches over six times its keypoint's size.
    points = [cv2.KeyPoint(float(x), float(y), size / 3, 0.0) for y, x in places.tolist()]
    sift: Any = cv2.SIFT_create()  # type: ignore[attr-defined]
    _, found = sift.compute(codes, points)
    rooted = np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6))
    return np.asarray(rooted / np.sqrt(2), np.float32)
