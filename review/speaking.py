"""Who speaks, said by a person: for a line, for all lines of a voice, or for all of a name."""

from __future__ import annotations

from typing import Literal

from django.contrib.auth.models import User

from restoration import cast, together, transcripts
from restoration.errors import TranscriptRefused
from restoration.models import Transcript
from restoration.speech.layers import Layered, LayeredLine
from restoration.transcripts import Change
from review.transcript_page import number_of

Scope = Literal["line", "voice", "everywhere"]


def name_speaker(
    transcript: Transcript, key: str, name: str, *, scope: Scope, by: User, seen: str | None = None
) -> int:
    """Name who speaks; returns in how many lines.

    Args:
        scope: `line`: this one. `voice`: every line that a machine gives to the same person, whose
            name no other person said. `everywhere`: every line that bears the name of this one.

    Raises: TranscriptRefused
    """
    if scope == "line":
        transcripts.correct(transcript, "speaker", [key], {"speaker": name}, by=by, seen=seen)
        return 1
    laid = transcripts.layered(transcript)
    line = laid.find(key)
    if line is None or line.removed:
        raise TranscriptRefused("Nothing was kept: this line is not there any more.")
    lines = _of_voice(transcript, laid, line) if scope == "voice" else _of_name(laid, line)
    changes = [Change("speaker", (each.key,), {"speaker": name}, each.text) for each in lines]
    about = f"{line.speaker or 'a voice'} is {name or 'nobody'}"
    return len(together.correct(transcript, changes, about=about, by=by))


def _of_name(laid: Layered, line: LayeredLine) -> list[LayeredLine]:
    if not line.speaker:
        raise TranscriptRefused(
            "Nothing was kept: nobody is named in this line, so there is no name to change "
            "everywhere. Name this line, or this voice."
        )
    return [each for each in laid.shown if each.speaker == line.speaker]


def _of_voice(transcript: Transcript, laid: Layered, line: LayeredLine) -> list[LayeredLine]:
    said = cast.attributed(transcript)
    own = said.get(number_of(line.key))
    if own is None or own.state != cast.SPOKEN or not own.person:
        raise TranscriptRefused(
            "Nothing was kept: no voice was told apart for this line. Name the line alone, or run "
            "the stage attribute."
        )
    same = {number for number, each in said.items()
            if each.state == cast.SPOKEN and each.person == own.person}  # fmt: skip
    return [
        each
        for each in laid.shown
        if number_of(each.key) in same and (each.key == line.key or not each.speaker_by)
    ]
