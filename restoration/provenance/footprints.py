"""Labels of resampled pictures: the maximum over every pixel whose value is carried along.

Labels are never interpolated: a value between two labels would be a third label that nobody gave.
Each function takes labels (H, W) uint8, as one plane of a provenance map, and gives (height, width)
uint8. Shrinking takes the maximum over the whole area, so it launders nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.uint8]


def resample_labels(labels: Labels, height: int, width: int) -> Labels:
    """The map of a picture resized without a kernel: nearest when growing, maximum when shrinking.

    Rows and columns are judged apart, so a picture may grow in one and shrink in the other.
    """
    resampled: Labels = _resample_rows(_resample_rows(labels, height).T, width).T
    return resampled.copy()


def footprint_labels(labels: Labels, height: int, width: int, *, support: float) -> Labels:
    """The map of a picture resized with a kernel.

    Args:
        support: half the kernel's width in output pixels when shrinking and in input pixels when
            growing, as image libraries count it: 0.5 box, 1 bilinear, 2 bicubic, 3 Lanczos-3.
    Returns: for each output pixel the maximum over every input pixel that the kernel touches.
    """
    resampled: Labels = _footprint_rows(
        _footprint_rows(labels, height, support).T, width, support
    ).T
    return resampled.copy()


def bilinear_labels(
    labels: Labels, y: npt.NDArray[np.floating], x: npt.NDArray[np.floating]
) -> Labels:
    """The map of a picture warped by bilinear interpolation.

    Args:
        y, x: (h, w) float, where in the input each output pixel is read, in pixels; pixel centres
            lie on whole numbers. Places outside repeat the border, as the warp itself does.
    Returns: (h, w), the maximum over the taps whose weight is not zero: one, two or four.
    """
    rows, columns = labels.shape
    y = np.clip(y, 0, rows - 1)
    x = np.clip(x, 0, columns - 1)
    top, left = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
    bottom, right = np.ceil(y).astype(np.intp), np.ceil(x).astype(np.intp)
    upper = np.maximum(labels[top, left], labels[top, right])
    lower = np.maximum(labels[bottom, left], labels[bottom, right])
    highest: Labels = np.maximum(upper, lower)
    return highest


def spread_labels(labels: Labels, down: int, across: int) -> Labels:
    """For each pixel the maximum within so many rows up and down and columns to both sides."""
    spread: Labels = _spread_rows(_spread_rows(labels, down).T, across).T
    return spread.copy()


def _spread_rows(labels: Labels, reach: int) -> Labels:
    if reach == 0 or not labels.any():
        return labels
    rows = np.arange(len(labels))
    first, last = np.maximum(rows - reach, 0), np.minimum(rows + reach, len(labels) - 1)
    return _maximum_rows(labels, first, last + 1)


def _resample_rows(labels: Labels, rows: int) -> Labels:
    held = labels.shape[0]
    out = np.arange(rows)
    if rows >= held:
        nearest: Labels = labels[(2 * out + 1) * held // (2 * rows)]
        return nearest
    return _maximum_rows(labels, out * held // rows, -(-(out + 1) * held // rows))


def _footprint_rows(labels: Labels, rows: int, support: float) -> Labels:
    held = labels.shape[0]
    if rows == held:
        return labels
    scale = held / rows
    reach = support * max(scale, 1.0)
    centre = (np.arange(rows) + 0.5) * scale - 0.5
    # Open interval: at exactly `reach` from the centre the kernel's weight is zero. The margin
    # errs towards one tap too many, never too few.
    first = np.floor(centre - reach - 1e-9).astype(np.intp) + 1
    last = np.ceil(centre + reach + 1e-9).astype(np.intp) - 1
    first = np.clip(first, 0, held - 1)
    last = np.clip(last, first, held - 1)
    return _maximum_rows(labels, first, last + 1)


def _maximum_rows(
    labels: Labels, first: npt.NDArray[np.intp], stop: npt.NDArray[np.intp]
) -> Labels:
    """The maximum of the rows [first, stop) for each output row; no range may be empty."""
    # reduceat takes no index beyond the last row, so one row of zeros follows it.
    padded = np.vstack([labels, np.zeros((1, labels.shape[1]), np.uint8)])
    bounds = np.stack([first, stop], axis=1).ravel()
    reduced: Labels = np.maximum.reduceat(padded, bounds, axis=0)
    return reduced[::2]
