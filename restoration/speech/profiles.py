"""Rules for subtitles as data: what a broadcaster or an archive asks of a cue."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("profiles")
_LANGUAGES = Path(__file__).with_name("languages.toml")


class ProfileError(ValueError):
    """There is no such profile, or its file is not one."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a cue has to keep to; the numbers of the rules are those of docs/transcripts.md."""

    key: str
    name: str
    about: str
    source: str
    version: str
    characters: int
    """In a line (R5)."""
    lines: int
    """In a cue (R6)."""
    characters_a_second: Fraction
    """Spaces counted (R7)."""
    shortest: Fraction
    """Seconds (R1)."""
    longest: Fraction
    """Seconds (R2)."""
    gap: int
    """Frames from one cue to the next, at least (R3)."""
    chain: bool
    """Gaps of less than half a second are closed to `gap` (R4)."""
    linger: Fraction
    """Seconds that a cue may stay after its last word, so that it can be read (R9)."""
    snap: bool
    """In and out follow the cuts (R10 to R12)."""
    dash: str
    """Before the line of each speaker, where a cue has two (R14)."""
    dash_first: bool
    """False: only the second line has it, as in Dutch."""

    def half_second(self, rate: Fraction) -> int:
        """Frames in half a second: the reach of cuts and of chaining."""
        return round(rate / 2)

    def least_frames(self, rate: Fraction) -> int:
        return -int(-self.shortest * rate // 1)

    def most_frames(self, rate: Fraction) -> int:
        return int(self.longest * rate // 1)

    def frames_to_read(self, characters: int, rate: Fraction) -> int:
        """Frames that so many characters need at the reading speed."""
        return -int(-characters / self.characters_a_second * rate // 1)


@cache
def profiles() -> dict[str, Profile]:
    """Every profile by its key, which is the name of its file."""
    return {path.stem: _read(path) for path in sorted(_FOLDER.glob("*.toml"))}


def find_profile(key: str) -> Profile:
    """The profile of that key.

    Raises: ProfileError listing those there are.
    """
    found = profiles().get(key)
    if found is None:
        raise ProfileError(
            f"there is no subtitle profile {key!r}; there are: {', '.join(profiles())}"
        )
    return found


def _read(path: Path) -> Profile:
    with path.open("rb") as file:
        table = tomllib.load(file)
    exact = ("characters_a_second", "shortest", "longest", "linger")
    wanted = {entry.name for entry in fields(Profile)} - {"key"}
    if set(table) != wanted:
        odd = ", ".join(sorted(set(table) ^ wanted))
        raise ProfileError(f"{path.name} lacks or does not know: {odd}")
    values: dict[str, Any] = {
        name: Fraction(value) if name in exact else value for name, value in table.items()
    }
    return Profile(key=path.stem, **values)


@cache
def leaning_words(language: str) -> frozenset[str]:
    """Words of a language (ISO 639-1) that a line should not end with; empty for others."""
    with _LANGUAGES.open("rb") as file:
        table = tomllib.load(file)
    return frozenset(str(table.get(language[:2].lower(), "")).split())
