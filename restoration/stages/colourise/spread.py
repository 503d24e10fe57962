"""Spread hints inside one frame: by distance, by likeness of luma, and by the look of a place.

Inverse distance weighting (Shepard 1968) in the plane of the picture joined with luma makes colour
stop at edges, and keeps a thing's colour flat: two places are near if they are near in the picture
and about equally light. Kriging (`kriging.py`) knows how colours of photographs hang together and
how far a colour may be off; the *learned* way is the mean of both. It is nearer to the truth on
average, and it lets strong colours bleed further where a person painted little beside them: so it
serves the network, and stills whose colours are doubtful. In both ways, where every hint is far, no
colour takes over, so that one hint does not paint everything.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Plane
from restoration.stages.colourise.kriging import Looks, krige, looks_at, looks_of

KRIGED = 0.625
"""Share of kriging in the colour of the learned way."""
SOFT = 1e-4
"""Squared distance within which all places count as one."""
CERTAIN = 1500.0
"""Weight of all hints at which their colour is as likely as not that of the place."""
DECIDED = 6.0
"""Distance of a and b from the truth to expect, at which a colour counts as half certain."""
_VARIANCE = (0.0, 53.5, 96.7, 133.7, 175.4, 225.9, 290.5, 382.4, 540.5)
_MISSED = (0.0, 2.0, 4.65, 6.75, 8.71, 10.34, 12.41, 15.38, 16.44)
"""Mean distance from the truth of pixels with so much variance left, on the pictures fitted on."""
UNKNOWN = _MISSED[-1]
"""Distance of a and b from the truth to expect where nothing is known."""
_DOUBTFUL = 100.0
"""Variance of a hint at which it weighs a quarter."""
_ROWS = 1 << 20
"""Weights held at once."""


class Weighing(NamedTuple):
    """How hints are weighed by distance.

    reach: by which looks are multiplied before distances are taken.
    neutral: the weight of no colour.
    """

    reach: tuple[float, ...]
    neutral: float


BY_DISTANCE = Weighing((1.0, 1.0, 100 / 90, 0.0, 0.0, 0.0), 60.0)
"""A difference in L of 90 counts as much as the picture's side; a hint a third of it away weighs as
much as no colour."""
LEARNED = Weighing((0.8126, 0.8126, 1.872, 0.3816, 0.3214, 0.0493), 33.2)
"""Fitted with kriging (`training_spread.py`)."""


class Point(NamedTuple):
    """A place whose colour is known.

    doubt: variance of a and b; 0 for what a person painted there.
    """

    y: float
    x: float
    lightness: float
    a: float
    b: float
    doubt: float = 0.0


class Spread(NamedTuple):
    """Colour for every pixel, and how much is known there.

    ab: (H, W, 2) float32.
    certainty: (H, W) float32 in [0, 1], how far a colour may be taken for the truth: a half where
        it is likely off by `DECIDED`, or has a weight of `CERTAIN`.
    nearest: (H, W) int16, index of the hint that weighs most.
    share: (H, W) float32 in [0, 1], the weight of all hints beside that of no colour.
    """

    ab: npt.NDArray[np.float32]
    certainty: Plane
    nearest: npt.NDArray[np.int16]
    share: Plane

    @property
    def told_by(self) -> npt.NDArray[np.int16]:
        """Like `nearest`, but -1 where no colour weighs more than all hints."""
        return np.where(self.share >= 0.5, self.nearest, np.int16(-1))


def certainty_of(error: Plane) -> Plane:
    """In [0, 1], of the distance in a and b to expect; a half at `DECIDED`."""
    return np.asarray(1 / (1 + (error / np.float32(DECIDED)) ** 2), np.float32)


def error_at(certainty: Plane) -> Plane:
    """The other way round: the distance to expect at a certainty."""
    known = np.clip(certainty, np.float32(1e-4), 1)
    return np.asarray(np.float32(DECIDED) * np.sqrt(1 / known - 1), np.float32)


def error_of(variance: Plane) -> Plane:
    """Mean distance in a and b from the truth to expect of a variance that is left."""
    return np.interp(variance, _VARIANCE, _MISSED).astype(np.float32)


def spread_points(
    lightness: Plane, points: list[Point], *, side: float | None = None, learned: bool = False
) -> Spread:
    """Colour of every pixel from the points.

    Args:
        lightness: (H, W) L of the frame.
        side: what distances are measured by; the square root of the area if not given.
        learned: krige too; that is done in any case if a point is doubtful.
    """
    height, width = lightness.shape
    if not points:
        nothing = np.zeros((height, width, 2), np.float32)
        nobody = np.full((height, width), -1, np.int16)
        return Spread(nothing, nothing[..., 0].copy(), nobody, nothing[..., 1].copy())
    unit = side or float(np.sqrt(height * width))
    looks = looks_of(lightness, unit)
    y, x, light = ([point[n] for point in points] for n in range(3))
    hints = looks_at(looks, y, x, light, unit)
    ab = np.array([(point.a, point.b) for point in points], np.float32)
    doubt = np.array([point.doubt for point in points], np.float32)
    way = LEARNED if learned or doubt.any() else BY_DISTANCE
    colour, nearest, weight = _weigh(looks, hints, ab, doubt, way)
    certainty = weight / (weight + np.float32(CERTAIN))
    if way is LEARNED:
        kriged, variance = krige(looks, hints, ab, doubt)
        colour = np.float32(KRIGED) * kriged + np.float32(1 - KRIGED) * colour
        # Either way may know: photographs in general, or this thing, that is flat and all around.
        certainty = np.maximum(certainty_of(error_of(variance)), certainty)
    return Spread(colour, certainty, nearest, weight / (weight + np.float32(way.neutral)))


def _weigh(
    looks: Looks,
    hints: Looks,
    ab: npt.NDArray[np.float32],
    doubt: npt.NDArray[np.float32],
    way: Weighing,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16], Plane]:
    """Colours (H, W, 2), the hint of most weight, and the weight of all."""
    reach = np.array(way.reach, np.float32)
    flat = looks.reshape(-1, looks.shape[-1]) * reach
    known = hints * reach
    colour = np.empty((len(flat), 2), np.float32)
    nearest, sums = np.empty(len(flat), np.int16), np.empty(len(flat), np.float32)
    trust = np.float32(1) / (1 + doubt / np.float32(_DOUBTFUL)) ** 2
    soft = np.float32(SOFT) * (1 + doubt)
    step = max(1, _ROWS // len(hints))
    for start in range(0, len(flat), step):
        rows = slice(start, start + step)
        one = flat[rows]
        squared = (one**2).sum(-1)[:, None] + (known**2).sum(-1)[None] - 2 * (one @ known.T)
        weight = trust / (np.maximum(squared, 0) + soft) ** 2
        total = weight.sum(-1)
        colour[rows] = (weight @ ab) / (total + np.float32(way.neutral))[:, None]
        nearest[rows], sums[rows] = weight.argmax(-1), total
    shape = looks.shape[:2]
    return colour.reshape(*shape, 2), nearest.reshape(shape), sums.reshape(shape)
