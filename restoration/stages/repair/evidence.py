"""Is a suspect a defect, or something that moved?

Five things tell them apart, measured for each connected suspect and weighed by a logistic score:
how far it stands out; how well the two neighbours agree on what should be there (over a defect
they do, where motion failed they do not); how well frames fit each other around it; whether its
own shape is found near by in a neighbour (then it moved); its size. The weights were fitted on
damage planted in the `clean_video` clips, on other frames than the bench's (docs/stages.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import CELL, Codes
from restoration.stages.repair.parts import Parts, places_of
from restoration.stages.repair.views import Motion, View, nearest

_BIAS = -11.52
_CONTRAST = 4.42
_DISAGREEMENT = -1.88
_RING = -1.07
_FOUND = 3.29
_AREA = 0.08
_EDGE = -1.27
# On film, what only one side can tell is mostly something uncovered: there only small or glaring
# suspects are believed.
_DOUBT_AT_EDGE, _LARGEST_AT_EDGE, _GLARING = 3.7, 200, 55.0  # log odds, pixels, codes
_IN_BOTH, _IN_ONE = 0.45, 0.3  # misfit of a shape that was found again, in both or in one
_SCENERY = 0.4  # of the misfit at the suspect's own place
_SQUARE = np.ones((3, 3), np.uint8)
_NEAR = np.ones((7, 7), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """Connected suspects of one frame; index 0 is the background. All arrays (n,).

    contrast: mean distance to the nearer of both neighbours. disagreement: mean distance of the
    neighbours from each other. ring: mean misfit just around. found: how badly the neighbours show
    the same shape near by, 0 exactly to 1 not at all. moved: so well that it is the same thing.
    """

    parts: Parts
    area: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]
    disagreement: npt.NDArray[np.float64]
    ring: npt.NDArray[np.float64]
    found: npt.NDArray[np.float64]
    moved: npt.NDArray[np.bool_]
    one_sided: bool


def weigh(
    codes: Codes,
    parts: Parts,
    motions: Sequence[Motion],
    neighbours: Mapping[int, View],
    *,
    least: float,
) -> Suspects:
    """Measure every suspect; `found` only where the rest leaves the answer open (else 0).

    Args:
        codes: (H, W) uint8, the frame's own.
        neighbours: by offset.
    """
    near = nearest(motions)
    one_sided = len(near) < 2
    near = list(motions) if one_sided else near
    own = _at(codes, parts.places)
    seen = np.stack([_at(motion.seen, parts.places) for motion in near])
    area = parts.area.astype(np.float64)
    suspects = Suspects(
        parts=parts,
        area=area,
        contrast=parts.sums(np.abs(own - seen).min(axis=0)) / np.maximum(area, 1),
        disagreement=parts.sums(seen.max(axis=0) - seen.min(axis=0)) / np.maximum(area, 1),
        ring=_ring(codes, parts, near),
        found=np.ones(parts.count),
        moved=np.zeros(parts.count, bool),
        one_sided=one_sided,
    )
    hopeful = score(suspects) >= least
    suspects.found[~hopeful] = 0.0
    boxes = parts.boxes.tolist()
    for part in (np.flatnonzero(hopeful[1:]) + 1).tolist():
        _look_for(codes, suspects, part, boxes[part], [(m, neighbours[m.offset]) for m in near])
    return suspects


def _at(codes: Codes, places: npt.NDArray[np.intp]) -> npt.NDArray[np.int16]:
    return codes.reshape(-1)[places].astype(np.int16)


def _ring(codes: Codes, parts: Parts, near: Sequence[Motion]) -> npt.NDArray[np.float64]:
    """Mean misfit within three pixels around each part."""
    labels = parts.labels
    if labels.dtype != np.uint16:
        labels = labels.astype(np.float32)
    wide = cv2.dilate(labels, _NEAR)
    around = (wide > 0).view(np.uint8)
    around.reshape(-1)[parts.places] = 0
    places = places_of(around)
    which = wide.reshape(-1)[places].astype(np.intp)
    own = _at(codes, places)
    worst = np.maximum.reduce([np.abs(own - _at(motion.seen, places)) for motion in near])
    total = np.bincount(which, weights=worst, minlength=parts.count)
    return np.asarray(total / np.maximum(np.bincount(which, minlength=parts.count), 1))


def _look_for(
    codes: Codes,
    suspects: Suspects,
    part: int,
    box: Sequence[int],
    near: Sequence[tuple[Motion, View]],
) -> None:
    """Fill in `found` and `moved` of one suspect."""
    shape = _shape_of(codes, suspects.parts, part, box)
    twins = [shape_elsewhere(codes, shape, motion, view.codes) for motion, view in near]
    suspects.found[part] = min(twin.misfit for twin in twins)
    misfits = [1.0 if twin.is_scenery else twin.misfit for twin in twins]
    in_one = _IN_BOTH if suspects.one_sided else _IN_ONE
    suspects.moved[part] = max(misfits) < _IN_BOTH or min(misfits) < in_one


def is_defect(suspects: Suspects, *, least: float) -> npt.NDArray[np.bool_]:
    """Which suspects are defects, (n,) bool; the background never is."""
    odds = score(suspects)
    kept = (odds >= least) & ~suspects.moved
    if suspects.one_sided:
        sure = odds >= least + _DOUBT_AT_EDGE
        kept &= (suspects.contrast >= _GLARING) | (sure & (suspects.area <= _LARGEST_AT_EDGE))
    kept[0] = False
    return np.asarray(kept)


def score(suspects: Suspects) -> npt.NDArray[np.float64]:
    """Log odds that each suspect is a defect."""
    return np.asarray(
        _BIAS
        + _CONTRAST * np.log(suspects.contrast + 1e-6)
        + _DISAGREEMENT * np.log(suspects.disagreement + 0.5)
        + _RING * np.log(suspects.ring + 1.0)
        + _FOUND * np.minimum(suspects.found, 1.0)
        + _AREA * np.log(np.maximum(suspects.area, 1.0))
        + _EDGE * suspects.one_sided
    )


class Twin(NamedTuple):
    """Where a neighbour shows a suspect's shape best.

    misfit: root mean square, over the misfit at the place that motion predicts.
    is_scenery: this frame shows the same at that place too, so it is no moved suspect but a part of
        the scene that looks like it, as any dark corner looks like a dark blotch.
    """

    misfit: float
    is_scenery: bool


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A suspect with a rim of one pixel.

    top, left: of the box about it. patch, inside: (h, w) uint8, what the frame shows there, and 1
    where it is the suspect's. reach: pixels by which it may have gone from frame to frame.
    """

    top: int
    left: int
    patch: Codes
    inside: Codes
    pixels: int
    reach: int


