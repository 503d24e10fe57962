"""What the transcript's page shows: lines with who answers for each word, and what is left over."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from archive.models import Scan
from archive.timecode import timecode
from restoration import cast, transcripts
from restoration.cast import Said
from restoration.models import Character, Transcript, TranscriptCorrection
from restoration.speech import layers
from restoration.speech import transcript as speech
from restoration.speech.layers import Label, LayeredLine, LayeredWord
from restoration.speech.transcript import CLOCK, first_frame, frame_after
from review.search.matching import spans
from review.search.query import Query
from review.translation import by_line

_MACHINE = (Label.MACHINE, Label.MACHINE_DOUBTFUL)
_FAIR = 0.8
"""A word that its recogniser believes less than this is tinted, below `UNSURE` more strongly."""


@dataclass(frozen=True, slots=True)
class ShownWord:
    """One word of the page."""

    said: LayeredWord
    number: int
    is_hit: bool = False
    """A search that led here means it."""

    @property
    def space(self) -> str:
        """Before it."""
        return "" if self.said.word.glued or not self.number else " "

    @property
    def at(self) -> str:
        return f"{self.said.word.start / CLOCK:.3f}"

    @property
    def until(self) -> str:
        return f"{self.said.word.end / CLOCK:.3f}"

    @property
    def style(self) -> str:
        """Classes: who answers for it, and how sure the recogniser was."""
        hit = " hit" if self.is_hit else ""
        return self._answered_for + hit

    @property
    def _answered_for(self) -> str:
        label = self.said.label
        if label not in _MACHINE:
            return label.value.lower()
        sure = self.said.word.confidence
        fair = label == Label.MACHINE and sure is not None and sure < _FAIR
        return f"machine {'doubt' if label == Label.MACHINE_DOUBTFUL else 'fair' if fair else ''}"

    @property
    def title(self) -> str:
        word, label = self.said.word, self.said.label
        sure = "" if word.confidence is None else f", {100 * word.confidence:.0f} % sure"
        placed = {"interpolated": ", its time is estimated", "entered": ", its time was entered"}
        who = {
            Label.HUMAN: f"typed by {self.said.by}",
            Label.CONFIRMED: f"checked by {self.said.by}",
            Label.MACHINE: "machine-made",
            Label.MACHINE_DOUBTFUL: "machine-made, doubtful",
        }
        return who[label] + sure + placed.get(word.timed, "")


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line of the page, and how it got there."""

    line: LayeredLine
    scan: Scan
    number: int
    history: list[TranscriptCorrection] = field(default_factory=list)
    following: str = ""
    """The key of the line after it, to merge with."""
    hits: frozenset[int] = frozenset()
    """Numbers of the words that a search means which led here."""
    said: Said | None = None
    """Who speaks it, by a machine."""
    translated: tuple[speech.Line, ...] = ()
    """What a machine says of it in English."""

    @property
    def words(self) -> list[ShownWord]:
        return [
            ShownWord(said, number, number in self.hits)
            for number, said in enumerate(self.line.words)
        ]

    @property
    def speaker_label(self) -> Label | None:
        """Who answers for the speaker; None: nobody is named."""
        if self.line.speaker_by:
            return Label.CONFIRMED if self._is_told else Label.HUMAN
        if not self.line.speaker:
            return None
        doubtful = self._is_told and self.said is not None and self.said.is_doubtful
        return Label.MACHINE_DOUBTFUL if doubtful else Label.MACHINE

    @property
    def speaker_words(self) -> str:
        """The label in words: who answers for the speaker."""
        if self.speaker_label == Label.MACHINE_DOUBTFUL:
            return "machine-made, doubtful"
        return "machine-made" if self.speaker_label == Label.MACHINE else self.speaker_title

    @property
    def _is_told(self) -> bool:
        """The stage attribute told the name, not the transcript."""
        return self.said is not None and self.said.name == self.line.speaker

    @property
    def speaker_title(self) -> str:
        """On what evidence, for people."""
        label = self.speaker_label
        if label in (Label.CONFIRMED, Label.HUMAN):
            return f"{'checked' if label == Label.CONFIRMED else 'named'} by {self.line.speaker_by}"
        if label is None:
            return ""
        if self.said is None or not self._is_told:
            return "as the transcript came; nobody answers for it"
        evidence = self.said.evidence
        told = [f"machine-made, by {evidence.get('rule')}, {100 * self.said.confidence:.0f} % sure"]
        if "lip_score" in evidence:
            told.append(f"face {evidence['track']}, lip score {evidence['lip_score']}")
        if "named_by" in evidence:
            told.append(f"named by {evidence['named_by']}, {evidence['face_distance']:.2f} away")
        if "voice_distance" in evidence:
            told.append(f"voice {evidence['voice_distance']} away")
        return "; ".join(told)

    @property
    def at(self) -> str:
        return f"{self.line.start / CLOCK:.3f}"

    @property
    def until(self) -> str:
        return f"{self.line.end / CLOCK:.3f}"

    @property
    def first(self) -> int:
        """The first frame of the line."""
        return first_frame(self.line.start, self.scan.rate)

    @property
    def end(self) -> int:
        """The frame after its last."""
        return frame_after(self.line.end, self.scan.rate)

    @property
    def start_timecode(self) -> str:
        return self._timecode(self.line.start)

    @property
    def end_timecode(self) -> str:
        return self._timecode(self.line.end)

    def _timecode(self, at: int) -> str:
        scan = self.scan
        return timecode(first_frame(at, scan.rate), scan.rate, scan.start_timecode)

    @property
    def is_doubtful(self) -> bool:
        return any(said.label == Label.MACHINE_DOUBTFUL for said in self.line.words)

    @property
    def words_to_check(self) -> bool:
        return not self.line.words_answered

    @property
    def name_to_check(self) -> bool:
        """Nothing but the speaker's name is left."""
        return self.line.words_answered and not self.line.speaker_answered

    @property
    def to_check(self) -> bool:
        return not self.line.answered

    @property
    def standing(self) -> tuple[str, str]:
        """What the badge says of it, and its tone."""
        if self.line.removed:
            return f"{self.line.removed}, by {self.line.removed_by}", ""
        if self.is_doubtful:
            return "machine-made, doubtful", "warn"
        if self.words_to_check:
            return "machine-made", "attend"
        if self.name_to_check:
            return "speaker machine-made", "attend"
        people = dict.fromkeys(said.by for said in self.line.words if said.by)
        typed = all(said.label == Label.HUMAN for said in self.line.words)
        return f"{'typed' if typed else 'checked'} by {', '.join(people)}", "good"


