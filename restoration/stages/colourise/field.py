"""Colour on its way through a scene: carried along by motion, and filled where motion fails.

A field is dense: every pixel has a colour, and says how much of it rests on a hint. Where the way
there and back by optical flow does not meet, or luma differs at its end, there are two colours to
choose from: the one at the end of the way, and that of what was carried safely nearby and is
equally light (a bilateral grid: Chen, Paris and Durand 2007). Each counts by the error to expect of
it: a way that misses does no harm where the colour around its end is one and the same, and what
lies nearby says little where its colours differ among each other.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.colour import Plane
from restoration.imaging.flow import (
    Flow,
    FlowEstimator,
    follow,
    leaves_picture,
)

_MISSED = 1.0
"""Pixels by which the way there and back may miss."""
_LIGHTER = 10.0
"""Difference in L at which the thing there is hardly the same."""
_FOLLOWED = 0.5
"""Trust from which a thing counts as followed."""
_FADES = 0.998
"""What evidence keeps over one frame."""
_FILLED = 0.6
"""Share of its neighbours' evidence that a filled place keeps."""
_CELL = 10.0
"""Pixels to a cell of the grid; L has ten steps."""
_STEPS = 10
_ROUGH = 1.0
"""Squared distance of a and b by which a filled colour is off at least."""
_OTHER = 2.0
"""Where luma says that the thing is another: by how many squared distances to the filled colour the
carried one is off."""
_NO_MAP = np.empty(0, np.float32)
WALL = 0.2
"""If less of a frame can be followed, the film was cut there and nothing is carried on."""


class Field(NamedTuple):
    """ab: (H, W, 2) float32. evidence: (H, W) float32 in [0, 1], how certain it is.
    owner: (H, W) int16, the hint that a colour came from, or -1."""

    ab: npt.NDArray[np.float32]
    evidence: Plane
    owner: npt.NDArray[np.int16]


def empty_field(shape: tuple[int, ...]) -> Field:
    """No colour and no evidence."""
    height, width = shape
    return Field(
        np.zeros((height, width, 2), np.float32),
        np.zeros((height, width), np.float32),
        np.full((height, width), -1, np.int16),
    )


class Way(NamedTuple):
    """How to get from each pixel of one frame to the same thing in another.

    flow: (H, W, 2). trust: (H, W) float32 in [0, 1]. missed: (H, W, 2), from the end of the way
    there to where the way back would have to start from. other: (H, W) float32 in [0, 1], how
    likely luma at its end is that of another thing.
    """

    flow: Flow
    trust: Plane
    missed: Flow
    other: Plane

    @property
    def is_cut(self) -> bool:
        return float(self.trust.mean()) < WALL


def find_way(here: Plane, there: Plane, estimator: FlowEstimator) -> Way:
    """The way from the frame with L `here` to that with L `there`."""
    one, other = (np.clip(plane * 2.55, 0, 255).astype(np.uint8) for plane in (here, there))
    flow, back = estimator.between(one, other), estimator.between(other, one)
    missed = flow + follow(back, flow)
    off = cv2.magnitude(missed[..., 0], missed[..., 1]) / _MISSED
    change = follow(there, flow) - here
    lighter = (change - np.median(change)) / _LIGHTER  # whole frames flicker
    alike = np.exp(-(lighter**2) / 2).astype(np.float32)
    trust = np.asarray(np.exp(-(off**2) / 2) * alike, np.float32)
    outside = leaves_picture(flow)
    trust[outside], alike[outside] = 0.0, 0.0
    return Way(flow, trust, missed, 1 - alike)


class Carried(NamedTuple):
    """A field brought to another frame, and what it may have lost on the way.

    lost: (H, W) float32, squared distance of a and b by which a pixel may be further off than it
        was before; 0 where it was followed safely.
    """

    field: Field
    lost: Plane


