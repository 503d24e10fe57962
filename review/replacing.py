"""Find and replace in a transcript: looked over first, then done in one act that can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from restoration import together, transcripts
from restoration.errors import TranscriptRefused
from restoration.models import Transcript, TranscriptCorrection
from restoration.speech.layers import ANSWERED, LayeredLine
from restoration.speech.replacing import Wanted, found, replaced
from restoration.transcripts import Change


@dataclass(frozen=True, slots=True)
class Place:
    """One line that would be changed."""

    line: LayeredLine
    to: str
    """Empty: it would have no words left."""
    count: int

    @property
    def key(self) -> str:
        return self.line.key

    @property
    def seen(self) -> str:
        return self.line.text


@dataclass(frozen=True, slots=True)
class Preview:
    """What a replacement would do."""

    places: list[Place]
    """Of the first `together.MOST` lines."""
    lines: int
    words: int
    """In all of them."""

    @property
    def is_part(self) -> bool:
        return self.lines > len(self.places)


def preview(transcript: Transcript, wanted: Wanted, *, machine_only: bool = False) -> Preview:
    """Every shown line that has the words.

    Args:
        machine_only: leave alone what a person typed or checked.
    """
    places = []
    for line in transcripts.layered(transcript).shown:
        words = [each.word.text for each in line.words]
        at = found(words, wanted)
        if machine_only:
            length = len(wanted.find.split())
            at = [n for n in at if not _answered(line, n, length)]
        if at:
            places.append(Place(line, replaced(words, wanted, at), len(at)))
    count = sum(place.count for place in places)
    return Preview(places[: together.MOST], len(places), count)


def _answered(line: LayeredLine, first: int, length: int) -> bool:
    return any(each.label in ANSWERED for each in line.words[first : first + length])


def replace_in(
    transcript: Transcript,
    wanted: Wanted,
    keys: Sequence[str],
    seen: Sequence[str],
    *,
    machine_only: bool,
    by: User,
) -> list[TranscriptCorrection]:
    """Do it in the lines that were chosen, as they read when they were looked over.

    A line that would have no words left is deleted.

    Raises: TranscriptRefused if one of them reads differently by now.
    """
    there = {
        place.key: place for place in preview(transcript, wanted, machine_only=machine_only).places
    }
    changes = []
    for key, read in zip(keys, seen, strict=True):
        place = there.get(key)
        if place is None or place.seen != " ".join(read.split()):
            raise TranscriptRefused(
                "Nothing was changed: some of these lines were changed meanwhile. Look them over "
                "as they are now."
            )
        kind, payload = ("text", {"text": place.to}) if place.to else ("delete", {})
        changes.append(Change(kind, (key,), payload, place.seen))
    to = f"to “{wanted.by}”" if wanted.by.strip() else "taken out"
    return together.correct(transcript, changes, about=f"“{wanted.find}” {to}", by=by)
