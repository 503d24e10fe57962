"""Making frame tables: every picture that a player shows, counted by decoding."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from archive.media import sequence
from archive.media.errors import NoFrames, NotAVideo
from archive.media.ffv1 import slices_are_sound
from archive.media.formats import EXACT_ASPECT_TAG, EXACT_RATE_TAG, exact_fraction
from archive.media.frames import FrameTable
from archive.media.opening import open_container, picture_stream
from archive.media.planes import native_md5, native_size
from archive.media.rates import nominal_rate

Progress = Callable[[int, int], None]
"""Called with (frames done, frames expected or 0)."""


@dataclass(slots=True)
class DecodePass:
    """What one pass over a video gathers."""

    pts: list[int | None] = field(default_factory=list)
    key: list[bool] = field(default_factory=list)
    md5: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    interlaced: int = 0
    broken_slices: set[int] = field(default_factory=set)
    """Timestamps of FFV1 packets with a slice whose CRC is wrong."""
    undecodable: int = 0
    """Packets that the decoder refused."""
    broken_off: str = ""
    """The demuxer's words if reading stopped before the end."""


def decode_all(
    container: InputContainer, stream: VideoStream, seen: DecodePass
) -> Iterator[av.VideoFrame]:
    """Decode a picture track to its end, past packets that do not decode."""
    packets = container.demux(stream)
    has_crc = stream.codec_context.name == "ffv1"
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError as error:
            seen.broken_off = str(error.strerror)
            # What the decoder still holds back was read soundly.
            yield from _decode(stream, None, seen)
            return
        if has_crc and packet.pts is not None and slices_are_sound(bytes(packet)) is False:
            seen.broken_slices.add(packet.pts)
        yield from _decode(stream, packet, seen)


def _decode(
    stream: VideoStream, packet: av.Packet[VideoStream] | None, seen: DecodePass
) -> Iterator[av.VideoFrame]:
    if packet is not None and packet.size == 0 and packet.dts is None:
        packet = None  # the end: flush
    try:
        yield from stream.decode(packet)
    except av.EOFError:
        return
    except av.FFmpegError as error:
        if error.errno in (errno.ENOMEM, errno.EAGAIN):  # EAGAIN: no memory for a thread
            raise MemoryError from error
        seen.undecodable += 1


def scan_video(
    container: InputContainer,
    stream: VideoStream,
    *,
    digests: bool = True,
    progress: Progress | None = None,
    each: Callable[[int, av.VideoFrame], None] | None = None,
) -> DecodePass:
    """Decode everything once.

    Args:
        each: called with every frame and its number.
    """
    seen = DecodePass()
    expected = stream.frames
    for number, frame in enumerate(decode_all(container, stream, seen)):
        seen.pts.append(frame.pts)
        seen.key.append(frame.key_frame)
        if frame.is_corrupt or frame.pts in seen.broken_slices:
            seen.damaged.append(number)
        seen.interlaced += frame.interlaced_frame
        if digests:
            seen.md5.append(native_md5(frame))
            seen.sizes.append(native_size(frame))
        if each is not None:
            each(number, frame)
        if progress is not None:
            progress(number + 1, expected)
    return seen


def table_of(
    seen: DecodePass, container: InputContainer, stream: VideoStream, *, name: str
) -> FrameTable:
    """Raises: NoFrames if nothing decoded."""
    if not seen.pts:
        raise NoFrames(
            f"{name} opens as {container.format.name}, but no picture can be decoded from it; "
            "it is empty or cut off"
        )
    time_base = stream.time_base or Fraction(1, 90_000)
    announced = announced_rates(container, stream)
    pts = [value for value in seen.pts if value is not None]
    ordered = len(pts) == len(seen.pts) and all(b > a for a, b in pairwise(pts))
    if ordered:
        rate, variable = nominal_rate(pts, time_base=time_base, announced=announced)
    else:  # no usable clock (raw streams, packed AVI): frames are numbered, evenly
        rate, variable = (announced[0] if announced else Fraction(25)), False
        time_base, pts = 1 / rate, list(range(len(seen.pts)))
        seen.key = [False] * len(pts)  # numbers are no timestamps to seek by
    return FrameTable(
        time_base=time_base,
        pts=tuple(pts),
        key=tuple(seen.key),
        rate=rate,
        variable_rate=variable,
        md5=tuple(seen.md5),
        sizes=tuple(seen.sizes),
        damaged=tuple(seen.damaged),
        dimensions=(stream.width, stream.height),
        sample_aspect=sample_aspect(container, stream),
    )


def announced_rates(container: InputContainer, stream: VideoStream) -> list[Fraction]:
    """Rates that the headers give, the most trusted first."""
    exact = exact_fraction(container.metadata, EXACT_RATE_TAG)
    if exact is not None:
        return [exact]
    found = [stream.average_rate, stream.base_rate, stream.guessed_rate]
    return [Fraction(rate) for rate in found if rate]


def sample_aspect(container: InputContainer, stream: VideoStream) -> Fraction:
    exact = exact_fraction(container.metadata, EXACT_ASPECT_TAG)
    found = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return exact or (Fraction(found) if found else Fraction(1))


def make_table(path: Path, *, digests: bool = True, progress: Progress | None = None) -> FrameTable:
    """Decode a video file once and number its frames.

    Raises: NotAVideo, NoFrames.
    """
    with open_container(path) as container:
        stream = picture_stream(container, path=path)
        seen = scan_video(container, stream, digests=digests, progress=progress)
        return table_of(seen, container, stream, name=path.name)


def index_own_master(path: Path) -> FrameTable | None:
    """Number the frames of a file that `PictureWriter` wrote, from its packets alone.

    Every packet of such a file is one key frame, and its exact rate is in a tag; a damaged packet
    still raises when it is decoded. None for any other file.
    """
    with open_container(path) as container:
        rate = exact_fraction(container.metadata, EXACT_RATE_TAG)
        stream = picture_stream(container, path=path)
        if (
            rate is None
            or stream.codec_context.name != "ffv1"
            or "matroska" not in (container.format.name)
        ):
            return None
        try:
            pts = [packet.pts for packet in container.demux(stream) if packet.pts is not None]
        except av.FFmpegError as error:
            raise NotAVideo(f"{path.name} is cut off: {error.strerror}") from error
        return FrameTable(
            time_base=stream.time_base or Fraction(1, 1000),
            pts=tuple(pts),
            key=(True,) * len(pts),
            rate=rate,
            dimensions=(stream.width, stream.height),
            sample_aspect=sample_aspect(container, stream),
        )


def make_sequence_table(
    found: sequence.NumberedFrames,
    *,
    rate: Fraction,
    progress: Progress | None = None,
    each: Callable[[int, av.VideoFrame], None] | None = None,
) -> FrameTable:
    """Decode every frame file once; a frame's timestamp is the number in its name.

    Raises: BrokenSequence naming files that do not decode or differ in size or format.
    """
    md5, sizes, kinds = [], [], []
    for number, frame in enumerate(sequence.iterate(found, 0, len(found))):
        md5.append(native_md5(frame))
        sizes.append(native_size(frame))
        kinds.append((frame.width, frame.height, frame.format.name))
        if each is not None:
            each(number, frame)
        if progress is not None:
            progress(number + 1, len(found))
    sequence.require_same(kinds, found)
    return FrameTable(
        time_base=1 / rate,
        pts=tuple(range(found.start_number, found.start_number + len(md5))),
        key=(True,) * len(md5),
        rate=rate,
        md5=tuple(md5),
        sizes=tuple(sizes),
        dimensions=kinds[0][:2],
    )
