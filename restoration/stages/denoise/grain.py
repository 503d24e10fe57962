"""Grain: what was taken off and put back, or grain drawn anew that is like it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

_TONES = 8
"""Steps of light at which the strength of grain is measured."""


def draw(taken: Plane, clean: Plane, *, seed: tuple[int, ...]) -> Plane:
    """Grain that nobody photographed, as strong at each tone and as coarse as what was taken off.

    Args:
        taken: what was taken off, (H, W). clean: the picture without it, (H, W) in [0, 1].
        seed: of this frame, so that the same run draws the same grain.
    """
    rng = np.random.default_rng(seed)
    # The same size at each frequency and other phases: as coarse as the grain, and none of it.
    size = np.abs(np.fft.rfft2(taken - taken.mean()))
    white = np.fft.rfft2(rng.standard_normal(taken.shape))
    drawn = np.fft.irfft2(_smooth(size) * white, s=taken.shape)
    drawn /= max(float(drawn.std()), 1e-9)
    return np.asarray(drawn * _strength(taken, clean), np.float32)


def _smooth(size: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The spectrum around each frequency, lest the picture's own show."""
    return np.asarray(cv2.blur(size.astype(np.float32), (15, 15)), np.float64)


def _strength(taken: Plane, clean: Plane) -> Plane:
    """The standard deviation of what was taken off, at the tone of each pixel."""
    middles = (np.arange(_TONES) + 0.5) / _TONES
    step = np.clip((clean * _TONES).astype(int), 0, _TONES - 1)
    whole = float(taken.std())
    spreads = [
        float(taken[step == tone].std()) if (step == tone).sum() > 256 else whole
        for tone in range(_TONES)
    ]
    return np.interp(clean, middles, spreads).astype(np.float32)