def _shape_of(codes: Codes, parts: Parts, part: int, box: Sequence[int]) -> Shape:
    height, width = codes.shape
    left, top, wide, high, area = box
    y0, y1 = max(top - 1, 0), min(top + high + 1, height)
    x0, x1 = max(left - 1, 0), min(left + wide + 1, width)
    core = (parts.labels[y0:y1, x0:x1] == part).view(np.uint8)
    inside = np.asarray(cv2.dilate(core, _SQUARE), np.uint8)
    reach = min(3 + area, 12 + min(28, max(wide, high)))
    return Shape(y0, x0, codes[y0:y1, x0:x1], inside, cv2.countNonZero(inside), reach)


def shape_elsewhere(codes: Codes, shape: Shape, motion: Motion, other: Codes) -> Twin:
    """Look for the suspect's shape anywhere near by in the neighbour."""
    height, width = codes.shape
    high, wide = shape.patch.shape
    top, left = shape.top, shape.left
    predicted = motion.seen[top : top + high, left : left + wide]
    expected = _misfit(shape, predicted)
    reach = shape.reach * (1 + abs(motion.offset)) // 2
    middle = motion.flow[(top + high // 2) // CELL, (left + wide // 2) // CELL]
    dx, dy = round(float(middle[0])), round(float(middle[1]))
    y0, y1 = max(top + dy - reach, 0), min(top + high + dy + reach, height)
    x0, x1 = max(left + dx - reach, 0), min(left + wide + dx + reach, width)
    if y1 - y0 < high or x1 - x0 < wide:
        return Twin(1.0, is_scenery=False)
    searched = other[y0:y1, x0:x1]
    errors = cv2.matchTemplate(searched, shape.patch, cv2.TM_SQDIFF, mask=shape.inside)
    least, _, (column, row), _ = cv2.minMaxLoc(errors)
    best = math.sqrt(max(least, 0.0) / shape.pixels)
    twin = searched[row : row + high, column : column + wide]
    top, left = y0 + row - dy, x0 + column - dx
    same = codes[max(top, 0) : top + high, max(left, 0) : left + wide]
    misfit = best / max(expected, 1e-6)
    if same.shape != twin.shape:
        return Twin(misfit, is_scenery=False)
    still = math.sqrt(cv2.norm(same, twin, cv2.NORM_L2SQR, mask=shape.inside) / shape.pixels)
    return Twin(misfit, is_scenery=still < _SCENERY * expected)


def _misfit(shape: Shape, seen: Codes) -> float:
    """Root mean square over the shape, codes."""
    apart = cv2.norm(shape.patch, seen, cv2.NORM_L2SQR, mask=shape.inside)
    return math.sqrt(apart / shape.pixels)
