"""Speech with known words for the bench: clips as they are, and a worn reel made of them.

Reads files, so it is no part of the stage. The same folder gives the same reel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from scipy import signal

from archive.media.errors import MediaError
from restoration.speech.transcript import CLOCK

Samples = npt.NDArray[np.float32]
FOLDERS = ("jfk", "librivox", "ljspeech")
"""Readings with a transcript made by people."""
_LEAD, _PAUSE, _STRETCH = 0.6, 1.2, 20.0
"""Seconds: before the first word, between clips, and of stretches without speech."""
_EVERY = 4
"""Clips between two such stretches."""
_AUDIBLE = 0.03
"""Of a clip's own peak level: below it is silence."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Somebody reading."""

    name: str
    sound: Samples
    text: str

    @property
    def onset(self) -> int:
        """The first sample of the first word, by the clean sound's own level."""
        step = CLOCK // 200
        count = len(self.sound) // step
        level = np.sqrt(np.square(self.sound[: count * step].reshape(count, step)).mean(axis=1))
        return int(np.argmax(level > _AUDIBLE * level.max())) * step


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """Clips one after another with stretches in which nobody speaks."""

    sound: Samples
    text: str
    onsets: list[int]
    """First sample of the first word of every clip, in order."""
    firsts: list[int]
    """Which word of the text that is."""
    empty: list[tuple[int, int]]
    """Samples [start, stop) without speech."""

    @property
    def seconds(self) -> float:
        return len(self.sound) / CLOCK


def load_clips(data: Path) -> list[Clip]:
    """Every clip with a transcript in `speech/` of the folder.

    Raises: MediaError if there is none.
    """
    paths = sorted(
        path
        for folder in FOLDERS
        for path in (data / "speech" / folder).glob("*.wav")
        if path.with_suffix(".txt").exists()
    )
    if not paths:
        raise MediaError(f"{data} has no speech/{FOLDERS[0]}/*.wav with a .txt beside it")
    return [Clip(path.stem, read(path), path.with_suffix(".txt").read_text()) for path in paths]


def read(path: Path) -> Samples:
    """A sound file as one channel at CLOCK, peak 0.5."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=CLOCK)
        pieces = [
            piece.to_ndarray()[0]
            for frame in [*container.decode(audio=0), None]
            for piece in resampler.resample(frame)
        ]
    sound = np.concatenate(pieces).astype(np.float32)
    return np.asarray(0.5 * sound / max(float(np.abs(sound).max()), 1e-6), np.float32)


def make_reel(clips: Sequence[Clip], *, worn: bool) -> Reel:
    """The clips in a row; worn: as an old optical track sounds."""
    pieces = [_silence(_LEAD)]
    onsets, firsts, empty, words, at = [], [], [], 0, len(pieces[0])
    for number, clip in enumerate(clips, start=1):
        onsets.append(at + clip.onset)
        firsts.append(words)
        words += len(clip.text.split())
        pieces += [clip.sound, _silence(_PAUSE)]
        at += len(clip.sound) + len(pieces[-1])
        if number % _EVERY == 0 or number == len(clips):
            stretch = _without_speech(number)
            empty.append((at, at + len(stretch)))
            pieces.append(stretch)
            at += len(stretch)
    sound = np.concatenate(pieces)
    text = " ".join(" ".join(clip.text.split()) for clip in clips)
    return Reel(wear(sound) if worn else sound, text, onsets, firsts, empty)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * CLOCK), np.float32)


def _without_speech(seed: int) -> Samples:
    """Music, a machine and noise, a third each; different every time."""
    rng = np.random.default_rng(seed)
    count = round(_STRETCH * CLOCK)
    time = np.arange(count) / CLOCK
    music = np.zeros(count)
    for start in np.arange(0, _STRETCH, 0.5):
        pitch = 220 * 2 ** (rng.integers(0, 13) / 12)
        since = np.maximum(time - start, 0)
        swell = np.minimum(since / 0.02, 1) * np.exp(-3 * since) * (time >= start)
        for partial in range(1, 6):
            music += swell * np.sin(2 * np.pi * pitch * partial * since) / partial**1.5
    machine = signal.square(2 * np.pi * 24 * time, duty=0.06) * rng.standard_normal(count)
    noise = signal.sosfilt(
        signal.butter(2, 1500, "lowpass", fs=CLOCK, output="sos"), rng.standard_normal(count)
    )
    part = np.minimum(time * 3 // _STRETCH, 2)
    mixed = np.select([part == 0, part == 1], [0.3 * music, 0.12 * machine], 0.08 * noise)
    return np.asarray(mixed, np.float32)


def wear(sound: Samples) -> Samples:
    """Narrow band, hiss, hum, crackle and overload: 15 dB between speech and noise."""
    rng = np.random.default_rng(7)
    band = signal.butter(4, (200, 3600), "bandpass", fs=CLOCK, output="sos")
    track = signal.sosfilt(band, sound)
    speech = np.sqrt(np.square(track[np.abs(track) > 0.02]).mean())
    time = np.arange(len(track)) / CLOCK
    hiss = rng.standard_normal(len(track)) * speech * 10 ** (-15 / 20)
    hum = 0.1 * speech * np.sin(2 * np.pi * 96 * time)
    clicks = np.zeros(len(track))
    places = rng.integers(0, len(track), len(track) // 4000)
    clicks[places] = rng.uniform(-1, 1, len(places)) * 8 * speech
    crackle = signal.sosfilt(signal.butter(2, 5000, "lowpass", fs=CLOCK, output="sos"), clicks)
    return np.asarray(np.tanh(1.6 * (track + hiss + hum + crackle)) / 1.6, np.float32)
