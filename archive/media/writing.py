"""What all our picture files share: whole or not there, sound in step, clear errors."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from archive.media import colour_tags
from archive.media.captions import CaptionTrack
from archive.media.errors import MediaError, WriteFailed
from archive.media.pixels import Picture, PictureFormat
from archive.media.sound import Sound

_NO_SPACE = 28
_RANGES = {"limited": 1, "full": 2}


class FilmWriter(ABC):
    """A file of pictures, frame n shown at n/rate, with sound beside them if there is any.

    Use it in a `with` block: leaving the block by an exception removes the file, so that no half
    file is left that looks whole.
    """

    _stream: VideoStream

    def __init__(
        self,
        path: Path | str,
        format: PictureFormat,
        *,
        container: str,
        options: dict[str, str],
        tags: dict[str, str],
    ) -> None:
        """Raises: WriteFailed if the file cannot be made."""
        self.path = Path(path)
        self.format = format
        self.written = 0
        self._closed = False
        self._sound: Sound | None = None
        self._captions: list[CaptionTrack] = []
        self._container = _create(self.path, container, options)
        self._container.metadata.update(tags)

    @property
    def sound_record(self) -> list[dict[str, str]]:
        """How each sound track was carried."""
        return self._sound.record if self._sound is not None else []

    @abstractmethod
    def write(self, picture: Picture) -> None:
        """Append one picture.

        Raises: MediaError if it does not fit the file; WriteFailed if the disk is full.
        """

    def _append(self, frame: av.VideoFrame) -> None:
        frame.pts, frame.time_base = self.written, 1 / self.format.rate
        frame.duration = 1
        self._count(lambda: self._encode(frame))

    def _append_packet(self, packet: av.Packet[VideoStream]) -> None:
        """Append one picture as it was encoded elsewhere."""
        packet.pts = packet.dts = self.written
        packet.time_base, packet.duration = 1 / self.format.rate, 1
        packet.stream = self._stream
        self._count(lambda: self._container.mux(packet))

    def _count(self, put: Callable[[], None]) -> None:
        """Put one picture into the file, and the sound up to its end."""
        try:
            put()
            self.written += 1
            if self._sound is not None:
                self._sound.copy_until(self.written / self.format.rate)
            for track in self._captions:
                track.write_until(self.written)
        except (av.FFmpegError, OSError) as error:
            raise _write_failed(self.path, error) from error

    def _encode(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            if not packet.duration:
                packet.duration = 1
            self._container.mux(packet)

    def close(self) -> None:
        """Finish the file and hand its bytes to the disk.

        Raises: WriteFailed if that did not succeed, or MediaError if no picture was written; the
            file is removed then.
        """
        if self._closed:
            return
        try:
            self._finish()
        except (av.FFmpegError, OSError) as error:
            self.abort()
            raise _write_failed(self.path, error) from error
        except MediaError:
            self.abort()
            raise
        self._release()

    def _finish(self) -> None:
        if self.written == 0:
            raise MediaError(f"No picture was written to {self.path.name}")
        self._encode(None)
        if self._sound is not None:
            self._sound.finish()
        self._container.close()
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # a disk may say only now that it is full
        finally:
            os.close(descriptor)

    def abort(self) -> None:
        """Give up: close and remove the file."""
        if self._closed:
            return
        self._release()
        try:
            self._container.close()
        except (av.FFmpegError, OSError):
            pass  # the first error is the one to report
        finally:
            if self.path.is_file():
                self.path.unlink()

    def _release(self) -> None:
        self._closed = True
        if self._sound is not None:
            self._sound.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def _create(path: Path, container: str, options: dict[str, str]) -> OutputContainer:
    # Sound that begins before the first picture must not push all pictures later.
    settings = {"avoid_negative_ts": "disabled"} | options
    try:
        path.open("wb").close()  # PyAV opens it with the first picture only
        return av.open(str(path.absolute()), "w", format=container, options=settings)
    except (av.FFmpegError, OSError) as error:
        raise _write_failed(path, error) from error


def _write_failed(path: Path, error: Exception) -> WriteFailed:
    """The error of a write in words that say what to do."""
    reason = getattr(error, "strerror", None) or str(error)
    if getattr(error, "errno", None) == _NO_SPACE:
        reason = "no space is left on the disk; free some and run it again"
    return WriteFailed(f"{path.name} could not be written: {reason}")


def describe_colour(target: av.VideoCodecContext | av.VideoFrame, form: PictureFormat) -> None:
    """Set range, matrix, primaries, transfer (and sample aspect) where they are known."""
    if form.colour_range in _RANGES:
        target.color_range = _RANGES[form.colour_range]
    matrix = "gbr" if form.pixel.model == "rgb" else form.matrix
    target.colorspace = colour_tags.code_of(matrix, colour_tags.MATRICES)
    target.color_primaries = colour_tags.code_of(form.primaries, colour_tags.PRIMARIES)
    target.color_trc = colour_tags.code_of(form.transfer, colour_tags.TRANSFERS)
    if isinstance(target, av.VideoCodecContext):
        target.sample_aspect_ratio = form.sample_aspect
