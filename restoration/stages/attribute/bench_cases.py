"""Talking faces with known speakers for the bench: composites, and traps made of single clips.

Reads files, so it is no part of the stage. The same folder gives the same cases. Every trap is cut
from `talking/grid`: one person each, speaking one sentence of six words to the camera.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from scipy import signal

from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from restoration.speech.transcript import CLOCK, Line, spread
from restoration.stages.contract import StageError

Pixels = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]
RATE = 25
_STILL = 8
"""Frames of a clip's beginning that are shown to and fro for somebody who listens."""
SAME_PERSON = {"id2_vcd_swwp2s": "pwij3p"}
"""Two clips that show one man."""


@dataclass(frozen=True, slots=True, eq=False)
class Talker:
    """One clip: somebody says a sentence.

    pictures: (frames, H, W, 3) uint8 RGB. sound: at CLOCK, as long as the pictures.
    """

    name: str
    pictures: Pixels
    sound: Samples
    text: str

    @property
    def speech(self) -> tuple[int, int]:
        """First and last sample of the sentence, by its own level."""
        return _loud(self.sound)

    def listening(self, frames: int) -> Pixels:
        """The face before it speaks, as long as wanted."""
        there = np.arange(frames) % (2 * _STILL - 2)
        return self.pictures[np.where(there < _STILL, there, 2 * _STILL - 2 - there)]


class TalkingClip:
    """Pictures and sound in memory as a stage's clip."""

    marks: tuple[int, ...] = ()
    start_frame = 0
    device = "cpu"

    def __init__(self, pictures: Pixels, sound: Samples) -> None:
        self.end_frame = len(pictures)
        height, width = pictures.shape[1:3]
        self.format = PictureFormat(width, height, PIXEL_FORMATS["gbrp"], Fraction(RATE))
        self._pictures, self._sound = pictures, sound

    def frames(self, start: int, stop: int) -> Iterator[Picture]:
        for picture in self._pictures[start:stop]:
            planes = tuple(np.ascontiguousarray(picture[:, :, n]) for n in range(3))
            yield Picture(PIXEL_FORMATS["gbrp"], planes)

    def sound(self, rate_hz: int) -> Iterator[Samples]:
        if rate_hz != CLOCK:
            raise ValueError(rate_hz)
        step = CLOCK // RATE
        return (self._sound[at : at + step] for at in range(0, len(self._sound), step))


@dataclass(slots=True, eq=False)
class Case:
    """One film with what is right of it."""

    kind: str
    name: str
    pictures: Pixels
    sound: Samples
    lines: list[Line]
    truth: list[str | None]
    """Who speaks each line; None: nobody who may be named."""
    counted: list[bool] = field(default_factory=list)
    """Whether a line is counted; lines that only lead up to another are not. Empty: all are."""
    own: str = ""
    """The clip that a trap was made from in the first place."""

    @property
    def clip(self) -> TalkingClip:
        return TalkingClip(self.pictures, self.sound)


def load_talkers(data: Path) -> dict[str, Talker]:
    """Raises: StageError if the folder holds none."""
    found = {}
    for path in sorted((data / "talking" / "grid").glob("*.mpg")):
        words = path.with_suffix(".txt").read_text().strip()
        found[path.stem] = Talker(path.stem, *_read(path), words)
    if not found:
        raise StageError(f"{data} has no talking/grid/*.mpg; name the folder with the test films")
    return found


