"""Which rules a list of cues breaks, of our own and of imported files alike."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from restoration.speech.cue_layout import SENTENCE_ENDS
from restoration.speech.cues import Cue
from restoration.speech.profiles import Profile, leaning_words
from restoration.speech.transcript import first_frame, frame_after

_TOLERANCE = 2
"""Frames by which a cue may begin beside its first word (R8)."""


class Rule(StrEnum):
    """Numbered as in docs/transcripts.md."""

    SHORT = "R1"
    LONG = "R2"
    GAP = "R3"
    CHAIN = "R4"
    WIDE = "R5"
    LINES = "R6"
    SPEED = "R7"
    IN_TIME = "R8"
    OUT_TIME = "R9"
    AFTER_CUT = "R10"
    BEFORE_CUT = "R11"
    OUT_AT_CUT = "R12"
    BREAK = "R13"
    DASHES = "R14"


HARD = frozenset({Rule.LONG, Rule.GAP, Rule.WIDE, Rule.LINES})
"""Never broken by our own cues."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken by one cue."""

    rule: Rule
    cue: int
    """Place in the list, from 0."""
    words: str

    @property
    def hard(self) -> bool:
        return self.rule in HARD


def check(
    cues: Sequence[Cue],
    profile: Profile,
    *,
    rate: Fraction,
    cuts: Sequence[int] = (),
    language: str = "en",
) -> list[Violation]:
    """Every rule that is broken, in the order of the cues.

    Args:
        cuts: the first frame of every scene but the first, in order.
    """
    rules = _Rules(profile, rate, sorted(cuts) if profile.snap else [], leaning_words(language))
    found = [violation for n, cue in enumerate(cues) for violation in rules.of_cue(n, cue)]
    for number, (one, other) in enumerate(pairwise(cues)):
        found += rules.of_pair(number, one, other)
    return sorted(found, key=lambda each: (each.cue, list(Rule).index(each.rule)))


def count(violations: Iterable[Violation]) -> dict[str, int]:
    """Violations by rule, every rule named."""
    counted = Counter(violation.rule for violation in violations)
    return {rule.value: counted[rule] for rule in Rule}


class _Rules:
    def __init__(
        self, profile: Profile, rate: Fraction, cuts: Sequence[int], leaning: frozenset[str]
    ) -> None:
        self._profile = profile
        self._rate = rate
        self._cuts = cuts
        self._leaning = leaning
        self._half = profile.half_second(rate)

    def of_cue(self, number: int, cue: Cue) -> Iterable[Violation]:
        found = [*self._shape(cue), *self._length(cue), *self._in(cue), *self._out(cue)]
        return [Violation(rule, number, words) for rule, words in found]

    def _shape(self, cue: Cue) -> Iterable[tuple[Rule, str]]:
        profile = self._profile
        if len(cue.lines) > profile.lines:
            yield Rule.LINES, f"{len(cue.lines)} lines, at most {profile.lines}"
        for line in cue.lines:
            if len(line.text) > profile.characters:
                yield Rule.WIDE, f"{len(line.text)} characters, at most {profile.characters}"
        for one, _ in pairwise(cue.lines):
            last = (one.text.split() or [""])[-1]
            if not last.endswith(SENTENCE_ENDS) and last.lower() in self._leaning:
                yield Rule.BREAK, f"a line ends with {last!r}"
        speakers = {line.speaker for line in cue.lines}
        dashed = sum(line.text.startswith(("-", "–")) for line in cue.lines)
        if len(speakers) > 1 and not dashed:
            yield Rule.DASHES, "two speakers, and no dash tells them apart"

    def _length(self, cue: Cue) -> Iterable[tuple[Rule, str]]:
        profile, frames = self._profile, cue.end_frame - cue.start_frame
        if frames < profile.least_frames(self._rate):
            yield Rule.SHORT, f"{frames} frames, at least {profile.least_frames(self._rate)}"
        if frames > profile.most_frames(self._rate):
            yield Rule.LONG, f"{frames} frames, at most {profile.most_frames(self._rate)}"
        if frames > 0 and cue.characters > profile.characters_a_second * frames / self._rate:
            speed = float(cue.characters * self._rate / frames)
            wanted = float(profile.characters_a_second)
            yield Rule.SPEED, f"{speed:.1f} characters a second, at most {wanted:g}"

    def _in(self, cue: Cue) -> Iterable[tuple[Rule, str]]:
        start = cue.start_frame
        at = bisect_left(self._cuts, start)
        on_cut = at < len(self._cuts) and self._cuts[at] == start
        if on_cut:
            return
        if at and start - self._cuts[at - 1] < self._half:
            yield Rule.AFTER_CUT, f"begins {start - self._cuts[at - 1]} frames after a cut"
        if at < len(self._cuts) and self._cuts[at] - start < self._half:
            yield Rule.BEFORE_CUT, f"begins {self._cuts[at] - start} frames before a cut"
        if cue.heard is not None:
            early = first_frame(cue.heard[0], self._rate) - start
            if abs(early) > _TOLERANCE:
                yield Rule.IN_TIME, f"begins {early} frames before the first word"

    def _out(self, cue: Cue) -> Iterable[tuple[Rule, str]]:
        end = cue.end_frame
        at = bisect_left(self._cuts, end - self._half + 1)
        if at < len(self._cuts) and self._cuts[at] - end < self._half:
            away = self._cuts[at] - end
            if away != self._profile.gap:
                yield Rule.OUT_AT_CUT, f"ends {abs(away)} frames from a cut"
        if cue.heard is not None:
            over = end - frame_after(cue.heard[1], self._rate)
            least = self._profile.least_frames(self._rate)
            kept = max(int(self._profile.linger * self._rate), self._half)
            if over > kept and end - cue.start_frame > least + self._half:
                yield Rule.OUT_TIME, f"stays {over} frames after the last word"

    def of_pair(self, number: int, one: Cue, other: Cue) -> Iterable[Violation]:
        gap = other.start_frame - one.end_frame
        if gap < self._profile.gap:
            told = f"{gap} frames before the next cue" if gap >= 0 else "overlaps the next cue"
            yield Violation(Rule.GAP, number, f"{told}, at least {self._profile.gap}")
        elif self._profile.chain and self._profile.gap < gap < self._half:
            yield Violation(Rule.CHAIN, number, f"a gap of {gap} frames, neither closed nor open")
