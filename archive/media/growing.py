"""Reading our own masters back while they are still being written, packet by packet.

What is read comes from the file, by a demuxer and a decoder of its own, never from the encoder. The
muxer goes back to a file's head when it closes it; `packets_of` then shows whether the closed file
holds the very packets that were decoded. FFV1 pictures depend on their packet and the stream's head
alone, so the same packets under the same head are the same pictures.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from archive.media.errors import MediaError
from archive.media.ffv1 import slices_are_sound
from archive.media.opening import open_container
from archive.media.threads import asked_for

_READ_BYTES = 1 << 20


class GrowingFile:
    """A file that FFmpeg reads from its start in one thread while another appends to it.

    Reading waits for the writer until `complete`. It cannot seek, so a demuxer takes the file as a
    stream. Close it after the reader has ended.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.waited = 0.0
        """Seconds for which the reader had to wait."""
        self._file = path.open("rb", buffering=0)
        self._grown = threading.Condition()
        self._growths = 0
        self._complete = False

    def read(self, size: int) -> bytes:
        """At most `size` bytes, at least one unless the file is complete and read to its end."""
        while True:
            with self._grown:
                seen, complete = self._growths, self._complete
            data = self._file.read(size)
            if data or complete:
                return data
            began = time.perf_counter()
            with self._grown:
                while self._growths == seen and not self._complete:
                    self._grown.wait()
            self.waited += time.perf_counter() - began

    def grow(self) -> None:
        """The writer has written more."""
        with self._grown:
            self._growths += 1
            self._grown.notify_all()

    def complete(self) -> None:
        """The writer has ended: what is there is all."""
        with self._grown:
            self._complete = True
            self._grown.notify_all()

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class StreamHead:
    """What the decoder is told of a stream before its first packet."""

    codec: str
    layout: str
    width: int
    height: int
    extradata: bytes

    @classmethod
    def of(cls, stream: Any) -> StreamHead:
        context = stream.codec_context
        return cls(
            context.name,
            stream.format.name if stream.format else "unknown",
            stream.width,
            stream.height,
            bytes(context.extradata or b""),
        )


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as it lies in a file."""

    stream: int
    """Place among the file's picture streams."""
    pts: int
    sha256: bytes
    sound: bool
    """Whether every slice's CRC holds."""

    @classmethod
    def of(cls, data: bytes, *, stream: int, pts: int) -> Packet:
        sound = slices_are_sound(data) is not False
        return cls(stream, pts, hashlib.sha256(data).digest(), sound)


@dataclass(slots=True)
class PacketsRead:
    """A stream's head and packets, in the order of the file."""

    heads: list[StreamHead]
    packets: list[Packet]

    def of_stream(self, number: int) -> tuple[StreamHead | None, list[Packet]]:
        head = self.heads[number] if number < len(self.heads) else None
        return head, [packet for packet in self.packets if packet.stream == number]


def follow(file: GrowingFile, seen: PacketsRead) -> Iterator[av.VideoFrame]:
    """Decode the first picture stream of a growing FFV1 file as its packets arrive.

    Args:
        seen: gets the stream's head and every packet that was decoded.
    Raises: MediaError at a slice whose CRC is wrong, or if the file cannot be read.
    """
    try:
        # Known from the first packet on: FFV1's frames tell their form, and the rate is in a tag.
        with av.open(
            file, "r", format="matroska", options={"fpsprobesize": "0"}, buffer_size=_READ_BYTES
        ) as container:
            stream = container.streams.video[0]
            stream.thread_type = "SLICE"  # no frame waits for the packets after it
            stream.codec_context.thread_count = asked_for()
            seen.heads.append(StreamHead.of(stream))
            for packet in container.demux(stream):
                if packet.size and packet.pts is not None:
                    noted = Packet.of(bytes(packet), stream=0, pts=packet.pts)
                    seen.packets.append(noted)
                    _require_sound(noted, file.name, len(seen.packets) - 1)
                yield from packet.decode()
    except (av.FFmpegError, IndexError) as error:
        raise MediaError(
            f"{file.name} cannot be read back: {error}; make the take again"
        ) from error


def packets_of(path: Path, *, on_packet: Callable[[], None] = lambda: None) -> PacketsRead:
    """Heads and packets of every picture stream of a closed file.

    Args:
        on_packet: called after each packet; may raise to stop.
    Raises: MediaError at a slice whose CRC is wrong, or if the file cannot be read.
    """
    read = PacketsRead([], [])
    with open_container(path) as container:
        streams = list(container.streams.video)
        read.heads = [StreamHead.of(stream) for stream in streams]
        place = {stream.index: number for number, stream in enumerate(streams)}
        try:
            for packet in container.demux(*streams):
                if packet.size and packet.pts is not None:
                    number = place[packet.stream.index]
                    noted = Packet.of(bytes(packet), stream=number, pts=packet.pts)
                    read.packets.append(noted)
                    _require_sound(noted, path.name, len(read.packets) - 1)
                    on_packet()
        except av.FFmpegError as error:
            raise MediaError(
                f"{path.name} is cut off: {error.strerror}; make the take again"
            ) from error
    return read


def _require_sound(packet: Packet, name: str, place: int) -> None:
    if not packet.sound:
        raise MediaError(f"{name} is damaged (a wrong CRC in packet {place}); make the take again")
