"""A scan's sound as samples on the pictures' clock: for proxies, waveforms and listeners.

The sound follows the pictures. Where the scan's frames keep to their rate, samples pass unchanged
in time; where the rate varies or was corrected, the sound between two frames is stretched so that
it stays beside the picture that it was recorded with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from archive.media.frames import FrameTable
from archive.media.opening import open_container

Samples = npt.NDArray[np.float32]
"""(channels, samples), in [-1, 1]."""

_GAP_SECONDS = Fraction(1, 20)
"""Timestamps that jump by more than this are a gap; less is rounding."""


class SampleReader:
    """One audio track decoded forwards, addressed by sample on the scan's own clock.

    Samples before, after and between what the track holds are zero. Holds a few seconds at most.
    """

    def __init__(self, path: Path, *, track: int, rate_hz: int, layout: str | None) -> None:
        """`layout` "mono" or "stereo" mixes the channels; None keeps them as they are."""
        self._opened = ExitStack()
        self._container = self._opened.enter_context(open_container(path))
        self._stream = self._container.streams.audio[track]
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate_hz)
        self._rate = rate_hz
        mixed = {"mono": 1, "stereo": 2}.get(layout or "")
        self.channels = mixed or self._stream.codec_context.channels
        self._buffer: Samples = np.zeros((self.channels, 0), np.float32)
        self._begin: int | None = None
        """Sample number of the buffer's first sample."""
        self._pieces = self._decode()

    def _decode(self) -> Iterator[tuple[Fraction | None, Samples]]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue  # a damaged packet is silence, not the end
            for frame in frames:
                at = None
                if frame.pts is not None and frame.time_base:
                    at = frame.pts * frame.time_base
                frame.pts = None
                for piece in self._resampler.resample(frame):
                    yield at, piece.to_ndarray().astype(np.float32, copy=False)
                    at = None
        if self._begin is not None:
            for piece in self._resampler.resample(None):
                yield None, piece.to_ndarray().astype(np.float32, copy=False)

    def _grow(self) -> bool:
        found = next(self._pieces, None)
        if found is None:
            return False
        at, samples = found
        if self._begin is None:
            self._begin = round((at or Fraction(0)) * self._rate)
        elif at is not None:
            end = self._begin + self._buffer.shape[1]
            gap = round(at * self._rate) - end
            if gap > _GAP_SECONDS * self._rate:
                silence = np.zeros((self.channels, min(gap, 600 * self._rate)), np.float32)
                samples = np.concatenate([silence, samples], axis=1)
        self._buffer = np.concatenate([self._buffer, samples], axis=1)
        return True

    def read(self, start: int, stop: int) -> Samples:
        """Samples [start, stop); each call must begin no earlier than the last one did."""
        while self._begin is None or self._begin + self._buffer.shape[1] < stop:
            if not self._grow():
                break
        out: Samples = np.zeros((self.channels, stop - start), np.float32)
        if self._begin is None:
            return out
        low, high = max(start, self._begin), min(stop, self._begin + self._buffer.shape[1])
        if low < high:
            held = self._buffer[:, low - self._begin : high - self._begin]
            out[:, low - start : high - start] = held
        spent = min(max(0, start - self._begin), self._buffer.shape[1])
        self._buffer = self._buffer[:, spent:]
        self._begin += spent
        return out

    def close(self) -> None:
        self._opened.close()


def beside_frames(
    path: Path,
    *,
    table: FrameTable,
    rate: Fraction,
    track: int = 0,
    rate_hz: int = 48_000,
    layout: str | None = None,
    frames: range | None = None,
) -> Iterator[Samples]:
    """For each frame, the samples that sound while it is shown at [n/rate, (n+1)/rate).

    `layout` as for `SampleReader`. frames: in order; all of the scan's if not given.
    """
    reader = SampleReader(path, track=track, rate_hz=rate_hz, layout=layout)
    try:
        for number in range(len(table)) if frames is None else frames:
            yield _frame_samples(reader, table, rate=rate, rate_hz=rate_hz, number=number)
    finally:
        reader.close()


def _frame_samples(
    reader: SampleReader, table: FrameTable, *, rate: Fraction, rate_hz: int, number: int
) -> Samples:
    first = -(-number * rate_hz // rate)
    stop = -(-(number + 1) * rate_hz // rate)
    begin = table.seconds(number)
    shown = 1 / table.rate
    if table.variable_rate and number + 1 < len(table):
        shown = (table.pts[number + 1] - table.pts[number]) * table.time_base
    stretch = shown * rate
    where = begin + (first / Fraction(rate_hz) - number / rate) * stretch
    at = where * rate_hz
    if stretch == 1:
        start = round(at)
        return reader.read(start, start + (stop - first))
    return _stretched(reader, at=at, stretch=stretch, count=stop - first)


def _stretched(reader: SampleReader, *, at: Fraction, stretch: Fraction, count: int) -> Samples:
    low = int(at // 1)
    high = int((at + count * stretch) // 1) + 2
    held = reader.read(low, high)
    positions = float(at - low) + float(stretch) * np.arange(count)
    base = np.arange(held.shape[1])
    return np.stack([np.interp(positions, base, channel) for channel in held]).astype(np.float32)
