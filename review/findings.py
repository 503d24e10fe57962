"""One rule of a policy held against a reel: what is allowed, what was measured, where. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from review.frame_ranges import Range, spoken

PASSED, FAILED, OVERRIDDEN, UNKNOWN = "passed", "failed", "overridden", "not measured"


@dataclass(frozen=True, slots=True)
class Place:
    """Frames of a scene at which a rule fails."""

    scene: int
    frames: tuple[Range, ...]

    @property
    def spoken(self) -> str:
        return spoken(self.frames)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule, held against the material."""

    rule: str
    kind: str
    limit: str
    """What is allowed, in words."""
    measured: str
    outcome: str
    where: tuple[Place, ...] = ()
    advice: str = ""
    """What to do where it fails, in sentences; empty where the places say enough."""

    def as_json(self) -> dict[str, Any]:
        where = [
            {"scene": place.scene, "frames": [list(each) for each in place.frames]}
            for place in self.where
        ]
        told = {"rule": self.rule, "limit": self.limit, "measured": self.measured}
        return told | {"outcome": self.outcome, "where": where}


def outcome(*, passed: bool) -> str:
    return PASSED if passed else FAILED
