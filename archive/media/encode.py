"""Writing pictures that read back with the same code values: FFV1 in Matroska."""

from __future__ import annotations

import functools
import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream

from archive.media import colour_tags
from archive.media.errors import MediaError, UnsupportedPixels, WriteFailed
from archive.media.formats import EXACT_ASPECT_TAG, EXACT_RATE_TAG
from archive.media.pixels import Picture, PictureFormat
from archive.media.planes import write_bgr0, write_planes
from archive.media.sound import SoundCopy, SoundRange

_SLICES = (4, 6, 9, 12, 15, 16, 20, 24, 25, 30)


@functools.lru_cache(maxsize=256)
def _slices(width: int, height: int, layout: str) -> int:
    """The fewest slices, at least four, that FFV1 level 3 can cut this picture into; else one.

    Some odd sizes with subsampled chroma cannot be cut in four (RFC 9043, 4.6).
    """
    for slices in (*_SLICES, 1):
        context = av.CodecContext.create("ffv1", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = width, height, layout
        context.time_base = Fraction(1, 25)
        context.options = {"level": "3", "slices": str(slices)}
        try:
            context.open()
        except av.FFmpegError:
            continue
        return slices
    raise UnsupportedPixels(f"FFV1 cannot hold {width}x{height} {layout}")


class PictureWriter:
    """An FFV1 master: level 3, every frame a key frame, sliced, with a CRC on each slice.

    Frame n is shown at n/rate. Leaving the `with` block by an exception removes the file, so that
    no half file is left that looks whole.
    """

    def __init__(
        self,
        path: Path | str,
        format: PictureFormat,
        *,
        sound: SoundRange | None = None,
        threads: int = 0,
        tags: dict[str, str] | None = None,
    ) -> None:
        """Begin the file.

        Args:
            sound: the scan's audio for these pictures (`sound.sound_of`), copied untouched.
            threads: encoder threads; 0 = as many as there are cores.
        Raises: WriteFailed if the file cannot be made.
        """
        self.path = Path(path)
        self.format = format
        self.written = 0
        self._bgr0 = format.pixel.name == "gbrp"
        # No random or dated fields: the same pictures make the same file, byte for byte.
        self._container = create(self.path, "matroska", {"fflags": "+bitexact"})
        self._closed = False
        self._sound: SoundCopy | None = None
        try:
            self._set_tags(tags or {})
            self._stream = self._add_stream(threads)
            if sound is not None:
                self._sound = SoundCopy(sound, self._container)
        except BaseException:
            self.abort()
            raise

    @property
    def sound_record(self) -> list[dict[str, str]]:
        """How each sound track was carried."""
        return self._sound.record if self._sound is not None else []

    def _set_tags(self, tags: dict[str, str]) -> None:
        self._container.metadata.update(tags)
        self._container.metadata[EXACT_RATE_TAG] = str(self.format.rate)
        self._container.metadata[EXACT_ASPECT_TAG] = str(self.format.sample_aspect)

    def _add_stream(self, threads: int) -> VideoStream:
        form = self.format
        layout = "bgr0" if self._bgr0 else form.pixel.name
        stream = self._container.add_stream("ffv1", rate=form.rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, layout
        context = stream.codec_context
        context.time_base = 1 / form.rate
        context.gop_size = 1
        context.flags |= Flags.bitexact
        context.thread_count = threads or (os.cpu_count() or 1)
        context.thread_type = "SLICE"
        context.options = {
            "level": "3",
            "slices": str(_slices(form.width, form.height, layout)),
            "slicecrc": "1",
            "context": "0",
        }
        describe_colour(context, form)
        return stream

    def write(self, picture: Picture) -> None:
        """Append one picture.

        Raises: MediaError if it has another size or pixel format; WriteFailed if the disk is full.
        """
        form = self.format
        if (picture.pixel, picture.width, picture.height) != (form.pixel, form.width, form.height):
            raise MediaError(
                f"Picture {self.written} is {picture.width}x{picture.height} "
                f"{picture.pixel.name}, but {self.path.name} holds {form.width}x{form.height} "
                f"{form.pixel.name}"
            )
        frame = write_bgr0(picture) if self._bgr0 else write_planes(picture)
        frame.pts = self.written
        frame.time_base = 1 / form.rate
        describe_colour(frame, form)
        try:
            self._container.mux(self._stream.encode(frame))
            self.written += 1
            if self._sound is not None:
                self._sound.copy_until(self.written / form.rate)
        except (av.FFmpegError, OSError) as error:
            raise write_failed(self.path, error) from error

    def close(self) -> None:
        """Finish the file and hand its bytes to the disk.

        Raises: WriteFailed if that did not succeed, or MediaError if no picture was written; the
            file is removed then.
        """
        if self._closed:
            return
        try:
            if self.written == 0:
                raise MediaError(f"No picture was written to {self.path.name}")
            self._container.mux(self._stream.encode(None))
            if self._sound is not None:
                self._sound.finish()
            finish(self._container, self.path)
        except (av.FFmpegError, OSError) as error:
            self.abort()
            raise write_failed(self.path, error) from error
        except MediaError:
            self.abort()
            raise
        self._release()

    def abort(self) -> None:
        """Give up: close and remove the file."""
        if not self._closed:
            self._release()
            discard(self._container, self.path)

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


def create(path: Path, container: str, options: dict[str, str] | None = None) -> OutputContainer:
    """Raises: WriteFailed."""
    try:
        path.open("wb").close()  # PyAV opens it with the first picture only
        # Sound that begins before the first picture must not push all pictures later.
        settings = {"avoid_negative_ts": "disabled"} | (options or {})
        return av.open(str(path.absolute()), "w", format=container, options=settings)
    except (av.FFmpegError, OSError) as error:
        raise write_failed(path, error) from error


def finish(container: OutputContainer, path: Path) -> None:
    """Write the trailer and wait until the disk has everything; OSError or FFmpegError if not."""
    container.close()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(container: OutputContainer, path: Path) -> None:
    """Close a file that failed, and remove it."""
    try:
        container.close()
    except (av.FFmpegError, OSError):
        pass  # the first error is the one to report
    finally:
        if path.is_file():
            path.unlink()


def write_failed(path: Path, error: Exception) -> WriteFailed:
    """The error of a write in words that say what to do."""
    number = getattr(error, "errno", None)
    reason = getattr(error, "strerror", None) or str(error)
    if number == 28:
        reason = "no space is left on the disk; free some and run it again"
    return WriteFailed(f"{path.name} could not be written: {reason}")


def describe_colour(target: av.VideoCodecContext | av.VideoFrame, form: PictureFormat) -> None:
    """Set range, matrix, primaries, transfer (and sample aspect) where they are known."""
    ranges = {"limited": 1, "full": 2}
    if form.colour_range in ranges:
        target.color_range = ranges[form.colour_range]
    if form.pixel.model == "rgb":
        target.colorspace = 0
    else:
        target.colorspace = colour_tags.code_of(form.matrix, colour_tags.MATRICES)
    target.color_primaries = colour_tags.code_of(form.primaries, colour_tags.PRIMARIES)
    target.color_trc = colour_tags.code_of(form.transfer, colour_tags.TRANSFERS)
    if isinstance(target, av.VideoCodecContext):
        target.sample_aspect_ratio = form.sample_aspect
