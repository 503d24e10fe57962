"""What was measured in a reel before anything is decided: faces, lips, sound, voices. PURE.

Mouths and sound are brought to one clock of 25 steps a second (`STEPS`), whatever the film's rate:
by time, never by counting frames as if they were of another rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from restoration.speech.transcript import CLOCK

STEPS = 25
"""Steps a second of the clock that lips and sound share."""
STEP = CLOCK // STEPS
"""Samples in one of them."""
MOUTH = ("height over both lips", "darkness between them", "nose to chin")
"""What is measured of a mouth, in outer eye distances, or in deviations of its own grey."""

Floats = npt.NDArray[np.float32]


@dataclass(slots=True, eq=False)
class Track:
    """One face through a scene, without a gap.

    boxes: (frames, 4) float32, left, top, right, bottom in pixels of the scan.
    mouth: (frames, 3) float32, one column for each of MOUTH.
    faces: (n, 128) float32, embeddings of its best frames; biometric; empty if none was made.
    """

    number: int
    first_frame: int
    boxes: Floats
    mouth: Floats
    best_frame: int = 0
    """The one that shows the face best."""
    faces: Floats = field(default_factory=lambda: np.zeros((0, 128), np.float32))

    @property
    def end_frame(self) -> int:
        return self.first_frame + len(self.boxes)


@dataclass(slots=True, eq=False)
class Measured:
    """A whole reel.

    bands: (steps, 2) float32, level of 300 to 3400 Hz and of 900 to 3400 Hz, root mean square.
    voice_starts: (n,) int64, first samples of stretches of VOICE_WINDOW.
    voices: (n, 256) float32, an embedding of each; biometric; empty if none was made.
    """

    rate: Fraction
    frames: int
    tracks: Sequence[Track]
    bands: Floats
    voice_starts: npt.NDArray[np.int64]
    voices: Floats
    cuts: tuple[int, ...] = ()

    def step_of_frame(self, frame: int) -> float:
        """Where on the clock the middle of a frame lies."""
        return float((frame + Fraction(1, 2)) / self.rate * STEPS) - 0.5

    def frame_of_step(self, step: int) -> int:
        """The frame shown in the middle of a step."""
        return min(self.frames - 1, int((step + Fraction(1, 2)) / STEPS * self.rate))


VOICE_WINDOW = CLOCK * 8 // 5
"""Samples that a voice is told from: 1.6 s, as its network was trained."""
VOICE_HOP = CLOCK * 2 // 5
