"""The streams of a provenance map: one encoder each in a file of its own, joined at the end."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from archive.media.growing import StreamHead
from archive.media.planes import fill_frame, plane_rows
from archive.media.threads import codec_threads
from restoration.provenance import FrameMap, Guidance, Sources, pack, unpack

LABELS, SOURCES, COLOUR_SOURCES, HINTS, DOUBTS = range(5)
"""The streams that a map can have, in this order; all but the first may be missing."""
FORMS = ("gray", "gbrp16le", "gbrp16le", "gray16le", "gray")
"""Pixel formats by stream."""
ZERO = 32768
"""What stands for 0 in a stream of sources, so that negative numbers fit."""

# Golomb-Rice's run mode (coder 0) is fastest and smallest on flat areas.
_LABELS = {"level": "3", "slicecrc": "1", "coder": "0", "g": "1"}
_SOURCES = {"level": "3", "slicecrc": "1", "g": "1"}
# No dates, random identifiers or library versions: the same map gives the same bytes.
_CONTAINER = {"fflags": "+bitexact"}
# Every frame reaches the disk at once, for those who read the file while it grows.
_AT_ONCE = {"cluster_time_limit": "0", "flush_packets": "1"}


class StreamWriter:
    """One stream of a map in a file of its own."""

    def __init__(
        self, path: Path, *, pix_fmt: str, width: int, height: int, rate: Fraction
    ) -> None:
        self.path = path
        self._pix_fmt = pix_fmt
        self._time_base = 1 / rate
        path.open("xb").close()  # PyAV opens it with the first frame only
        self._container = av.open(
            str(path), "w", format="matroska", container_options=_CONTAINER | _AT_ONCE
        )
        options = _options(width, height, pix_fmt)
        self._stream: Any = self._container.add_stream("ffv1", rate=rate, options=options)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = pix_fmt
        self._stream.codec_context.thread_count = min(2, codec_threads())
        self._stream.codec_context.thread_type = "SLICE"
        self._stream.codec_context.flags |= av.codec.context.Flags.bitexact

    def write(self, video: av.VideoFrame, frame: int) -> None:
        video.pts, video.time_base = frame, self._time_base
        self._container.mux(self._stream.encode(video))

    def copy(self, packet: Any, frame: int) -> None:
        """Append a packet of a stream whose head is `head_of` this one's."""
        packet.pts = packet.dts = frame
        packet.time_base, packet.duration = self._time_base, 1
        packet.stream = self._stream
        self._container.mux(packet)

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def abandon(self) -> None:
        # To close is to write: on a full disk that fails again, and the file has to go anyway.
        with contextlib.suppress(av.FFmpegError, OSError):
            self._container.close()
        self.path.unlink(missing_ok=True)


def _options(width: int, height: int, pix_fmt: str) -> dict[str, str]:
    options = dict(_LABELS if pix_fmt == "gray" else _SOURCES)
    return options | {"slices": str(_slices(width, height, pix_fmt))}


@cache
def head_of(width: int, height: int, pix_fmt: str) -> StreamHead:
    """The head of a stream that this version writes."""
    codec: Any = av.CodecContext.create("ffv1", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, pix_fmt
    codec.time_base = Fraction(1, 25)
    codec.options = _options(width, height, pix_fmt)
    codec.flags |= av.codec.context.Flags.bitexact
    codec.open()
    return StreamHead("ffv1", pix_fmt, width, height, bytes(codec.extradata))


@cache
def _slices(width: int, height: int, pix_fmt: str) -> int:
    """As many slices as code well in parallel, or as few as a small picture can be cut into."""
    for slices in (16, 9, 4):
        codec: Any = av.CodecContext.create("ffv1", "w")
        codec.width, codec.height, codec.pix_fmt = width, height, pix_fmt
        codec.time_base = Fraction(1, 25)
        codec.options = {"level": "3", "slices": str(slices)}
        try:
            codec.open()
        except av.error.FFmpegError:
            continue
        return slices
    return 1


def labels_frame(frame_map: FrameMap) -> av.VideoFrame:
    return fill_frame("gray", (pack(frame_map),))


def sources_frame(sources: Sources) -> av.VideoFrame:
    planes = (sources.dy, sources.dx, sources.offset)  # G, B, R
    # Adding 32768 to a 16-bit number turns over its highest bit.
    shifted = [plane.astype(np.int16).view(np.uint16) ^ np.uint16(ZERO) for plane in planes]
    return fill_frame("gbrp16le", tuple(shifted))


def read_labels(video: av.VideoFrame) -> FrameMap:
    """The labels of a decoded frame of a map's first stream.

    Raises: ProvenanceError if its numbers are no labels.
    """
    return unpack(plane_rows(video.planes[0], rows=video.height, row_bytes=video.width))


def read_sources(video: av.VideoFrame) -> Sources:
    dy, dx, offset = (
        (_samples(plane, video.height, video.width) ^ np.uint16(ZERO)).view(np.int16)
        for plane in video.planes
    )
    return Sources(offset.astype(np.int8), dy, dx)


def hints_frame(guidance: Guidance) -> av.VideoFrame:
    return fill_frame("gray16le", (guidance.hint,))


def doubts_frame(guidance: Guidance) -> av.VideoFrame:
    return fill_frame("gray", (guidance.doubt,))


def read_guidance(hints: av.VideoFrame, doubts: av.VideoFrame) -> Guidance:
    rows, columns = hints.height, hints.width
    doubt = plane_rows(doubts.planes[0], rows=rows, row_bytes=columns)
    return Guidance(_samples(hints.planes[0], rows, columns), np.ascontiguousarray(doubt))


def kinds_of(forms: list[str]) -> list[int] | None:
    """Which of the streams a map's are, by their pixel formats; None if it is no map."""
    copies = forms.count("gbrp16le")
    kinds = [LABELS, *(SOURCES, COLOUR_SOURCES)[:copies]]
    if "gray16le" in forms:
        kinds += [HINTS, DOUBTS]
    return kinds if forms == [FORMS[kind] for kind in kinds] else None


def _samples(plane: Any, rows: int, columns: int) -> npt.NDArray[np.uint16]:
    stored = plane_rows(plane, rows=rows, row_bytes=2 * columns)
    samples: npt.NDArray[np.uint16] = np.ascontiguousarray(stored).view("<u2")
    return samples


def join_streams(parts: list[Path], path: Path) -> None:
    """Copy the packets of several one-stream files into one file, in order of time."""
    opened = [av.open(str(part)) for part in parts]
    try:
        with av.open(str(path), "w", format="matroska", container_options=_CONTAINER) as out:
            streams = [out.add_stream_from_template(each.streams.video[0]) for each in opened]
            queues = [each.demux(video=0) for each in opened]
            waiting = [next(queue) for queue in queues]
            while any(packet.pts is not None for packet in waiting):
                first = min(
                    (packet.pts * packet.time_base, n)
                    for n, packet in enumerate(waiting)
                    if packet.pts is not None
                )[1]
                packet, waiting[first] = waiting[first], next(queues[first])
                packet.stream = streams[first]
                out.mux(packet)
    finally:
        for each in opened:
            each.close()
