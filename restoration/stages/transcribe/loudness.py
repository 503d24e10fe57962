"""How loud the voice is, step by step. PURE: samples in, dB out.

On clean sound that is the level of what bends sharply, which shows the very beginning of a word. On
worn sound hiss bends most sharply of all and hides every pause: there it is what each band holds
beyond the noise that is always in it (spectral subtraction, Boll 1979; the noise as the quiet sixth
of ten seconds, after Martin's minimum statistics, 2001). Nothing of this is ever heard or kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restoration.speech.transcript import CLOCK

Samples = npt.NDArray[np.float32]
Level = npt.NDArray[np.float32]
"""dB of each step of 10 ms."""
Powers = npt.NDArray[np.float32]

STEP = CLOCK // 100
AROUND = 301
"""Steps over which quiet and loud are told apart: a second and a half to each side."""
_CLEAN = 20.0
"""dB between quiet and loud, by and large, from which sound is clean: it is 90 on a studio's
recording, and 3 to 9 under hiss 9 to 18 dB below the voice."""
_WINDOW = 2 * STEP
_VOICE = (200.0, 3600.0)
"""Hz that are looked at on worn sound: no old track holds more of a voice."""
_TEN_SECONDS, _QUIET, _OVER = 1000, 15, 1.3
"""Steps of noise that is looked at together; percentile of it that is noise alone, and how much
more than that the mean of noise is."""
_TIMES, _REST = 1.5, 0.3
"""So many times the noise is taken off, and this share of it is left, below which all is quiet."""


def levels(samples: Samples) -> Level:
    """The level of speech in dB for each step; of clean and worn sound on scales of their own."""
    sharp = _sharpness(samples)
    if not len(sharp) or float(np.median(contrast(sharp))) >= _CLEAN:
        return sharp
    return _beyond_noise(samples)


def contrast(level: Level) -> Level:
    """dB from the quiet to the loud around each step."""
    low, loud = quiet_and_loud(level)
    return np.asarray(loud - low, np.float32)


def quiet_and_loud(level: Level) -> tuple[Level, Level]:
    """The level that a tenth of the steps around each falls below, and a tenth rises above."""
    from scipy import ndimage  # not where it costs each start of a server its time

    low, loud = (
        ndimage.percentile_filter(level, share, size=AROUND, mode="nearest") for share in (10, 90)
    )
    return low, loud


def _sharpness(samples: Samples) -> Level:
    count = len(samples) // STEP
    if not count:
        return np.zeros(0, np.float32)
    # First difference: takes hum and rumble away and lifts what makes words begin.
    sharp = np.diff(samples[: count * STEP], prepend=samples[:1])
    return _in_db(np.square(sharp.reshape(count, STEP)).mean(axis=1))


def _beyond_noise(samples: Samples) -> Level:
    power = _powers(samples)
    count = len(power)
    places = np.arange(0, count, _TEN_SECONDS // 2)
    around = [power[max(0, at - _TEN_SECONDS // 2) : at + _TEN_SECONDS // 2] for at in places]
    noise = np.stack([np.percentile(each, _QUIET, axis=0) for each in around], axis=1) * _OVER
    found = np.zeros(count)
    for band, heard in zip(noise, power.T, strict=True):
        there = np.interp(np.arange(count), places, band)
        found += np.maximum(heard - _TIMES * there, 0) + _REST * there
    return _in_db(found)


def _powers(samples: Samples) -> Powers:
    """(steps, bands) of 20 ms around each step, in the bands that a voice is in."""
    count = len(samples) // STEP
    hertz = np.fft.rfftfreq(_WINDOW, 1 / CLOCK)
    voice = (hertz >= _VOICE[0]) & (hertz <= _VOICE[1])
    around = np.pad(samples[: count * STEP], (STEP // 2, _WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(around, _WINDOW)[::STEP][:count]
    bell = np.hanning(_WINDOW).astype(np.float32)
    # Ten seconds at a time: a block of five minutes would need 150 MB at once.
    parts = [
        np.square(np.abs(np.fft.rfft(frames[at : at + _TEN_SECONDS] * bell)[:, voice]))
        for at in range(0, count, _TEN_SECONDS)
    ]
    return np.concatenate(parts).astype(np.float32)


def _in_db(power: npt.NDArray[np.floating]) -> Level:
    smooth = np.convolve(power, np.array([0.25, 0.5, 0.25]), mode="same")
    return (10 * np.log10(smooth + 1e-12)).astype(np.float32)
