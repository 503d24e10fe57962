"""Everything that is recorded about a scan when it is taken in, found by decoding all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from archive.media import sequence
from archive.media.combing import Combs
from archive.media.decode import sequence_rate
from archive.media.errors import MediaError
from archive.media.formats import format_from_json, format_to_json, frame_format
from archive.media.frames import FrameTable
from archive.media.mediainfo import read_mediainfo
from archive.media.opening import open_container, picture_stream, require_path
from archive.media.pixels import PictureFormat
from archive.media.tables import DecodePass, make_sequence_table, scan_video, table_of

Progress = Callable[[int, int], None]

_FIELD_ORDERS = {1: "progressive", 2: "top first", 3: "bottom first", 4: "top first"}
_FIELD_ORDERS |= {5: "bottom first"}


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One sound track, measured by decoding it."""

    index: int
    """Its place among the audio tracks, from 0."""
    codec: str
    sample_rate: int
    channels: int
    layout: str
    samples: int
    """Samples of each channel that decode."""
    start: Fraction
    """Seconds from the first picture to the first sample; negative if the sound begins earlier."""
    language: str = ""
    title: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "codec": self.codec,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "layout": self.layout,
            "samples": self.samples,
            "start": str(self.start),
            "language": self.language,
            "title": self.title,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> AudioTrack:
        return cls(**{**values, "start": Fraction(values["start"])})