@dataclass(slots=True)
class Room:
    """The whole page."""

    scan: Scan
    transcript: Transcript
    versions: list[Transcript]
    lines: list[ShownLine]
    conflicts: list[Any]
    counts: dict[str, int]
    speakers: list[str]

    @property
    def is_translated(self) -> bool:
        return any(line.translated for line in self.lines)

    @property
    def is_newest(self) -> bool:
        return self.transcript.pk == self.versions[0].pk

    @property
    def to_check(self) -> list[ShownLine]:
        return [line for line in self.lines if not line.line.removed and line.to_check]


@dataclass(frozen=True, slots=True)
class ShownConflict:
    """A correction that no longer fits, to be made anew or taken back."""

    row: TranscriptCorrection
    why: str
    key: str
    """Of the line in its place, if there is one."""

    @property
    def frame(self) -> int:
        """Where the correction saw its line."""
        return first_frame(self.row.targets[0][1], self.row.scan.rate) if self.row.targets else 0


def transcript_room(scan: Scan, number: int | None = None) -> Room | None:
    """The transcript of that number, or the newest; None if the scan has none (such)."""
    versions = list(scan.transcripts.select_related("by", "run").order_by("-number"))
    found = [each for each in versions if number is None or each.number == number]
    if not found:
        return None
    rows = transcripts.corrections_of(scan)
    laid = transcripts.layered(found[0], rows)
    return Room(
        scan=scan,
        transcript=found[0],
        versions=versions,
        lines=_shown(found[0], laid, rows),
        conflicts=_conflicts(laid, rows),
        counts=word_counts(laid),
        speakers=_speakers(scan, laid),
    )


