"""`python -m restoration attribute IN WORDS.json OUT.json --cast DIR`: who says each word."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive.media.decode import open_source
from archive.media.sandbox import probe_safely
from restoration.cli_progress import Reporter
from restoration.clip import ScanSound, StageClip
from restoration.speech.transcript import TranscriptError, from_json
from restoration.stages.attribute.clusters import cluster
from restoration.stages.attribute.deciding import decide
from restoration.stages.attribute.naming import name_people
from restoration.stages.attribute.photographs import read_gallery
from restoration.stages.attribute.record import from_json as measured_from
from restoration.stages.attribute.spoken import with_speakers
from restoration.stages.attribute.stage import STAGE, need_weights, weights_of
from restoration.stages.contract import StageError


def attribute(
    source: Path,
    words: Path,
    *,
    cast: Path | None,
    params: Mapping[str, Any],
    rate: Fraction | None,
    reporter: Reporter,
) -> dict[str, Any]:
    """The words' own document, with who says each and on what evidence.

    Args:
        cast: a folder with one folder of photographs for each character; without, or with
            biometrics=no, nobody is named.

    Raises: StageError, WeightsError, MediaError, FileNotFoundError
    """
    if not source.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no film here", str(source))
    parsed = STAGE.parse(params)
    document = read_words(words)
    said = from_json(document)
    need_weights(weights_of(parsed))
    began = time.perf_counter()
    gallery = read_gallery(cast) if cast is not None and parsed.biometrics else {}
    reel = measured_from(_measure(source, parsed, rate, reporter))
    people = cluster(reel.tracks)
    names = name_people(reel.tracks, people, gallery)
    decided = decide(reel, said.lines, people, names)
    took = time.perf_counter() - began
    told = with_speakers(document, decided)
    return told | {
        "cast": sorted(gallery),
        "people": len(set(people.values())),
        "face_tracks": len(reel.tracks),
        "attribute_seconds": round(took, 2),
    }


def read_words(path: Path) -> dict[str, Any]:
    """whisper-timestamped's document.

    Raises: StageError, FileNotFoundError
    """
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        from_json(document)
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "there are no words here", str(path)) from error
    except (UnicodeDecodeError, json.JSONDecodeError, TranscriptError) as error:
        raise StageError(
            f"{path.name} is no transcript ({error}); make one with: "
            f"python -m restoration transcribe IN {path.name}"
        ) from error
    return dict(document)


def _measure(
    source: Path, params: Any, rate: Fraction | None, reporter: Reporter
) -> Mapping[str, Any]:
    probe = probe_safely(source, rate=rate, progress=reporter.part("reading"))
    with open_source(source, rate=rate, table=probe.table) as opened:
        clip = StageClip(
            opened,
            start_frame=0,
            end_frame=probe.frames,
            sound=ScanSound(source, probe.table, probe.rate),
        )
        try:
            return STAGE.run(clip, params, reporter.part("faces, lips and voices")).facts
        finally:
            clip.close()
