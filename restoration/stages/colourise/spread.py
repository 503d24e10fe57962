"""Spread hints inside one frame: by distance and by likeness of luma.

Inverse distance weighting (Shepard 1968) in the plane of the picture joined with luma, which is
what makes the colour stop at edges: two places are near if they are near in the picture and about
equally light. A constant share of "no colour" takes over where every hint is far, so that one hint
does not paint the whole picture.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Plane

LUMA_REACH = 90.0
"""A difference in L that counts as much as the picture's side."""
SOFT = 1e-4
"""Squared distance within which all places count as one."""
NEUTRAL = 60.0
"""Weight of no colour; that of one hint at a distance of a third of the side."""
CERTAIN = 1500.0
"""Weight of a hint at which its colour is as likely as not that of the place."""
_ROWS = 1 << 20
"""Weights held at once."""


class Point(NamedTuple):
    """A place whose colour is known."""

    y: float
    x: float
    lightness: float
    a: float
    b: float


class Spread(NamedTuple):
    """Colour for every pixel, and how much is known there.

    ab: (H, W, 2) float32. evidence: (H, W) float32 in [0, 1], 0 where no hint speaks; the share
        that hints have in the colour.
    nearest: (H, W) int16, index of the hint that weighs most; -1 where there is none.
    """

    ab: npt.NDArray[np.float32]
    evidence: Plane
    nearest: npt.NDArray[np.int16]

    @property
    def told_by(self) -> npt.NDArray[np.int16]:
        """Like `nearest`, but -1 where no colour weighs more than all hints."""
        return np.where(self.evidence >= 0.5, self.nearest, np.int16(-1))

    @property
    def certainty(self) -> Plane:
        """How far a colour may be taken for the hint's: 1 on it, a half where a thing as light is
        a sixth of the picture's side away or a thing beside it is 15 in L lighter. (H, W).
        """
        known = self.evidence * np.float32(NEUTRAL)
        return np.asarray(known / (known + (1 - self.evidence) * np.float32(CERTAIN)), np.float32)


def spread_points(lightness: Plane, points: list[Point], *, side: float | None = None) -> Spread:
    """Colour of every pixel from the points.

    Args:
        lightness: (H, W) L of the frame.
        side: what distances are measured by; the square root of the area if not given.
    """
    height, width = lightness.shape
    ab = np.zeros((height, width, 2), np.float32)
    evidence = np.zeros((height, width), np.float32)
    nearest = np.full((height, width), -1, np.int16)
    if not points:
        return Spread(ab, evidence, nearest)
    known = np.array(points, np.float32)
    unit = np.float32(1.0 / (side or float(np.sqrt(height * width))))
    step = max(1, _ROWS // (width * len(points)))
    for top in range(0, height, step):
        rows = slice(top, min(height, top + step))
        weight = _weights(lightness[rows], top, known, unit)
        total = weight.sum(axis=0)
        joined = np.tensordot(known[:, 3:], weight, axes=(0, 0))
        ab[rows] = np.moveaxis(joined / (total + np.float32(NEUTRAL)), 0, -1)
        evidence[rows] = total / (total + np.float32(NEUTRAL))
        nearest[rows] = weight.argmax(axis=0)
    return Spread(ab, evidence, nearest)


def _weights(
    lightness: Plane, top: int, known: npt.NDArray[np.float32], unit: np.float32
) -> npt.NDArray[np.float32]:
    """(points, rows, W)."""
    rows = np.arange(top, top + len(lightness), dtype=np.float32)
    columns = np.arange(lightness.shape[1], dtype=np.float32)
    down = ((rows[None] - known[:, :1]) * unit) ** 2
    across = ((columns[None] - known[:, 1:2]) * unit) ** 2
    light = (lightness[None] - known[:, 2, None, None]) * np.float32(1.0 / LUMA_REACH)
    squared = down[:, :, None] + across[:, None, :] + light * light + np.float32(SOFT)
    return np.asarray(1.0 / (squared * squared), np.float32)
