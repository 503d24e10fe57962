"""Is a suspect a defect, or something that moved?

Five things tell them apart, measured for each connected suspect and weighed by a logistic score:
how far it stands out; how well the two neighbours agree on what should be there (over a defect
they do, where motion failed they do not); how well frames fit each other around it; whether its
own shape is found near by in a neighbour (then it moved); its size. The weights were fitted on
damage planted in the `clean_video` clips, on other frames than the bench's (docs/stages.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.imaging.flow_cells import Codes
from restoration.stages.repair.parts import Parts, places_of
from restoration.stages.repair.twins import find_twins
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
_NEAR = np.ones((7, 7), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """Connected suspects of one frame; index 0 is the background. All arrays (n,).

    contrast: mean distance to the nearer of both neighbours. disagreement: mean distance of the
    neighbours from each other. ring: mean misfit just around. found: how badly the neighbours show
    the same shape near by, 0 exactly to 1 not at all; found_twice: the same of the neighbour that
    shows it worse. moved: so well that it is the same thing.
    """

    parts: Parts
    area: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]
    disagreement: npt.NDArray[np.float64]
    ring: npt.NDArray[np.float64]
    found: npt.NDArray[np.float64]
    found_twice: npt.NDArray[np.float64]
    moved: npt.NDArray[np.bool_]
    one_sided: bool


def weigh(
    codes: Codes,
    parts: Parts,
    motions: Sequence[Motion],
    neighbours: Mapping[int, View],
    *,
    least: float,
    asked: npt.NDArray[np.bool_] | None = None,
) -> Suspects:
    """Measure every suspect; `found` only where the rest leaves the answer open (else 0).

    Args:
        codes: (H, W) uint8, the frame's own.
        neighbours: by offset.
        asked: (n,) bool, the parts that are looked for; all.
    """
    suspects = measure(codes, parts, motions)
    hopeful = score(suspects) >= least
    if asked is not None:
        hopeful &= asked
    look_for(codes, suspects, hopeful, motions, neighbours)
    return suspects


def measure(codes: Codes, parts: Parts, motions: Sequence[Motion]) -> Suspects:
    """Measure every suspect without looking for it elsewhere: `found` is 1, nothing has moved."""
    near, one_sided = _compared(motions)
    own = _at(codes, parts.places)
    seen = np.stack([_at(motion.seen, parts.places) for motion in near])
    area = parts.area.astype(np.float64)
    return Suspects(
        parts=parts,
        area=area,
        contrast=parts.sums(np.abs(own - seen).min(axis=0)) / np.maximum(area, 1),
        disagreement=parts.sums(seen.max(axis=0) - seen.min(axis=0)) / np.maximum(area, 1),
        ring=_ring(codes, parts, near),
        found=np.ones(parts.count),
        found_twice=np.ones(parts.count),
        moved=np.zeros(parts.count, bool),
        one_sided=one_sided,
    )


def _compared(motions: Sequence[Motion]) -> tuple[list[Motion], bool]:
    """Neighbours to compare with: the nearest of each side, or all that there are on one."""
    near = nearest(motions)
    return (near, False) if len(near) == 2 else (list(motions), True)


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


def look_for(
    codes: Codes,
    suspects: Suspects,
    hopeful: npt.NDArray[np.bool_],
    motions: Sequence[Motion],
    neighbours: Mapping[int, View],
) -> None:
    """Fill in `found` and `moved` of the suspects that are hopeful; `found` of the rest is 0.

    Args:
        hopeful: (n,) bool.
    """
    suspects.found[~hopeful] = 0.0
    which = np.flatnonzero(hopeful[1:]) + 1
    if not which.size:
        return
    twins = [
        find_twins(codes, suspects.parts, which, motion, neighbours[motion.offset].codes)
        for motion in _compared(motions)[0]
    ]
    suspects.found[which] = np.minimum.reduce([twin.misfit for twin in twins])
    suspects.found_twice[which] = np.maximum.reduce([twin.misfit for twin in twins])
    misfits = np.stack([np.where(twin.is_scenery, 1.0, twin.misfit) for twin in twins])
    in_one = _IN_BOTH if suspects.one_sided else _IN_ONE
    moved = (misfits.max(axis=0) < _IN_BOTH) | (misfits.min(axis=0) < in_one)
    suspects.moved[which] = moved


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
