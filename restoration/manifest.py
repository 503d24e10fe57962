"""What made a take: inputs, parameters, code, weights, totals and digests, as one JSON document.

A manifest holds no time, host or run, so the same inputs give the same digest on the same kind of
machine with the same libraries (docs/provenance-map.md says what can differ), and an approval of
that digest is an approval of exactly these code values. `restoration.software` says which code,
weights and libraries are at hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from archive.fixity import digest_json
from archive.media.pixels import PictureFormat
from restoration.provenance import Totals
from restoration.stages.contract import Weights

SCHEMA = "reelproof/manifest/1"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a take."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that decides what a run makes.

    The device is left out: a take made on another one is still offered instead of a second.
    """

    stage: str
    version: str
    params: Mapping[str, Any]
    """Every parameter by name, as `parameters.params_json` gives them."""
    scan_sha256: str
    """Digest of the scan's file, or of the list of its files."""
    start_frame: int
    end_frame: int
    code: str
    """Digest of the sources that ran."""
    weights: Sequence[Weights] = ()
    marks: Sequence[int] = ()
    input_digest: str | None = None
    """Digest of the input take's manifest; None if the stage reads the scan."""

    def as_json(self) -> dict[str, Any]:
        return {
            "scan_sha256": self.scan_sha256,
            "start_frame": self.start_frame,
            "end_frame": self.end_frame,
            "marks": sorted(self.marks),
            "stage": self.stage,
            "version": self.version,
            "params": dict(self.params),
            "input": self.input_digest,
            "weights": [asdict(weights) for weights in self.weights],
            "code": self.code,
        }


def run_key(inputs: Inputs) -> str:
    """SHA-256 over all that was asked for: inputs, parameters, code and weights.

    Equal keys promise equal takes on the same kind of machine with the same libraries; elsewhere
    the takes may differ, and their manifests say so.
    """
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
    libraries: Mapping[str, str],
    device: str,
) -> dict[str, Any]:
    """The manifest of a take of pictures; docs/provenance-map.md describes each field."""
    return {
        "schema": SCHEMA,
        "key": run_key(inputs),
        **inputs.as_json(),
        "scan_framemd5": scan_framemd5,
        "libraries": dict(libraries),
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
