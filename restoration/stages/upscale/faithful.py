"""From what an engine proposes to whole code values that shrink to the source again.

A scan's codes are rounded: a sample of 100 says that between 99.5 and 100.5 was there. So of the
pictures that shrink to the source the engine may choose among all that round to it, or nearly all;
what lies outside that is projected back. Grain, which a picture must give back too, costs less so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from restoration.imaging.resample import KINDS, Kind, Plane, Shrinking

LEFT = 0.4
"""Codes by which a shrunk sample may miss the source's before the result is rounded itself."""
_ROUNDS: dict[Kind, int] = {"bicubic": 6, "area": 60}
"""Back-projections at most, each after what left the range of codes was cut off. By area there is a
way always, and where it is needed at all it is long."""
_MOST = 0.6
"""8-bit codes by which a sample may miss at most, lest rounding take it beyond what is allowed."""
LEAST_DB = 50.0
"""What every plane gives back, at least."""
_NEAR = 0.05
"""Codes beyond LEFT with which back-projection is content."""


def code_values(
    proposed: Plane, source: npt.NDArray[np.integer], *, peak: int, faithful: bool
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Whole codes of one plane.

    Args:
        proposed: (H, W), in codes. source: (rows, columns), the plane it was made from.
        faithful: project it on the pictures that shrink to `source`. A source with more contrast
            than bicubic shrinking leaves in any picture within the range of codes is given back by
            area instead.
    """
    if faithful:
        proposed = _given_back(proposed, source.astype(np.float32), peak=peak)
    rounded = np.rint(np.clip(proposed, 0, peak))
    return rounded.astype(np.uint8) if peak == 255 else rounded.astype(np.uint16)


def _given_back(proposed: Plane, source: Plane, *, peak: int) -> Plane:
    made = project_in_range(proposed, source, peak=peak)
    if _farthest(made, source, "bicubic") <= max(LEFT + 2 * _NEAR, _MOST * peak / 255):
        return made
    by_area = project_in_range(proposed, source, peak=peak, kind="area")
    better = _farthest(by_area, source, "area") < _farthest(made, source, "bicubic")
    return by_area if better else made


def _farthest(large: Plane, source: Plane, kind: Kind) -> float:
    shrunk = Shrinking.between(large.shape, source.shape, kind).shrink(large)
    return float(np.abs(shrunk - source).max())


def project_in_range(
    proposed: Plane, source: Plane, *, peak: int, left: float = LEFT, kind: Kind = "bicubic"
) -> Plane:
    """A picture near the proposed one that shrinks to the source and stays in [0, peak].

    Args:
        left: by how much a sample may miss it.

    Alternating projections (von Neumann; Youla and Webb 1982).
    """
    shrinking = Shrinking.between(proposed.shape, source.shape, kind)
    made = np.clip(proposed, 0, peak)
    for _ in range(_ROUNDS[kind]):
        off = source - shrinking.shrink(made)
        off -= np.clip(off, -left, left)
        if float(np.abs(off).max()) <= _NEAR:
            break
        made = np.clip(made + shrinking.smallest(off), 0, peak)
    return np.asarray(made, np.float32)


class Consistency(NamedTuple):
    """PSNR in dB of a shrunk plane against its source, 99 for equal, and by which shrinking."""

    decibels: float
    kind: Kind


def consistency(
    large: npt.NDArray[np.integer], source: npt.NDArray[np.integer], *, peak: int
) -> Consistency:
    """How well a plane gives back its source: by bicubic shrinking, or better by area."""
    by_kind = (_consistency(large, source, peak, kind) for kind in KINDS)
    bicubic = next(by_kind)
    return bicubic if bicubic.decibels >= LEAST_DB else max(bicubic, next(by_kind))


def _consistency(
    large: npt.NDArray[np.integer], source: npt.NDArray[np.integer], peak: int, kind: Kind
) -> Consistency:
    shrunk = Shrinking.between(large.shape, source.shape, kind).shrink(large.astype(np.float32))
    error = float(((shrunk - source) ** 2).mean())
    decibels = 99.0 if error <= 0 else min(99.0, 10 * float(np.log10(peak * peak / error)))
    return Consistency(decibels, kind)
