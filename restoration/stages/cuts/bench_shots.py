"""Shots for the bench of cuts: runs of frames without a cut, from films and from stills that move.

Frames are (HEIGHT, WIDTH) uint8 grey or (HEIGHT, WIDTH, 3) uint8 BGR, cropped to 4:3. Two sets that
share no film: `TUNED_ON` may be looked at while the detector is built, `HELD_OUT` only judges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 256, 192

Frame = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Source:
    """Frames [start, stop) of a video or of a folder of pictures; no cut lies between them."""

    film: str
    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


_DOG, _COFFEE = "clean_video/01_dog.mp4", "clean_video/04_coffee.mp4"
_JUGGLE, _BUNNY = "clean_video/05_default_juggle.mp4", "clean_video/big_buck_bunny_0_30.webm"
_POPEYE = "old_film/popeye_1936/popeye_T0{}.mkv"
_NOSFERATU = "old_film/nosferatu_1922/nosferatu.mp4"

TUNED_ON: tuple[Source, ...] = (
    Source(_DOG, 0, 140),
    Source(_DOG, 145, 289),
    Source(_COFFEE, 0, 140),
    Source(_COFFEE, 145, 287),
    Source("clean_video/bedroom.mp4", 0, 200),
    *(Source(f"talking/composite/pair{n}.mkv", 0, 150) for n in range(5)),
)

# The borders of these runs are the hand-marked cuts of `shots/`, a few frames away from them; that
# no other cut lies inside was checked by eye, frame by frame where neighbours differ most.
HELD_OUT: tuple[Source, ...] = (
    Source(_JUGGLE, 0, 247),
    Source(_BUNNY, 60, 275),
    Source(_BUNNY, 288, 374),
    Source(_BUNNY, 380, 485),
    Source(_BUNNY, 556, 600),
    Source(_POPEYE.format("0-1"), 0, 72),
    Source(_POPEYE.format("0-1"), 80, 325),
    Source(_POPEYE.format("0-1"), 340, 525),
    Source(_POPEYE.format("0-1"), 745, 795),
    Source(_POPEYE.format("0-1"), 1080, 1330),
    Source(_POPEYE.format("0-1"), 1340, 1436),
    Source(_POPEYE.format("1-2"), 5, 560),
    Source(_POPEYE.format("1-2"), 570, 655),
    Source(_POPEYE.format("1-2"), 668, 985),
    Source(_POPEYE.format("1-2"), 1000, 1436),
    Source(_POPEYE.format("3-4"), 5, 295),
    Source(_POPEYE.format("3-4"), 305, 655),
    Source(_POPEYE.format("3-4"), 1140, 1436),
    Source(_NOSFERATU, 74, 236),
    Source(_NOSFERATU, 570, 680),
    Source(_NOSFERATU, 690, 785),
    Source(_NOSFERATU, 795, 850),
    Source(_NOSFERATU, 1020, 1190),
    Source("old_film/chaplin/chaplin.mp4", 0, 241),
    Source("old_film/a_trip_down_market_street_before_the_fire", 0, 60),
    Source("old_film/the_great_train_robbery", 0, 48),
)

STILL_FOLDERS = ("stills/kodak", "stills/people", "stills/wallpapers", "stills/skimage")
"""Photographs for moving stills; they belong to the set that was tuned on."""

HELD_OUT_STILLS: tuple[tuple[str, int], ...] = (
    (_JUGGLE, 60),
    (_BUNNY, 250),
    (_BUNNY, 300),
    (_BUNNY, 400),
    (_BUNNY, 580),
)
"""Single large frames (video, number) that a camera is moved over, for whip pans."""


def read_shot(data: Path, source: Source, *, first: int, count: int, step: int = 1) -> list[Frame]:
    """`count` frames of the source from its frame `first`, every `step`-th; fewer at its end."""
    film = _read_film(data / source.film)
    stop = min(source.stop, source.start + first + count * step)
    return film[source.start + first : stop : step]


@lru_cache(maxsize=24)
def _read_film(path: Path) -> list[Frame]:
    """Every frame; films whose colours hardly differ from grey come as grey."""
    if path.is_dir():
        return [_grey_if_grey(_crop(_read_still(file))) for file in sorted(path.glob("*.png"))]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        frames = [_crop(_bgr(frame)) for frame in container.decode(stream)]
    grey = all(_is_grey(frame) for frame in frames[:: max(1, len(frames) // 5)])
    return [_to_grey(frame) for frame in frames] if grey else frames


def _bgr(frame: av.VideoFrame) -> Frame:
    # Scaled by FFmpeg before the colours are made: frames of 1440 columns are slow otherwise.
    columns = min(frame.width, 2 * round(frame.width * HEIGHT / frame.height / 2))
    rows = min(frame.height, HEIGHT)
    wide = frame.reformat(width=columns, height=rows, format="bgr24", interpolation="AREA")
    return np.asarray(wide.to_ndarray(), np.uint8)


def _crop(frame: Frame) -> Frame:
    """The middle of the frame at 4:3, scaled by area."""
    height, width = frame.shape[:2]
    columns, rows = min(width, height * 4 // 3), min(height, width * 3 // 4)
    x, y = (width - columns) // 2, (height - rows) // 2
    part = np.ascontiguousarray(frame[y : y + rows, x : x + columns])
    return np.asarray(cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _is_grey(frame: Frame) -> bool:
    spread = frame.max(axis=2).astype(int) - frame.min(axis=2)
    return float(spread.mean()) < 3.0


def _to_grey(frame: Frame) -> Frame:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)


def _grey_if_grey(frame: Frame) -> Frame:
    return _to_grey(frame) if _is_grey(frame) else frame


def in_grey(frames: Sequence[Frame]) -> list[Frame]:
    """The frames without their colours."""
    return [frame if frame.ndim == 2 else _to_grey(frame) for frame in frames]


def in_colour(frames: Sequence[Frame], rng: np.random.Generator) -> list[Frame]:
    """Grey frames tinted in one colour, as silent film was; coloured ones as they are."""
    tint = rng.uniform(0.75, 1.0, 3) ** 1.5
    return [
        frame if frame.ndim == 3 else np.asarray(frame[..., None] * tint, np.uint8)
        for frame in frames
    ]


def list_stills(data: Path) -> list[Path]:
    """The photographs of `STILL_FOLDERS`, in order."""
    return [path for folder in STILL_FOLDERS for path in sorted((data / folder).glob("*.[jp]*g"))]


def _read_still(path: Path) -> Frame:
    still = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if still is None:
        raise ValueError(f"{path} is no picture")
    return np.asarray(still, np.uint8)


def read_still(path: Path) -> Frame:
    """A photograph, BGR, scaled by area so that a camera can move over it."""
    return _for_a_camera(_read_still(path))


@lru_cache(maxsize=8)
def read_large_frame(path: Path, number: int) -> Frame:
    """One frame of a video, BGR, of the size of `read_still`."""
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index == number:
                return _for_a_camera(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
    raise ValueError(f"{path} has no frame {number}")


def _for_a_camera(still: Frame) -> Frame:
    scale = 1.6 * HEIGHT / min(still.shape[:2])
    size = (round(still.shape[1] * scale), round(still.shape[0] * scale))
    return np.asarray(cv2.resize(still, size, interpolation=cv2.INTER_AREA), np.uint8)
