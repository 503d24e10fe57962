"""What a viewing copy shows beside the takes' pictures, and whose word that is. PURE.

No map speaks of it: the maps are of the takes. So records and credentials name it by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from restoration.provenance.labels import Label
from review.formats.spoken import Spoken


@dataclass(frozen=True, slots=True)
class Addition:
    """Text beside or over the pictures of one file."""

    what: str
    """Such as `subtitle track`."""
    label: Label
    """HUMAN where a named person answers for all of it, else SYNTHESISED."""
    words: str
    """What it is and who answers for it, in a sentence without its stop."""
    over_picture: bool = False
    """It hides pixels, and cannot be switched off."""

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "label": self.label.name,
            "says": self.words,
            "over_picture": self.over_picture,
        }


def of_subtitles(what: str, spoken: Spoken, *, over_picture: bool = False) -> Addition:
    """Subtitles are as good as the lines that they were made from."""
    label = Label.SYNTHESISED if spoken.unanswered else Label.HUMAN
    words = f"{what}, {spoken.state} (transcript {spoken.number}, {spoken.digest[:12]})"
    return Addition(what, label, words, over_picture)
