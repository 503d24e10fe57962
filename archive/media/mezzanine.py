"""Copies for editing suites: ProRes 422 HQ and DNxHR HQX in QuickTime, with sound and timecode."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archive.media.captions import Chapter, set_chapters
from archive.media.errors import MediaError
from archive.media.pixels import PictureFormat
from archive.media.sound import SoundCopy, SoundRange
from archive.media.viewing import ConvertingWriter


@dataclass(frozen=True, slots=True)
class Mezzanine:
    """A codec of editing suites: every frame a key frame, 10 bits, 4:2:2."""

    codec: str
    """FFmpeg's encoder."""
    profile: str
    smallest: tuple[int, int]
    """Width and height that the codec needs at least."""
    words: str


PRORES = Mezzanine("prores_ks", "hq", (16, 16), "ProRes 422 HQ")
DNXHR = Mezzanine("dnxhd", "dnxhr_hqx", (256, 120), "DNxHR HQX")
"""SMPTE ST 2019-1, which has no smaller raster."""


class MezzanineWriter(ConvertingWriter):
    """A QuickTime file whose timecode track begins at a given timecode.

    PCM is copied; FLAC and ALAC of the scan become PCM of the same samples, since suites read that.
    """

    LAYOUT = "yuv422p10le"

    def __init__(
        self,
        path: Path | str,
        format: PictureFormat,
        kind: Mezzanine,
        *,
        start_timecode: str,
        sound: SoundRange | None = None,
        chapters: tuple[Chapter, ...] = (),
        threads: int = 0,
    ) -> None:
        """Begin the file.

        Args:
            start_timecode: of the first frame, with ";" for drop-frame.
            sound: the scan's audio for these pictures (`sound.sound_of`).
        Raises: WriteFailed; MediaError if the pictures are too small for the codec, or QuickTime
            cannot carry the sound.
        """
        if format.width < kind.smallest[0] or format.height < kind.smallest[1]:
            raise MediaError(
                f"{kind.words} needs at least {kind.smallest[0]} x {kind.smallest[1]} pixels, and "
                f"these pictures have {format.width} x {format.height}; deliver ProRes or the "
                "master"
            )
        super().__init__(path, format, container="mov", options={}, tags={})
        self._set_sizes()
        try:
            self._stream = self._add_pictures(kind.codec, threads)
            self._stream.codec_context.options = {"profile": kind.profile}
            # The muxer makes a timecode track (tmcd) of it, which every suite conforms by.
            self._stream.metadata["timecode"] = start_timecode
            if sound is not None:
                self._sound = SoundCopy(sound, self._container)
            set_chapters(self._container, chapters, format.rate)
        except BaseException:
            self.abort()
            raise
