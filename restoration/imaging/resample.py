"""The shrinking that a faithful enlargement undoes: what it is, and what it leaves open.

Written down once, so that anybody can hold a delivered picture against its scan. `bicubic`: each
axis apart, Keys' cubic (a = -0.5) widened by the factor, samples at pixel centres, weights that
fall outside the picture left out and the rest made to sum to one. That is MATLAB's
`imresize(..., 'bicubic')` away from the border, and Pillow's BICUBIC everywhere (Keys 1981).
`area`: the mean of what a small pixel covers. Every picture is the mean of some larger one; not
every picture is the bicubic shrinking of one whose codes stay in range.

With D the shrinking of one axis, its pseudo-inverse P = D'(DD')^-1 gives the smallest picture that
shrinks to a given one. y + P(x - Dy) is the picture nearest to y that shrinks to x (the projection
of Wang et al. 2022, "DDNM", which back-projection, Irani and Peleg 1991, comes to in many steps).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
"""(H, W) float32, in codes of whatever depth."""
Matrix = npt.NDArray[np.float32]
Kind = Literal["bicubic", "area"]
KINDS: tuple[Kind, ...] = ("bicubic", "area")

__all__ = ["Matrix", "Plane", "Shrinking", "axis_weights", "resample", "way_back"]


def _keys(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keys' cubic convolution kernel with a = -0.5."""
    x = np.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


@lru_cache(maxsize=16)
def axis_weights(given: int, wanted: int, kind: Kind = "bicubic") -> Matrix:
    """(wanted, given): row n makes sample n of `wanted` from `given` samples.

    Up or down; by area only down.
    """
    if kind == "area":
        return _covered(given, wanted)
    ratio = given / wanted
    widened = max(1.0, ratio)
    centres = (np.arange(wanted) + 0.5) * ratio - 0.5
    weights = _keys((np.arange(given)[None, :] - centres[:, None]) / widened)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _covered(given: int, wanted: int) -> Matrix:
    """Shares of each large sample that a small one covers, made to sum to one."""
    edges = np.arange(wanted + 1) * given / wanted
    places = np.arange(given)
    covered = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return np.asarray(np.clip(covered, 0, None) * wanted / given, np.float32)


@lru_cache(maxsize=16)
def way_back(given: int, wanted: int, kind: Kind = "bicubic") -> Matrix:
    """(given, wanted): the pseudo-inverse of axis_weights(given, wanted), wanted <= given."""
    down = axis_weights(given, wanted, kind).astype(np.float64)
    return np.asarray(np.linalg.solve(down @ down.T, down).T, np.float32)


def resample(plane: Plane, height: int, width: int, kind: Kind = "bicubic") -> Plane:
    """Plain resampling of one plane: up or down, by area only down."""
    rows, columns = plane.shape
    across = plane @ axis_weights(columns, width, kind).T
    return np.asarray(axis_weights(rows, height, kind) @ across, np.float32)


@dataclass(frozen=True, slots=True)
class Shrinking:
    """From a large picture, (height, width), to a small one, (rows, columns)."""

    height: int
    width: int
    rows: int
    columns: int
    kind: Kind = "bicubic"

    @classmethod
    def between(
        cls, large: tuple[int, ...], small: tuple[int, ...], kind: Kind = "bicubic"
    ) -> Shrinking:
        """From one shape, (H, W), to another."""
        return cls(large[0], large[1], small[0], small[1], kind)

    def shrink(self, large: Plane) -> Plane:
        """(H, W) to (rows, columns)."""
        return resample(large, self.rows, self.columns, self.kind)

    def smallest(self, small: Plane) -> Plane:
        """The picture of least energy that shrinks to `small`: all that `small` determines."""
        across = small @ way_back(self.width, self.columns, self.kind).T
        return np.asarray(way_back(self.height, self.rows, self.kind) @ across, np.float32)

    def project(self, large: Plane, small: Plane) -> Plane:
        """The picture nearest to `large` that shrinks to `small`; codes are not kept in range."""
        return np.asarray(large + self.smallest(small - self.shrink(large)), np.float32)

    def undetermined(self, large: Plane) -> Plane:
        """The part of `large` that shrinking does not see."""
        return np.asarray(large - self.smallest(self.shrink(large)), np.float32)


GIVEN_BACK = 0.8
"""8-bit codes within which a shrunk sample is the source's: at all samples, 50 dB or better."""


def not_given_back(
    large: npt.NDArray[np.integer], small: npt.NDArray[np.integer], *, peak: int
) -> npt.NDArray[np.bool_]:
    """Samples of `small`, (rows, columns), that shrinking `large` does not give back.

    By the shrinking of the two that gives back more of them.

    Args:
        peak: the highest code value of both.
    """
    off = _off(large, small, "bicubic") > GIVEN_BACK * peak / 255
    if off.any():
        by_area = _off(large, small, "area") > GIVEN_BACK * peak / 255
        off = by_area if by_area.sum() < off.sum() else off
    return off


def _off(large: npt.NDArray[np.integer], small: npt.NDArray[np.integer], kind: Kind) -> Plane:
    height, width = small.shape
    return np.abs(resample(large.astype(np.float32), height, width, kind) - small)


def over_blocks(small: npt.NDArray[np.bool_], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Each sample's value over the block of the large picture that lies nearest to it."""
    rows, columns = small.shape
    y, x = _nearest(rows, height), _nearest(columns, width)
    return small[y][:, x]


def lowest_of_blocks(
    large: npt.NDArray[np.uint8], rows: int, columns: int
) -> npt.NDArray[np.uint8]:
    """The lowest value in the block nearest to each sample of a small picture."""
    height, width = large.shape
    starts = (
        np.searchsorted(_nearest(small, big), np.arange(small))
        for small, big in ((rows, height), (columns, width))
    )
    across = next(starts)
    lowest = np.minimum.reduceat(large, across, axis=0)
    return np.asarray(np.minimum.reduceat(lowest, next(starts), axis=1), np.uint8)


def _nearest(small: int, large: int) -> npt.NDArray[np.intp]:
    """For each of `large` places the nearest of `small` ones, `small` <= `large`."""
    return np.asarray((2 * np.arange(large) + 1) * small // (2 * large), np.intp)