@dataclass(frozen=True, slots=True)
class Probe:
    """What a scan is."""

    kind: Literal["file", "sequence"]
    container: str
    """FFmpeg's name of the container, or of the frame files' decoder."""
    codec: str
    native_format: str
    """The decoder's own pixel format; `format.pixel` is where its code values travel."""
    format: PictureFormat
    table: FrameTable
    field_order: str = "progressive"
    """progressive, "top first", "bottom first" or unknown: interlaced, and nothing tells how."""
    start_timecode: str = ""
    start_number: int = 0
    """The number in the first frame file's name; 0 for video files."""
    audio: tuple[AudioTrack, ...] = ()
    mediainfo: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """Sentences about damage, hidden frames and doubtful timing; empty for a sound file."""

    @property
    def frames(self) -> int:
        return len(self.table)

    @property
    def rate(self) -> Fraction:
        return self.format.rate

    @property
    def variable_rate(self) -> bool:
        return self.table.variable_rate

    @property
    def colour(self) -> dict[str, str]:
        form = self.format
        return {
            "range": form.colour_range,
            "matrix": form.matrix,
            "primaries": form.primaries,
            "transfer": form.transfer,
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "container": self.container,
            "codec": self.codec,
            "native_format": self.native_format,
            "format": format_to_json(self.format),
            "table": self.table.as_json(),
            "field_order": self.field_order,
            "start_timecode": self.start_timecode,
            "start_number": self.start_number,
            "audio": [track.as_json() for track in self.audio],
            "mediainfo": self.mediainfo,
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Probe:
        return cls(
            **{
                **values,
                "format": format_from_json(values["format"]),
                "table": FrameTable.from_json(values["table"]),
                "audio": tuple(AudioTrack.from_json(track) for track in values["audio"]),
                "warnings": tuple(values["warnings"]),
            }
        )


def probe(
    path: Path | str, *, rate: Fraction | None = None, progress: Progress | None = None
) -> Probe:
    """Decode a whole video file or folder of numbered frames and say what it is.

    Unknown files belong into `sandbox.probe_safely`, which calls this in a limited process.

    Args:
        rate: the true rate where the file's own is wrong; needed for folders without one.
    Raises: MediaError (see `archive.media.errors`).
    """
    found = require_path(path)
    if found.is_dir():
        return _probe_sequence(found, rate=rate, progress=progress)
    return _probe_video(found, rate=rate, progress=progress)


def _probe_sequence(folder: Path, *, rate: Fraction | None, progress: Progress | None) -> Probe:
    found = sequence.find_frames(folder)
    known = rate or sequence_rate(found)
    first = next(sequence.iterate(found, 0, 1))
    table = make_sequence_table(found, rate=known, progress=progress)
    dpx = sequence.read_dpx_header(found.files[0]) if found.decoder == "dpx" else None
    return Probe(
        kind="sequence",
        container="frames",
        codec=found.decoder,
        native_format=first.format.name,
        format=frame_format(first, rate=known, sample_aspect=Fraction(1)),
        table=table,
        start_timecode=(dpx.timecode or "") if dpx else "",
        start_number=found.start_number,
        mediainfo=read_mediainfo(found.files[0]),
    )


def _probe_video(path: Path, *, rate: Fraction | None, progress: Progress | None) -> Probe:
    with open_container(path) as container:
        stream = picture_stream(container, path=path)
        first: list[av.VideoFrame] = []
        changes = _Changes()
        combs = Combs()

        def each(number: int, frame: av.VideoFrame) -> None:
            if not first:
                first.append(frame)
            changes.see(number, frame)
            combs.see(number, frame)

        seen = scan_video(container, stream, progress=progress, each=each)
        table = table_of(seen, container, stream, name=path.name)
        changes.require_none(path)
        form = frame_format(first[0], rate=rate or table.rate, sample_aspect=table.sample_aspect)
        warnings = _warnings(path, container, stream, seen, table)
        mediainfo = read_mediainfo(path)
        field_order = _field_order(stream, seen, mediainfo)
        if field_order == "progressive" and combs.is_interlaced:
            field_order = "unknown"
            warnings.append(
                f"{combs.combed} of {combs.looks} frames that were looked at show combs, as frames "
                "of two fields do, though the file says nothing of fields."
            )
        origin = table.pts[0] * table.time_base
        result = Probe(
            kind="file",
            container=container.format.name,
            codec=stream.codec_context.name,
            native_format=first[0].format.name,
            format=form,
            table=table,
            field_order=field_order,
            start_timecode=_timecode(container, stream),
            mediainfo=mediainfo,
            warnings=tuple(warnings),
        )
    audio, complaints = _measure_audio(path, origin=origin)
    return _with_audio(result, audio, complaints)


def _with_audio(result: Probe, audio: list[AudioTrack], complaints: list[str]) -> Probe:
    return replace(result, audio=tuple(audio), warnings=(*result.warnings, *complaints))


class _Changes:
    """Notices a picture size or layout that changes midway."""

    def __init__(self) -> None:
        self._kind: tuple[int, int, str] | None = None
        self._other: tuple[int, tuple[int, int, str]] | None = None

    def see(self, number: int, frame: av.VideoFrame) -> None:
        kind = (frame.width, frame.height, frame.format.name)
        if self._kind is None:
            self._kind = kind
        elif kind != self._kind and self._other is None:
            self._other = (number, kind)

    def require_none(self, path: Path) -> None:
        """Raises: MediaError naming the first frame that differs."""
        if self._other is None or self._kind is None:
            return
        number, kind = self._other
        raise MediaError(
            f"{path.name} changes from {sequence.describe(self._kind)} to "
            f"{sequence.describe(kind)} at frame {number}; cut it there into two files"
        )


def _warnings(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    seen: DecodePass,
    table: FrameTable,
) -> list[str]:
    found = []
    shown, listed = len(table), stream.frames
    beyond = _cut_off(path, stream)
    if beyond:
        found.append(f"The file is cut off: {beyond} pictures of {listed} lie beyond its end.")
    elif seen.broken_off:
        found.append(f"Reading stopped after frame {shown - 1}: {seen.broken_off}.")
    elif missing := _announced_frames(stream, table) - shown:
        found.append(f"The header announces {shown + missing} frames; {shown} decode.")
    elif listed > shown and not seen.undecodable:
        found.append(f"An edit list hides {listed - shown} of {listed} pictures.")
    if seen.undecodable:
        found.append(f"{seen.undecodable} pictures could not be decoded and are missing.")
    if seen.damaged:
        shown_numbers = ", ".join(str(number) for number in seen.damaged[:10])
        more = " and more" if len(seen.damaged) > 10 else ""
        found.append(
            f"{len(seen.damaged)} frames are damaged and were patched up by the decoder: "
            f"{shown_numbers}{more}."
        )
    if table.variable_rate:
        found.append(
            f"The frame rate varies; frames are numbered one by one and shown at {table.rate}."
        )
    elif None in seen.pts:
        found.append("The file carries no timestamps; frames are numbered evenly.")
    return found


def _cut_off(path: Path, stream: VideoStream) -> int:
    """Pictures whose bytes the index places beyond the end of the file."""
    size = path.stat().st_size
    if "mov" not in stream.container.format.name:
        return 0
    return sum(entry.pos + entry.size > size for entry in stream.index_entries)


def _announced_frames(stream: VideoStream, table: FrameTable) -> int:
    """Frames by the track's announced duration, where that falls well behind what decodes."""
    tag = stream.metadata.get("DURATION", "")
    seconds = Fraction(0)
    parts = tag.split(":")
    if len(parts) == 3:
        try:
            seconds = int(parts[0]) * 3600 + int(parts[1]) * 60 + Fraction(parts[2])
        except ValueError:
            seconds = Fraction(0)
    held = (table.pts[-1] * table.time_base) + 1 / table.rate
    if table.variable_rate or seconds - held < 2 / table.rate:
        return len(table)
    return round(seconds * table.rate)


def _field_order(stream: VideoStream, seen: DecodePass, mediainfo: dict[str, Any]) -> str:
    order = _FIELD_ORDERS.get(int(stream.codec_context.field_order))
    if order is not None:
        return order
    if not seen.interlaced:
        return "progressive"
    orders = [one.get("ScanOrder") for one in mediainfo.get("tracks", [])]
    return "top first" if "TFF" in orders else "bottom first" if "BFF" in orders else "unknown"


def _timecode(container: InputContainer, stream: VideoStream) -> str:
    places = [stream.metadata, container.metadata]
    places += [one.metadata for one in container.streams.data]
    for tags in places:
        for name, value in tags.items():
            if name.lower() == "timecode" and value:
                return str(value)
    return ""


def _measure_audio(path: Path, *, origin: Fraction) -> tuple[list[AudioTrack], list[str]]:
    """Decode each sound track once to count its samples."""
    with open_container(path) as container:
        count = len(container.streams.audio)
    tracks, complaints = [], []
    for index in range(count):
        with open_container(path) as container:
            stream = container.streams.audio[index]
            track, refused = _measure_track(container, stream, index=index, origin=origin)
        tracks.append(track)
        if refused:
            complaints.append(f"{refused} packets of sound track {index} could not be decoded.")
    return tracks, complaints


def _measure_track(
    container: InputContainer, stream: AudioStream, *, index: int, origin: Fraction
) -> tuple[AudioTrack, int]:
    samples, refused = 0, 0
    start: Fraction | None = None
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    if start is None and frame.pts is not None and frame.time_base:
                        start = frame.pts * frame.time_base
                    samples += frame.samples
            except av.EOFError:
                break
            except av.FFmpegError:
                refused += 1
    except av.FFmpegError:
        refused += 1
    context = stream.codec_context
    track = AudioTrack(
        index=index,
        codec=context.codec.canonical_name,
        sample_rate=context.sample_rate,
        channels=context.channels,
        layout=context.layout.name,
        samples=samples,
        start=(start - origin) if start is not None else Fraction(0),
        language=stream.metadata.get("language", ""),
        title=stream.metadata.get("title", ""),
    )
    return track, refused
