"""The folder of derived files beside a scan: frame table, digests, proxy, stills, peaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from archive.media.decode import open_source
from archive.media.frames import FrameTable
from archive.media.proxies import make_proxy, make_stills, make_waveform, storyboard_frames

Progress = Callable[[int, int], None]

FRAME_TABLE = "frames.json"
FRAMEMD5 = "frames.framemd5"
PROXY = "proxy.mp4"
PROXY_TABLE = "proxy.json"
STORYBOARD = "storyboard"
WAVEFORM = "waveform.json"


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Where each derived file lies in its folder, relative to it."""

    stills: tuple[int, ...]
    """Frames that have a still, `storyboard/<number with six digits>.jpg`."""
    sound_tracks: int


def make_derivatives(
    path: Path,
    folder: Path,
    *,
    table: FrameTable,
    rate: Fraction,
    max_height: int = 1080,
    progress: Progress | None = None,
) -> Derivatives:
    """Write everything that the pages need of a scan into `folder`, which is made.

    Raises: MediaError, OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table.save(folder / FRAME_TABLE)
    (folder / FRAMEMD5).write_text(table.framemd5(), encoding="utf-8")
    with open_source(path, rate=rate, table=table) as source:
        proxy = make_proxy(source, folder / PROXY, max_height=max_height, progress=progress)
        proxy.save(folder / PROXY_TABLE)
        stills = storyboard_frames(len(source))
        make_stills(source, stills, folder / STORYBOARD)
    waveform = make_waveform(path, folder / WAVEFORM, table=table, rate=rate)
    return Derivatives(tuple(stills), len(waveform["tracks"]))
