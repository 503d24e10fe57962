"""Simpler ways to colour, for benches to compare with. Each gives (H, W, 2), a and b."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from restoration.imaging.colour import Lab, Plane
from restoration.stages.colourise.spread import Point

Colours = npt.NDArray[np.float32]
_BINS = 32


def grey(lightness: Plane, points: Sequence[Point]) -> Colours:
    """No colour at all."""
    return np.zeros((*lightness.shape, 2), np.float32)


def mean_of_hints(lightness: Plane, points: Sequence[Point]) -> Colours:
    """One colour for all: the mean of the hints."""
    made = grey(lightness, points)
    if points:
        made[:] = np.mean([(point.a, point.b) for point in points], axis=0)
    return made


class LumaPrior:
    """The mean colour that training photographs have at each luma."""

    def __init__(self, photographs: Sequence[Lab]) -> None:
        pixels = np.concatenate([lab.reshape(-1, 3) for lab in photographs])
        bins = _bins(pixels[:, 0])
        counts = np.maximum(np.bincount(bins, minlength=_BINS), 1)
        self._means = np.stack(
            [np.bincount(bins, pixels[:, n], minlength=_BINS) / counts for n in (1, 2)], axis=-1
        ).astype(np.float32)

    def __call__(self, lightness: Plane, points: Sequence[Point]) -> Colours:
        return np.asarray(self._means[_bins(lightness)])


def _bins(lightness: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    return np.asarray(np.clip(lightness * (_BINS / 100), 0, _BINS - 1).astype(np.intp))


def plain_rbf(lightness: Plane, points: Sequence[Point]) -> Colours:
    """Gaussian weights of distance (a tenth of the side) and of luma (10 in L)."""
    height, width = lightness.shape
    made = grey(lightness, points)
    if not points:
        return made
    known = np.array(points, np.float32)[:, :5]
    y, x = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    reach = 2 * (0.1 * np.sqrt(height * width)) ** 2
    logs = np.stack(
        [
            -(((y - point.y) ** 2)[:, None] + (x - point.x) ** 2) / reach
            - (lightness - point.lightness) ** 2 / 200
            for point in points
        ]
    ).astype(np.float32)
    weights = np.exp(logs - logs.max(axis=0))
    joined = np.tensordot(known[:, 3:], weights, axes=(0, 0)) / weights.sum(axis=0)
    return np.asarray(np.moveaxis(joined, 0, -1), np.float32)


def levin(lightness: Plane, points: Sequence[Point], half: int = 3) -> Colours:
    """Colorization using optimization (Levin, Lischinski and Weiss 2004), windows of 3 x 3.

    Args:
        half: pixels to each side of a point that are held to its colour.
    """
    height, width = lightness.shape
    made = grey(lightness, points)
    if not points:
        return made
    light = lightness.ravel().astype(np.float64) / 100
    number = np.arange(height * width).reshape(height, width)
    here, there = _pairs(number)
    spread = _local_variance(lightness).ravel()
    weight = np.exp(-((light[here] - light[there]) ** 2) / (2 * spread[here])) + 1e-6
    size = height * width
    affinity = sparse.csr_matrix((weight, (here, there)), shape=(size, size))
    total = np.asarray(affinity.sum(axis=1)).ravel()
    laplacian = sparse.identity(size) - sparse.diags(1 / total) @ affinity
    held, wanted = np.zeros(size), np.zeros((size, 2))
    for point in points:
        top, left = round(point.y + 0.5) - half, round(point.x + 0.5) - half
        box = number[max(0, top) : top + 2 * half, max(0, left) : left + 2 * half].ravel()
        held[box], wanted[box] = 1, (point.a, point.b)
    system = sparse.diags(1 - held) @ laplacian + sparse.diags(held)
    solved = splu(sparse.csc_matrix(system)).solve(wanted * held[:, None])
    return np.asarray(solved.reshape(height, width, 2), np.float32)


def _pairs(number: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    height, width = number.shape
    here, there = [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        rows = slice(0, height - down), slice(down, height)
        first = number[rows[0], max(0, -right) : width - max(0, right)].ravel()
        second = number[rows[1], max(0, right) : width - max(0, -right)].ravel()
        here += [first, second]
        there += [second, first]
    return np.concatenate(here), np.concatenate(there)


def _local_variance(lightness: Plane) -> npt.NDArray[np.float64]:
    padded = np.pad(lightness.astype(np.float64) / 100, 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return np.asarray(np.maximum(windows.var(axis=(2, 3)) * 0.6, 2e-5))
