"""Which version of a reel is to leave: its restoration, or its colour version. PLAIN.

A colour delivery is of coloured scenes. A scene leaves as it was restored only if somebody said so:
of all scenes that nobody coloured, or of scenes that were named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RESTORATION, COLOUR = "restoration", "colour"
VERSIONS = (RESTORATION, COLOUR)
"""As `restoration.models.Take.Version` has them."""
UNCOLOURED = "uncoloured"


class UnknownScenes(ValueError):
    """What was written names no scenes; the message says what to write."""


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """A version, and the scenes that leave as restored though the colour version was chosen."""

    version: str = RESTORATION
    uncoloured: bool = False
    """Scenes without a colour version leave as restored."""
    as_restored: tuple[int, ...] = ()
    """Scenes, by their ids, that leave as restored whatever colour they have; ascending."""

    def version_of(self, scene: int, *, coloured: bool) -> str:
        """The version in which a scene is to leave.

        Args:
            scene: its id.
            coloured: whether a colour version of it was made.
        """
        if self.version == COLOUR and scene in self.as_restored:
            return RESTORATION
        if self.version == COLOUR and self.uncoloured and not coloured:
            return RESTORATION
        return self.version

    def as_json(self) -> dict[str, Any]:
        """The exceptions, if there are any; the version stands beside them."""
        told: dict[str, Any] = {UNCOLOURED: True} if self.uncoloured else {}
        return told | ({"scenes": list(self.as_restored)} if self.as_restored else {})

    @classmethod
    def from_json(cls, version: str, values: Mapping[str, Any]) -> VersionChoice:
        """The reverse of `as_json`."""
        scenes = tuple(sorted(values.get("scenes", ())))
        return cls(version, bool(values.get(UNCOLOURED)), scenes)

    @classmethod
    def parse(
        cls, version: str, words: str, scenes: Sequence[int], *, uncoloured: bool = False
    ) -> VersionChoice:
        """From what people write: `uncoloured, 2, 5-7`.

        Args:
            words: scene numbers as the reel counts them, from 1, and ranges of them; `uncoloured`
                for all scenes that nobody coloured.
            scenes: the ids of the reel's scenes, in order.
        Raises: UnknownScenes.
        """
        named: set[int] = set()
        for word in words.replace(",", " ").split():
            if word == UNCOLOURED:
                uncoloured = True
            else:
                named |= _numbers(word, len(scenes))
        if version != COLOUR and (named or uncoloured):
            raise UnknownScenes("only in a colour delivery can scenes leave as restored")
        return cls(version, uncoloured, tuple(sorted(scenes[number - 1] for number in named)))


RESTORED = VersionChoice()


def _numbers(word: str, scenes: int) -> set[int]:
    first, dash, last = word.partition("-")
    try:
        found = set(range(int(first), min(int(last if dash else first), scenes + 1) + 1))
    except ValueError:
        found = set()
    if not found or not all(1 <= number <= scenes for number in found):
        raise UnknownScenes(
            f"{word} names no scene: give numbers from 1 to {scenes}, such as 2, 5-7, "
            f"or the word {UNCOLOURED}"
        )
    return found
