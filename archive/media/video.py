"""Random access to a video file that is exact to the frame, by its frame table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from archive.media.errors import FrameUnreadable
from archive.media.formats import frame_format
from archive.media.frames import FrameTable
from archive.media.opening import open_container, picture_stream
from archive.media.pixels import PictureFormat
from archive.media.planes import native_md5
from archive.media.tables import DecodePass, decode_all


class VideoReader:
    """One decoder over one file.

    A read that begins where the last one ended goes on without seeking. Any other read seeks to a
    key frame at or before its first frame and decodes on; the table's timestamps say which frame
    comes out, and its MD5, where taken, that the decoder really was ready there (recovery points
    may promise too much). Otherwise it falls back to earlier key frames, in the end to the start.
    """

    def __init__(self, path: Path, *, table: FrameTable) -> None:
        self._path = path
        self._table = table
        self._numbers = {pts: number for number, pts in enumerate(table.pts)}
        self._damaged = frozenset(table.damaged)
        self._open: ExitStack | None = None
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._running: Iterator[tuple[int, av.VideoFrame]] | None = None
        self._seen = DecodePass()
        self._next = -1
        """The frame that `_running` gives next; -1 if it cannot be known."""
        self._looked_at: tuple[int, av.VideoFrame] | None = None

    def format(self, *, rate: Fraction, number: int = 0) -> PictureFormat:
        """The format, by the frame of that number; read that frame next and it is there already.

        Raises: UnsupportedPixels, FrameUnreadable.
        """
        frame = next(self.frames(number, number + 1))
        self._looked_at = number, frame
        return frame_format(frame, rate=rate, sample_aspect=self._table.sample_aspect)

    def frames(self, start: int, stop: int) -> Iterator[av.VideoFrame]:
        """Frames [start, stop).

        Raises: FrameUnreadable if one cannot be decoded to what the table recorded.
        """
        looked_at, self._looked_at = self._looked_at, None
        if looked_at is not None and looked_at[0] == start < stop:
            yield looked_at[1]
            start += 1
        for number in range(start, stop):
            yield self._arrive(number)

    def close(self) -> None:
        self._running = self._looked_at = None
        self._next = -1
        if self._open is not None:
            self._open.close()
        self._open = self._container = self._stream = None

    def _arrive(self, start: int) -> av.VideoFrame:
        """Frame `start`, with the decoder ready to give the one after it."""
        if self._next == start:
            frame = self._read(start)
            self._require(start, frame)
            return frame
        key = self._table.key_before(start)
        if key <= self._next < start:  # nearer than any key frame
            ahead = self._go_on_to(start)
            if ahead is not None and self._as_recorded(start, ahead):
                return ahead
        for origin in dict.fromkeys((key, self._table.key_before(max(0, key - 1)), 0)):
            found = self._decode_from(origin, start)
            if found is not None and self._as_recorded(start, found):
                return found
        raise FrameUnreadable(self._complaint(start))

    def _decode_from(self, origin: int, target: int) -> av.VideoFrame | None:
        """Decode from key frame `origin` up to `target`; None if it never came out."""
        self._start_at(origin)
        return self._go_on_to(target)

    def _go_on_to(self, target: int) -> av.VideoFrame | None:
        assert self._running is not None
        for number, frame in self._running:
            self._next = number + 1
            if number == target:
                return frame
            if number > target:
                break
        self._next = -1
        return None

    def _start_at(self, origin: int) -> None:
        by_count = origin == 0 or not self._table.seekable
        if by_count:
            self.close()
        if self._container is None or self._stream is None:
            self._open = ExitStack()
            self._container = self._open.enter_context(open_container(self._path))
            self._stream = picture_stream(self._container, path=self._path)
        if not by_count:
            self._container.seek(self._table.pts[origin], stream=self._stream, backward=True)
        self._seen = DecodePass()
        decoded = decode_all(self._container, self._stream, self._seen)
        self._running = enumerate(decoded) if by_count else self._number(decoded)

    def _number(self, decoded: Iterator[av.VideoFrame]) -> Iterator[tuple[int, av.VideoFrame]]:
        for frame in decoded:
            number = self._numbers.get(frame.pts) if frame.pts is not None else None
            if number is not None:  # frames that only a seek uncovers are not in the table
                yield number, frame

    def _read(self, number: int) -> av.VideoFrame:
        assert self._running is not None
        found = next(self._running, None)
        if found is None or found[0] != number:
            self._next = -1
            raise FrameUnreadable(self._complaint(number))
        self._next = number + 1
        return found[1]

    def _require(self, number: int, frame: av.VideoFrame) -> None:
        if not self._as_recorded(number, frame):
            self._next = -1
            raise FrameUnreadable(self._complaint(number))

    def _as_recorded(self, number: int, frame: av.VideoFrame) -> bool:
        if number in self._damaged:
            return True
        if frame.pts in self._seen.broken_slices:
            return False
        if not self._table.md5:
            return True
        found = native_md5(frame)
        return found == self._table.md5[number]

    def _complaint(self, number: int) -> str:
        return (
            f"Frame {number} of {self._path.name} does not decode to what its frame table "
            "recorded; check the scan's fixity, or probe it again if it was replaced on purpose"
        )
