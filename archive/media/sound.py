"""Copying a scan's sound, packet by packet, beside pictures that begin at some frame of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.opening import open_container


@dataclass(frozen=True, slots=True)
class SoundRange:
    """A stretch of a scan's sound, on the scan's own clock."""

    path: Path
    start: Fraction
    """Seconds at which the first picture of the range is shown."""
    end: Fraction | None = None
    """Seconds at which the range ends; None = with the sound itself."""


def sound_of(
    path: Path, *, table: FrameTable, start_frame: int = 0, end_frame: int | None = None
) -> SoundRange | None:
    """The sound that belongs to frames [start_frame, end_frame); None if the scan is silent."""
    if path.is_dir():
        return None
    with open_container(path) as container:
        if not container.streams.audio:
            return None
    end = None
    if end_frame is not None and end_frame < len(table):
        end = table.pts[end_frame] * table.time_base
    return SoundRange(path, table.pts[start_frame] * table.time_base, end)


class SoundCopy:
    """Audio packets of a scan, muxed in step with the pictures.

    The packets' bytes are untouched; their times are moved so that the range begins at zero.
    Packets that end at or before zero, or begin at or after the end, are left out.
    """

    def __init__(self, sound: SoundRange, target: OutputContainer) -> None:
        """Raises: MediaError if the container cannot carry one of the codecs."""
        self._sound = sound
        self._target = target
        self._opened = ExitStack()
        source = self._opened.enter_context(open_container(sound.path))
        self._tracks: dict[int, AudioStream] = {}
        for stream in source.streams.audio:
            try:
                self._tracks[stream.index] = target.add_stream_from_template(stream)
            except (av.FFmpegError, ValueError) as error:
                self._opened.close()
                raise MediaError(
                    f"{target.format.name} cannot carry {stream.codec_context.name} sound"
                ) from error
            self._tracks[stream.index].metadata.update(stream.metadata)
        self._packets = self._shifted(source)
        self._waiting = next(self._packets, None)

    def _shifted(
        self, source: av.container.InputContainer
    ) -> Generator[tuple[Fraction, av.Packet[AudioStream]]]:
        for packet in source.demux(*source.streams.audio):
            if packet.pts is None:
                continue
            base = packet.time_base
            at = packet.pts * base - self._sound.start
            if at + (packet.duration or 0) * base <= 0:
                continue
            if self._sound.end is not None and packet.pts * base >= self._sound.end:
                continue
            shift = round(self._sound.start / base)
            track = self._tracks[packet.stream_index]
            packet.pts -= shift
            packet.dts = packet.pts
            packet.stream = track
            yield at, packet

    def copy_until(self, seconds: Fraction) -> None:
        """Mux what begins before `seconds`, so that sound and pictures lie side by side."""
        while self._waiting is not None and self._waiting[0] < seconds:
            self._target.mux(self._waiting[1])
            self._waiting = next(self._packets, None)

    def finish(self) -> None:
        """Mux the rest."""
        while self._waiting is not None:
            self._target.mux(self._waiting[1])
            self._waiting = next(self._packets, None)

    def close(self) -> None:
        self._packets.close()
        self._opened.close()
