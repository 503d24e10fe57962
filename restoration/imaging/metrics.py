"""Measures of how near a picture is to the truth, and of what it did to motion and grain."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from restoration.imaging.flow import FlowEstimator, follow, round_trip_error
from restoration.imaging.luma import Luma, eight_bit

Mask = npt.NDArray[np.bool_]


def psnr(squared_error: float, *, peak: float = 255.0) -> float:
    """Decibels of a mean squared error; 99 stands for "equal"."""
    if squared_error <= 0.0:
        return 99.0
    return min(99.0, 10.0 * float(np.log10(peak * peak / squared_error)))


def squared_error(first: Luma, second: Luma, where: Mask | None = None) -> tuple[float, int]:
    """Sum of squared differences over the masked places, and how many there are."""
    difference = (first.astype(np.float64) - second.astype(np.float64)) ** 2
    if where is None:
        return float(difference.sum()), difference.size
    return float(difference[where].sum()), int(where.sum())


def ssim_map(first: Luma, second: Luma) -> Luma:
    """Structural similarity at each place (Wang et al. 2004, Gaussian window, sigma 1.5)."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def blur(values: Luma) -> npt.NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values.astype(np.float64), (11, 11), 1.5))

    mean_1, mean_2 = blur(first), blur(second)
    variance_1 = blur(first * first) - mean_1**2
    variance_2 = blur(second * second) - mean_2**2
    covariance = blur(first * second) - mean_1 * mean_2
    top = (2 * mean_1 * mean_2 + c1) * (2 * covariance + c2)
    bottom = (mean_1**2 + mean_2**2 + c1) * (variance_1 + variance_2 + c2)
    return np.asarray(top / bottom, np.float32)


def warping_error(frames: Sequence[Luma], guide: Sequence[Luma]) -> float:
    """Mean squared difference of consecutive frames along the guide's motion, visible places only.

    Lai et al. 2018; the guide is the undamaged clip, so that damage does not steer its own measure.
    Flow is estimated by dense inverse search instead of FlowNet2.
    """
    estimator = FlowEstimator("medium")
    total, count = 0.0, 0
    for here in range(len(frames) - 1):
        one, other = eight_bit(guide[here]), eight_bit(guide[here + 1])
        there = estimator.between(one, other)
        missed = round_trip_error(there, estimator.between(other, one))
        error, places = squared_error(frames[here], follow(frames[here + 1], there), missed < 1.0)
        total, count = total + error, count + places
    return total / max(count, 1)


def grain_ratio(after: Sequence[Luma], before: Sequence[Luma], where: Sequence[Mask]) -> float:
    """Variance of fine detail after over before, over the masked places. 1 keeps the grain."""
    sums = [0.0, 0.0]
    for new, old, mask in zip(after, before, where, strict=True):
        for index, luma in enumerate((new, old)):
            fine = luma - cv2.GaussianBlur(luma, (0, 0), 1.0)
            sums[index] += float((fine[mask].astype(np.float64) ** 2).sum())
    return sums[0] / sums[1] if sums[1] > 0 else 1.0


def flicker(frames: Sequence[Luma]) -> float:
    """Standard deviation over time of (mean luma - its 9-frame median), in codes."""
    means = np.array([float(frame.mean()) for frame in frames])
    return float((means - median_filter(means, size=9, mode="nearest")).std())


def mean_levels(frames: Sequence[Luma]) -> npt.NDArray[np.float64]:
    """Mean luma of each frame."""
    return np.array([float(frame.mean()) for frame in frames])
