"""How the words of one cue are broken into lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from restoration.speech.profiles import Profile
from restoration.speech.transcript import Word

SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
_PAUSES = (",", ";", ":", "–", "—", "、", "，")
_QUOTES = "\"'»”’)]"


@dataclass(frozen=True, slots=True)
class Layout:
    """Words of each line, in order."""

    counts: tuple[int, ...]
    characters: int
    """Of all lines, dashes and spaces counted, line breaks not."""
    cost: float
    dashed: bool = False
    """Two speakers, a line each."""


Said = tuple[Word, str | None, int]
"""A word, its speaker, and the number of its utterance."""


def ends_sentence(word: Word) -> bool:
    return word.text.rstrip(_QUOTES).endswith(SENTENCE_ENDS)


def seam(one: Word, other: Word, leaning: frozenset[str]) -> float:
    """How much it hurts to part two words: 0 after a sentence, 3 after an article."""
    if ends_sentence(one):
        return 0.0
    said = one.text.rstrip(_QUOTES)
    if said.endswith(_PAUSES):
        return 0.3
    if said.lower() in leaning:
        return 3.0
    if one.text[:1].isupper() and other.text[:1].isupper():
        return 2.0  # most likely first and last name
    return 0.6 if other.text.lower() in leaning else 1.0


def lay_out(said: Sequence[Said], profile: Profile, leaning: frozenset[str]) -> Layout | None:
    """The best lines for words with their speakers; None if they do not fit into one cue."""
    if all(speaker == said[0][1] for _, speaker, _ in said):
        return _one_speaker(said, profile, leaning)
    turns = [list(turn) for _, turn in groupby(said, key=lambda each: each[1])]
    if len(turns) > 2 or profile.lines < 2:
        return None
    widths = [_width(turn) for turn in turns]
    dashes = [len(profile.dash) * (number > 0 or profile.dash_first) for number in range(2)]
    if max(width + dash for width, dash in zip(widths, dashes, strict=True)) > profile.characters:
        return None
    counts = tuple(len(turn) for turn in turns)
    return Layout(counts, sum(widths) + sum(dashes), 0.0, dashed=True)


def _one_speaker(said: Sequence[Said], profile: Profile, leaning: frozenset[str]) -> Layout | None:
    width = _width(said)
    if width <= profile.characters:
        return Layout((len(said),), width, 0.0)
    if profile.lines < 2:
        return None
    best: Layout | None = None
    upper = len(said[0][0].text)
    for count in range(1, len(said)):
        (one, _, utterance), (other, _, following) = said[count - 1], said[count]
        if count > 1:
            upper += len(one.text) + (not one.glued)
        lower = width - upper - (not other.glued)
        if upper > profile.characters:
            break
        if lower > profile.characters:
            continue
        hurt = 0.0 if utterance != following else seam(one, other, leaning)
        cost = 0.5 + hurt / 2 + _uneven(upper, lower)
        if best is None or cost < best.cost:
            best = Layout((count, len(said) - count), upper + lower, cost)
    return best


def _uneven(upper: int, lower: int) -> float:
    """A pyramid, narrow above, is read more easily than its reverse."""
    return abs(upper - lower) / (upper + lower) * (1.5 if upper > lower else 1.0)


def _width(said: Sequence[Said]) -> int:
    spaces = sum(not word.glued for word, _, _ in said[1:])
    return sum(len(word.text) for word, _, _ in said) + spaces
