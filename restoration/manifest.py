"""What made a take: inputs, parameters, code, weights, totals and digests, as one JSON document.

A manifest holds no time, host or run, so the same inputs give the same digest, and an approval of
that digest is an approval of exactly these code values.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from archive.fixity import digest_json
from archive.media.pixels import PictureFormat
from restoration.provenance import Totals
from restoration.stages.contract import Stage

SCHEMA = "reelproof/manifest/1"

_ROOT = Path(__file__).parent
# What every stage's pixels and labels pass through, besides its own folder.
_SHARED = ("stages/contract.py", "stages/segments.py", "provenance", "imaging")
# Beside the method in a stage's folder, but without a say in what it makes.
_ASIDE = ("bench", "training", "synthesis")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a take."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Weights:
    """A network's weights that a stage loaded."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that decides what a run makes."""

    stage: Stage
    params: Mapping[str, Any]
    """Every parameter by name, as `parameters.params_json` gives them."""
    scan_sha256: str
    """Digest of the scan's file, or of the list of its files."""
    start_frame: int
    end_frame: int
    marks: Sequence[int] = ()
    input_digest: str | None = None
    """Digest of the input take's manifest; None if the stage reads the scan."""

    def as_json(self) -> dict[str, Any]:
        return {
            "scan_sha256": self.scan_sha256,
            "start_frame": self.start_frame,
            "end_frame": self.end_frame,
            "marks": sorted(self.marks),
            "stage": self.stage.name,
            "version": self.stage.version,
            "params": dict(self.params),
            "input": self.input_digest,
            "weights": [asdict(weights) for weights in stage_weights(self.stage)],
            "code": code_digest(self.stage),
        }


def run_key(
    *,
    stage: Stage,
    params: Mapping[str, Any],
    scan_sha256: str,
    start_frame: int,
    end_frame: int,
    marks: Sequence[int] = (),
    input_digest: str | None = None,
) -> str:
    """SHA-256 over all that decides what a run makes: equal keys promise equal takes.

    The device is left out: a take made on another one is still offered instead of a second.
    The arguments are the fields of `Inputs`.
    """
    return inputs_key(
        Inputs(stage, params, scan_sha256, start_frame, end_frame, marks, input_digest)
    )


def inputs_key(inputs: Inputs) -> str:
    """`run_key` of inputs that were gathered already."""
    return digest_json({"schema": SCHEMA} | inputs.as_json())


def build_manifest(
    inputs: Inputs,
    *,
    scan_framemd5: str | None,
    picture: PictureFormat,
    picture_framemd5: str,
    files: Mapping[str, FileEntry],
    totals: Totals,
    facts: Mapping[str, Any],
    device: str,
) -> dict[str, Any]:
    """The manifest of a take of pictures; docs/provenance-map.md describes each field."""
    return {
        "schema": SCHEMA,
        "key": inputs_key(inputs),
        **inputs.as_json(),
        "scan_framemd5": scan_framemd5,
        "libraries": library_versions(),
        "device": device,
        "picture": _picture_json(picture),
        "picture_framemd5": picture_framemd5,
        "files": {name: asdict(entry) for name, entry in sorted(files.items())},
        "totals": totals.as_json(),
        "facts": summary(facts),
    }


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest's canonical JSON; what an approval is bound to."""
    return digest_json(manifest)


@cache
def code_digest(stage: Stage) -> str:
    """SHA-256 over the sources of the stage's method and of what its labels pass through.

    Comments count too: the digest says which sources ran, not whether they mean the same.
    """
    sources = {f"shared/{name}": data for name, data in _sources(_ROOT, _SHARED)}
    module = Path(str(sys.modules[stage.run.__module__].__file__))
    if _ROOT / "stages" in module.parents:
        sources |= {f"stage/{name}": data for name, data in _sources(module.parent, ("",))}
    else:
        sources[f"stage/{module.name}"] = module.read_bytes()
    digest = hashlib.sha256()
    for name, data in sorted(sources.items()):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def stage_weights(stage: Stage) -> list[Weights]:
    """The pinned weights of a stage, in its own order."""
    if not stage.weights:
        return []
    from restoration import weights

    return [Weights(name, weights.find(name).sha256) for name in stage.weights]


def library_versions() -> dict[str, str]:
    """The libraries that touch code values."""
    ffmpeg = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
    return {
        "av": av.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "libavcodec": ffmpeg["libavcodec"],
        "libavformat": ffmpeg["libavformat"],
    }


def summary(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that are single values; the whole of them lies in facts.json."""
    return {
        name: value
        for name, value in sorted(facts.items())
        if isinstance(value, (str, int, float, bool)) or value is None
    }


def framemd5_digest(digests: Iterable[str]) -> str:
    """One digest for a sequence of frames: SHA-256 over their MD5s, a line each."""
    joined = hashlib.sha256()
    for each in digests:
        joined.update(f"{each}\n".encode())
    return joined.hexdigest()


def _sources(root: Path, names: Iterable[str]) -> Iterable[tuple[str, bytes]]:
    for name in names:
        start = root / name
        found = sorted(start.rglob("*")) if start.is_dir() else [start]
        for path in found:
            if path.suffix in {".py", ".safetensors"} and path.stem not in _ASIDE:
                yield path.relative_to(root).as_posix(), path.read_bytes()


def _picture_json(picture: PictureFormat) -> dict[str, Any]:
    return {
        "width": picture.width,
        "height": picture.height,
        "pixel": picture.pixel.name,
        "rate": _fraction(picture.rate),
        "range": picture.colour_range,
        "matrix": picture.matrix,
        "primaries": picture.primaries,
        "transfer": picture.transfer,
        "sample_aspect": _fraction(picture.sample_aspect),
    }


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