def marked(lines: list[ShownLine], query: Query, language: str) -> list[ShownLine]:
    """The lines with the words marked that the search means, by the rules of the search itself."""
    text, places = "", []
    for line in lines:
        for number, said in enumerate(line.line.words):
            text += "" if said.word.glued and number else " "
            places.append((line.number, number, len(text), len(text) + len(said.word.text)))
            text += said.word.text
    found: dict[int, set[int]] = defaultdict(set)
    for span in spans(query.node, text, language=language):
        for line_number, number, start, end in places:
            if span.start < end and start < span.end:
                found[line_number].add(number)
    return [replace(line, hits=frozenset(found[line.number])) for line in lines]


def _speakers(scan: Scan, laid: layers.Layered) -> list[str]:
    """Who says most first, then the other characters of the film: the keys 1 to 9 name them."""
    said = Counter(line.speaker for line in laid.shown if line.speaker)
    named = [name for name, _ in said.most_common()]
    characters = Character.objects.filter(title=scan.reel.element.title).order_by("name")
    return list(dict.fromkeys([*named, *characters.values_list("name", flat=True)]))


def _shown(
    transcript: Transcript, laid: layers.Layered, rows: list[TranscriptCorrection]
) -> list[ShownLine]:
    said, translated = cast.attributed(transcript), by_line(transcript, laid)
    by_number = {row.pk: row for row in rows}
    following = {one.key: other.key for one, other in zip(laid.shown, laid.shown[1:], strict=False)}
    return [
        ShownLine(
            line,
            transcript.scan,
            number,
            [by_number[pk] for pk in line.corrections if pk in by_number],
            following.get(line.key, ""),
            said=said.get(number_of(line.key)),
            translated=translated.get(line.key, ()),
        )
        for number, line in enumerate(laid.lines, start=1)
    ]


def number_of(key: str) -> int:
    """Of the transcript's line that a layered line, or a part of it, came from; -1: of none."""
    first = key.split(".")[0]
    return int(first[1:]) if first.startswith("m") and first[1:].isdigit() else -1


def _conflicts(laid: layers.Layered, rows: list[TranscriptCorrection]) -> list[ShownConflict]:
    by_number = {row.pk: row for row in rows}
    return [
        ShownConflict(by_number[each.correction.number], each.why, each.key)
        for each in laid.conflicts
    ]


def word_counts(laid: layers.Layered) -> dict[str, int]:
    """Words that are shown, by who answers for them."""
    counted = Counter(said.label for line in laid.shown for said in line.words)
    return {label.value: counted[label] for label in Label}


def note_of(laid: layers.Layered, transcript: Transcript) -> str:
    """What every file says at its head of who made and who checked it."""
    counts = word_counts(laid)
    machine = counts["MACHINE"] + counts["MACHINE_DOUBTFUL"]
    total = sum(counts.values())
    said = f"All {total} words were typed or checked by a person."
    if machine:
        said = (
            f"MACHINE, UNREVIEWED: {machine} of {total} words are a machine's and nobody has "
            f"checked them, {counts['MACHINE_DOUBTFUL']} of them doubtful."
        )
    if names := sum(not line.speaker_answered for line in laid.shown):
        head = "" if machine else "MACHINE, UNREVIEWED: "
        said = (
            f"{head}{said} The speakers of {names} of {len(laid.shown)} lines were named by a "
            "machine and nobody has checked them."
        )
    return f"{said} Source: {transcript.source}"
