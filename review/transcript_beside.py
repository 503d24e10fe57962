"""What stands beside the chosen line of a transcript: faces, its cues by the rules, its history."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from restoration import cast, transcripts
from restoration.models import FaceTrack, Transcript
from restoration.speech import layers
from restoration.speech.cue_rules import Violation, check
from restoration.speech.cues import Cue
from restoration.speech.profiles import find_profile
from restoration.speech.transcript import CLOCK
from review.transcript_files import cues_for, cuts_of
from review.transcript_page import Room, ShownLine

_AROUND = 20 * CLOCK
"""Before and after a line: what its cues are made with."""
_MOST_FACES = 8


@dataclass(frozen=True, slots=True)
class Face:
    """Somebody on screen while the line is heard."""

    track: FaceTrack
    name: str
    speaks: bool
    """Whom the machine takes to speak it."""


@dataclass(frozen=True, slots=True)
class ShownCue:
    """A cue, and the rules that it breaks."""

    number: int
    cue: Cue
    broken: tuple[Violation, ...] = ()


def faces_of(room: Room, shown: ShownLine) -> list[Face]:
    """Everybody whose face a run followed during the line, the one who speaks first."""
    run = cast.newest_run(room.scan)
    if run is None or not settings.BIOMETRICS:
        return []
    by_track, by_person = cast.called(room.scan)
    speaks = shown.said.evidence.get("track") if shown.said else None
    there = run.face_tracks.filter(start_frame__lt=shown.end, end_frame__gt=shown.first)
    found = []
    for track in there.order_by("start_frame")[: 4 * _MOST_FACES]:
        told = by_track.get(track.number) or by_person.get(track.person)
        found.append(Face(track, told.name if told else "", track.number == speaks))
    return sorted(found, key=lambda face: not face.speaks)[:_MOST_FACES]


def evidence_of(shown: ShownLine) -> list[tuple[str, str]]:
    """Why a machine takes somebody to speak, or nobody, as names and values for people."""
    said = shown.said
    if said is None:
        return []
    told = [("a machine says", said.state), ("sure", f"{100 * said.confidence:.0f} %")]
    named = {
        "rule": "by",
        "lip_score": "lips fit the sound",
        "lip_probability": "lips speak, probability",
        "offset_ms": "sound behind picture, ms",
        "voice_distance": "voice away",
        "synchrony": "the reel",
    }
    return told + [
        (words, str(said.evidence[name]))
        for name, words in named.items()
        if said.evidence.get(name)
    ]


def cues_beside(room: Room, shown: ShownLine, profile: str) -> list[ShownCue]:
    """The cues that the line is shown in, made of what is said around it.

    Those of the whole reel are cut alike but where a stretch without a pause is longer than that.

    Raises: ProfileError
    """
    line = shown.line
    near = [
        each.line.as_line()
        for each in room.lines
        if not each.line.removed
        and each.line.start < line.end + _AROUND
        and line.start - _AROUND < each.line.end
    ]
    cues = cues_for(near, room.transcript, profile)
    return [
        each
        for each in checked(room.transcript, cues, profile)
        if each.cue.start_frame < shown.end and shown.first < each.cue.end_frame
    ]


def all_cues(transcript: Transcript, profile: str) -> list[ShownCue]:
    """Every cue of the transcript as it stands, with the rules that it breaks.

    Raises: ProfileError
    """
    laid = transcripts.layered(transcript)
    state = (
        transcript.pk,
        tuple(row.pk for row in transcripts.corrections_of(transcript.scan)),
        tuple(cuts_of(transcript.scan)),
        tuple(line.speaker for line in laid.shown),
    )
    return list(_all_cues(_Held(transcript, laid), profile, state))


class _Held:
    """Passed beside the key of a cache, and not part of it."""

    def __init__(self, transcript: Transcript, laid: layers.Layered) -> None:
        self.transcript = transcript
        self.laid = laid

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=2)
def _all_cues(held: _Held, profile: str, state: object) -> tuple[ShownCue, ...]:
    lines = [line.as_line() for line in held.laid.shown]
    return tuple(checked(held.transcript, cues_for(lines, held.transcript, profile), profile))


def checked(transcript: Transcript, cues: list[Cue], profile: str) -> list[ShownCue]:
    broken: dict[int, list[Violation]] = {}
    for violation in check(
        cues,
        find_profile(profile),
        rate=transcript.scan.rate,
        cuts=cuts_of(transcript.scan),
        language=transcript.language or "en",
    ):
        broken.setdefault(violation.cue, []).append(violation)
    return [ShownCue(n + 1, cue, tuple(broken.get(n, ()))) for n, cue in enumerate(cues)]
