"""Kriging of colour: what each hint says of a place, by how colours of photographs hang together.

Simple kriging (Krige 1951; Gaussian processes: Rasmussen and Williams 2006) of a and b about no
colour. Two places are taken to be the more alike in colour the nearer they are in the picture, in
luma and in their surroundings. Unlike weights of distance alone, it does not count two hints beside
each other twice, and it tells the error to expect. How alike was fitted on photographs
(`training_spread.py`); the numbers are below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Plane

Looks = npt.NDArray[np.float32]
"""(..., 6) float32: y and x in sides of the picture; L, L of the surroundings at two sizes, and the
logarithm of the local contrast, in the units of `looks_of`."""
LOOKS = 6
_NEAR, _WIDE, _CONTRAST = 2.0, 6.0, 3.0
"""Reach of the surroundings in 256ths of the picture's side."""
_LEAST = 0.25
"""Variance of L that counts as flat."""
_HELD = 1 << 20
"""Covariances held at once."""


@dataclass(frozen=True, slots=True)
class Covariance:
    """A sum of parts that fall off exponentially with a distance of their own.

    strengths: of each part, squares of a and b. scales: of each part, by which the looks are
    multiplied before distances are taken. everywhere: of the whole picture. noise: of a hint.
    """

    strengths: tuple[float, ...]
    scales: tuple[tuple[float, ...], ...]
    everywhere: float
    noise: float

    @property
    def total(self) -> float:
        """Variance of a place of which nothing is known."""
        return self.everywhere + sum(self.strengths)

    def between(self, first: Looks, second: Looks) -> npt.NDArray[np.float32]:
        """(n, m) of the looks (n, 6) and (m, 6)."""
        found = np.full((len(first), len(second)), self.everywhere, np.float32)
        for strength, scale in zip(self.strengths, self.scales, strict=True):
            one, two = (looks * np.array(scale, np.float32) for looks in (first, second))
            distance = one @ two.T
            distance *= -2  # in place from here on: a million values do not stay in the cache
            sums = (one**2).sum(-1)[:, None] + (two**2).sum(-1)[None]
            distance += sums
            np.maximum(distance, 0, out=distance)
            distance += np.float32(1e-4)
            np.sqrt(distance, out=distance)
            np.negative(distance, out=distance)
            np.exp(distance, out=distance)
            distance *= np.float32(strength)
            found += distance
        return found


FITTED = Covariance(
    strengths=(181.9, 237.6, 201.1),
    scales=(
        (3.039, 3.039, 0.2372, 2.254, 0.7492, 0.0078),
        (0.1206, 0.1206, 2.932, 0.5587, 0.0472, 0.0029),
        (0.0146, 0.0146, 1.419, 1.259, 1.931, 0.8411),
    ),
    everywhere=0.798,
    noise=1.0,  # fitted: 0.004, but what a person paints is no measurement, and two may disagree
)


def looks_of(lightness: Plane, side: float) -> Looks:
    """What is compared of every pixel. (H, W, 6).

    Args:
        side: what distances are measured by, in pixels.
    """

    def blurred(plane: Plane, reach: float) -> Plane:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), reach * side / 256), np.float32)

    rows, columns = np.indices(lightness.shape, np.float32)
    squares = blurred(lightness**2, _CONTRAST) - blurred(lightness, _CONTRAST) ** 2
    contrast = np.log(np.maximum(squares, 0) + np.float32(_LEAST)) / 8
    light = (lightness, blurred(lightness, _NEAR), blurred(lightness, _WIDE))
    parts = (rows / side, columns / side, *(each / 100 for each in light), contrast)
    return np.stack([np.asarray(part, np.float32) for part in parts], axis=-1)


def looks_at(
    looks: Looks, y: Sequence[float], x: Sequence[float], light: Sequence[float], side: float
) -> Looks:
    """The looks of hints: their own place and luma, the surroundings of the pixel there. (n, 6)."""
    height, width = looks.shape[:2]
    rows = np.clip(np.rint(y).astype(np.intp), 0, height - 1)
    columns = np.clip(np.rint(x).astype(np.intp), 0, width - 1)
    found = looks[rows, columns].copy()
    found[:, 0], found[:, 1] = np.array(y, np.float32) / side, np.array(x, np.float32) / side
    found[:, 2] = np.array(light, np.float32) / 100
    return found


def krige(
    looks: Looks,
    hints: Looks,
    ab: npt.NDArray[np.float32],
    doubt: npt.NDArray[np.float32],
    shape: Covariance = FITTED,
) -> tuple[npt.NDArray[np.float32], Plane]:
    """Colour of every place, and the variance of it that is left.

    Args:
        looks: (H, W, 6). hints: (n, 6), at least one. ab: (n, 2), their colours.
        doubt: (n,), variance of these beyond that of any hint.
    Returns: (H, W, 2), (H, W).
    """
    from scipy.linalg import solve_triangular  # not where it costs each start of a server 0.2 s

    known = shape.between(hints, hints).astype(np.float64)
    known[np.diag_indices_from(known)] += shape.noise + doubt
    lower = np.linalg.cholesky(known)
    back = solve_triangular(lower, np.eye(len(lower)), lower=True)
    told = (back.T @ (back @ ab)).astype(np.float32)
    turn = np.ascontiguousarray(back.T, np.float32)
    flat = looks.reshape(-1, LOOKS)
    colour = np.empty((len(flat), 2), np.float32)
    left = np.empty(len(flat), np.float32)
    step = max(1, _HELD // len(hints))
    for start in range(0, len(flat), step):
        rows = slice(start, start + step)
        near = shape.between(flat[rows], hints)
        colour[rows] = near @ told
        left[rows] = np.float32(shape.total) - ((near @ turn) ** 2).sum(-1)
    height, width = looks.shape[:2]
    return colour.reshape(height, width, 2), np.maximum(left, 0).reshape(height, width)
