"""Reels whose every cut, dissolve and fade is known, spliced from shots by fixed seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.stages.cuts.bench_motion import (
    glide,
    parallax,
    pass_by,
    reframe,
    switch_light,
    whip_pan,
)
from restoration.stages.cuts.bench_shots import (
    HEIGHT,
    HELD_OUT,
    HELD_OUT_STILLS,
    TUNED_ON,
    WIDTH,
    Frame,
    in_colour,
    in_grey,
    list_stills,
    read_large_frame,
    read_shot,
    read_still,
)
from restoration.stages.material import MemoryClip

RATES = (16, 18, 20, 24, 25, 30)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is in a reel, by frame number."""

    cuts: tuple[int, ...] = ()
    """First frames of new shots after hard cuts."""
    gradual: tuple[tuple[int, int, str], ...] = ()
    """First and last mixed frame of a change of scene, and `dissolve` or `fade`."""
    marks: tuple[tuple[int, str], ...] = ()
    """Splices, flashes, black and white frames, duplicates: never cuts."""
    intertitles: tuple[tuple[int, int], ...] = ()
    """Half-open."""
    unjudged: frozenset[int] = frozenset()
    """Frames at which marks count neither way, such as duplicates that the film itself holds."""


@dataclass(slots=True)
class Reel:
    """Frames with their truth. Frames are BGR or grey uint8, all of one kind."""

    name: str
    kind: str
    """Which damage, or which kind of clean reel."""
    tuned_on: bool
    rate: int
    frames: list[Frame]
    truth: Truth

    def clip(self) -> MemoryClip:
        """The reel as a stage reads it: `gray` or `yuv420p`."""
        grey = self.frames[0].ndim == 2
        pixel = PIXEL_FORMATS["gray" if grey else "yuv420p"]
        pictures = [Picture(pixel, (frame,) if grey else _planes(frame)) for frame in self.frames]
        return MemoryClip(pictures, PictureFormat(WIDTH, HEIGHT, pixel, Fraction(self.rate)))


