"""`python -m restoration transcribe IN [OUT.json]`: what is said in a film, or in a sound file."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.media.errors import MediaError
from archive.media.listening import SampleReader
from archive.media.opening import open_container
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from archive.media.sandbox import probe_safely
from restoration.cli_progress import Reporter
from restoration.clip import ScanSound
from restoration.stages.contract import StageError
from restoration.stages.transcribe.stage import STAGE

_CLOCK = Fraction(25)
"""Frames a second in which progress over a file without pictures is counted."""


class _Sound:
    """A clip of which only the sound is ever asked for."""

    marks: tuple[int, ...] = ()
    start_frame = 0

    def __init__(self, path: Path, rate: Fraction, frames: int, film: ScanSound | None) -> None:
        self.format = PictureFormat(2, 2, PIXEL_FORMATS["gray"], rate)
        self.end_frame = frames
        self._path = path
        self._film = film

    def frames(self, start: int, stop: int) -> Iterator[Picture]:
        raise StageError("transcribe hears; it does not look")

    def sound(self, rate_hz: int) -> Iterator[npt.NDArray[np.float32]] | None:
        if self._film is not None:
            return self._film.pieces(0, self.end_frame, rate_hz)
        return self._pieces(rate_hz)

    def _pieces(self, rate_hz: int) -> Iterator[npt.NDArray[np.float32]]:
        reader = SampleReader(self._path, track=0, rate_hz=rate_hz, layout="mono")
        total = round(self.end_frame / self.format.rate * rate_hz)
        try:
            for start in range(0, total, rate_hz):
                yield reader.read(start, min(start + rate_hz, total))[0]
        finally:
            reader.close()


def transcribe(
    source: Path,
    *,
    params: Mapping[str, Any],
    rate: Fraction | None,
    reporter: Reporter,
) -> dict[str, Any]:
    """whisper-timestamped's document of a film, or of a file that holds nothing but sound.

    Raises: StageError, WeightsError, MediaError, FileNotFoundError
    """
    if not source.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no film or sound here", str(source))
    parsed = STAGE.parse(params)
    began = time.perf_counter()
    clip = _open(source, rate, reporter)
    found = STAGE.run(clip, parsed, reporter.part("transcribing")).facts
    took = time.perf_counter() - began
    seconds = float(clip.end_frame / clip.format.rate)
    return found | {"seconds": round(took, 2), "seconds_of_sound": round(seconds, 2)}


def _open(source: Path, rate: Fraction | None, reporter: Reporter) -> _Sound:
    if source.is_file() and (seconds := _seconds_of_sound(source)) is not None:
        return _Sound(source, _CLOCK, max(1, -int(-seconds * _CLOCK // 1)), None)
    probe = probe_safely(source, rate=rate, progress=reporter.part("reading"))
    film = ScanSound(source, probe.table, probe.rate)
    return _Sound(source, probe.rate, probe.frames, film)


def _seconds_of_sound(source: Path) -> Fraction | None:
    """How long a file without pictures sounds; None if it has pictures, or is no file of sound."""
    try:
        with open_container(source) as container:
            if container.streams.video or not container.streams.audio:
                return None
            if container.duration is None:
                raise StageError(f"{source.name} does not say how long it is; make a WAV of it")
            return Fraction(container.duration, 1_000_000)
    except MediaError:
        return None


def check_target(out: Path, *, force: bool) -> None:
    """Refuse before the work what could not be written after it.

    Raises: FileExistsError, FileNotFoundError, StageError
    """
    if out.suffix.lower() != ".json":
        raise StageError(f"{out.name}: end the name in .json; subtitles leave from the catalogue")
    if out.exists() and not force:
        raise FileExistsError(errno.EEXIST, "it is there already; add --force", str(out))
    if not out.absolute().parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(out.parent))


def write_transcript(document: Mapping[str, Any], out: Path) -> None:
    """Write the file, whole or not at all."""
    beside = out.with_name(f".{out.name}.part")
    beside.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    beside.replace(out)
