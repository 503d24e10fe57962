"""Do these lips make that sound? PURE: series in, likelihoods out.

A mouth that speaks moves with the level of the sound, some four times a second. Mouth and sound are
freed of slow change, and correlated over lags on the frames of speech alone. Where they belong
together, the correlation peaks at one lag and is negative half a syllable to either side; the score
takes both into account. What scores mean was measured on talking faces with their own and with
others' voices, and is kept wider than measured, since film is worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

from restoration.stages.attribute.measured import STEP, STEPS, Floats, Measured, Track

Steps = npt.NDArray[np.int64]
"""Places on the clock, ascending."""
Floats64 = npt.NDArray[np.float64]

REACH = STEPS
"""Steps that sound may be off the picture, either way: a second."""
_LOBE = 3
"""Steps from the peak to where syllables are in opposition, at four a second."""
_LAGS = np.arange(-REACH - _LOBE, REACH + _LOBE + 2)
_EDGE = 4
"""Steps before and after speech that still belong to it: mouths open before they sound."""
_FEWEST = 14
"""Steps that lips and speech must share to be compared."""
_SLOW, _QUICK = 1.0, 8.0
"""Hz below and above which change is no speech: syllables come some four times a second, and what
is quicker than twice that is the grain and the unsteadiness of the picture."""
_GRAIN = 9.5
"""Hz from which a series shows the measuring's own noise alone."""
_UNSURE = 0.5
"""Least share of a measure's deviation that is taken to be the mouth's."""
_COUNTS = 6
"""Power of that share by which a measure counts beside the others."""
_SPEAKS, _OTHER = (0.61, 0.16), (0.0, 0.22)
"""Mean and deviation of the score of a mouth that speaks the line, and of one that does not, over
60 steps."""
_LEAST, _MOST = -4.0, 6.0
"""Natural logarithm of how much one line can say against a face, and for it."""
STILL = 0.01
"""Deviation of the height over both lips, in eye distances, of a mouth that only quivers."""
_STILL_LIKELIHOOD = -3.0


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """A track's mouth on the clock, freed of slow change.

    series: (steps, 3) float64; height: (steps,) of both lips, for how much it moves.
    trust: (3,) float64, from 0 to 1: how much of each measure's deviation is the mouth's, and not
        grain; the correlation with anything is that much less than the mouth's own (Spearman 1904).
    weights: (3,) float64, sum 1: what each measure counts for, more the less grain there is in it.
    """

    track: int
    first: int
    series: Floats64
    height: Floats64
    trust: Floats64

    @property
    def stop(self) -> int:
        return self.first + len(self.series)

    @property
    def weights(self) -> Floats64:
        return np.asarray(self.trust**_COUNTS / (self.trust**_COUNTS).sum(), np.float64)

    @property
    def trusted(self) -> float:
        """From 0 to 1: of what is told from all measures together."""
        return float(self.weights @ self.trust)


@dataclass(frozen=True, slots=True, eq=False)
class Lips:
    """What one face's lips say of one line.

    likelihood: (2 * REACH + 1,) float64, natural logarithm of how much more probable the
        movement is if this face speaks, for each offset from -REACH on.
    score: (2 * REACH + 1,) what it was told from.
    """

    track: int
    likelihood: Floats64
    score: Floats64
    movement: float
    seen: float
    """Share of the line's speech in which the face is on screen."""

    @property
    def is_still(self) -> bool:
        return self.movement < STILL


def mouth_on_clock(track: Track, reel: Measured) -> Mouth | None:
    """None for a track too short to be freed of slow change."""
    at = np.array([reel.step_of_frame(track.first_frame + n) for n in range(len(track.mouth))])
    if not len(at):
        return None
    steps = np.arange(int(np.ceil(at[0])), int(np.floor(at[-1])) + 1)
    if len(steps) < _FEWEST:
        return None
    series = np.stack([np.interp(steps, at, column) for column in track.mouth.T], axis=1)
    freed = np.stack([_freed(column) for column in series.T], axis=1)
    trust = np.array([_trust(column) for column in series.T])
    return Mouth(track.number, int(steps[0]), freed, freed[:, 0], trust)


