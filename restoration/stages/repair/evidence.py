"""Is a suspect a defect, or something that moved?

Five things tell them apart, measured for each connected suspect and weighed by a logistic score:
how far it stands out; how well the two neighbours agree on what should be there (over a defect
they do, where motion failed they do not); how well frames fit each other around it; whether its
own shape is found near by in a neighbour (then it moved); its size. The weights were fitted on
damage planted in the `clean_video` clips, on other frames than the bench's (docs/stages.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.luma import Luma
from restoration.stages.repair.views import Motion, View, nearest

Mask = npt.NDArray[np.bool_]

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


@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """Connected suspects of one frame; index 0 is the background. All arrays (n,).

    contrast: mean distance to the nearer of both neighbours. disagreement: mean distance of the
    neighbours from each other. ring: mean misfit just around. found: how badly the neighbours show
    the same shape near by, 0 exactly to 1 not at all. moved: so well that it is the same thing.
    """

    parts: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]
    area: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]
    disagreement: npt.NDArray[np.float64]
    ring: npt.NDArray[np.float64]
    found: npt.NDArray[np.float64]
    moved: npt.NDArray[np.bool_]
    one_sided: bool


def weigh(
    luma: Luma, mask: Mask, motions: Sequence[Motion], neighbours: dict[int, View], *, least: float
) -> Suspects:
    """Measure every suspect; `found` only where the rest leaves the answer open (else 0)."""
    near = nearest(motions)
    one_sided = len(near) < 2
    near = list(motions) if one_sided else near
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    labels = np.asarray(parts, np.int32)
    differences = [np.abs(luma - motion.seen) for motion in near]
    lightest = np.maximum.reduce([motion.seen for motion in near])
    darkest = np.minimum.reduce([motion.seen for motion in near])
    around = np.where(mask, 0, cv2.dilate(labels.astype(np.float32), np.ones((7, 7), np.uint8)))
    suspects = Suspects(
        parts=labels,
        boxes=np.asarray(boxes, np.int32),
        area=np.asarray(boxes[:, cv2.CC_STAT_AREA], np.float64),
        contrast=_mean(np.minimum.reduce(differences), labels, count),
        disagreement=_mean(lightest - darkest, labels, count),
        ring=_mean(np.maximum.reduce(differences), around.astype(np.int32), count),
        found=np.ones(count),
        moved=np.zeros(count, bool),
        one_sided=one_sided,
    )
    hopeful = score(suspects) >= least
    suspects.found[~hopeful] = 0.0
    for part in np.flatnonzero(hopeful[1:]) + 1:
        twins = [
            shape_elsewhere(luma, suspects, int(part), motion, neighbours[motion.offset].luma)
            for motion in near
        ]
        suspects.found[part] = min(twin.misfit for twin in twins)
        misfits = [1.0 if twin.is_scenery else twin.misfit for twin in twins]
        in_one = _IN_BOTH if one_sided else _IN_ONE
        suspects.moved[part] = max(misfits) < _IN_BOTH or min(misfits) < in_one
    return suspects


def _mean(values: Luma, labels: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.float64]:
    inside = labels > 0
    which = labels[inside]
    total = np.bincount(which, weights=values[inside], minlength=count)
    return np.asarray(total / np.maximum(np.bincount(which, minlength=count), 1))


def is_defect(suspects: Suspects, *, least: float) -> npt.NDArray[np.bool_]:
    """Which suspects are defects, (n,) bool; the background never is."""
    kept = (score(suspects) >= least) & ~suspects.moved
    if suspects.one_sided:
        sure = score(suspects) >= least + _DOUBT_AT_EDGE
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


def shape_elsewhere(luma: Luma, suspects: Suspects, part: int, motion: Motion, other: Luma) -> Twin:
    """Look for the suspect's shape, with a rim, anywhere near by in the neighbour."""
    height, width = luma.shape
    left, top, wide, high, area = (int(value) for value in suspects.boxes[part])
    y0, y1 = max(top - 1, 0), min(top + high + 1, height)
    x0, x1 = max(left - 1, 0), min(left + wide + 1, width)
    core = (suspects.parts[y0:y1, x0:x1] == part).astype(np.uint8)
    shape = cv2.dilate(core, _SQUARE).astype(np.float32)
    inside = shape > 0
    patch = luma[y0:y1, x0:x1]
    expected = float(np.sqrt(((patch - motion.seen[y0:y1, x0:x1])[inside] ** 2).mean()))
    reach = min(3 + area, 12 + min(28, max(wide, high))) * (1 + abs(motion.offset)) // 2
    dx, dy = np.rint(np.median(motion.flow[y0:y1, x0:x1][inside], axis=0)).astype(int)
    rows = slice(max(y0 + dy - reach, 0), min(y1 + dy + reach, height))
    columns = slice(max(x0 + dx - reach, 0), min(x1 + dx + reach, width))
    searched = other[rows, columns]
    if searched.shape[0] < y1 - y0 or searched.shape[1] < x1 - x0:
        return Twin(1.0, is_scenery=False)
    errors = cv2.matchTemplate(searched, patch, cv2.TM_SQDIFF, mask=shape)
    best = float(np.sqrt(max(float(errors.min()), 0.0) / inside.sum()))
    row, column = (int(place) for place in np.unravel_index(int(errors.argmin()), errors.shape))
    twin = searched[row : row + y1 - y0, column : column + x1 - x0]
    top, left = rows.start + row - dy, columns.start + column - dx
    same = luma[max(top, 0) : top + y1 - y0, max(left, 0) : left + x1 - x0]
    if same.shape != twin.shape:
        return Twin(best / max(expected, 1e-6), is_scenery=False)
    still = float(np.sqrt(((same - twin)[inside] ** 2).mean()))
    return Twin(best / max(expected, 1e-6), is_scenery=still < _SCENERY * expected)
