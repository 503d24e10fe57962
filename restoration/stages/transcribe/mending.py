"""Clicks of worn sound taken out before it is heard. PURE: samples in, samples out.

A click is short and bends the wave far more sharply than the hiss of a worn track around it.
Without that hiss nothing is mended, since the sharpest bends of clean sound are the voice itself.
Noise is left alone: without hiss and hum, by a Wiener filter, Whisper heard less than with them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restoration.speech.transcript import CLOCK

Samples = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
"""Numbers of samples."""
NOWHERE: Places = np.zeros(0, np.int64)

_AROUND = CLOCK // 10
"""Samples over which it is seen how sharply the wave bends as a rule."""
_SHARP = 6.0
"""So many times more sharply bends a click."""
_SHARPEST = 1.5
"""And so many times more than all but one of a hundred samples."""
_HISS = 0.12
"""Of the sharpest bends (their 99th percentile) the rule must reach, four fifths of the time, for a
track to be worn: it does 0.17 to 0.3 under hiss 12 to 18 dB below speech, 0.05 on clean sound."""
_EDGE = 4
"""Samples to each side of one that belong to it."""
_FLOOR = 1e-5
"""Of full scale: digital silence bends not at all."""


def mend_clicks(sound: Samples) -> tuple[Samples, Places]:
    """The sound with its clicks bridged by straight lines, and the first sample of each."""
    from scipy import ndimage  # not where it costs each start of a server its time

    if len(sound) < _AROUND:
        return sound, NOWHERE
    bend = np.abs(np.diff(sound, n=2, prepend=sound[:1], append=sound[-1:]))
    # What is bent most of all would lift the rule that it is held against.
    sharpest = np.percentile(bend, 99)
    rule = ndimage.uniform_filter1d(np.minimum(bend, sharpest), _AROUND)
    if np.percentile(rule, 20) < _HISS * sharpest:
        return sound, NOWHERE
    sharp = (bend > _SHARP * (rule + _FLOOR)) & (bend > _SHARPEST * sharpest)
    clicked = ndimage.binary_dilation(sharp, iterations=_EDGE)
    if not clicked.any():
        return sound, NOWHERE
    first = np.flatnonzero(np.diff(clicked, prepend=False) & clicked)
    sound = sound.copy()
    gone, left = np.flatnonzero(clicked), np.flatnonzero(~clicked)
    sound[gone] = np.interp(gone, left, sound[left])
    return sound, first