def _planes(frame: Frame) -> tuple[Frame, Frame, Frame]:
    """Y, U and V of 4:2:0, BT.601."""
    stacked = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420), np.uint8).reshape(-1)
    luma, quarter = WIDTH * HEIGHT, WIDTH * HEIGHT // 4
    chroma = (HEIGHT // 2, WIDTH // 2)
    return (
        stacked[:luma].reshape(HEIGHT, WIDTH).copy(),
        stacked[luma : luma + quarter].reshape(chroma).copy(),
        stacked[luma + quarter :].reshape(chroma).copy(),
    )


class ShotList:
    """Hands out shots of one set in an order drawn by chance, never two of one film in a row."""

    def __init__(
        self, data: Path, rng: np.random.Generator, *, tuned_on: bool, colour: bool, rate: int
    ) -> None:
        self._data, self._rng, self._colour, self._rate = data, rng, colour, rate
        self._sources = TUNED_ON if tuned_on else HELD_OUT
        self._stills = list_stills(data) if tuned_on else []
        self._waiting: list[int] = []
        self._last_film = ""

    def take(self, length: int) -> list[Frame]:
        """A shot of that many frames, filmed or, in the set tuned on, a still that moves."""
        if self._stills and self._rng.random() < 0.5:
            self._last_film = ""
            move = glide if self._rng.random() < 0.5 else parallax
            return self.tone(move(self._any_still(), length, self._rng))
        return self.tone(self._filmed(length))

    def take_pair(self, length: int) -> tuple[list[Frame], list[Frame]]:
        """Two takes of one scene: another time of the same shot, the camera stands elsewhere."""
        step = self._step()
        fitting = [s for s in self._sources if s.length >= (2 * length + 24) * step]
        source = fitting[int(self._rng.integers(len(fitting)))]
        later = source.length - length * step
        first = read_shot(self._data, source, first=0, count=length, step=step)
        second = read_shot(self._data, source, first=later, count=length, step=step)
        both = self.tone([*first, *reframe(second, self._rng)])
        return both[: len(first)], both[len(first) :]

    def still(self) -> Frame:
        """A large still for a camera to move over."""
        if self._stills:
            return self.tone([self._any_still()])[0]
        film, number = HELD_OUT_STILLS[int(self._rng.integers(len(HELD_OUT_STILLS)))]
        return self.tone([read_large_frame(self._data / film, number)])[0]

    def tone(self, frames: Sequence[Frame]) -> list[Frame]:
        """The frames in grey, or all in colour."""
        return in_colour(frames, self._rng) if self._colour else in_grey(frames)

    def _any_still(self) -> Frame:
        return read_still(self._stills[int(self._rng.integers(len(self._stills)))])

    def _step(self) -> int:
        """Every second frame at low rates: things move farther between frames there."""
        return 2 if self._rate <= 18 and self._rng.random() < 0.4 else 1

    def _filmed(self, length: int) -> list[Frame]:
        step = self._step()
        if not any(self._fits(k, length * step) for k in self._waiting):
            self._waiting += [int(k) for k in self._rng.permutation(len(self._sources))]
        chosen = next(k for k in self._waiting if self._fits(k, length * step))
        self._waiting.remove(chosen)
        source = self._sources[chosen]
        self._last_film = source.film
        first = int(self._rng.integers(source.length - length * step + 1))
        return read_shot(self._data, source, first=first, count=length, step=step)

    def _fits(self, index: int, frames: int) -> bool:
        source = self._sources[index]
        return source.length >= frames and source.film != self._last_film


@dataclass(slots=True)
class Splicer:
    """Joins shots and writes down what was done."""

    frames: list[Frame] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    gradual: list[tuple[int, int, str]] = field(default_factory=list)
    intertitles: list[tuple[int, int]] = field(default_factory=list)

    def cut(self, shot: Sequence[Frame]) -> None:
        """Join by a hard cut."""
        if self.frames:
            self.cuts.append(len(self.frames))
        self.frames += shot

    def dissolve(self, shot: Sequence[Frame], length: int) -> None:
        """Mix the last `length` frames with the first of the shot, both moving on."""
        start = len(self.frames) - length
        for n in range(length):
            share = (n + 1) / (length + 1)
            self.frames[start + n] = _mix(self.frames[start + n], shot[n], share)
        self.frames += shot[length:]
        self.gradual.append((start, start + length - 1, "dissolve"))

    def fade(
        self, shot: Sequence[Frame], length: int, *, hold: int, tone: int, same: bool = False
    ) -> None:
        """Fade out to black or white within `length` frames, hold, fade in to the shot.

        same: the shot goes on where this one ended, so that it is no change of scene.
        """
        start = len(self.frames) - length
        blank = np.full_like(self.frames[-1], tone)
        for n in range(length):
            self.frames[start + n] = _mix(self.frames[start + n], blank, (n + 1) / length)
        self.frames += [blank] * hold
        for n, frame in enumerate(shot):
            share = max(0.0, 1.0 - (n + 1) / (length + 1))
            self.frames.append(_mix(frame, blank, share) if share else frame)
        if not same:
            self.gradual.append((start, start + 2 * length + hold - 1, "fade"))

    def truth(self) -> Truth:
        """What was done; still film counts as its own duplicates."""
        return Truth(
            cuts=tuple(self.cuts),
            gradual=tuple(self.gradual),
            intertitles=tuple(self.intertitles),
            unjudged=frozenset(_repeats(self.frames)),
        )


def _mix(first: Frame, second: Frame, share: float) -> Frame:
    return np.asarray(cv2.addWeighted(first, 1.0 - share, second, share, 0.0), np.uint8)


def _repeats(frames: Sequence[Frame]) -> list[int]:
    return [
        n
        for n in range(1, len(frames))
        if float(cv2.absdiff(frames[n - 1], frames[n]).mean()) < 0.5
    ]


def title_card(number: int, count: int, rng: np.random.Generator) -> list[Frame]:
    """Light writing on a dark card with a frame around it, and the grain of each frame."""
    words = ("NEXT MORNING", "AT THE HARBOUR", "MEANWHILE", "THE LETTER", "TOO LATE!")
    card = np.full((HEIGHT, WIDTH), 18, np.uint8)
    cv2.rectangle(card, (14, 14), (WIDTH - 15, HEIGHT - 15), 120, 1)
    for row in range(2):
        text = words[(number + row) % len(words)]
        place = (WIDTH // 2 - 9 * len(text) // 2, 90 + 28 * row)
        cv2.putText(card, text, place, cv2.FONT_HERSHEY_TRIPLEX, 0.45, 225, 1, cv2.LINE_AA)
    grain = rng.normal(0, 2.5, (count, HEIGHT, WIDTH))
    return [np.clip(card + each, 0, 255).astype(np.uint8) for each in grain]


def _length(rng: np.random.Generator, *, short: float = 0.3) -> int:
    return int(rng.integers(8, 16) if rng.random() < short else rng.integers(20, 61))


Maker = Callable[[ShotList, Splicer, np.random.Generator, int], None]


def _hard(shots: ShotList, splicer: Splicer, rng: np.random.Generator, frames: int) -> None:
    while len(splicer.frames) < frames:
        splicer.cut(shots.take(_length(rng)))
    start = len(splicer.frames)
    splicer.cut(shots.tone(title_card(int(rng.integers(5)), 40, rng)))
    splicer.intertitles.append((start, start + 40))
    splicer.cut(shots.take(30))


def _takes(shots: ShotList, splicer: Splicer, rng: np.random.Generator, frames: int) -> None:
    while len(splicer.frames) < frames:
        for shot in shots.take_pair(int(rng.integers(24, 50))):
            splicer.cut(shot)


def _dissolves(shots: ShotList, splicer: Splicer, rng: np.random.Generator, frames: int) -> None:
    lengths = rng.permutation([6, 8, 10, 12, 16, 20, 24, 32, 40, 48])
    splicer.cut(shots.take(int(lengths[0]) + 20))
    for turn in range(frames):
        if len(splicer.frames) >= frames:
            return
        length, following = (int(lengths[(turn + k) % len(lengths)]) for k in (0, 1))
        splicer.dissolve(shots.take(length + 20 + following), length)
        if turn % 4 == 3:
            splicer.cut(shots.take(following + 20))


def _fades(shots: ShotList, splicer: Splicer, rng: np.random.Generator, frames: int) -> None:
    splicer.cut(shots.take(50))
    turn = 0
    while len(splicer.frames) < frames:
        tone = 4 if turn % 3 < 2 else 250
        length, hold = int(rng.integers(6, 25)), int(rng.integers(0, 11))
        if turn % 3 == 1:
            whole = _steady(shots, 80)
            splicer.cut(whole[:40])
            splicer.fade(whole[40:], min(length, 20), hold=hold, tone=tone, same=True)
        else:
            splicer.fade(shots.take(length + 50), length, hold=hold, tone=tone)
        turn += 1


def _steady(shots: ShotList, length: int) -> list[Frame]:
    """A shot that ends as it began: after a fade nobody would say that the scene has changed."""
    for _ in range(8):
        shot = shots.take(length)
        if float(cv2.absdiff(shot[0], shot[-1]).mean()) < 18.0:
            break
    return shot


def _no_cuts(shots: ShotList, splicer: Splicer, rng: np.random.Generator, frames: int) -> None:
    turn = 0
    while len(splicer.frames) < frames:
        if turn % 3 == 0:
            splicer.cut(whip_pan(shots.still(), rng))
        elif turn % 3 == 1:
            splicer.cut(pass_by(shots.take(60), rng, start=16))
        else:
            splicer.cut(switch_light(shots.take(50), rng, start=24))
        turn += 1


def _mixed(shots: ShotList, splicer: Splicer, rng: np.random.Generator, frames: int) -> None:
    """What is then spoiled: hard cuts, and every fifth change a dissolve."""
    splicer.cut(shots.take(40))
    turn = 0
    while len(splicer.frames) < frames:
        turn += 1
        if turn % 5 == 0:
            length = int(rng.integers(8, 25))
            splicer.dissolve(shots.take(length + 44), length)
        else:
            splicer.cut(shots.take(_length(rng, short=0.15)) if turn % 5 != 4 else shots.take(60))


MAKERS: dict[str, Maker] = {
    "hard cuts": _hard,
    "takes of one scene": _takes,
    "dissolves": _dissolves,
    "fades": _fades,
    "pans, passers-by, light": _no_cuts,
    "mixed": _mixed,
}
"""Kinds of clean reels."""


def make_reel(
    data: Path, kind: str, *, tuned_on: bool, colour: bool, rate: int, frames: int, seed: int
) -> Reel:
    """A clean reel of at least that many frames; the same arguments give the same reel."""
    rng = np.random.default_rng([seed, sorted(MAKERS).index(kind), int(tuned_on), int(colour)])
    splicer = Splicer()
    MAKERS[kind](
        ShotList(data, rng, tuned_on=tuned_on, colour=colour, rate=rate), splicer, rng, frames
    )
    name = f"{kind}, {'colour' if colour else 'grey'}, {rate} fps, seed {seed}"
    return Reel(name, kind, tuned_on, rate, splicer.frames, splicer.truth())
