"""What a stage and its map read: frames of a range, each decoded once if they are read in order."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from archive.media.frames import FrameTable
from archive.media.listening import beside_frames
from archive.media.pixels import Picture, PictureFormat
from archive.media.proxies import has_sound
from archive.media.threads import one_alone
from restoration.read_ahead import ReadAhead
from restoration.stages.journal import Journal

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_CACHE_BYTES = 256 << 20
_FEWEST, _MOST = 24, 48
"""Frames kept: at least a window of eleven to each side, whatever their size."""
_IN_A_ROW, _AHEAD = 3, 4
"""After so many frames one after another, so many more are decoded before they are asked for."""


class FrameSource(Protocol[T_co]):
    """Numbered frames, as a `PictureSource` or a `MapReader` gives them."""

    def __len__(self) -> int: ...
    def frames(self, start: int, stop: int) -> Iterator[T_co]: ...


class FrameWindow(Generic[T]):
    """Frames of a source by number, with those kept that were asked for lately.

    A window that slides forward decodes each frame once, and ahead of its use in a thread; a jump
    begins anew. The source is the window's own until `close`.
    """

    def __init__(
        self,
        source: FrameSource[T],
        *,
        first: int,
        stop: int,
        capacity: int,
        start: int | None = None,
    ) -> None:
        """Nothing is decoded yet.

        Args:
            first: the number of the source's frame 0.
            stop: the number that no frame reaches.
            start: the number that will most likely be asked for first; `first` if not given.
        """
        self.seconds = 0.0
        """Time spent waiting for the decoder."""
        self._source = source
        self._first = first
        self._stop = stop
        self._capacity = capacity
        self._kept: OrderedDict[int, T] = OrderedDict()
        self._decoder: Iterator[T] | None = None
        self._start = first if start is None else start
        self._next = first
        self._in_a_row = 0

    def kept(self, number: int) -> T | None:
        """The frame of that number if it is still held; any thread may ask."""
        return self._kept.get(number)

    def frame(self, number: int) -> T:
        """The frame of that number.

        Raises: IndexError if it lies outside, EOFError if the source ends before it.
        """
        if not self._first <= number < self._stop:
            raise IndexError(f"frame {number} is outside [{self._first}, {self._stop})")
        kept = self._kept.get(number)
        if kept is not None:
            self._kept.move_to_end(number)
            return kept
        began = time.perf_counter()
        try:
            return self._decode(number)
        finally:
            self.seconds += time.perf_counter() - began

    def close(self) -> None:
        """Let go of the decoder and of every frame."""
        self._stop_decoder()
        self._kept.clear()

    def _decode(self, number: int) -> T:
        # Going on forward over a few frames costs less than a seek, which begins at the key frame
        # before.
        if self._decoder is None or not self._next <= number < self._next + self._capacity:
            self._stop_decoder()
            self._decoder = iter(
                self._source.frames(number - self._first, self._stop - self._first)
            )
            # Whoever begins at the start will go on; after a jump that has to be seen first.
            self._next, self._in_a_row = number, _IN_A_ROW if number == self._start else 0
        while True:
            if self._in_a_row == _IN_A_ROW and not one_alone():
                self._decoder = ReadAhead(self._decoder, depth=_AHEAD)
            self._in_a_row += 1
            try:
                frame = next(self._decoder)
            except StopIteration:
                raise EOFError(
                    f"the file ends before frame {self._next}; check the scan's fixity"
                ) from None
            self._keep(self._next, frame)
            self._next += 1
            if self._next > number:
                return frame

    def _keep(self, number: int, frame: T) -> None:
        self._kept[number] = frame
        self._kept.move_to_end(number)
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def _stop_decoder(self) -> None:
        close = getattr(self._decoder, "close", None)
        if close is not None:
            close()  # a generator holds its decoder until then
        self._decoder = None


class PictureFrames(FrameSource[Picture], Protocol):
    """A source of pictures that knows their format."""

    @property
    def format(self) -> PictureFormat: ...


@dataclass(frozen=True, slots=True)
class ScanSound:
    """A scan's sound beside its pictures."""

    path: Path
    table: FrameTable
    rate: Fraction

    def pieces(
        self, start_frame: int, end_frame: int, rate_hz: int
    ) -> Iterator[npt.NDArray[np.float32]] | None:
        """The first track as one channel, a piece for each frame; None if there is no track."""
        if self.path.is_dir() or not has_sound(self.path):
            return None
        beside = beside_frames(
            self.path,
            table=self.table,
            rate=self.rate,
            rate_hz=rate_hz,
            layout="mono",
            frames=range(start_frame, end_frame),
        )
        return (piece[0] for piece in beside)


class StageClip:
    """A `restoration.stages.contract.Clip` over a source of pictures.

    Pictures are shared between calls: their planes cannot be written to.
    """

    def __init__(
        self,
        source: PictureFrames,
        *,
        start_frame: int,
        end_frame: int,
        first_frame: int = 0,
        marks: tuple[int, ...] = (),
        sound: ScanSound | None = None,
        journal: Journal | None = None,
        device: str = "cpu",
    ) -> None:
        """first_frame: the scan frame that is the source's frame 0 (a take's own start)."""
        self.device = device
        self._sound = sound
        self.journal = journal
        self.format = source.format
        self.start_frame = start_frame
        self.end_frame = end_frame
        self.marks = marks
        self._window = FrameWindow(
            source,
            first=first_frame,
            stop=end_frame,
            capacity=frames_kept(source.format),
            start=start_frame,
        )

    @property
    def decode_seconds(self) -> float:
        """Time spent waiting for the decoder so far."""
        return self._window.seconds

    def frames(self, start: int, stop: int) -> Iterator[Picture]:
        """Scan frames [start, stop).

        Raises: ValueError if the range leaves the clip.
        """
        if not self.start_frame <= start <= stop <= self.end_frame:
            raise ValueError(
                f"frames [{start}, {stop}) are outside the clip "
                f"[{self.start_frame}, {self.end_frame})"
            )
        return (self.frame(number) for number in range(start, stop))

    def sound(self, rate_hz: int) -> Iterator[npt.NDArray[np.float32]] | None:
        """The scan's first track over the clip's frames, on the pictures' clock."""
        if self._sound is None:
            return None
        return self._sound.pieces(self.start_frame, self.end_frame, rate_hz)

    def frame(self, number: int) -> Picture:
        """One scan frame.

        Raises: ValueError if it lies outside the clip.
        """
        if not self.start_frame <= number < self.end_frame:
            raise ValueError(
                f"frame {number} is outside the clip [{self.start_frame}, {self.end_frame})"
            )
        picture = self._window.frame(number)
        for plane in picture.planes:
            plane.setflags(write=False)
        return picture

    def kept(self, number: int) -> Picture | None:
        """The scan frame of that number if it is still held; any thread may ask."""
        return self._window.kept(number)

    def close(self) -> None:
        """Let go of the decoder and of every frame."""
        self._window.close()


def frames_kept(picture: PictureFormat) -> int:
    """How many frames of that size are kept at once."""
    shapes = picture.pixel.plane_shapes(width=picture.width, height=picture.height)
    size = sum(rows * columns for rows, columns in shapes) * picture.pixel.dtype.itemsize
    return max(_FEWEST, min(_MOST, _CACHE_BYTES // max(size, 1)))
