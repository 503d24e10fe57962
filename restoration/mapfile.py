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
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np

from archive.media.ffv1 import slices_are_sound
from archive.media.growing import StreamHead
from restoration.mapstreams import (
    StreamWriter,
    head_of,
    join_streams,
    labels_frame,
    read_labels,
    read_sources,
    sources_frame,
)
from restoration.provenance import FrameMap, ProvenanceError, Sources, Totals


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
        self._sources: dict[int, StreamWriter] = {}

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
        self._labels.write(labels_frame(frame_map), self.frames)
        recorded = (frame_map.sources, frame_map.colour_sources)
        for number, sources in enumerate(recorded, start=1):
            if sources is not None and _anywhere(sources):
                self._source_stream(number).write(sources_frame(sources), self.frames)
        counted = Totals.count(frame_map)
        self.totals += counted
        self.frames += 1
        return counted

    def copy(self, path: Path, totals: Totals) -> bool:
        """Append a whole map as it is stored, without decoding and encoding it.

        Args:
            totals: what that map holds; checked by whoever reads the result.
        Returns: False, and nothing was appended, if its streams were coded in another way than
            this version codes them: read it and `write` its frames instead.
        Raises: ProvenanceError if it is no map, or damaged.
        """
        numbers = {pts: self.frames + n for n, pts in enumerate(MapReader(path).times)}
        with av.open(str(path)) as container:
            streams: Any = container.streams.video
            if any(StreamHead.of(each) != self._head(n) for n, each in enumerate(streams)):
                return False
            for packet in container.demux(*streams):
                if packet.size and packet.pts is not None:
                    number = streams.index(packet.stream)
                    writer = self._source_stream(number) if number else self._labels
                    writer.copy(packet, numbers[packet.pts])
        self.totals += totals
        self.frames += len(numbers)
        return True

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
        join_streams(parts, self.path)
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

    def _source_stream(self, number: int) -> StreamWriter:
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
            self._sources[number].write(sources_frame(nothing), 0)

    def _head(self, number: int) -> StreamHead:
        height, width = self._shape
        return head_of(width, height, "gbrp16le" if number else "gray")

    def _open(self, path: Path, pix_fmt: str) -> StreamWriter:
        height, width = self._shape
        return StreamWriter(path, pix_fmt=pix_fmt, width=width, height=height, rate=self._rate)

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
    def times(self) -> list[int]:
        """The frames' presentation times in the file, in order."""
        return self._index.labels

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


def _index(container: Any) -> _Index:
    times: list[list[int]] = [[] for _ in container.streams.video]
    positions = {stream.index: n for n, stream in enumerate(container.streams.video)}
    for packet in container.demux(video=tuple(range(len(times)))):
        if packet.pts is not None:
            times[positions[packet.stream.index]].append(int(packet.pts))
    return _Index(sorted(times[0]), tuple(frozenset(each) for each in times[1:]))


def _assemble(pts: int, held: list[dict[int, av.VideoFrame]]) -> FrameMap:
    labels = read_labels(held[0].pop(pts))
    sources = [read_sources(streams.pop(pts)) if pts in streams else None for streams in held[1:]]
    sources = [each if each is not None and _anywhere(each) else None for each in sources]
    return FrameMap(labels.structure, labels.colour, sources[0], sources[1])


def _anywhere(sources: Sources) -> bool:
    return bool(sources.offset.any() or sources.dy.any() or sources.dx.any())
