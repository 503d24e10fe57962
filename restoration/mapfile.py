"""Provenance maps as files: FFV1 in Matroska, lossless, beside the picture they speak of.

Stream 0 (gray8) holds structure + 8 * colour. Stream 1 (gbrp16le), only if anything was copied,
holds R = source offset, G = dy, B = dx, each + 32768; after the first frame, those in which nothing
was copied have no packet there. Stream 2, of the same form, holds colour's own sources where one
record cannot serve both planes. See docs/provenance-map.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import numpy.typing as npt

from archive.media.ffv1 import slices_are_sound
from archive.media.planes import fill_frame, plane_rows
from restoration.provenance import FrameMap, ProvenanceError, Sources, Totals, pack, unpack

ZERO = 32768
"""What stands for 0 in a stream of sources, so that negative numbers fit."""

# Golomb-Rice's run mode (coder 0) is fastest and smallest on flat areas.
_LABELS = {"level": "3", "slicecrc": "1", "coder": "0", "g": "1"}
_SOURCES = {"level": "3", "slicecrc": "1", "g": "1"}
# No dates, random identifiers or library versions: the same map gives the same bytes.
_CONTAINER = {"fflags": "+bitexact"}
# Every frame reaches the disk at once, for those who read the file while it grows.
_AT_ONCE = {"cluster_time_limit": "0", "flush_packets": "1"}


class _StreamWriter:
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
        options = dict(_LABELS if pix_fmt == "gray" else _SOURCES)
        options["slices"] = str(_slices(width, height, pix_fmt))
        self._stream: Any = self._container.add_stream("ffv1", rate=rate, options=options)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = pix_fmt
        self._stream.codec_context.thread_count = 2
        self._stream.codec_context.thread_type = "SLICE"
        self._stream.codec_context.flags |= av.codec.context.Flags.bitexact

    def write(self, video: av.VideoFrame, frame: int) -> None:
        video.pts, video.time_base = frame, self._time_base
        self._container.mux(self._stream.encode(video))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def abandon(self) -> None:
        self._container.close()
        self.path.unlink(missing_ok=True)


class MapWriter:
    """Writes one map per frame; the file is complete only after `close`.

    As a context manager it removes the file if the block fails.
    """

    def __init__(self, path: Path, *, width: int, height: int, rate: Fraction) -> None:
        """Raises: FileExistsError; maps are written once."""
        if path.exists():
            raise FileExistsError(f"{path} is there already; a map is never overwritten")
        self.path = path
        self.totals = Totals()
        self.frames = 0
        self._shape = (height, width)
        self._rate = rate
        self._labels = self._open(path, "gray")
        # Most takes copy nothing: the streams for it are begun at the first frame that does, in
        # files of their own, and joined in `close`.
        self._sources: dict[int, _StreamWriter] = {}

    def write(self, frame_map: FrameMap) -> Totals:
        """Append the map of the next frame; its totals.

        Raises: ProvenanceError if its size is another.
        """
        if frame_map.structure.shape != self._shape:
            height, width = frame_map.structure.shape
            raise ProvenanceError(
                f"frame {self.frames}: the map is {width} x {height}, "
                f"the file {self._shape[1]} x {self._shape[0]}"
            )
        self._labels.write(_labels_frame(frame_map), self.frames)
        recorded = (frame_map.sources, frame_map.colour_sources)
        for number, sources in enumerate(recorded, start=1):
            if sources is not None and _anywhere(sources):
                self._source_stream(number).write(_sources_frame(sources), self.frames)
        counted = Totals.count(frame_map)
        self.totals += counted
        self.frames += 1
        return counted

    def close(self) -> None:
        """Finish the file."""
        self._labels.close()
        if not self._sources:
            return
        parts = [self._labels.path.rename(self._beside(0))]
        for number in (1, 2):
            if number in self._sources:
                self._sources[number].close()
                parts.append(self._sources[number].path)
        _join(parts, self.path)
        for part in parts:
            part.unlink()

    def abandon(self) -> None:
        """Stop, and leave nothing behind."""
        for stream in (self._labels, *self._sources.values()):
            stream.abandon()
        for part in (self.path, self._beside(0)):
            part.unlink(missing_ok=True)

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
            self.abandon()

    def _source_stream(self, number: int) -> _StreamWriter:
        if number == 2 and 1 not in self._sources:
            self._begin_sources(1, with_nothing=True)  # stream 2 is always colour's own
        if number not in self._sources:
            self._begin_sources(number, with_nothing=self.frames > 0)
        return self._sources[number]

    def _begin_sources(self, number: int, *, with_nothing: bool) -> None:
        self._sources[number] = self._open(self._beside(number), "gbrp16le")
        if with_nothing:
            # Demuxers learn a stream's form from its first packet and look for it only so far:
            # without one at frame 0 a stream whose first copy comes late has no pixel format.
            shift = np.zeros(self._shape, np.int16)
            nothing = Sources(shift.astype(np.int8), shift, shift)
            self._sources[number].write(_sources_frame(nothing), 0)

    def _open(self, path: Path, pix_fmt: str) -> _StreamWriter:
        height, width = self._shape
        return _StreamWriter(path, pix_fmt=pix_fmt, width=width, height=height, rate=self._rate)

    def _beside(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.stream{number}")


@dataclass(frozen=True, slots=True)
class _Index:
    """Presentation times of the packets, by stream."""

    labels: list[int]
    sources: tuple[frozenset[int], ...]


class MapReader:
    """Reads maps back, one frame after another or from any frame on."""

    def __init__(self, path: Path) -> None:
        """Raises: ProvenanceError if the file is no provenance map."""
        self.path = path
        try:
            with av.open(str(path)) as container:
                self._check_streams(container)
                stream = container.streams.video[0]
                self.width, self.height = stream.width, stream.height
                self._index = _index(container)
        except (av.error.FFmpegError, OSError) as error:
            raise ProvenanceError(
                f"{path} cannot be read as a provenance map ({error}); a take without its map "
                "must be made again"
            ) from error

    def __len__(self) -> int:
        return len(self._index.labels)

    @property
    def has_sources(self) -> bool:
        """Whether any value in it was copied from elsewhere."""
        return any(self._index.sources)

    def frames(
        self, start: int = 0, stop: int | None = None, *, sources: bool = True
    ) -> Iterator[FrameMap]:
        """The maps [start, stop), counted from the file's first frame.

        Args:
            sources: False leaves them out, which is faster; their CRCs are checked all the same.
        Raises: ProvenanceError if the file is damaged, ValueError if the range lies outside.
        """
        stop = len(self) if stop is None else stop
        if not 0 <= start <= stop <= len(self):
            raise ValueError(f"frames [{start}, {stop}) of a map of {len(self)} frames")
        if start == stop:
            return
        try:
            yield from self._decode(start, stop, sources=sources)
        except av.error.FFmpegError as error:
            raise ProvenanceError(
                f"{self.path} is damaged between frames {start} and {stop} ({error}); "
                "make the take again"
            ) from error

    def totals(self) -> Totals:
        """A recount of every frame in the file."""
        totals = Totals()
        for frame_map in self.frames(sources=False):
            totals += Totals.count(frame_map)
        return totals

    def _check_streams(self, container: Any) -> None:
        found = [
            (stream.codec_context.name, stream.format.name if stream.format else "unknown")
            for stream in container.streams.video
        ]
        wanted = [("ffv1", "gray"), ("ffv1", "gbrp16le"), ("ffv1", "gbrp16le")]
        if not found or found != wanted[: len(found)]:
            raise ProvenanceError(
                f"{self.path} is no provenance map: its streams are {found or 'none'}, wanted is "
                "FFV1 gray (labels) and, if anything was copied, FFV1 gbrp16le (sources)"
            )

    def _decode(self, start: int, stop: int, *, sources: bool) -> Iterator[FrameMap]:
        wanted = self._index.labels[start:stop]
        held: list[dict[int, av.VideoFrame]] = [{} for _ in range(3)]
        position = 0
        with av.open(str(self.path)) as container:
            streams: Any = container.streams.video
            for stream in streams:
                stream.thread_type = "SLICE"
            if start:
                container.seek(wanted[0], stream=streams[0], backward=True)
            for packet in container.demux(*streams):
                number = streams.index(packet.stream)
                # FFmpeg conceals a slice whose CRC is wrong; here that is an error.
                if packet.size and slices_are_sound(bytes(packet)) is False:
                    raise ProvenanceError(
                        f"{self.path} is damaged (a wrong CRC near frame {start + position}); "
                        "make the take again"
                    )
                decoded: list[Any] = list(packet.decode()) if sources or number == 0 else []
                for video in decoded:
                    if wanted[0] <= video.pts <= wanted[-1]:
                        held[number][video.pts] = video
                while position < len(wanted) and self._complete(
                    wanted[position], held, sources=sources
                ):
                    yield _assemble(wanted[position], held)
                    position += 1
                # The packets after the last frame's labels are its sources: read on to their CRC.
                if position == len(wanted) and (sources or stop < len(self)):
                    return
        if position < len(wanted):
            raise ProvenanceError(
                f"{self.path}: frame {start + position} cannot be decoded; make the take again"
            )

    def _complete(self, pts: int, held: list[dict[int, av.VideoFrame]], *, sources: bool) -> bool:
        if not sources:
            return pts in held[0]
        return pts in held[0] and all(
            pts not in times or pts in held[number]
            for number, times in enumerate(self._index.sources, start=1)
        )


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


def _index(container: Any) -> _Index:
    times: list[list[int]] = [[] for _ in container.streams.video]
    positions = {stream.index: n for n, stream in enumerate(container.streams.video)}
    for packet in container.demux(video=tuple(range(len(times)))):
        if packet.pts is not None:
            times[positions[packet.stream.index]].append(int(packet.pts))
    return _Index(sorted(times[0]), tuple(frozenset(each) for each in times[1:]))


def _assemble(pts: int, held: list[dict[int, av.VideoFrame]]) -> FrameMap:
    labels = read_labels(held[0].pop(pts))
    sources = [_read_sources(streams.pop(pts)) if pts in streams else None for streams in held[1:]]
    sources = [each if each is not None and _anywhere(each) else None for each in sources]
    return FrameMap(labels.structure, labels.colour, sources[0], sources[1])


def _labels_frame(frame_map: FrameMap) -> av.VideoFrame:
    return fill_frame("gray", (pack(frame_map),))


def _sources_frame(sources: Sources) -> av.VideoFrame:
    planes = (sources.dy, sources.dx, sources.offset)  # G, B, R
    # Adding 32768 to a 16-bit number turns over its highest bit.
    shifted = [plane.astype(np.int16).view(np.uint16) ^ np.uint16(ZERO) for plane in planes]
    return fill_frame("gbrp16le", tuple(shifted))


def read_labels(video: av.VideoFrame) -> FrameMap:
    """The labels of a decoded frame of a map's first stream.

    Raises: ProvenanceError if its numbers are no labels.
    """
    return unpack(plane_rows(video.planes[0], rows=video.height, row_bytes=video.width))


def _read_sources(video: av.VideoFrame) -> Sources:
    dy, dx, offset = (
        (_samples(plane, video.height, video.width) ^ np.uint16(ZERO)).view(np.int16)
        for plane in video.planes
    )
    return Sources(offset.astype(np.int8), dy, dx)


def _samples(plane: Any, rows: int, columns: int) -> npt.NDArray[np.uint16]:
    stored = plane_rows(plane, rows=rows, row_bytes=2 * columns)
    samples: npt.NDArray[np.uint16] = np.ascontiguousarray(stored).view("<u2")
    return samples


def _anywhere(sources: Sources) -> bool:
    return bool(sources.offset.any() or sources.dy.any() or sources.dx.any())


def _join(parts: list[Path], path: Path) -> None:
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
