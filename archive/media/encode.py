"""Writing pictures that read back with the same code values: FFV1 in Matroska."""

from __future__ import annotations

import functools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av.codec.context import Flags
from av.video.stream import VideoStream

from archive.media.errors import MediaError, UnsupportedPixels
from archive.media.formats import EXACT_ASPECT_TAG, EXACT_RATE_TAG
from archive.media.growing import StreamHead
from archive.media.opening import open_container, picture_stream
from archive.media.pixels import Picture, PictureFormat
from archive.media.planes import write_bgr0, write_planes
from archive.media.sound import SoundCopy, SoundRange
from archive.media.threads import codec_threads
from archive.media.writing import FilmWriter, describe_colour

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


class PictureWriter(FilmWriter):
    """An FFV1 master: level 3, every frame a key frame, sliced, with a CRC on each slice."""

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
            threads: encoder threads; 0 = as many as there are cores, or as RUN_THREADS says.
        Raises: WriteFailed if the file cannot be made.
        """
        own = {EXACT_RATE_TAG: str(format.rate), EXACT_ASPECT_TAG: str(format.sample_aspect)}
        super().__init__(
            path,
            format,
            container="matroska",
            # No random or dated fields: the same pictures make the same file, byte for byte.
            # Every picture reaches the disk at once, for those who read the file while it grows.
            options={"fflags": "+bitexact", "flush_packets": "1"},
            tags=(tags or {}) | own,
        )
        # FFV1 keeps 8-bit RGB as the packed bgr0.
        self._layout = "bgr0" if format.pixel.name == "gbrp" else format.pixel.name
        try:
            self._stream = self._add_stream(threads)
            if sound is not None:
                self._sound = SoundCopy(sound, self._container)
        except BaseException:
            self.abort()
            raise

    def _add_stream(self, threads: int) -> VideoStream:
        form = self.format
        stream = self._container.add_stream("ffv1", rate=form.rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, self._layout
        context = stream.codec_context
        context.time_base = 1 / form.rate
        context.gop_size = 1
        context.flags |= Flags.bitexact
        context.thread_count = codec_threads(threads)
        context.thread_type = "SLICE"
        context.options = {
            "level": "3",
            "slices": str(_slices(form.width, form.height, self._layout)),
            "slicecrc": "1",
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
        frame = write_bgr0(picture) if self._layout == "bgr0" else write_planes(picture)
        describe_colour(frame, form)
        self._append(frame)

    def copy(self, path: Path, *, progress: Callable[[], None] = lambda: None) -> bool:
        """Append all pictures of another such master as they are stored, packet by packet.

        Args:
            progress: called after each picture; may raise to stop.
        Returns: False, and nothing was appended, if they were coded in another way than this file
            is (by another version, in another size): read them and `write` them instead.
        Raises: WriteFailed; MediaError if `path` cannot be read.
        """
        context = self._stream.codec_context
        if not context.is_open:
            context.open()
        own = StreamHead.of(self._stream)
        with open_container(path) as container:
            stream = picture_stream(container, path=path)
            if StreamHead.of(stream) != own:
                return False
            for packet in container.demux(stream):
                if packet.size:
                    self._append_packet(packet)
                    progress()
        return True
