"""H.264 in MP4: pictures for people, in browsers and players."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from archive.media import colour_tags
from archive.media.captions import Captions, CaptionTrack, Chapter, set_chapters
from archive.media.display import to_layout, viewing_matrix
from archive.media.errors import MediaError
from archive.media.lettering import Lettering, draw
from archive.media.pixels import Picture, PictureFormat, Plane
from archive.media.planes import read_picture, write_planes
from archive.media.sound import Sound, SoundCopy, SoundRange
from archive.media.threads import codec_threads
from archive.media.writing import FilmWriter


class ConvertingWriter(FilmWriter):
    """Pictures of any format as one layout of limited range, frame n shown at n/rate exactly.

    Grey and RGB become BT.709, YUV keeps its matrix; odd sizes get one more row or column, a copy
    of their last.
    """

    LAYOUT = "yuv420p"
    """What the encoder takes."""
    _even: tuple[int, int]
    _size: tuple[int, int]

    def _set_sizes(self, size: tuple[int, int] | None = None) -> None:
        form = self.format
        self._even = (form.width + form.width % 2, form.height + form.height % 2)
        self._size = size or self._even

    def _add_pictures(self, codec: str, threads: int) -> VideoStream:
        """The stream, with sizes, layout, clock and colours set."""
        stream = self._container.add_stream(codec, rate=self.format.rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self._size
        stream.pix_fmt = self.LAYOUT
        stream.codec_context.time_base = 1 / self.format.rate
        stream.codec_context.thread_count = codec_threads(threads)
        if self._size == self._even:
            stream.codec_context.sample_aspect_ratio = self.format.sample_aspect
        self._set_colour(stream)
        return stream

    def _set_colour(self, stream: VideoStream) -> None:
        context, form = stream.codec_context, self.format
        context.color_range = 1
        context.colorspace = colour_tags.code_of(viewing_matrix(form), colour_tags.MATRICES)
        own = form.pixel.model == "yuv"
        primaries, transfer = (form.primaries, form.transfer) if own else ("bt709", "bt709")
        context.color_primaries = colour_tags.code_of(primaries, colour_tags.PRIMARIES)
        context.color_trc = colour_tags.code_of(transfer, colour_tags.TRANSFERS)

    def write(self, picture: Picture, over: Sequence[Lettering] = ()) -> None:
        """Append one picture, with text over it if there is any (8-bit layouts alone).

        Raises: MediaError if it has another size; WriteFailed if the disk is full.
        """
        self.write_frame(write_planes(picture), over)

    def write_frame(self, frame: av.VideoFrame, over: Sequence[Lettering] = ()) -> None:
        """Append a decoder's own frame (`PictureSource.native`)."""
        form = self.format
        if (frame.width, frame.height) != (form.width, form.height):
            raise MediaError(
                f"Picture {self.written} is {frame.width}x{frame.height}, but {self.path.name} "
                f"holds {form.width}x{form.height}"
            )
        if self._even != (form.width, form.height):
            frame = write_planes(_pad(read_picture(frame), self._even))
        width, height = self._size
        shown = to_layout(frame, form, layout=self.LAYOUT, width=width, height=height)
        if over:
            draw(shown, over)
        shown.pict_type = 0  # the scan's own key frames must not become ours
        self._append(shown)


TO_PLAY = {"tune": "fastdecode"}
"""x264's own set for what is played frame by frame, all of them key frames: no arithmetic coding,
no deblocking. Decoded in well under half the time, for a sixth more bytes."""


class ViewingWriter(ConvertingWriter):
    """An H.264 High 8-bit 4:2:0 copy with its index in front, frame n shown at n/rate exactly.

    Grey and RGB become BT.709, YUV keeps its matrix, and the range becomes limited; odd sizes get
    one more row or column, a copy of their last.
    """

    def __init__(
        self,
        path: Path | str,
        format: PictureFormat,
        *,
        sound: SoundRange | None = None,
        crf: int = 17,
        preset: str = "medium",
        intra: bool = False,
        size: tuple[int, int] | None = None,
        threads: int = 0,
        tags: dict[str, str] | None = None,
        make_sound: Callable[[OutputContainer], Sound] | None = None,
        captions: Sequence[Captions] = (),
        chapters: Sequence[Chapter] = (),
    ) -> None:
        """Begin the file.

        Args:
            sound: the scan's audio for these pictures (`sound.sound_of`), carried untouched.
            crf: x264's constant quality; lower is better, 17 looks like its source.
            intra: make every frame a key frame that is quick to decode.
            size: width and height to scale to; None keeps them.
            make_sound: other sound than a copy (the proxy's).
            captions: subtitle tracks beside the pictures.
        Raises: WriteFailed; MediaError if MP4 cannot carry the sound.
        """
        super().__init__(
            path, format, container="mp4", options={"movflags": "+faststart"}, tags=tags or {}
        )
        self._set_sizes(size)
        try:
            self._stream = self._add_pictures("libx264", threads)
            self._set_quality(crf=crf, preset=preset, intra=intra)
            if sound is not None:
                self._sound = SoundCopy(sound, self._container)
            elif make_sound is not None:
                self._sound = make_sound(self._container)
            self._captions = [CaptionTrack(self._container, each, format.rate) for each in captions]
            set_chapters(self._container, chapters, format.rate)
        except BaseException:
            self.abort()
            raise

    def _set_quality(self, *, crf: int, preset: str, intra: bool) -> None:
        context = self._stream.codec_context
        options = {"crf": str(crf), "preset": preset, "profile": "high"}
        if intra:
            context.gop_size = 1
            context.max_b_frames = 0
            # No reordering means no edit list, so that a browser's clock is the frame's number.
            options["x264-params"] = "keyint=1:bframes=0"
            options |= TO_PLAY
        context.options = options


def _pad(picture: Picture, size: tuple[int, int]) -> Picture:
    """Repeat the last row and column up to `size`."""
    shapes = picture.pixel.plane_shapes(width=size[0], height=size[1])
    planes: list[Plane] = []
    for plane, shape in zip(picture.planes, shapes, strict=True):
        rows, columns = shape[0] - plane.shape[0], shape[1] - plane.shape[1]
        padded = np.pad(plane, ((0, rows), (0, columns)), mode="edge")
        planes.append(cast(Plane, padded))
    return Picture(picture.pixel, tuple(planes))
