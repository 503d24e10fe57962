"""What is said in a reel as it leaves: its lines, who answers for them, and their cues. PLAIN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from restoration.speech.cues import Cue, make_cues
from restoration.speech.profiles import find_profile
from restoration.speech.transcript import Line, first_frame, frame_after

PROFILE = "archive"
"""The rules of the house by which lines become cues; see docs/transcripts.md."""
UNREVIEWED = "machine, unreviewed"
_NAME_UNREVIEWED = "speaker by a machine, unreviewed"
_THREE_LETTERS = {
    "cs": "ces", "da": "dan", "de": "deu", "en": "eng", "es": "spa", "fi": "fin", "fr": "fra",
    "hu": "hun", "it": "ita", "ja": "jpn", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por",
    "ru": "rus", "sv": "swe", "uk": "ukr", "zh": "zho",
}  # fmt: skip
"""ISO 639-2/T, as MP4 files name languages."""


def three_letters(language: str) -> str:
    """ISO 639-2 of a language tag such as `de-AT`; `und` for one that is not in the list."""
    return _THREE_LETTERS.get(language.split("-")[0].lower(), "und")


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A line as it stands after what people corrected."""

    line: Line
    words_answered: bool
    """A named person answers for every word of it."""
    speaker_answered: bool
    """A named person says who speaks it, or nobody does; else the name says that it is a machine's.
    """
    by: tuple[str, ...] = ()
    """Those people."""

    @property
    def answered(self) -> bool:
        return not self.unreviewed

    @property
    def unreviewed(self) -> str:
        """What of it nobody answers for, in words; empty: nothing."""
        if not self.words_answered:
            return UNREVIEWED
        return "" if self.speaker_answered else _NAME_UNREVIEWED

    @property
    def answers(self) -> str:
        """Who answers for it, in words."""
        if not self.words_answered:
            return UNREVIEWED
        return "; ".join(filter(None, (", ".join(self.by), self.unreviewed)))


@dataclass(frozen=True, slots=True)
class Spoken:
    """The transcript of the scan that leaves, times as samples of its clock."""

    number: int
    """Its version."""
    digest: str
    """SHA-256 of the lines as they were first kept, before any correction."""
    source: str
    language: str
    """Empty: nobody said which."""
    note: str
    """Who made and who checked it, in words; files say it at their head."""
    lines: tuple[SpokenLine, ...]

    @property
    def unanswered(self) -> int:
        """How many lines nobody answers for."""
        return sum(not line.answered for line in self.lines)

    @property
    def state(self) -> str:
        """`approved`, or what nobody has checked."""
        if not self.unanswered:
            return "approved"
        return f"{UNREVIEWED}: {self.unanswered} of {len(self.lines)} lines"

    def cues(self, rate: Fraction, cuts: Sequence[int], frames: int) -> list[Cue]:
        """Subtitles by the rules of the house, snapped to the cuts.

        Args:
            cuts: first frames of all scenes but the first.
            frames: of the scan; no cue outlasts them.
        """
        return make_cues(
            [each.line for each in self.lines],
            find_profile(PROFILE),
            rate=rate,
            cuts=cuts,
            language=self.language or "en",
            end_frame=frames,
        )

    def told_of(self) -> dict[str, Any]:
        """The transcript as a whole, for records."""
        return {
            "version": self.number,
            "digest": self.digest,
            "source": self.source,
            "language": self.language,
            "state": self.state,
            "lines": len(self.lines),
        }

    def told(self, rate: Fraction, start: int, end: int) -> list[dict[str, Any]]:
        """The lines that begin in frames [start, end), for timelines."""
        first = [first_frame(each.line.start, rate) for each in self.lines]
        return [
            _told(each, at, rate)
            for each, at in zip(self.lines, first, strict=True)
            if start <= at < end
        ]


def _told(said: SpokenLine, first: int, rate: Fraction) -> dict[str, Any]:
    return {
        "frames": [first, max(first + 1, frame_after(said.line.end, rate))],
        "speaker": said.line.speaker,
        "kind": said.line.kind,
        "text": said.line.text,
        "state": said.unreviewed or "approved",
        "answered_by": list(said.by) if said.answered else [],
    }
