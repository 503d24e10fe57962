"""What colourise says of its own take: warnings, where to paint next, how uncertain it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from restoration import scenes
from restoration.models import Hint, Take
from restoration.orders import FACTS, TakeFiles
from restoration.storage import storage

COLOURISE = "colourise"
REACHED = 0.005
"""Share of a frame from which a hint counts as reaching it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one hint would decide most. gain: share of its frame that it would decide, percent."""

    frame: int
    x: int
    y: int
    gain: float


@dataclass(frozen=True, slots=True)
class Advice:
    """What colourise says of its own take."""

    warnings: list[str]
    paint_next: list[Place]
    reach: dict[str, tuple[int, int]]
    """First and last frame of which a hint, by its id, colours half a percent or more."""
    tinted: bool = False
    """Whether the film was found to be sepia, tinted or toned."""

    def reach_of(self, patches: list[Hint]) -> tuple[int, int] | None:
        """Of several hints together; None if they colour nothing in the newest take."""
        spans = [self.reach[str(hint.pk)] for hint in patches if str(hint.pk) in self.reach]
        if not spans:
            return None
        return min(first for first, _ in spans), max(last for _, last in spans)


def link_of(head: Take | None, stage: str) -> Take | None:
    """The stage's take in the chain that ends with `head`."""
    links = scenes.chain(head) if head is not None else []
    return next((take for take in links if take.stage == stage), None)


def doubt_of(shown: Take) -> list[dict[str, Any]]:
    """How uncertain the colour is, a grid for each frame, as colourise recorded it; empty if not.

    Each: frame, width, height, data (uint8 rows from 0, sure, to 255; deflated, base64).
    """
    take = link_of(shown, COLOURISE)
    return [
        {"frame": frame["frame"], **frame["doubt"]}
        for frame in (_facts(take).get("frames", []) if take else [])
        if "doubt" in frame
    ]


def _facts(take: Take) -> dict[str, Any]:
    """What the take recorded; nothing if its files are away, which fixity reports."""
    try:
        return _read(_facts_file(take))
    except (OSError, ValueError):
        return {}


def _facts_file(take: Take) -> Path:
    return TakeFiles(storage().folder(take.storage_key, FACTS)).facts


def _read(facts: Path) -> dict[str, Any]:
    """Raises: OSError, ValueError."""
    found = json.loads(facts.read_bytes())
    return found if isinstance(found, dict) else {}


def advice_of(take: Take | None) -> Advice:
    """The warnings of a take of colourise, and where to paint next, as its facts have them.

    The facts of a long scene are megabytes, and every stroke asks: each file is read once.
    """
    if take is None:
        return Advice([], [], {})
    path = _facts_file(take)
    try:
        return _advice(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return Advice([], [], {})


@lru_cache(maxsize=128)
def _advice(path: Path, changed: int) -> Advice:
    """changed: when the file was, so that one that was put back is read again.

    Raises: OSError, ValueError.
    """
    facts = _read(path)
    places = [
        Place(
            frame=place["frame"],
            x=place["x"] + place["width"] // 2,
            y=place["y"] + place["height"] // 2,
            gain=round(100 * place["gain"], 1),
        )
        for place in facts.get("paint_next", [])
    ]
    reach: dict[str, tuple[int, int]] = {}
    for frame in facts.get("frames", []):
        for name, share in frame.get("from", {}).items():
            if share >= REACHED:
                first = reach.get(name, (frame["frame"], 0))[0]
                reach[name] = (first, frame["frame"])
    tinted = facts.get("source", {}).get("kind") == "tinted"
    return Advice([str(words) for words in facts.get("warnings", [])], places, reach, tinted)
