"""A copy for browsers without patents in it: VP9 and Opus in WebM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from av.container import OutputContainer

from archive.media.captions import WEBVTT, Captions, CaptionTrack, Chapter, set_chapters
from archive.media.formats import EXACT_ASPECT_TAG, EXACT_RATE_TAG
from archive.media.pixels import PictureFormat
from archive.media.sound import Sound
from archive.media.viewing import ConvertingWriter


class WebmWriter(ConvertingWriter):
    """VP9 of 8 bits, 4:2:0, with a key frame each second or two.

    WebM stores milliseconds: the exact rate stands in a tag, from which our reader takes it.
    """

    def __init__(
        self,
        path: Path | str,
        format: PictureFormat,
        *,
        make_sound: Callable[[OutputContainer], Sound] | None = None,
        captions: Sequence[Captions] = (),
        chapters: Sequence[Chapter] = (),
        crf: int = 20,
        threads: int = 0,
    ) -> None:
        """Begin the file.

        Args:
            captions: subtitle tracks beside the pictures.
            crf: VP9's constant quality; lower is better.
        Raises: WriteFailed.
        """
        own = {EXACT_RATE_TAG: str(format.rate), EXACT_ASPECT_TAG: str(format.sample_aspect)}
        super().__init__(path, format, container="webm", options={"fflags": "+bitexact"}, tags=own)
        self._set_sizes()
        try:
            self._stream = self._add_pictures("libvpx-vp9", threads)
            context = self._stream.codec_context
            context.gop_size = max(1, round(2 * format.rate))
            context.bit_rate = 0  # else it bounds the quality
            context.options = {
                "crf": str(crf), "deadline": "good", "cpu-used": "4", "row-mt": "1",
            }  # fmt: skip
            if make_sound is not None:
                self._sound = make_sound(self._container)
            self._captions = [
                CaptionTrack(self._container, each, format.rate, codec=WEBVTT) for each in captions
            ]
            set_chapters(self._container, chapters, format.rate)
        except BaseException:
            self.abort()
            raise
