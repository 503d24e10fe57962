"""Carrying a scan's sound, untouched, beside pictures that begin at some frame of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.opening import open_container

MP4_CODECS = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"})
"""Sound that MP4 carries as it is, in a way that players know."""
_FLAC_SOURCES = {  # sample format that holds each PCM coding exactly, and that FLAC takes
    "pcm_s8": "s16",
    "pcm_u8": "s16",
    "pcm_s16le": "s16",
    "pcm_s16be": "s16",
    "pcm_s24le": "s32",
    "pcm_s24be": "s32",
    "pcm_alaw": "s16",
    "pcm_mulaw": "s16",
}


class Sound(Protocol):
    """Sound that is muxed in step with pictures."""

    record: list[dict[str, str]]
    """For each track: `track`, `codec`, `written_as` and `how`."""

    def copy_until(self, seconds: Fraction) -> None:
        """Mux what begins before `seconds`, so that sound and pictures lie side by side."""
        ...

    def finish(self) -> None:
        """Mux the rest."""
        ...

    def close(self) -> None: ...


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
    """Every audio track of a range, copied packet by packet where the container carries it.

    Times are moved so that the range begins at zero. Uncompressed sound is cut to the sample at
    both ends; of compressed sound, whole packets that lie outside are left out (Matroska has no
    times before zero, so there also a packet that begins before it). MP4 cannot carry most PCM: it
    becomes FLAC, which decodes to the same samples, and `record` says so.
    """

    def __init__(self, sound: SoundRange, target: OutputContainer) -> None:
        """Raises: MediaError if the container cannot carry one of the tracks."""
        self.record: list[dict[str, str]] = []
        self._sound = sound
        self._target = target
        self._opened = ExitStack()
        source = self._opened.enter_context(open_container(sound.path))
        try:
            self._tracks = {
                stream.index: self._add(stream, number)
                for number, stream in enumerate(source.streams.audio)
            }
        except BaseException:
            self._opened.close()
            raise
        self._packets = self._read(source)
        self._waiting = next(self._packets, None)

    def _add(self, stream: AudioStream, number: int) -> _Track:
        codec = stream.codec_context.codec.canonical_name
        is_mp4 = "mp4" in self._target.format.name
        as_flac = is_mp4 and codec in _FLAC_SOURCES
        if is_mp4 and not as_flac and codec not in MP4_CODECS:
            raise MediaError(
                f"MP4 cannot carry the scan's {codec} sound untouched; deliver Matroska, or "
                "deliver without sound"
            )
        track = _FlacTrack(stream, self._target) if as_flac else _CopyTrack(stream, self._target)
        track.target.metadata.update(stream.metadata)
        self.record.append(
            {
                "track": str(number),
                "codec": codec,
                "written_as": "flac" if as_flac else codec,
                "how": "losslessly recoded, samples identical" if as_flac else "copied untouched",
            }
        )
        return track

    def _read(self, source: InputContainer) -> Generator[tuple[Fraction, _Track, av.Packet[Any]]]:
        for packet in source.demux(*source.streams.audio):
            assert isinstance(packet.stream, AudioStream)
            if packet.pts is None:
                continue
            track = self._tracks[packet.stream_index]
            at = packet.pts * packet.time_base - self._sound.start
            length = track.samples(packet) * Fraction(1, packet.stream.codec_context.sample_rate)
            if at + length <= 0:
                continue
            if self._sound.end is not None and packet.pts * packet.time_base >= self._sound.end:
                continue
            yield at, track, packet

    def _mux(self) -> None:
        if self._waiting is None:
            return
        _, track, packet = self._waiting
        for ready in track.cut(packet, start=self._sound.start, end=self._sound.end):
            self._target.mux(ready)
        self._waiting = next(self._packets, None)

    def copy_until(self, seconds: Fraction) -> None:
        while self._waiting is not None and self._waiting[0] < seconds:
            self._mux()

    def finish(self) -> None:
        while self._waiting is not None:
            self._mux()
        for track in self._tracks.values():
            for packet in track.flush():
                self._target.mux(packet)

    def close(self) -> None:
        self._packets.close()
        self._opened.close()


class _Track(Protocol):
    target: AudioStream

    def samples(self, packet: av.Packet[Any]) -> int: ...

    def cut(
        self, packet: av.Packet[Any], *, start: Fraction, end: Fraction | None
    ) -> list[av.Packet[Any]]: ...

    def flush(self) -> list[av.Packet[Any]]: ...


class _CopyTrack:
    """One track whose packets keep their bytes."""

    def __init__(self, stream: AudioStream, target: OutputContainer) -> None:
        try:
            self.target = target.add_stream_from_template(stream)
        except (av.FFmpegError, ValueError) as error:
            name = stream.codec_context.name
            raise MediaError(f"{target.format.name} cannot carry {name} sound") from error
        self._rate = stream.codec_context.sample_rate
        codec = stream.codec_context.codec.canonical_name
        self._block = _block_bytes(codec, stream.codec_context.channels)
        self._may_be_early = "mp4" in target.format.name

    def samples(self, packet: av.Packet[Any]) -> int:
        if self._block:
            return packet.size // self._block
        return round((packet.duration or 0) * packet.time_base * self._rate)

    def cut(
        self, packet: av.Packet[Any], *, start: Fraction, end: Fraction | None
    ) -> list[av.Packet[Any]]:
        base, at = packet.time_base, (packet.pts or 0) * packet.time_base
        if self._block:
            packet, at = self._cut_samples(packet, at=at, start=start, end=end)
        packet.pts = packet.dts = round((at - start) / base)
        packet.time_base = base
        packet.stream = self.target
        if packet.size == 0 or (packet.pts < 0 and not self._may_be_early):
            return []
        return [packet]

    def _cut_samples(
        self,
        packet: av.Packet[Any],
        *,
        at: Fraction,
        start: Fraction,
        end: Fraction | None,
    ) -> tuple[av.Packet[Any], Fraction]:
        """Leave out what lies before the start or after the end of the range."""
        first, stop = _inside(at, self.samples(packet), self._rate, start=start, end=end)
        if (first, stop) == (0, self.samples(packet)):
            return packet, at
        piece: av.Packet[Any] = av.Packet(bytes(packet)[first * self._block : stop * self._block])
        base = packet.time_base
        piece.duration = round(Fraction(stop - first, self._rate) / base)
        piece.is_keyframe = True
        return piece, at + Fraction(first, self._rate)

    def flush(self) -> list[av.Packet[Any]]:
        return []


class _FlacTrack:
    """One PCM track, recoded to FLAC with the same samples."""

    def __init__(self, stream: AudioStream, target: OutputContainer) -> None:
        self._context = stream.codec_context
        self._rate = self._context.sample_rate
        found = target.add_stream("flac", rate=self._rate)
        assert isinstance(found, AudioStream)
        self.target = found
        layout = _FLAC_SOURCES[self._context.codec.canonical_name]
        found.codec_context.format = layout
        found.codec_context.layout = self._context.layout
        found.codec_context.time_base = Fraction(1, self._rate)
        self._block = _block_bytes(self._context.codec.canonical_name, self._context.channels)
        self._resampler = av.AudioResampler(format=layout, frame_size=4096)
        self._next: int | None = None

    def samples(self, packet: av.Packet[Any]) -> int:
        return packet.size // self._block

    def cut(
        self, packet: av.Packet[Any], *, start: Fraction, end: Fraction | None
    ) -> list[av.Packet[Any]]:
        at = (packet.pts or 0) * packet.time_base
        first, stop = _inside(at, self.samples(packet), self._rate, start=start, end=end)
        if stop <= first:
            return []
        piece: av.Packet[Any] = av.Packet(bytes(packet)[first * self._block : stop * self._block])
        if self._next is None:
            self._next = round((at - start) * self._rate) + first
        ready = []
        for frame in self._context.decode(piece):
            ready += self._encode(frame)
        return ready

    def _encode(self, frame: av.AudioFrame | None) -> list[av.Packet[Any]]:
        ready: list[av.Packet[Any]] = []
        if frame is not None:
            frame.pts = None
        for piece in self._resampler.resample(frame):
            assert self._next is not None
            piece.pts, piece.time_base = self._next, Fraction(1, self._rate)
            self._next += piece.samples
            ready += self.target.encode(piece)
        return ready

    def flush(self) -> list[av.Packet[Any]]:
        if self._next is None:
            return []
        return self._encode(None) + self.target.encode(None)


def _block_bytes(codec: str, channels: int) -> int:
    """Bytes of one sample of all channels of interleaved PCM; 0 for compressed sound."""
    if not codec.startswith("pcm_") or "planar" in codec:
        return 0
    digits = "".join(letter for letter in codec[4:7] if letter.isdigit())
    bits = int(digits) if digits else {"pcm_alaw": 8, "pcm_mulaw": 8}.get(codec, 0)
    return bits // 8 * channels


def _inside(
    at: Fraction, samples: int, rate: int, *, start: Fraction, end: Fraction | None
) -> tuple[int, int]:
    """Which samples of a packet that begins at `at` lie in [start, end)."""
    first = max(0, round((start - at) * rate))
    stop = samples if end is None else min(samples, round((end - at) * rate))
    return min(first, samples), max(stop, 0)
