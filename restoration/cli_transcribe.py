"""`python -m restoration transcribe IN [OUT.json]`: what is said in a film, or in a sound file."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.fixity import digest_json
from archive.media.decode import open_source
from archive.media.errors import MediaError
from archive.media.listening import SampleReader
from archive.media.opening import open_container
from archive.media.pixels import PIXEL_FORMATS, Picture, PictureFormat
from archive.media.sandbox import probe_safely
from restoration.cli_progress import Reporter
from restoration.clip import ScanSound, StageClip
from restoration.software import code_digest, library_versions, stage_weights
from restoration.stages.contract import Clip, StageError
from restoration.stages.journal import Journal
from restoration.stages.parameters import params_json
from restoration.stages.transcribe.stage import STAGE

_CLOCK = Fraction(25)
"""Frames a second in which progress over a file without pictures is counted."""


class _Sound:
    """A file of sound as a clip without pictures."""

    marks: tuple[int, ...] = ()
    start_frame = 0
    device = "cpu"

    def __init__(self, path: Path, rate: Fraction, frames: int, journal: Journal | None) -> None:
        self.format = PictureFormat(2, 2, PIXEL_FORMATS["gray"], rate)
        self.end_frame = frames
        self.journal = journal
        self._path = path

    def frames(self, start: int, stop: int) -> Iterator[Picture]:
        raise StageError(f"{self._path.name} is a file of sound and shows no titles to be read")

    def sound(self, rate_hz: int) -> Iterator[npt.NDArray[np.float32]]:
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
    titles: bool = False,
    kept: Path | None = None,
) -> dict[str, Any]:
    """whisper-timestamped's document of a film, or of a file that holds nothing but sound.

    Args:
        titles: also find intertitles and read them; those of a silent film always are.
        kept: where what is finished is kept meanwhile, so that a run that was killed goes on.

    Raises: StageError, WeightsError, MediaError, FileNotFoundError
    """
    if not source.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no film or sound here", str(source))
    STAGE.parse(params)
    began = time.perf_counter()
    with ExitStack() as opened:
        clip, silent = _open(source, rate, reporter, opened, _journal(source, params, kept, rate))
        given = dict(params)
        if (titles or silent) and not given.get("titles"):
            given["titles"] = _titles(source, rate, reporter)
            if silent and not given["titles"]:
                raise StageError(
                    f"{source.name} has no sound, and no intertitle was found in it: there is "
                    "nothing to write down"
                )
        found = STAGE.run(clip, STAGE.parse(given), reporter.part("transcribing")).facts
        seconds = float(clip.end_frame / clip.format.rate)
    took = time.perf_counter() - began
    return found | {"seconds": round(took, 2), "seconds_of_sound": round(seconds, 2)}


def _journal(
    source: Path, params: Mapping[str, Any], kept: Path | None, rate: Fraction | None
) -> Journal | None:
    """Known by the file, as far as its size and time tell, and by what is asked for."""
    if kept is None or not source.is_file():
        return None
    told = source.stat()
    asked = params_json(STAGE.parse(params)) | {"titles": []}
    made_by = [STAGE.version, code_digest(STAGE), library_versions()]
    weights = [[each.name, each.sha256] for each in stage_weights(STAGE, params)]
    about = [str(source.resolve()), told.st_size, told.st_mtime_ns, str(rate), made_by, weights]
    return Journal(kept, digest_json([*about, asked]))


def _titles(source: Path, rate: Fraction | None, reporter: Reporter) -> list[list[int]]:
    """Frames [start, stop) of the scenes that are intertitles."""
    from restoration.cli_restore import find_cuts  # brings all that restoring needs

    # The network has a say in dissolves, none in what is a card.
    found = find_cuts(source, rate=rate, params={"network": "false"}, reporter=reporter)
    return [list(span) for span in found["intertitles"]]


def _open(
    source: Path,
    rate: Fraction | None,
    reporter: Reporter,
    opened: ExitStack,
    journal: Journal | None,
) -> tuple[Clip, bool]:
    """The clip, and whether it is a silent film."""
    if source.is_file() and (seconds := _seconds_of_sound(source)) is not None:
        return _Sound(source, _CLOCK, max(1, -int(-seconds * _CLOCK // 1)), journal), False
    probe = probe_safely(source, rate=rate, progress=reporter.part("reading"))
    film = ScanSound(source, probe.table, probe.rate)
    pictures = opened.enter_context(open_source(source, rate=probe.rate, table=probe.table))
    clip = StageClip(pictures, start_frame=0, end_frame=probe.frames, sound=film, journal=journal)
    opened.callback(clip.close)
    return clip, film.pieces(0, 1, 16_000) is None


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
    """Write the file, whole or not at all; what was kept for another attempt then goes."""
    beside = out.with_name(f".{out.name}.part")
    beside.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    beside.replace(out)
    unfinished(out).unlink(missing_ok=True)


def unfinished(out: Path) -> Path:
    """Where what is finished lies until the file is written."""
    return out.with_name(f".{out.name}.unfinished")
