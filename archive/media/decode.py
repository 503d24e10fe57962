"""Pictures of a scan or a take by frame number, in native code values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from archive.media import sequence
from archive.media.errors import BrokenSequence, FrameUnreadable, MediaError, NoFrames
from archive.media.formats import frame_format
from archive.media.frames import FrameTable
from archive.media.opening import require_path
from archive.media.pixels import Picture, PictureFormat
from archive.media.planes import native_md5, read_picture
from archive.media.tables import index_own_master, make_table
from archive.media.video import VideoReader


class PictureSource(ABC):
    """All pictures of one file or folder, by number, decoded as they are asked for.

    Holds one decoder and at most a few pictures, whatever the length. Not for several threads.
    Use as a context manager, or call `close`.
    """

    path: Path
    format: PictureFormat
    table: FrameTable | None

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def _frames(self, start: int, stop: int) -> Iterator[av.VideoFrame]: ...

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Decode pictures [start, stop).

        Raises: MediaError if the range is not inside the source; FrameUnreadable if a frame does
            not decode to what the frame table recorded.
        """
        for _, frame in self._checked(start, stop):
            picture = read_picture(frame)
            if picture.pixel != self.format.pixel or not self._same_size(picture):
                raise MediaError(
                    f"{self.path.name} changes its picture from {self.format.width}x"
                    f"{self.format.height} {self.format.pixel.name} to {picture.width}x"
                    f"{picture.height} {picture.pixel.name} midway; cut it there into two files"
                )
            yield picture

    def picture(self, frame: int) -> Picture:
        """One picture."""
        return next(self.frames(frame, frame + 1))

    def native(self, start: int = 0, stop: int | None = None) -> Iterator[av.VideoFrame]:
        """The decoder's own frames [start, stop), for conversions that FFmpeg does."""
        for _, frame in self._checked(start, stop):
            yield frame

    def _checked(self, start: int, stop: int | None) -> Iterator[tuple[int, av.VideoFrame]]:
        end = len(self) if stop is None else stop
        if not 0 <= start <= end <= len(self):
            raise MediaError(
                f"{self.path.name} has frames 0 to {len(self) - 1}; [{start}, {end}) is outside"
            )
        if start < end:
            yield from enumerate(self._frames(start, end), start)

    def _same_size(self, picture: Picture) -> bool:
        return (picture.width, picture.height) == (self.format.width, self.format.height)

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class VideoSource(PictureSource):
    """A video file, read through its frame table."""

    table: FrameTable

    def __init__(
        self, path: Path, *, table: FrameTable, rate: Fraction | None = None, start: int = 0
    ) -> None:
        self.path = path
        self.table = table
        self._reader = VideoReader(path, table=table)
        self.format = self._reader.format(rate=rate or table.rate, number=start)

    def __len__(self) -> int:
        return len(self.table)

    def _frames(self, start: int, stop: int) -> Iterator[av.VideoFrame]:
        return self._reader.frames(start, stop)

    def close(self) -> None:
        self._reader.close()


class SequenceSource(PictureSource):
    """A folder of numbered frames."""

    def __init__(
        self, path: Path, *, rate: Fraction | None = None, table: FrameTable | None = None
    ) -> None:
        self.path = path
        self.found = sequence.find_frames(path)
        self.table = table
        if table is not None and len(table) != len(self.found):
            raise BrokenSequence(
                f"{path.name} has {len(self.found)} frames; its frame table has {len(table)}"
            )
        known = rate or (table.rate if table is not None else sequence_rate(self.found))
        first = next(sequence.iterate(self.found, 0, 1))
        self.format = frame_format(first, rate=known, sample_aspect=Fraction(1))
        self._kind = (first.width, first.height, first.format.name)

    @property
    def start_number(self) -> int:
        """The number in the first file's name."""
        return self.found.start_number

    def __len__(self) -> int:
        return len(self.found)

    def _frames(self, start: int, stop: int) -> Iterator[av.VideoFrame]:
        for number, frame in enumerate(sequence.iterate(self.found, start, stop), start):
            kind = (frame.width, frame.height, frame.format.name)
            if kind != self._kind:
                raise BrokenSequence(
                    f"{self.path.name}: {self.found.files[number].name} is "
                    f"{sequence.describe(kind)}, the first frame is "
                    f"{sequence.describe(self._kind)}"
                )
            self._check(number, frame)
            yield frame

    def _check(self, number: int, frame: av.VideoFrame) -> None:
        if self.table is None or not self.table.md5:
            return
        found = native_md5(frame)
        if found != self.table.md5[number]:
            raise FrameUnreadable(
                f"{self.found.files[number].name} no longer decodes to what was recorded; "
                "check the scan's fixity"
            )

    def close(self) -> None:
        """Nothing is held open between frames."""


def sequence_rate(found: sequence.NumberedFrames) -> Fraction:
    """The rate that the first DPX header carries.

    Raises: BrokenSequence if there is none: a folder's rate has to be given.
    """
    if found.decoder == "dpx":
        rate = sequence.read_dpx_header(found.files[0]).rate
        if rate is not None:
            return rate
    raise BrokenSequence(
        f"{found.folder.name}: numbered frames carry no rate; give it, for example --rate 18"
    )


def open_source(
    path: Path | str,
    *,
    rate: Fraction | None = None,
    table: FrameTable | None = None,
    start: int = 0,
) -> PictureSource:
    """Open a video file or a folder of numbered frames.

    Args:
        rate: the true rate, where the file's own is wrong or a folder carries none.
        table: the frame table made when the file was probed; without it a video is decoded once
            from end to end to make one (files of our own `PictureWriter` are only indexed).
        start: the frame that will most likely be read first, which saves decoding another one.
    Raises: MediaError (see `archive.media.errors`) with what to do next.
    """
    found = require_path(path)
    if found.is_dir():
        return SequenceSource(found, rate=rate, table=table)
    if table is None:
        table = index_own_master(found) or make_table(found)
    if len(table) == 0:
        raise NoFrames(f"{found.name} has no frames")
    near = start if 0 <= start < len(table) else 0
    return VideoSource(found, table=table, rate=rate, start=near)
