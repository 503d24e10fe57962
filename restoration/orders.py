"""What a run is told, and what it made: values that travel between processes as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from restoration.recording import FRAMES, HEAT, MAP, PICTURE

FACTS, MANIFEST = "facts.json", "manifest.json"


@dataclass(frozen=True, slots=True)
class TakeFiles:
    """The files of a take in its folder."""

    folder: Path

    @property
    def picture(self) -> Path:
        return self.folder / PICTURE

    @property
    def map(self) -> Path:
        return self.folder / MAP

    @property
    def frames(self) -> Path:
        """A line of JSON for each frame: its number, MD5 and totals."""
        return self.folder / FRAMES

    @property
    def heat(self) -> Path:
        """The error to expect at each pixel; there only if the stage tells."""
        return self.folder / HEAT

    @property
    def facts(self) -> Path:
        """What the stage recorded: parameters per frame, counts."""
        return self.folder / FACTS

    @property
    def manifest(self) -> Path:
        """Canonical JSON, so the file's own SHA-256 is the take's digest."""
        return self.folder / MANIFEST


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that a run needs; nothing else is read from anywhere."""

    scan_path: Path
    scan_sha256: str
    stage: str
    start_frame: int
    end_frame: int
    out_folder: Path | None = None
    """Made by the run; must not hold anything yet. None for stages that only find."""
    rate: Fraction | None = None
    """The scan's true rate, where its file has none or a wrong one."""
    table_path: Path | None = None
    """The scan's frame table; without it the whole scan is decoded first to make one."""
    params: dict[str, Any] = field(default_factory=dict)
    """As they are recorded: a file that one needs is named by its SHA-256 alone."""
    files: dict[str, str] = field(default_factory=dict)
    """Where those files lie on this machine, by SHA-256."""
    marks: tuple[int, ...] = ()
    input_folder: Path | None = None
    """The folder of the take to work on; None: the scan itself."""
    input_digest: str | None = None
    device: str = "cpu"
    chunks_folder: Path | None = None
    """Where a stage that can begin in the middle puts away what it has made; the caller's to
    remove once the take stands. None: a run that is killed begins again."""

    @property
    def params_with_files(self) -> dict[str, Any]:
        """As the stage needs them: entries of lists with a `sha256` of `files` get its `path`."""
        return {name: self._located(value) for name, value in self.params.items()}

    def _located(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._located(entry) for entry in value]
        if isinstance(value, dict) and value.get("sha256") in self.files:
            return value | {"path": self.files[value["sha256"]]}
        return value

    def as_json(self) -> dict[str, Any]:
        values = {
            name: str(value) if isinstance(value, (Path, Fraction)) else value
            for name, value in ((each.name, getattr(self, each.name)) for each in fields(self))
        }
        return values | {"marks": list(self.marks)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Order:
        """The reverse of `as_json`."""
        paths = ("scan_path", "out_folder", "table_path", "input_folder", "chunks_folder")
        held = {name: Path(values[name]) for name in paths if values.get(name) is not None}
        rate = values.get("rate")
        return cls(
            **(
                values
                | held
                | {
                    "marks": tuple(values.get("marks", ())),
                    "rate": Fraction(rate) if rate is not None else None,
                }
            )
        )


@dataclass(frozen=True, slots=True)
class Made:
    """What a run made; every value is JSON."""

    manifest: dict[str, Any] | None
    """None for a stage that only finds; so are digest and totals."""
    digest: str | None
    totals: dict[str, Any] | None
    findings: dict[str, Any] | None
    """The facts of a stage that only finds."""
    timings: dict[str, float]
    """Seconds by part. `stage` is the stage's own compute. The parts in `BESIDE` run while others
    do or measure something else; all others add up to `total`."""


BESIDE = frozenset({"compose", "encode", "read_back", "cpu", "networks_read"})
"""Timings of the threads that compose, write and read back; processor seconds of all threads; and
how many networks were read from their files, rather than kept from the run before."""
