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
MOV_CODECS = MP4_CODECS - {"flac", "opus"}
"""The same of QuickTime, beside PCM of every kind."""
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
_PCM_TARGETS = {"s16": "pcm_s16le", "s16p": "pcm_s16le", "s32": "pcm_s32le", "s32p": "pcm_s32le"}
"""PCM that holds each sample format of a lossless decoder exactly."""
_LOSSLESS = frozenset({"flac", "alac"})


_Span = tuple[int, int]
"""First sample and the one after the last, on the scan's clock."""


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
    from_beginning: bool = False
    """Take also what lies before `start`: the encoder's priming, or sound that begins early."""


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
        end = table.seconds(end_frame)
    start = table.seconds(start_frame)
    return SoundRange(path, start, end, from_beginning=start_frame == 0)


class SoundCopy:
    """Every audio track of a range, copied packet by packet where the container carries it.

    Times are moved so that the range begins at zero. Of a whole scan every packet goes along. In a
    range within it, uncompressed sound is cut to the sample at both ends; of compressed sound,
    packets that touch the range are kept whole, and one before it, from which decoders start up
    (what lies before zero is not played). MP4 cannot carry most PCM: it becomes FLAC, which decodes
    to the same samples, and `record` says so.
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
        recoded = _recoded_as(stream, self._target.format.name)
        track = (
            _RecodedTrack(stream, self._target, *recoded)
            if recoded is not None
            else _CopyTrack(stream, self._target)
        )
        track.target.metadata.update(stream.metadata)
        self.record.append(
            {
                "track": str(number),
                "codec": codec,
                "written_as": recoded[0] if recoded is not None else codec,
                "how": "copied untouched"
                if recoded is None
                else "losslessly recoded, samples identical",
            }
        )
        return track

    def _read(
        self, source: InputContainer
    ) -> Generator[tuple[Fraction, _Track, av.Packet[Any], _Span]]:
        packets = source.demux(*source.streams.audio)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError as error:
                for one in self.record:
                    one["how"] += f"; the scan's sound breaks off ({error.strerror})"
                return
            if packet.pts is None:
                continue
            track = self._tracks[packet.stream_index]
            start, length = track.clock.place(packet)
            at = Fraction(start, track.clock.rate) - self._sound.start
            if not self._sound.from_beginning and at + 2 * length <= 0:
                continue
            if self._sound.end is not None and at + self._sound.start >= self._sound.end:
                continue
            yield at, track, packet, (start, start + track.clock.samples)

    def _mux(self) -> None:
        if self._waiting is None:
            return
        _, track, packet, span = self._waiting
        for ready in track.cut(packet, span, self._sound):
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


def write_sound(path: Path, sound: SoundRange) -> list[dict[str, str]]:
    """A range's sound by itself, in Matroska, every packet untouched.

    Returns: for each track how it was carried.
    Raises: MediaError, OSError.
    """
    options = {"avoid_negative_ts": "disabled", "fflags": "+bitexact"}
    try:
        with av.open(str(path.absolute()), "w", format="matroska", options=options) as container:
            copied = SoundCopy(sound, container)
            try:
                copied.finish()
            finally:
                copied.close()
    except av.FFmpegError as error:
        path.unlink(missing_ok=True)
        raise MediaError(f"{path.name} could not be written: {error}") from error
    return copied.record


class _Clock:
    """Places one track's packets on its own samples.

    Containers round times (Matroska to milliseconds); sound that follows without a break is placed
    by counting samples instead.
    """

    def __init__(self, stream: AudioStream) -> None:
        context = stream.codec_context
        self.rate = context.sample_rate
        self.block = _block_bytes(context.codec.canonical_name, context.channels)
        self._frame = context.frame_size or 0
        self._context = context
        self._next: int | None = None
        self.samples = 0
        """Samples of the packet that was placed last."""

    def place(self, packet: av.Packet[Any]) -> tuple[int, Fraction]:
        """The number of its first sample on the scan's clock, and the seconds that it sounds.

        Each packet of the track once, in order.
        """
        tick = packet.time_base * self.rate
        start = round((packet.pts or 0) * tick)
        if self._next is not None and abs(start - self._next) <= tick + 1:
            start = self._next
        self.samples = self._count(packet)
        self._next = start + self.samples
        return start, Fraction(self.samples, self.rate)

    def _count(self, packet: av.Packet[Any]) -> int:
        if self.block:
            return packet.size // self.block
        tick = packet.time_base * self.rate
        announced = (packet.duration or 0) * tick
        # The length too is rounded, or left out.
        if self._frame and (not announced or abs(announced - self._frame) <= tick):
            return self._frame
        if not announced:  # ALAC in Matroska
            return sum(frame.samples for frame in self._context.decode(packet))
        return round(announced)


class _Track(Protocol):
    target: AudioStream
    clock: _Clock

    def cut(self, packet: av.Packet[Any], span: _Span, sound: SoundRange) -> list[av.Packet[Any]]:
        """What of a packet that holds the samples [start, stop) belongs to the range."""
        ...

    def flush(self) -> list[av.Packet[Any]]: ...


class _CopyTrack:
    """One track whose packets keep their bytes."""

    def __init__(self, stream: AudioStream, target: OutputContainer) -> None:
        try:
            self.target = target.add_stream_from_template(stream)
        except (av.FFmpegError, ValueError) as error:
            name = stream.codec_context.name
            raise MediaError(f"{target.format.name} cannot carry {name} sound") from error
        self.clock = _Clock(stream)

    def cut(self, packet: av.Packet[Any], span: _Span, sound: SoundRange) -> list[av.Packet[Any]]:
        rate = self.clock.rate
        if self.clock.block:
            span, packet = _cut(packet, span, self.clock, sound)
            if packet.size == 0:
                return []
        packet.time_base = Fraction(1, rate)
        packet.pts = packet.dts = span[0] - round(sound.start * rate)
        packet.duration = span[1] - span[0]
        packet.stream = self.target
        return [packet]

    def flush(self) -> list[av.Packet[Any]]:
        return []


def _recoded_as(stream: AudioStream, container: str) -> tuple[str, str] | None:
    """Codec and sample format that a track is recoded to without loss; None: it is copied.

    Raises: MediaError if it can be neither.
    """
    context = stream.codec_context
    codec = context.codec.canonical_name
    is_mp4, is_mov = "mp4" in container, container == "mov"
    if is_mp4 and codec in _FLAC_SOURCES:
        return "flac", _FLAC_SOURCES[codec]
    if is_mov and codec in _LOSSLESS and context.format.name in _PCM_TARGETS:
        name = context.format.name
        return _PCM_TARGETS[name], name.removesuffix("p")
    carried = MP4_CODECS if is_mp4 else MOV_CODECS
    is_pcm = is_mov and codec.startswith("pcm_")
    if (is_mp4 or is_mov) and not is_pcm and codec not in carried:
        raise MediaError(
            f"{'MP4' if is_mp4 else 'QuickTime'} cannot carry the scan's {codec} sound untouched; "
            "deliver Matroska, or deliver without sound"
        )
    return None


class _RecodedTrack:
    """One track, recoded to another lossless codec with the same samples."""

    def __init__(
        self, stream: AudioStream, target: OutputContainer, codec: str, samples: str
    ) -> None:
        self._context = stream.codec_context
        self.clock = _Clock(stream)
        found = target.add_stream(codec, rate=self.clock.rate)
        assert isinstance(found, AudioStream)
        self.target = found
        found.codec_context.format = samples
        found.codec_context.layout = self._context.layout
        found.codec_context.time_base = Fraction(1, self.clock.rate)
        self._resampler = av.AudioResampler(format=samples, frame_size=4096)
        self._next: int | None = None

    def cut(self, packet: av.Packet[Any], span: _Span, sound: SoundRange) -> list[av.Packet[Any]]:
        span, packet = _cut(packet, span, self.clock, sound)
        if packet.size == 0:
            return []
        if self._next is None:
            self._next = span[0] - round(sound.start * self.clock.rate)
        ready = []
        for frame in self._context.decode(packet):
            ready += self._encode(frame)
        return ready

    def _encode(self, frame: av.AudioFrame | None) -> list[av.Packet[Any]]:
        ready: list[av.Packet[Any]] = []
        if frame is not None:
            frame.pts = None
        for piece in self._resampler.resample(frame):
            assert self._next is not None
            piece.pts, piece.time_base = self._next, Fraction(1, self.clock.rate)
            self._next += piece.samples
            ready += self.target.encode(piece)
        return ready

    def flush(self) -> list[av.Packet[Any]]:
        if self._next is None:
            return []
        return self._encode(None) + self.target.encode(None)


def _cut(
    packet: av.Packet[Any], span: _Span, clock: _Clock, sound: SoundRange
) -> tuple[_Span, av.Packet[Any]]:
    """The samples of an uncompressed packet that lie in the range, perhaps none.

    Compressed packets stay whole.
    """
    if not clock.block:
        return span, packet
    start = span[0] if sound.from_beginning else max(span[0], round(sound.start * clock.rate))
    stop = span[1] if sound.end is None else min(span[1], round(sound.end * clock.rate))
    if (start, stop) == span:
        return span, packet
    first, last = ((place - span[0]) * clock.block for place in (start, max(start, stop)))
    piece: av.Packet[Any] = av.Packet(bytes(packet)[first:last])
    piece.is_keyframe = True
    return (start, max(start, stop)), piece


def _block_bytes(codec: str, channels: int) -> int:
    """Bytes of one sample of all channels of interleaved PCM; 0 for compressed sound."""
    if not codec.startswith("pcm_") or "planar" in codec:
        return 0
    digits = "".join(letter for letter in codec[4:7] if letter.isdigit())
    bits = int(digits) if digits else {"pcm_alaw": 8, "pcm_mulaw": 8}.get(codec, 0)
    return bits // 8 * channels
