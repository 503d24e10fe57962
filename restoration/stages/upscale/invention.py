"""How much of an enlarged picture its source does not determine, and which label that makes."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.resample import Plane
from restoration.provenance import Label

FARTHEST = 8.0
"""8-bit codes; whatever is further than this from bicubic enlargement is called made up."""
HEAT = 4.0
"""Heat is stored in quarters of an 8-bit code."""
_REACH = 3
"""Pixels: detail swings through zero, and is no less made up where it does."""


class Invention(NamedTuple):
    """heat: (H, W) uint8, error to expect, quarters of an 8-bit code. labels: (H, W) uint8."""

    heat: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


def judge(
    made: Plane,
    plain: Plane,
    bicubic: Plane,
    expected: Plane | None,
    *,
    threshold: float,
) -> Invention:
    """Judge one frame; all planes (H, W) float32 in 8-bit codes.

    Args:
        made: the luma that is delivered. plain: what resampling alone delivers in its place; both
            shrink to the source, so that what they differ by is what shrinking does not see.
        bicubic: bicubic enlargement as it is. expected: the error that the engine expects.
        threshold: codes above which a pixel is called made up.
    """
    added = envelope(np.abs(made - plain))
    error = np.asarray(added if expected is None else expected, np.float32)
    far = np.abs(made - bicubic) > FARTHEST
    labels = np.where((error > threshold) | far, Label.SYNTHESISED.value, Label.ADJUSTED.value)
    heat = np.clip(np.rint(error * HEAT), 0, 255)
    return Invention(heat.astype(np.uint8), labels.astype(np.uint8))


def envelope(size: Plane) -> Plane:
    """The size of a detail as it is around a place, in the root mean square of a small window."""
    window = (2 * _REACH + 1, 2 * _REACH + 1)
    return np.asarray(np.sqrt(cv2.blur(size * size, window)), np.float32)
