"""Whether a frame can be judged at all, and the measures that say so.

Detection compares a frame with its neighbours. Where most of it differs from all of them, what is
damage and what is picture is a guess: such a frame is left as the scan has it, and reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restoration.stages.contract import JSON
from restoration.stages.repair.views import TOO_DARK, TOO_FLAT, Motion, View, nearest

TOO_MANY = 0.25  # share of the pixels that both neighbours contradict in one direction
TOO_FAR = 20.0  # codes by which half of the frame misses every neighbour
_APART = 12  # codes


@dataclass(frozen=True, slots=True)
class Judgement:
    """light: 95th percentile of luma; contrast: its standard deviation; both in 8-bit codes.

    suspect: share of the pixels that differ from both nearest neighbours by more than 12 codes in
    one direction; misfit: median distance, in codes, to the neighbour that fits best. Both are 0
    without two neighbours.
    """

    light: float
    contrast: float
    suspect: float = 0.0
    misfit: float = 0.0

    @property
    def why_not(self) -> str:
        """Why nothing can be said about the frame, in words; empty if it can be judged."""
        if self.light < TOO_DARK:
            return f"too dark: 95 % of it below code {self.light:.0f} of 255"
        if self.contrast < TOO_FLAT:
            return f"too flat: contrast {self.contrast:.1f} codes"
        if self.suspect > TOO_MANY:
            return f"{100 * self.suspect:.0f} % of its pixels differ from both neighbours"
        if self.misfit > TOO_FAR:
            return f"half of it misses every neighbour by {self.misfit:.0f} codes or more"
        return ""

    def as_fact(self, frame: int) -> dict[str, JSON]:
        return {
            "frame": frame,
            "why": self.why_not,
            "light": round(self.light, 1),
            "contrast": round(self.contrast, 1),
            "suspect_percent": round(100 * self.suspect, 2),
            "misfit": round(self.misfit, 1),
        }


def judge(here: View, motions: Sequence[Motion]) -> Judgement:
    """Measure a frame against its nearest neighbours, as motion carries them to it."""
    near = nearest(motions)
    if len(near) < 2:
        return Judgement(float(here.light), here.contrast)
    codes, one, other = here.codes, near[0].seen, near[1].seen
    beyond = cv2.max(
        cv2.subtract(codes, cv2.max(one, other)), cv2.subtract(cv2.min(one, other), codes)
    )
    suspect = cv2.countNonZero(cv2.threshold(beyond, _APART, 1, cv2.THRESH_BINARY)[1])
    apart = cv2.min(cv2.absdiff(codes, one), cv2.absdiff(codes, other))
    counts = np.cumsum(cv2.calcHist([apart], [0], None, [256], [0, 256]))
    misfit = int(np.searchsorted(counts, 0.5 * codes.size))
    return Judgement(float(here.light), here.contrast, suspect / codes.size, float(misfit))
