"""The sound of a reel: levels of speech on the clock that lips are read on, and voices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import signal

from restoration.speech.transcript import CLOCK
from restoration.stages.attribute.measured import STEP, VOICE_HOP, VOICE_WINDOW, Floats

Samples = npt.NDArray[np.float32]
_BANDS = ((300.0, 3400.0), (900.0, 3400.0))
"""Hz: the telephone's band, and the part of it that follows the lips most closely (Chandrasekaran
and others 2009: the second and third formant)."""
_FAINT = 10 ** (-55 / 20)
"""Of full scale: what sounds no louder holds no voice."""
_BATCH = 16

Embed = Callable[[list[Samples]], Floats]
"""Stretches of VOICE_WINDOW samples as (n, 256)."""


class Levels:
    """Root mean square of each band and step, fed piece by piece."""

    def __init__(self) -> None:
        self._filters = [
            signal.butter(4, band, "bandpass", fs=CLOCK, output="sos") for band in _BANDS
        ]
        self._states = [signal.sosfilt_zi(each) * 0 for each in self._filters]
        self._left = np.zeros(0, np.float32)
        self._found: list[Floats] = []

    def feed(self, samples: Samples) -> None:
        whole = np.concatenate([self._left, samples])
        count = len(whole) // STEP
        self._left = whole[count * STEP :]
        if count:
            self._found.append(self._levels(whole[: count * STEP]))

    def _levels(self, samples: Samples) -> Floats:
        columns = []
        for place, sos in enumerate(self._filters):
            heard, self._states[place] = signal.sosfilt(sos, samples, zi=self._states[place])
            columns.append(np.sqrt(np.square(heard.reshape(-1, STEP)).mean(axis=1)))
        return np.stack(columns, axis=1).astype(np.float32)

    def all(self) -> Floats:
        return np.concatenate(self._found) if self._found else np.zeros((0, 2), np.float32)


def listen(
    pieces: Iterable[Samples], embed: Embed | None, told: Callable[[int], None]
) -> tuple[Floats, npt.NDArray[np.int64], Floats]:
    """Levels, first samples of stretches with a voice, and an embedding of each.

    Args:
        embed: None: no voices are told apart.
        told: called with the samples heard so far.
    """
    levels, starts, voices = Levels(), list[int](), list[Floats]()
    waiting: list[tuple[int, Samples]] = []

    def empty() -> None:
        if waiting and embed is not None:
            starts.extend(start for start, _ in waiting)
            voices.append(embed([sound for _, sound in waiting]))
            waiting.clear()

    heard = 0
    for piece, windows in _windows(pieces):
        levels.feed(piece)
        heard += len(piece)
        told(heard)
        if embed is None:
            continue
        waiting += [each for each in windows if _level(each[1]) > _FAINT]
        if len(waiting) >= _BATCH:
            empty()
    empty()
    told_apart = np.concatenate(voices) if voices else np.zeros((0, 256), np.float32)
    return levels.all(), np.asarray(starts, np.int64), told_apart


def _windows(pieces: Iterable[Samples]) -> Iterator[tuple[Samples, list[tuple[int, Samples]]]]:
    """Each piece, with the stretches that end in it."""
    kept, first = np.zeros(0, np.float32), 0
    for piece in pieces:
        kept = np.concatenate([kept, piece])
        found = []
        while len(kept) >= VOICE_WINDOW:
            found.append((first, kept[:VOICE_WINDOW]))
            kept, first = kept[VOICE_HOP:], first + VOICE_HOP
        yield piece, found


def _level(samples: Samples) -> float:
    return float(np.sqrt(np.square(samples).mean()))
