"""The cast of a scan: faces that a run followed, what people call them, and who speaks which line.

Attributions are a machine's, made from a run's measurements and the newest transcript; names come
from people, and stand for every face that looks alike, or for one; whom nobody named may be named
by photographs of the cast. Where biometrics are
switched off nothing is told apart and nobody is named. Naming is `restoration.namings`' work,
keeping and deleting what tells people apart that of `restoration.biometrics`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.dispatch import Signal

from archive.models import Scan
from restoration.models import (
    Attribution,
    Biometric,
    Naming,
    Recognition,
    StageRun,
    Transcript,
    TranscriptLine,
)

if TYPE_CHECKING:
    from restoration.stages.attribute.measured import Measured

spoken_anew = Signal()
"""Sent with `scan` when the speakers of its lines may be others than before."""

STAGE = "attribute"
SPOKEN = "spoken"
SWITCHED_OFF = "Telling faces and voices apart is switched off in this archive (BIOMETRICS=no)."


@dataclass(frozen=True, slots=True)
class Called:
    """What a face is called, and by whom."""

    name: str
    by: str
    """Empty: a machine, by photographs."""
    distance: float | None = None
    """Of the faces to the nearest photograph."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who speaks a line, by a machine."""

    state: str
    name: str
    """Empty: nobody, or a face that has no name yet."""
    person: int
    confidence: float
    evidence: Mapping[str, Any]

    @property
    def is_doubtful(self) -> bool:
        """A voice alone says less than lips that were seen."""
        return self.evidence.get("rule") == "voice"


def newest_run(scan: Scan) -> StageRun | None:
    """The newest whose measurements are still there."""
    done = scan.runs.filter(stage=STAGE, status=StageRun.Status.DONE, findings__isnull=False)
    return done.filter(offered=False).order_by("-pk").first()


def with_lines(scan: Scan) -> Transcript | None:
    """The newest transcript in which something is said: an empty one has nobody to tell."""
    said = TranscriptLine.objects.filter(transcript=OuterRef("pk"))
    return scan.transcripts.filter(Exists(said)).order_by("-number").first()


def measured_by(run: StageRun) -> Measured:
    """What a run measured, with what tells people apart as far as that was kept."""
    from restoration.stages.attribute.record import from_json

    kept = Biometric.objects.filter(run=run).first() if settings.BIOMETRICS else None
    return from_json({**(run.findings or {}), "biometrics": kept.data if kept else {}})


@transaction.atomic
def renew(scan: Scan) -> int:
    """Say who speaks each line of the transcript that leaves; returns how many have a speaker."""
    from restoration.stages.attribute.deciding import Named, decide

    run = newest_run(scan)
    transcript = with_lines(scan)
    if run is None or transcript is None or not settings.BIOMETRICS:
        return 0
    reel = measured_by(run)
    people = dict(run.face_tracks.filter(person__gt=0).values_list("number", "person"))
    rows = list(transcript.lines.order_by("number"))
    # Every person counts as named here: names are put in when the lines are read.
    names = {person: Named(str(person)) for person in people.values()}
    decided = decide(reel, [row.as_line() for row in rows], people, names)
    Attribution.objects.filter(line__transcript=transcript).delete()
    Attribution.objects.bulk_create(
        Attribution(
            line=row,
            run=run,
            state=SPOKEN if decision.speaker else _state(decision.state),
            person=int(decision.speaker or 0),
            track=int(decision.evidence.get("track", 0)),
            confidence=decision.confidence,
            evidence=_told(decision.evidence, decided.synchrony.said),
        )
        for row, decision in zip(rows, decided.lines, strict=True)
    )
    return sum(decision.speaker is not None for decision in decided.lines)


def _state(state: str) -> str:
    return "off screen" if state == "off screen" else "unknown"


def _told(evidence: Mapping[str, Any], synchrony: str) -> dict[str, Any]:
    left_out = ("named_by", "face_distance")
    kept = {name: value for name, value in evidence.items() if name not in left_out}
    return kept | {"synchrony": synchrony}


def called(scan: Scan) -> tuple[dict[int, Called], dict[int, Called]]:
    """What the faces of the newest run are called: by track, and by person.

    By people first; by photographs whoever nobody named, unless somebody beside them has the name.
    """
    by_track: dict[int, Called] = {}
    by_person: dict[int, Called] = {}
    run = newest_run(scan)
    if run is None or not settings.BIOMETRICS:
        return by_track, by_person
    standing = Naming.objects.filter(track__run=run, withdrawn__isnull=True)
    for naming in standing.select_related("track", "character", "by").order_by("pk"):
        told = Called(naming.character.name, naming.by.get_username())
        if naming.everywhere and naming.track.person:
            by_person[naming.track.person] = told
        else:
            by_track[naming.track.number] = told
    recognised = run.recognitions.select_related("character").exclude(person__in=by_person)
    for each in list(recognised):
        if not _stands_beside(run, each, by_track, by_person):
            by_person[each.person] = Called(each.character.name, "", each.distance)
    return by_track, by_person


def _stands_beside(
    run: StageRun,
    recognised: Recognition,
    by_track: Mapping[int, Called],
    by_person: Mapping[int, Called],
) -> bool:
    """Whether somebody whom people call so shares a frame with the recognised person."""
    name = recognised.character.name
    if all(told.name != name or not told.by for told in (*by_track.values(), *by_person.values())):
        return False
    tracks = list(run.face_tracks.all())
    called_so = [
        track
        for track in tracks
        if (told := by_track.get(track.number) or by_person.get(track.person))
        and told.name == name
        and told.by
    ]
    own = [track for track in tracks if track.person == recognised.person]
    return any(
        one.start_frame < other.end_frame and other.start_frame < one.end_frame
        for one in own
        for other in called_so
        if one.number != other.number
    )


def attributed(transcript: Transcript) -> dict[int, Said]:
    """Who speaks each line, by the line's number; empty where biometrics are switched off."""
    by_track, by_person = called(transcript.scan)
    if not settings.BIOMETRICS:
        return {}
    found = {}
    # The numbers of faces and people are a run's own; those of another mean other people.
    run = newest_run(transcript.scan)
    rows = Attribution.objects.filter(line__transcript=transcript, run=run)
    for row in rows.select_related("line"):
        told = by_track.get(row.track) or by_person.get(row.person)
        name = told.name if told and row.state == SPOKEN else ""
        evidence = row.evidence
        if name and told and told.distance is not None:
            evidence = evidence | {"named_by": "photographs", "face_distance": told.distance}
        found[row.line.number] = Said(row.state, name, row.person, row.confidence, evidence)
    return found
