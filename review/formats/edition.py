"""A reel as it leaves, in values: what the formats are written from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any


class DeliveryError(Exception):
    """A file could not be made, or is not what it must be; the message says what to do next."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A note on frames [start_frame, end_frame) of the scan."""

    start_frame: int
    end_frame: int
    text: str
    by: str
    at: str
    """ISO 8601."""
    resolved: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Who approved, when, and the manifest digest of what they approved."""

    by: str
    at: str
    """ISO 8601."""
    digest: str
    comment: str


@dataclass(frozen=True, slots=True)
class EditionTake:
    """The approved take of a scene: where its files lie and what their digests are."""

    stage: str
    number: int
    digest: str
    """Of the manifest."""
    picture: Path
    picture_sha256: str
    framemd5: str
    """SHA-256 over the MD5s of its frames, a line each."""
    provenance: Path
    """The provenance map."""
    provenance_sha256: str
    totals: dict[str, Any]
    """Pixels per plane and label, as `restoration.provenance.Totals.as_json` writes them."""
    stages: tuple[str, ...]
    """The chain that made it, first stage first."""


@dataclass(frozen=True, slots=True)
class EditionScene:
    """Frames [start_frame, end_frame) of the scan, and the take that stands for them."""

    number: int
    kind: str
    start_frame: int
    end_frame: int
    take: EditionTake
    decision: Decision
    remarks: tuple[Remark, ...] = ()

    @property
    def frames(self) -> int:
        return self.end_frame - self.start_frame


@dataclass(frozen=True, slots=True)
class EditionScan:
    """The scan that everything was made from."""

    path: Path
    sha256: str
    frames: int
    rate: Fraction
    variable_rate: bool
    start_timecode: str
    """Empty if the scan has none: the timeline then starts at zero."""
    start_count: int
    """The start timecode as a count of frames."""
    width: int
    height: int
    pixel_format: str
    audio: tuple[dict[str, Any], ...]
    """One object for each audio track, as it was probed."""
    table: Path | None
    """The frame table."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A reel's scenes in order, covering every frame of its scan."""

    title: str
    reel: str
    use: str
    scan: EditionScan
    scenes: tuple[EditionScene, ...]


def rate_text(rate: Fraction) -> str:
    """The exact rate, such as "24000/1001"."""
    return f"{rate.numerator}/{rate.denominator}"
