"""What the one pass over the frames leaves behind: a few numbers for each of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from restoration.stages.cuts.blanks import Passage
from restoration.stages.cuts.flashes import Flash
from restoration.stages.cuts.gradual import Mix
from restoration.stages.cuts.hard import Boundary
from restoration.stages.cuts.splices import Joint
from restoration.stages.cuts.titles import Looks

DRIFT_REACH = (6, 12)
APART = (6, 9, 13, 18, 24)


@dataclass(slots=True)
class Measurements:
    """A few numbers for each frame, in order; lists of equal length unless said otherwise."""

    first_frame: int
    boundaries: list[Boundary] = field(default_factory=list)
    """Those where something changes."""
    proposals: set[int] = field(default_factory=set)
    """First frames of new shots, as AdaptiveDetector has it; each is looked at."""
    flashes: list[Flash] = field(default_factory=list)
    drift: list[tuple[float, float]] = field(default_factory=list)
    """Rank difference between the frames 6, and 12, before and after; 0 near the ends."""
    strides: list[float] = field(default_factory=list)
    """Rank difference to the frame before, cleaned; 0 for the first."""
    steady: list[float] = field(default_factory=list)
    """The same without what the picture moves as a whole."""
    joints: list[Joint] = field(default_factory=list)
    """Where frames may be missing."""
    slides: list[float] = field(default_factory=list)
    """How surely the whole picture slides from the frame before, where the stride is large."""
    apart: list[tuple[float, ...]] = field(default_factory=list)
    """Rank difference between the frames before and after at each distance of `APART`."""
    between: list[float | None] = field(default_factory=list)
    """Share of what changes over 12, or 24, frames that is on its way, the larger of both."""
    carried: list[float] = field(default_factory=list)
    """Share of the picture that motion carries from 6 frames before to 6 after."""
    mixes: list[Mix] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    flat: list[bool] = field(default_factory=list)
    passages: dict[int, Passage] = field(default_factory=dict)
    """First frame after blank ones: what stands on both sides of them."""
    steps: list[float] = field(default_factory=list)
    """Mean absolute difference of luma to the frame before; 0 for the first."""
    looks: list[Looks] = field(default_factory=list)
    """How much the frame looks like a card with writing."""
    single: npt.NDArray[np.float32] | None = None
    """The network's first head, one for each frame; None if it was not asked."""
    every: npt.NDArray[np.float32] | None = None
    """Its second head."""
