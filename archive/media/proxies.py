"""What the pages show of a scan: a proxy to play and scrub, storyboard stills, sound peaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from archive.media.decode import PictureSource
from archive.media.display import display_size
from archive.media.errors import MediaError
from archive.media.frames import FrameTable
from archive.media.listening import Samples, beside_frames
from archive.media.opening import open_container
from archive.media.stills import write_jpeg
from archive.media.tables import make_table
from archive.media.viewing import ViewingWriter

Progress = Callable[[int, int], None]

_RATE_HZ = 48_000
_MOST_BUCKETS = 200_000


def make_proxy(
    source: PictureSource,
    path: Path,
    *,
    max_height: int = 1080,
    crf: int = 20,
    preset: str = "veryfast",
    scan: PictureSource | None = None,
    progress: Progress | None = None,
) -> FrameTable:
    """Write an all-intra H.264 MP4 whose frame n is shown at exactly [n/rate, (n+1)/rate).

    That holds for scans with a variable rate too; the sound (the first track, as AAC) is stretched
    to stay beside its pictures. Square pixels, even sizes, index in front.

    Args:
        source: the pictures, at the rate they are to be shown at.
        scan: where the sound is, if not in `source` (a take's scan).
    Returns: the proxy's own frame table, made by decoding it.
    Raises: MediaError.
    """
    form = source.format
    speaking = scan or source
    with ViewingWriter(
        path,
        form,
        crf=crf,
        preset=preset,
        intra=True,
        size=display_size(form, max_height=max_height),
        make_sound=_sound_maker(speaking, form.rate),
    ) as writer:
        for number, frame in enumerate(source.native()):
            writer.write_frame(frame)
            if progress is not None:
                progress(number + 1, len(source))
    table = make_table(path, digests=False)
    if len(table) != len(source):
        raise MediaError(f"The proxy {path.name} has {len(table)} frames, not {len(source)}")
    return table


def has_sound(path: Path) -> bool:
    """Whether a scan has a sound track."""
    return _track_count(path) > 0


def _track_count(path: Path) -> int:
    if path.is_dir():
        return 0
    with open_container(path) as container:
        return len(container.streams.audio)


def _codec(path: Path) -> str:
    with open_container(path) as container:
        return str(container.streams.audio[0].codec_context.codec.canonical_name)


def _channels(path: Path) -> int:
    with open_container(path) as container:
        return container.streams.audio[0].codec_context.channels


def _sound_maker(
    scan: PictureSource, rate: Fraction
) -> Callable[[OutputContainer], ProxySound] | None:
    table = scan.table
    if table is None or not has_sound(scan.path):
        return None
    return lambda container: ProxySound(scan.path, container, table=table, rate=rate)


class ProxySound:
    """A scan's first sound track, recoded with loss, beside its pictures."""

    def __init__(
        self,
        path: Path,
        target: OutputContainer,
        *,
        table: FrameTable,
        rate: Fraction,
        codec: str = "aac",
        bit_rate: int = 128_000,
        frames: range | None = None,
    ) -> None:
        """frames: those of the scan that are heard; all if not given."""
        self.record = [
            {
                "track": "0",
                "codec": _codec(path),
                "written_as": codec.removeprefix("lib"),
                "how": "recoded for browsers",
            }
        ]
        self._target = target
        self._rate = rate
        stream = target.add_stream(codec, rate=_RATE_HZ)
        assert isinstance(stream, AudioStream)
        # One channel stays one: mixed to two it would be 3 dB softer.
        self._layout = "mono" if _channels(path) == 1 else "stereo"
        stream.codec_context.layout = self._layout
        stream.codec_context.format = "fltp" if codec == "aac" else "flt"
        stream.codec_context.bit_rate = bit_rate
        self._stream = stream
        self._pieces: Iterator[Samples] = beside_frames(
            path, table=table, rate=rate, rate_hz=_RATE_HZ, layout=self._layout, frames=frames
        )
        self._fifo = av.AudioFifo()
        self._frames_done = 0
        self._samples = 0

    def copy_until(self, seconds: Fraction) -> None:
        while self._frames_done < seconds * self._rate:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._frames_done += 1
            self._push(piece)
            self._drain(partial=False)

    def _push(self, samples: Samples) -> None:
        if samples.shape[1] == 0:
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=self._layout
        )
        frame.sample_rate = _RATE_HZ
        frame.pts, frame.time_base = self._samples, Fraction(1, _RATE_HZ)
        self._samples += samples.shape[1]
        self._fifo.write(frame)

    def _drain(self, *, partial: bool) -> None:
        size = self._stream.codec_context.frame_size or 1024
        while frame := self._fifo.read(size, partial=partial):
            self._target.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._drain(partial=True)
        self._target.mux(self._stream.encode(None))

    def close(self) -> None:
        """The reader closes with its last piece, or here."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


def make_stills(
    source: PictureSource,
    frames: Sequence[int],
    folder: Path,
    *,
    width: int = 320,
    progress: Progress | None = None,
) -> list[Path]:
    """Write one JPEG for each of the frames, named by its number: `000120.jpg`.

    Args:
        frames: frame numbers; in rising order they are read without going back.
        width: pixels at most; pictures are never enlarged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    form = source.format
    shown = form.width * form.sample_aspect
    height = round(form.height * min(Fraction(1), width / shown))
    size = display_size(form, max_height=max(2, height))
    written = []
    for done, number in enumerate(frames, 1):
        path = folder / f"{number:06d}.jpg"
        write_jpeg(next(source.native(number, number + 1)), form, path, size=size)
        written.append(path)
        if progress is not None:
            progress(done, len(frames))
    return written


def storyboard_frames(frames: int, *, most: int = 120) -> list[int]:
    """Evenly spread frame numbers, the first always among them."""
    step = max(1, -(-frames // most))
    return list(range(0, frames, step))


def make_waveform(
    path: Path,
    destination: Path,
    *,
    table: FrameTable,
    rate: Fraction,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the sound's peaks as JSON, on the pictures' clock.

    `{"version": 1, "rate": "24", "frames": n, "buckets_per_frame": b, "tracks": [{"index", "min",
    "max"}]}`: bucket k of a track covers [k, k+1) / (b * rate) seconds; peaks are of all channels,
    in [-127, 127]. A silent scan has no tracks.
    """
    per_frame = max(1, min(4, _MOST_BUCKETS // max(1, len(table))))
    tracks = []
    for index in range(_track_count(path)):
        low, high = _peaks(
            path, table=table, rate=rate, track=index, per_frame=per_frame, progress=progress
        )
        tracks.append({"index": index, "min": low, "max": high})
    waveform = {
        "version": 1,
        "rate": str(rate),
        "frames": len(table),
        "buckets_per_frame": per_frame,
        "tracks": tracks,
    }
    destination.write_text(json.dumps(waveform, separators=(",", ":")), encoding="utf-8")
    return waveform


def _peaks(
    path: Path,
    *,
    table: FrameTable,
    rate: Fraction,
    track: int,
    per_frame: int,
    progress: Progress | None,
) -> tuple[list[int], list[int]]:
    low: list[int] = []
    high: list[int] = []
    pieces = beside_frames(path, table=table, rate=rate, track=track, rate_hz=24_000)
    for number, samples in enumerate(pieces, 1):
        for part in np.array_split(samples, per_frame, axis=1):
            low.append(round(127 * float(part.min(initial=0.0))))
            high.append(round(127 * float(part.max(initial=0.0))))
        if progress is not None:
            progress(number, len(table))
    return [max(-127, value) for value in low], [min(127, value) for value in high]
