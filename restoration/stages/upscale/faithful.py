"""From what an engine proposes to whole code values that shrink to the source again.

A scan's codes are rounded: a sample of 100 says that between 99.5 and 100.5 was there. So of the
pictures that shrink to the source the engine may choose among all that round to it, or nearly all;
what lies outside that is projected back. Grain, which a picture must give back too, costs less so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restoration.imaging.resample import Plane, Shrinking

LEFT = 0.4
"""Codes by which a shrunk sample may miss the source's before the result is rounded itself."""
_ROUNDS = 6
"""Back-projections at most, each after what left the range of codes was cut off."""
_NEAR = 0.05
"""Codes beyond LEFT with which back-projection is content."""


def code_values(
    proposed: Plane, source: npt.NDArray[np.integer], *, peak: int, faithful: bool
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Whole codes of one plane.

    Args:
        proposed: (H, W), in codes. source: (rows, columns), the plane it was made from.
        faithful: project it on the pictures that shrink to `source`, as far as the range of codes
            allows: a source with more contrast than any such picture has cannot be given back.
    """
    if faithful:
        proposed = project_in_range(proposed, source.astype(np.float32), peak=peak)
    rounded = np.rint(np.clip(proposed, 0, peak))
    return rounded.astype(np.uint8) if peak == 255 else rounded.astype(np.uint16)


def project_in_range(proposed: Plane, source: Plane, *, peak: int, left: float = LEFT) -> Plane:
    """A picture near the proposed one that shrinks to the source and stays in [0, peak].

    Args:
        left: by how much a sample may miss it.

    Alternating projections (von Neumann; Youla and Webb 1982).
    """
    shrinking = Shrinking.between(proposed.shape, source.shape)
    made = np.clip(proposed, 0, peak)
    for _ in range(_ROUNDS):
        off = source - shrinking.shrink(made)
        off -= np.clip(off, -left, left)
        if float(np.abs(off).max()) <= _NEAR:
            break
        made = np.clip(made + shrinking.smallest(off), 0, peak)
    return np.asarray(made, np.float32)


def consistency(
    large: npt.NDArray[np.integer], source: npt.NDArray[np.integer], *, peak: int
) -> float:
    """PSNR in dB of the shrunk picture against the source; 99 stands for equal."""
    shrunk = Shrinking.between(large.shape, source.shape).shrink(large.astype(np.float32))
    error = float(((shrunk - source) ** 2).mean())
    return 99.0 if error <= 0 else min(99.0, 10 * float(np.log10(peak * peak / error)))
