"""Writing numbered frames that read back with the same code values: DPX and TIFF.

FFmpeg encodes the pictures. Its DPX encoder ends at the generic header and knows no time, so the
industry headers are put in here: frame, rate and timecode (SMPTE ST 268-1, tables 3 and 4).
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from archive.media.errors import MediaError, UnsupportedPixels
from archive.media.pixels import Picture, PictureFormat
from archive.media.planes import write_planes

DIGITS = 7
_GENERIC, _WHOLE = 1664, 2048
"""Bytes of the generic headers, and of these with the industry headers."""
_BT709 = 6


@dataclass(frozen=True, slots=True)
class FrameFiles:
    """One kind of frame file."""

    ending: str
    codec: str
    layouts: dict[str, str]
    """FFmpeg's layout in the file for each pixel format that it holds code for code."""
    options: dict[str, str]
    words: str
    """What it holds, for people."""


DPX = FrameFiles(
    ".dpx",
    "dpx",
    {
        "gray": "gray",
        "gray16le": "gray16be",
        "gbrp": "rgb24",
        "gbrp10le": "gbrp10be",
        "gbrp12le": "gbrp12be",
        "gbrp16le": "rgb48be",
    },
    {},
    "DPX holds grey of 8 and 16 bits and RGB of 8, 10, 12 and 16 here",
)
TIFF = FrameFiles(
    ".tif",
    "tiff",
    {"gray": "gray", "gray16le": "gray16le", "gbrp": "rgb24", "gbrp16le": "rgb48le"},
    {"compression_algo": "deflate"},
    "TIFF holds grey and RGB of 8 and 16 bits here",
)


class NumberedWriter:
    """A folder of frames `PREFIX.0000000.dpx` and so on, from 0; used in a `with` block.

    Leaving the block by an exception removes the folder.
    """

    def __init__(
        self,
        folder: Path,
        format: PictureFormat,
        kind: FrameFiles,
        *,
        prefix: str,
        frames: int,
        timecode: Callable[[int], str],
    ) -> None:
        """Make the folder.

        Args:
            frames: how many will be written; each DPX header says so.
            timecode: of a frame, by its number.
        Raises: UnsupportedPixels; OSError.
        """
        layout = kind.layouts.get(format.pixel.name)
        if layout is None:
            raise UnsupportedPixels(
                f"{kind.words}, and these pictures are {format.pixel.name}: they would have to be "
                "converted. Deliver the master (ffv1), which holds every format code for code"
            )
        self.folder, self.format, self.written = folder, format, 0
        self._kind, self._layout, self._prefix = kind, layout, prefix
        self._frames, self._timecode = frames, timecode
        self._encoder = self._open()
        folder.mkdir(parents=True)

    def _open(self) -> av.VideoCodecContext:
        context = av.CodecContext.create(self._kind.codec, "w")
        assert isinstance(context, av.VideoCodecContext)
        form = self.format
        context.width, context.height, context.pix_fmt = form.width, form.height, self._layout
        context.time_base = 1 / form.rate
        context.sample_aspect_ratio = form.sample_aspect
        context.options = self._kind.options
        return context

    def write(self, picture: Picture) -> None:
        """Append one picture.

        Raises: MediaError if it has another size or pixel format; OSError.
        """
        form = self.format
        if (picture.pixel, picture.width, picture.height) != (form.pixel, form.width, form.height):
            raise MediaError(
                f"Picture {self.written} is {picture.width}x{picture.height} "
                f"{picture.pixel.name}, but {self.folder.name} holds {form.width}x{form.height} "
                f"{form.pixel.name}"
            )
        frame = write_planes(picture)
        if frame.format.name != self._layout:  # the same codes in another order of bytes
            frame = frame.reformat(format=self._layout)
        frame.pts = self.written
        data = b"".join(bytes(packet) for packet in self._encoder.encode(frame))
        name = f"{self._prefix}.{self.written:0{DIGITS}d}{self._kind.ending}"
        if self._kind is DPX:
            data = self._with_time(data, name)
        (self.folder / name).write_bytes(data)
        self.written += 1

    def copy(self, path: Path, *, progress: Callable[[], None] = lambda: None) -> bool:
        """Never: no master is stored as these files are."""
        return False

    def _with_time(self, data: bytes, name: str) -> bytes:
        head = bytearray(data[:_GENERIC])
        order = {b"SDPX": ">", b"XPDS": "<"}.get(bytes(head[:4]), "")
        if not order or struct.unpack_from(f"{order}I", head, 4) != (_GENERIC,):
            raise MediaError("FFmpeg wrote a DPX header of another shape; use another version")
        struct.pack_into(f"{order}I", head, 4, _WHOLE)
        struct.pack_into(f"{order}I", head, 16, len(data) + _WHOLE - _GENERIC)
        struct.pack_into(f"{order}II", head, 24, _GENERIC, _WHOLE - _GENERIC)
        struct.pack_into("99sx", head, 36, name.encode("ascii", "replace"))
        # FFmpeg calls every picture linear, which no scan said; 0 is "as the user knows".
        head[801] = head[802] = _BT709 if self.format.transfer == "bt709" else 0
        return bytes(head) + self._industry(order) + data[_GENERIC:]

    def _industry(self, order: str) -> bytes:
        """The film and television headers; what is not known is all ones, or an empty text."""
        made, rate = bytearray(b"\xff" * (_WHOLE - _GENERIC)), float(self.format.rate)
        made[0:48] = bytes(48)  # film: maker, type, perforations, format
        struct.pack_into(f"{order}IIIf", made, 48, self.written, self._frames, 1, rate)
        made[68:256] = bytes(188)  # frame's name, slate, reserved
        digits = "".join(each for each in self._timecode(self.written) if each.isdigit())
        struct.pack_into(f"{order}II", made, 256, int(digits, 16), 0)
        made[264] = 0  # not interlaced
        struct.pack_into(f"{order}f", made, 276, rate)
        made[308:384] = bytes(76)
        return bytes(made)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