def _trust(series: Floats64) -> float:
    """By what is left above the speed of any mouth, taken to be as strong at every speed below."""
    sos = signal.butter(2, _GRAIN, "highpass", fs=STEPS, output="sos")
    grain = signal.sosfiltfilt(sos, series, padlen=min(len(series) - 1, STEPS)).var()
    grain *= (_QUICK - _SLOW) / (STEPS / 2 - _GRAIN)
    share = 1 - grain / max(float(_freed(series).var()), 1e-12)
    return float(np.sqrt(max(share, _UNSURE**2)))


def sound_on_clock(bands: Floats) -> Floats64:
    """(steps, 2): level of the band that lips follow, as its square root and as its logarithm."""
    if len(bands) < _FEWEST:
        return np.zeros((len(bands), 2))
    upper = bands[:, 1].astype(np.float64)
    # Below the noise that is always there nothing is heard, so nothing is to be followed.
    floor = max(1e-3 * float(upper.max()), float(np.percentile(upper, 10)), 1e-6)
    return np.stack([_freed(np.sqrt(upper)), _freed(np.log(upper + floor))], axis=1)


def _freed(series: Floats64) -> Floats64:
    sos = signal.butter(2, (_SLOW, _QUICK), "bandpass", fs=STEPS, output="sos")
    around = min(len(series) - 1, STEPS)
    return np.asarray(signal.sosfiltfilt(sos, series, padlen=around), np.float64)


def speech_steps(spans: Sequence[tuple[int, int]], steps: int) -> Steps:
    """The steps of [start, end) samples of speech, and those just beside them."""
    marked = np.zeros(steps, np.bool_)
    for start, end in spans:
        first, stop = start // STEP - _EDGE, -(-end // STEP) + _EDGE
        marked[max(0, first) : max(0, stop)] = True
    return np.flatnonzero(marked)


def compare(mouth: Mouth, sound: Floats64, speech: Steps) -> Lips | None:
    """One face and one line; None if they share too few frames."""
    inside = (speech >= mouth.first) & (speech < mouth.stop)
    if inside.sum() < _FEWEST:
        return None
    curve = np.array([_correlation(mouth, sound, speech, int(lag)) for lag in _LAGS])
    score = _peak(curve)
    shared = speech[inside] - mouth.first
    movement = float(np.std(mouth.height[shared]))
    likelihood = _likelihood(score, len(shared), mouth.trusted)
    if movement < STILL:
        likelihood = np.minimum(likelihood, _STILL_LIKELIHOOD)
    return Lips(mouth.track, likelihood, score, movement, float(inside.mean()))


def _correlation(mouth: Mouth, sound: Floats64, speech: Steps, lag: int) -> float:
    """Mean over every measure of the sound, and of the mouth; the mouth `lag` steps later."""
    there = speech + lag - mouth.first
    good = (there >= 0) & (there < len(mouth.series))
    if good.sum() < _FEWEST:
        return 0.0
    lips, heard = _normal(mouth.series[there[good]]), _normal(sound[speech[good]])
    alike = float(mouth.weights @ (lips.T @ heard).mean(axis=1) / good.sum())
    # What is seen of the line only in part counts for less.
    return alike * float(np.sqrt(good.mean()))


def _normal(series: Floats64) -> Floats64:
    centred = series - series.mean(axis=0)
    return np.asarray(centred / (centred.std(axis=0) + 1e-9), np.float64)


def _peak(curve: Floats64) -> Floats64:
    """For each offset: how high the correlation is there, and how low half a syllable beside it."""
    at = np.arange(_LOBE, _LOBE + 2 * REACH + 1)
    top = (curve[at] + curve[at + 1]) / 2
    beside = (curve[at - _LOBE] + curve[at + 1 + _LOBE]) / 4
    return np.asarray(top - beside, np.float64)


def _likelihood(score: Floats64, steps: int, trust: float) -> Floats64:
    wider, mean = float(np.sqrt(60 / min(steps, 60))), _SPEAKS[0] * trust
    speaks = _density(score, mean, _SPEAKS[1] * wider)
    other = _density(score, _OTHER[0], _OTHER[1] * wider)
    # More than the mean of those that speak is no less than it.
    best = _density(np.minimum(score, mean), mean, _SPEAKS[1] * wider)
    found = np.log(np.maximum(speaks, np.where(score > mean, best, 0)) + 1e-12) - np.log(
        other + 1e-12
    )
    return np.asarray(np.clip(found, _LEAST, _MOST), np.float64)


def _density(values: Floats64, mean: float, deviation: float) -> Floats64:
    away = (values - mean) / deviation
    return np.asarray(np.exp(-(away**2) / 2) / deviation, np.float64)