def carry(field: Field, way: Way, lightness: Plane) -> Carried:
    """The field of the other frame brought here and filled.

    Args:
        way: from here to the frame of the field. lightness: L here.
    """
    if way.is_cut:
        return Carried(empty_field(lightness.shape), np.zeros_like(lightness))
    places = way.flow + _grid(lightness.shape)
    ab = follow(field.ab, way.flow)
    # Grain makes every way a little doubtful; only one that fails takes certainty away.
    kept = np.minimum(way.trust * np.float32(1 / _FOLLOWED), np.float32(_FADES))
    evidence = follow(field.evidence, way.flow) * kept
    owner = cv2.remap(
        field.owner, places, _NO_MAP, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    unsure, lost = way.trust < 0.9, np.zeros_like(lightness)
    if unsure.any():
        squares = (ab**2).sum(-1)
        joined = np.dstack([ab, squares, evidence / np.maximum(kept, 1e-3)])
        filled = fill_from(joined, way.trust**2, lightness, unsure)
        colour = np.ascontiguousarray(filled[:, :2])
        own = _carried_off(field.ab, way, ab)[unsure]
        own += _OTHER * way.other[unsure] * ((colour - ab[unsure]) ** 2).sum(-1)
        near = np.maximum(filled[:, 2] - (colour**2).sum(-1), 0) + np.float32(_ROUGH)
        share = near / (near + own)
        ab[unsure] = share[:, None] * ab[unsure] + (1 - share[:, None]) * colour
        lost[unsure] = share * own
        lent = np.clip(filled[:, 3], 0, 1) * np.float32(_FILLED)
        evidence[unsure] = np.maximum(evidence[unsure], lent * (1 - way.trust[unsure]))
    held = Field(ab, np.clip(evidence, 0, 1), np.asarray(owner, np.int16))
    return Carried(held, lost)


def _carried_off(there: npt.NDArray[np.float32], way: Way, ab: npt.NDArray[np.float32]) -> Plane:
    """Squared distance of the colour at the end of the way from where else it may end. (H, W).

    Args:
        there: (H, W, 2), the colours to be carried. ab: (H, W, 2), those at the end of the way.
    """
    missed = [follow(there, way.flow + sign * way.missed) for sign in (-1, 1)]
    squared = [((other - ab) ** 2).sum(-1) for other in missed]
    return np.asarray(np.maximum(*squared), np.float32)


def fill_from(
    values: npt.NDArray[np.float32],
    weight: Plane,
    lightness: Plane,
    where: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float32]:
    """Values for the pixels `where`, from those with weight that are near and equally light.

    Args:
        values: (H, W, C). weight: (H, W).
    Returns: (n, C) in the order of `np.nonzero(where)`.
    """
    # Not where it costs each start of a server its time.
    from scipy.ndimage import gaussian_filter, map_coordinates

    height, width = lightness.shape
    shape = (int(height / _CELL) + 2, int(width / _CELL) + 2, _STEPS + 2)
    rows, columns = np.mgrid[0:height, 0:width]
    light = np.clip(lightness, 0, 100) * np.float32(_STEPS / 100)
    cell = (rows / _CELL + 0.5).astype(np.intp) * shape[1] + (columns / _CELL + 0.5).astype(np.intp)
    cell = (cell * shape[2] + (light + 0.5).astype(np.intp)).ravel()
    size = shape[0] * shape[1] * shape[2]
    flat = weight.ravel().astype(np.float64)
    layers = [np.bincount(cell, flat, size)]
    layers += [
        np.bincount(cell, flat * values[..., channel].ravel(), size)
        for channel in range(values.shape[2])
    ]
    # Near first; what finds nothing near gets what is farther off.
    at = np.stack([rows[where] / _CELL, columns[where] / _CELL, light[where]])
    found = np.zeros((layers[0].size and at.shape[1], len(layers)))
    for reach, share in (
        ((1.0, 1.0, 0.7), 1.0),
        ((4.0, 4.0, 1.5), 1e-3),
        ((20.0, 20.0, 6.0), 1e-7),
    ):
        for index, layer in enumerate(layers):
            wide = gaussian_filter(layer.reshape(shape), reach, mode="constant", truncate=3.0)
            found[:, index] += share * map_coordinates(wide, at, order=1, mode="nearest")
    return np.asarray(found[:, 1:] / np.maximum(found[:, :1], 1e-12), np.float32)


def blend(first: Field, second: Field, share: float) -> Field:
    """Two fields of one frame; `share` of the first where both have as much evidence."""
    one = (share * (first.evidence + 1e-3))[..., None]
    two = ((1 - share) * (second.evidence + 1e-3))[..., None]
    mine = one / (one + two)
    ab = mine * first.ab + (1 - mine) * second.ab
    evidence = np.maximum(first.evidence, second.evidence)
    owner = np.where(mine[..., 0] >= 0.5, first.owner, second.owner)
    return Field(ab.astype(np.float32), evidence, owner)


def _grid(shape: tuple[int, ...]) -> Flow:
    height, width = shape
    places = np.empty((height, width, 2), np.float32)
    places[..., 0] = np.arange(width, dtype=np.float32)
    places[..., 1] = np.arange(height, dtype=np.float32)[:, None]
    return places