def _read(path: Path) -> tuple[Pixels, Samples]:
    with av.open(str(path)) as container:
        pictures = np.stack(
            [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        )
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", CLOCK)
        heard = [
            piece.to_ndarray()[0]
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    length = len(pictures) * CLOCK // RATE
    sound = np.concatenate(heard).astype(np.float32)[:length]
    return np.asarray(pictures, np.uint8), np.pad(sound, (0, length - len(sound)))


def composites(data: Path) -> Iterator[Case]:
    """The pairs of `talking/composite`, as they are."""
    for path in sorted((data / "talking" / "composite").glob("*.json")):
        told = json.loads(path.read_text())
        pictures, sound = _read(path.with_suffix(".mkv"))
        case = Case("composites", path.stem, pictures, sound, [], [])
        for turn in told["turns"]:
            start = turn["start"] * CLOCK
            first, last = _loud(sound[start : turn["end"] * CLOCK])
            _add_line(case, turn["text"], start + first, start + last, turn["speaker"])
        yield case


def _add_line(case: Case, text: str, first: int, last: int, speaker: str | None) -> None:
    case.lines.append(Line(spread(text, first, last), first, last))
    case.truth.append(speaker)


def _loud(sound: Samples) -> tuple[int, int]:
    """First and last sample of what is spoken, by the level of a clean recording."""
    step = CLOCK // 50
    level = np.sqrt(np.square(sound[: len(sound) // step * step].reshape(-1, step)).mean(axis=1))
    loud = np.flatnonzero(level > 0.03 * level.max())
    return int(loud[0]) * step, int(loud[-1] + 1) * step


def traps(talkers: dict[str, Talker]) -> Iterator[Case]:
    """Every other kind of case; one by one, since each is some tens of megabytes."""
    names = list(talkers)
    for place, name in enumerate(names):
        others = [
            talkers[names[(place + step) % len(names)]]
            for step in range(1, len(names))
            if _person(names[(place + step) % len(names)]) != _person(name)
        ]
        for case in _of_one(talkers[name], others, seed=place):
            case.own = name
            yield case
    yield from _heard_before(talkers)


def _person(name: str) -> str:
    return SAME_PERSON.get(name, name)


def _beside(*pictures: Pixels) -> Pixels:
    return np.concatenate(pictures, axis=2)


def _of_one(own: Talker, others: list[Talker], seed: int) -> Iterator[Case]:
    one, two, three = others[0], others[1], others[2]
    frames = len(own.pictures)
    for rival in (one, three):
        yield _single("a rival's mouth moves", own, _beside(rival.pictures, own.pictures), own)
    yield _turns("worn picture and sound", own, two, seed=seed, worn=True)
    for late in (-300, 300):
        yield _turns(f"sound off by {late:+} ms", own, two, seed=seed, late_ms=late)
    yield _single("voice-over", two, _beside(own.listening(frames), one.listening(frames)), None)
    for voice in (two, three):
        yield _single("one face, another's voice", voice, own.pictures, None)
    yield _single(
        "chewing under voice-over", two, _beside(_chewing(own), one.listening(frames)), None
    )
    yield _dubbed(own, one, two, three)
    small = _turns("small speaker", own, one, seed=seed)
    yield _with_small(small, own, one)
    yield _single(
        "three faces",
        own,
        _beside(one.pictures, own.pictures, two.listening(frames)),
        own,
    )


def _single(kind: str, voice: Talker, pictures: Pixels, speaker: Talker | None) -> Case:
    """One line of one voice over one picture."""
    case = Case(kind, voice.name, pictures, voice.sound.copy(), [], [])
    _say(case, voice, 0, _person(speaker.name) if speaker else None)
    return case


def _turns(
    kind: str,
    own: Talker,
    other: Talker,
    *,
    seed: int,
    worn: bool = False,
    late_ms: int = 0,
) -> Case:
    """First one speaks while the other listens, then the other."""
    frames = len(own.pictures)
    first = _beside(own.pictures, other.listening(frames))
    second = _beside(own.listening(frames), other.pictures)
    pictures = np.concatenate([first, second])
    sound = np.concatenate([own.sound, other.sound])
    if late_ms:
        sound = np.roll(sound, late_ms * CLOCK // 1000)
    case = Case(kind, f"{own.name}, {other.name}", pictures, sound, [], [])
    shift = late_ms * CLOCK // 1000
    for at, talker in ((0, own), (len(own.sound), other)):
        _say(case, talker, at + shift, _person(talker.name))
    if worn:
        case.pictures, case.sound = _worn(pictures, seed), _worn_sound(sound, seed)
    return case


def _say(case: Case, talker: Talker, at: int, speaker: str | None) -> None:
    """A line where a clip's sentence is heard, its sound beginning at a sample."""
    first, last = (max(0, at + edge) for edge in talker.speech)
    _add_line(case, talker.text, first, min(last, len(case.sound)), speaker)


def _with_small(case: Case, own: Talker, other: Talker) -> Case:
    """The first speaker at half size in the middle of their half."""
    width = own.pictures.shape[2]
    half = case.pictures[:, :, :width]
    small = np.zeros_like(half)
    for number, picture in enumerate(half):
        little = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        rows, columns = little.shape[:2]
        small[number] = picture[4, 4]
        small[number, rows // 2 : rows // 2 + rows, columns // 2 : columns // 2 + columns] = little
    case.pictures = _beside(small, case.pictures[:, :, width:])
    return case


def _chewing(own: Talker) -> Pixels:
    """The mouth opens and closes steadily, with nothing to do with what is heard."""
    talking = own.pictures[20:56]
    back_and_forth = np.concatenate([talking[::-1], talking])
    there = np.arange(len(own.pictures)) % len(back_and_forth)
    return back_and_forth[there]


def _dubbed(own: Talker, one: Talker, two: Talker, three: Talker) -> Case:
    """Two people speak in turn, and two others are heard."""
    case = _turns("dubbed", own, one, seed=0)
    case.sound = np.concatenate([two.sound, three.sound])
    case.lines, case.truth = [], []
    for at, voice in ((0, two), (len(two.sound), three)):
        _say(case, voice, at, None)
    return case


def _heard_before(talkers: dict[str, Talker]) -> Iterator[Case]:
    """Somebody speaks on screen, somebody else too, then the first off screen over the second.

    One man has two clips; for the others the second line is their own, a little slower, deeper and
    with another noise floor, which is easier than another sentence would be.
    """
    names = [name for name in talkers if name not in SAME_PERSON]
    for place, name in enumerate(names):
        own, other = talkers[name], talkers[names[(place + 1) % len(names)]]
        pairs = [clip for clip, person in SAME_PERSON.items() if person == name]
        again = talkers[pairs[0]] if pairs else _slower(own, place)
        stranger = talkers[names[(place + 3) % len(names)]]
        for case in (
            _three_lines("off screen, heard before", own, other, again, _person(name)),
            _three_lines("off screen, never heard", own, other, stranger, None),
        ):
            case.own = name
            yield case


def _three_lines(kind: str, own: Talker, other: Talker, again: Talker, truth: str | None) -> Case:
    case = _turns(kind, own, other, seed=0)
    frames = len(own.pictures)
    nobody = np.full_like(own.pictures, 40)
    last = _beside(nobody, other.listening(frames))
    case.pictures = np.concatenate([case.pictures, last])
    first = len(case.sound)
    case.sound = np.concatenate([case.sound, again.sound])
    _say(case, again, first, truth)
    case.counted = [False, False, True]
    return case


def _slower(talker: Talker, seed: int) -> Talker:
    rng = np.random.default_rng(seed)
    sound = talker.sound
    slow = np.interp(np.arange(len(sound)) / 1.05, np.arange(len(sound)), sound)
    noisy = np.asarray(slow + rng.normal(0, 0.003, len(sound)), np.float32)
    return Talker(talker.name, talker.pictures, noisy, talker.text)


def _worn(pictures: Pixels, seed: int) -> Pixels:
    """Grey, soft, unsteady, flickering and grainy."""
    rng = np.random.default_rng(seed)
    made = np.empty_like(pictures)
    for number, picture in enumerate(pictures):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        shift = np.array([[1, 0, rng.normal(0, 0.7)], [0, 1, rng.normal(0, 0.7)]])
        moved = cv2.warpAffine(grey, shift, grey.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        soft = cv2.GaussianBlur(moved, (0, 0), 1.2)
        soft = (soft - 128) * 0.8 + 128
        grain = cv2.GaussianBlur(rng.normal(0, 18, soft.shape).astype(np.float32), (0, 0), 0.7)
        worn = soft * rng.normal(1, 0.04) + grain
        made[number] = np.clip(worn, 0, 255).astype(np.uint8)[:, :, None]
    return made


def _worn_sound(sound: Samples, seed: int) -> Samples:
    """Through an old soundtrack: narrow, hissing, crackling."""
    rng = np.random.default_rng(seed)
    sos = signal.butter(4, (200, 3600), "bandpass", fs=CLOCK, output="sos")
    narrow = signal.sosfilt(sos, sound)
    level = float(np.sqrt(np.square(narrow).mean()))
    hiss = rng.normal(0, level / 5, len(sound))
    crackle = np.where(rng.random(len(sound)) < 0.0004, rng.normal(0, 6 * level, len(sound)), 0)
    return np.asarray(narrow + hiss + crackle, np.float32)


def gallery_pictures(talkers: dict[str, Talker]) -> dict[str, list[Pixels]]:
    """A photograph or two of each person: frames in which they do not speak yet or any more."""
    found: dict[str, list[Any]] = {}
    for name, talker in talkers.items():
        found.setdefault(_person(name), []).extend([talker.pictures[0], talker.pictures[-1]])
    return found
