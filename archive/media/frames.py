"""Every frame of a file, counted by decoding: when it is shown, and what it decodes to."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from archive.media.errors import MediaError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class FrameTable:
    """One entry for each frame that a player shows, in order.

    A frame's number is its place in this table; nothing else numbers frames.
    """

    time_base: Fraction
    """Seconds a tick of `pts`."""
    pts: tuple[int, ...]
    key: tuple[bool, ...]
    """Whether decoding can begin here."""
    rate: Fraction
    """Nominal frames a second."""
    variable_rate: bool = False
    md5: tuple[str, ...] = ()
    """MD5 of each frame's native bytes, as FFmpeg's framemd5 gives it; empty if not taken."""
    sizes: tuple[int, ...] = ()
    """Native bytes of each frame; empty if not taken."""
    damaged: tuple[int, ...] = ()
    """Frames that decode only with errors concealed."""
    dimensions: tuple[int, int] = (0, 0)
    sample_aspect: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        for name in ("key", "md5", "sizes"):
            held = len(getattr(self, name))
            if held not in (0, len(self.pts)) or (name == "key" and held != len(self.pts)):
                raise MediaError(f"A frame table with {len(self.pts)} frames has {held} {name}")

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def seekable(self) -> bool:
        """Whether a timestamp names one frame."""
        return all(after > before for before, after in zip(self.pts, self.pts[1:], strict=False))

    def seconds(self, frame: int) -> Fraction:
        """When the frame is shown on the scan's own clock.

        Exact where the rate is constant: the clock may round, frame n lies at n/rate after the
        first.
        """
        if self.variable_rate:
            return self.pts[frame] * self.time_base
        return self.pts[0] * self.time_base + frame / self.rate

    def key_before(self, frame: int) -> int:
        """The last frame at or before `frame` from which decoding can begin; 0 if none."""
        return next((number for number in range(frame, 0, -1) if self.key[number]), 0)

    def as_json(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "time_base": str(self.time_base),
            "rate": str(self.rate),
            "variable_rate": self.variable_rate,
            "dimensions": list(self.dimensions),
            "sample_aspect": str(self.sample_aspect),
            "pts": list(self.pts),
            "key": [number for number, key in enumerate(self.key) if key],
            "md5": list(self.md5),
            "sizes": list(self.sizes),
            "damaged": list(self.damaged),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FrameTable:
        """Raises: MediaError if it is not a frame table of this version."""
        try:
            if values["version"] != _VERSION:
                raise MediaError(f"Frame table version {values['version']} is not {_VERSION}")
            keys = frozenset(values["key"])
            return cls(
                time_base=Fraction(values["time_base"]),
                pts=tuple(int(value) for value in values["pts"]),
                key=tuple(number in keys for number in range(len(values["pts"]))),
                rate=Fraction(values["rate"]),
                variable_rate=bool(values["variable_rate"]),
                md5=tuple(str(value) for value in values["md5"]),
                sizes=tuple(int(value) for value in values["sizes"]),
                damaged=tuple(int(value) for value in values["damaged"]),
                dimensions=(int(values["dimensions"][0]), int(values["dimensions"][1])),
                sample_aspect=Fraction(values["sample_aspect"]),
            )
        except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError) as error:
            raise MediaError(f"Not a frame table: {error!r}") from error

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        part = path.with_name(f"{path.name}.part")
        part.write_text(json.dumps(self.as_json(), separators=(",", ":")), encoding="utf-8")
        os.replace(part, path)  # noqa: PTH105 - one call, the same on every platform

    @classmethod
    def load(cls, path: Path) -> FrameTable:
        """Raises: MediaError if there is no frame table at `path`."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise MediaError(
                f"The frame table {path} cannot be read ({error}); probe the scan again"
            ) from error
        return cls.from_json(values)

    def framemd5(self) -> str:
        """The table as `ffmpeg -fps_mode passthrough -f framemd5` writes it.

        Raises: MediaError if the digests were not taken.
        """
        if not self.md5 or not self.sizes:
            raise MediaError("This frame table has no digests; make one with digests")
        width, height = self.dimensions
        step = max(1, round(1 / (self.rate * self.time_base)))
        durations = [b - a for a, b in zip(self.pts, self.pts[1:], strict=False)] + [step]
        aspect = self.sample_aspect
        lines = [
            "#format: frame checksums",
            "#version: 2",
            "#hash: MD5",
            f"#tb 0: {self.time_base.numerator}/{self.time_base.denominator}",
            "#media_type 0: video",
            "#codec_id 0: rawvideo",
            f"#dimensions 0: {width}x{height}",
            f"#sar 0: {aspect.numerator}/{aspect.denominator}",
            "#stream#, dts,        pts, duration,     size, hash",
        ]
        rows = zip(self.pts, durations, self.sizes, self.md5, strict=True)
        lines += [f"0, {p:10d}, {p:10d}, {d:8d}, {s:8d}, {m}" for p, d, s, m in rows]
        return "\n".join(lines) + "\n"


def parse_framemd5(text: str) -> list[str]:
    """The digests of the first picture stream in a framemd5 file, in order.

    Raises: MediaError if it is not one.
    """
    if not text.startswith("#format: frame checksums"):
        raise MediaError("Not a framemd5 file: its first line is not '#format: frame checksums'")
    digests = []
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        fields = [field.strip() for field in line.split(",")]
        if len(fields) < 6:
            raise MediaError(f"Not a framemd5 line: {line!r}")
        if fields[0] == "0":
            digests.append(fields[5])
    return digests
