"""A moment of a film, cited: Chicago (17th edition, 14.265), MLA (9th edition), BibTeX. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Moment:
    """What is cited."""

    title: str
    year: str
    """As the catalogue has it; may be empty."""
    reel: int
    timecode: str
    said: str
    speaker: str
    checked: bool
    """Whether a person answers for the words."""
    archive: str
    """The collection; may be empty."""
    address: str
    seen: date

    @property
    def wording(self) -> str:
        return "" if self.checked else " (machine transcription, unreviewed)"


def chicago(moment: Moment) -> str:
    held = f" {moment.archive}." if moment.archive else ""
    when = f" ({moment.year})" if moment.year else ""
    return (
        f"{_speaker(moment)}“{moment.said}”{moment.wording}, in {moment.title}{when}, reel "
        f"{moment.reel}, at {moment.timecode}.{held} Accessed {moment.seen:%B} {moment.seen.day}, "
        f"{moment.seen.year}. {moment.address}."
    )


def mla(moment: Moment) -> str:
    held = f" {moment.archive}," if moment.archive else ""
    when = f" {moment.year}," if moment.year else ""
    return (
        f"{_speaker(moment)}“{moment.said}”{moment.wording}. {moment.title},{when} reel "
        f"{moment.reel}, {moment.timecode}.{held} {moment.address}. Accessed {moment.seen.day} "
        f"{moment.seen:%b}. {moment.seen.year}."
    )


def bibtex(moment: Moment) -> str:
    name = re.sub("[^a-z0-9]+", "", moment.title.lower()) or "film"
    fields = {
        "title": f"{{{_escaped(moment.title)}}}",
        "year": _escaped(moment.year),
        "note": _escaped(
            f"Reel {moment.reel}, at {moment.timecode}: {_speaker(moment)}"
            f"``{moment.said}''{moment.wording}"
        ),
        "organization": _escaped(moment.archive),
        "url": moment.address,
        "urldate": moment.seen.isoformat(),
    }
    place = re.sub("[^0-9]", "", moment.timecode)
    lines = [f"  {field} = {{{value}}}" for field, value in fields.items() if value]
    return f"@misc{{{name}-{moment.reel}-{place},\n" + ",\n".join(lines) + "\n}\n"


STYLES = {"Chicago": chicago, "MLA": mla, "BibTeX": bibtex}


def _speaker(moment: Moment) -> str:
    return f"{moment.speaker}: " if moment.speaker else ""


def _escaped(text: str) -> str:
    """As BibTeX reads it: its signs are letters again, braces are gone."""
    return re.sub(r"([&%$#_])", r"\\\1", re.sub(r"[{}\\]", "", text))
