"""Provenance maps as files: FFV1 in Matroska, lossless, beside the picture they speak of.

Stream 0 (gray8) holds structure + 8 * colour. Stream 1 (gbrp16le), only if anything was copied,
holds R = source offset, G = dy, B = dx, each + 32768; after the first frame, those in which nothing
was copied have no packet there. The next, of the same form, holds colour's own sources where one
record cannot serve both planes. Where colour was added, two more (gray16le and gray8) hold the hint
that each colour came from and its doubt. See docs/provenance-map.md.
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
    COLOUR_SOURCES,
    DOUBTS,
    FORMS,
    HINTS,
    LABELS,
    SOURCES,
    StreamWriter,
    doubts_frame,
    head_of,
    hints_frame,
    join_streams,
    kinds_of,
    labels_frame,
    read_guidance,
    read_labels,
    read_sources,
    sources_frame,
)
from restoration.provenance import FrameMap, Guidance, ProvenanceError, Sources, Totals


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
        self._more: dict[int, StreamWriter] = {}

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
        recorded = ((SOURCES, frame_map.sources), (COLOUR_SOURCES, frame_map.colour_sources))
        for kind, sources in recorded:
            if sources is not None and _anywhere(sources):
                self._stream(kind).write(sources_frame(sources), self.frames)
        if frame_map.guidance is not None:
            self._stream(HINTS).write(hints_frame(frame_map.guidance), self.frames)
            self._stream(DOUBTS).write(doubts_frame(frame_map.guidance), self.frames)
        counted = Totals.count(frame_map)
        self.totals += counted
        self.frames += 1
        return counted

    @property
    def has_guidance(self) -> bool:
        """Whether a map that was written names hints."""
        return HINTS in self._more

    def copy(self, path: Path, totals: Totals) -> bool:
        """Append a whole map as it is stored, without decoding and encoding it.

        Args:
            totals: what that map holds; checked by whoever reads the result.
        Returns: False, and nothing was appended, if its streams were coded in another way than
            this version codes them: read it and `write` its frames instead.
        Raises: ProvenanceError if it is no map, or damaged.
        """
        reader = MapReader(path)
        numbers = {pts: self.frames + n for n, pts in enumerate(reader.times)}
        with av.open(str(path)) as container:
            streams: Any = container.streams.video
            kinds = dict(zip((each.index for each in streams), reader.kinds, strict=True))
            if any(StreamHead.of(each) != self._head(kinds[each.index]) for each in streams):
                return False
            for packet in container.demux(*streams):
                if packet.size and packet.pts is not None:
                    kind = kinds[packet.stream.index]
                    writer = self._labels if kind == LABELS else self._stream(kind)
                    writer.copy(packet, numbers[packet.pts])
        self.totals += totals
        self.frames += len(numbers)
        return True

    def close(self) -> None:
        """Finish the file."""
        self._labels.close()
        if not self._more:
            return
        parts = [self._labels.path.rename(self._beside(LABELS))]
        for _, stream in sorted(self._more.items()):
            stream.close()
            parts.append(stream.path)
        join_streams(parts, self.path)
        for part in parts:
            part.unlink()

    def abandon(self) -> None:
        """Stop, and leave nothing behind."""
        for stream in (self._labels, *self._more.values()):
            stream.abandon()
        for part in (self.path, self._beside(LABELS)):
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

    def _stream(self, kind: int) -> StreamWriter:
        # Streams are told apart by their forms and order: the second of a form needs the first.
        for needed in {COLOUR_SOURCES: (SOURCES,), DOUBTS: (HINTS,)}.get(kind, ()):
            if needed not in self._more:
                self._begin(needed, with_nothing=True)
        if kind not in self._more:
            self._begin(kind, with_nothing=self.frames > 0)
        return self._more[kind]

    def _begin(self, kind: int, *, with_nothing: bool) -> None:
        self._more[kind] = self._open(self._beside(kind), FORMS[kind])
        if with_nothing:
            # Demuxers learn a stream's form from its first packet and look for it only so far:
            # without one at frame 0 a stream whose first copy comes late has no pixel format.
            self._more[kind].write(_nothing(kind, self._shape), 0)

    def _head(self, kind: int) -> StreamHead:
        height, width = self._shape
        return head_of(width, height, FORMS[kind])

    def _open(self, path: Path, pix_fmt: str) -> StreamWriter:
        height, width = self._shape
        return StreamWriter(path, pix_fmt=pix_fmt, width=width, height=height, rate=self._rate)

    def _beside(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.stream{number}")


def _nothing(kind: int, shape: tuple[int, int]) -> av.VideoFrame:
    if kind in (SOURCES, COLOUR_SOURCES):
        shift = np.zeros(shape, np.int16)
        return sources_frame(Sources(shift.astype(np.int8), shift, shift))
    known = Guidance(np.zeros(shape, np.uint16), np.zeros(shape, np.uint8))
    return hints_frame(known) if kind == HINTS else doubts_frame(known)


@dataclass(frozen=True, slots=True)
class _Index:
    """Presentation times of the packets, by stream."""

    labels: list[int]
    more: tuple[frozenset[int], ...]


class MapReader:
    """Reads maps back, one frame after another or from any frame on."""

    def __init__(self, path: Path) -> None:
        """Raises: ProvenanceError if the file is no provenance map."""
        self.path = path
        try:
            with av.open(str(path)) as container:
                self.kinds = self._kinds(container)
                """Which streams it has, in order."""
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
        copies = zip(self.kinds[1:], self._index.more, strict=True)
        return any(times for kind, times in copies if kind in (SOURCES, COLOUR_SOURCES))

    @property
    def has_guidance(self) -> bool:
        """Whether it says which hint a colour came from."""
        return HINTS in self.kinds

    def frames(
        self, start: int = 0, stop: int | None = None, *, sources: bool = True
    ) -> Iterator[FrameMap]:
        """The maps [start, stop), counted from the file's first frame.

        Args:
            sources: False leaves them and guidance out, which is faster; their CRCs are checked
                all the same.
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

    def _kinds(self, container: Any) -> list[int]:
        found = [
            (stream.codec_context.name, stream.format.name if stream.format else "unknown")
            for stream in container.streams.video
        ]
        kinds = kinds_of([form for _, form in found])
        if not found or kinds is None or any(codec != "ffv1" for codec, _ in found):
            raise ProvenanceError(
                f"{self.path} is no provenance map: its streams are {found or 'none'}, wanted is "
                "FFV1 gray (labels) and, if anything was copied, FFV1 gbrp16le (sources), and if "
                "colour was added FFV1 gray16le and gray (hints and doubts)"
            )
        return kinds

    def _decode(self, start: int, stop: int, *, sources: bool) -> Iterator[FrameMap]:
        wanted = self._index.labels[start:stop]
        held: list[dict[int, av.VideoFrame]] = [{} for _ in self.kinds]
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
                    yield _assemble(wanted[position], dict(zip(self.kinds, held, strict=True)))
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
            for number, times in enumerate(self._index.more, start=1)
        )


def _index(container: Any) -> _Index:
    times: list[list[int]] = [[] for _ in container.streams.video]
    positions = {stream.index: n for n, stream in enumerate(container.streams.video)}
    for packet in container.demux(video=tuple(range(len(times)))):
        if packet.pts is not None:
            times[positions[packet.stream.index]].append(int(packet.pts))
    return _Index(sorted(times[0]), tuple(frozenset(each) for each in times[1:]))


def _assemble(pts: int, held: dict[int, dict[int, av.VideoFrame]]) -> FrameMap:
    found = {kind: streams.pop(pts) for kind, streams in held.items() if pts in streams}
    labels = read_labels(found[LABELS])
    copies = [read_sources(found[k]) if k in found else None for k in (SOURCES, COLOUR_SOURCES)]
    sources = [each if each is not None and _anywhere(each) else None for each in copies]
    guidance = read_guidance(found[HINTS], found[DOUBTS]) if HINTS in found else None
    return FrameMap(labels.structure, labels.colour, sources[0], sources[1], guidance)


def _anywhere(sources: Sources) -> bool:
    return bool(sources.offset.any() or sources.dy.any() or sources.dx.any())
