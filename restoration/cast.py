"""The cast of a scan: faces that a run followed, what people call them, and who speaks which line.

Attributions are a machine's, made from a run's measurements and the newest transcript; names come
from people alone, and stand for every face that looks alike, or for one. Where biometrics are
switched off nothing is told apart and nobody is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.dispatch import Signal
from django.utils import timezone

from archive.models import Scan, Title
from restoration.cancelling import cancel_if_open
from restoration.editing import lock, tell
from restoration.errors import CastRefused
from restoration.models import (
    Attribution,
    Biometric,
    Character,
    FaceTrack,
    Naming,
    StageRun,
    Transcript,
    TranscriptLine,
)

spoken_anew = Signal()
"""Sent with `scan` when the speakers of its lines may be others than before."""

STAGE = "attribute"
SPOKEN = "spoken"


@dataclass(frozen=True, slots=True)
class Called:
    """What a face is called, and by whom."""

    name: str
    by: str


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


def part_biometrics(findings: dict[str, Any] | None) -> tuple[dict[str, Any] | None, Any]:
    """Findings without what tells people apart, and that: it is never stored with a run."""
    if not findings or "biometrics" not in findings:
        return findings, {}
    kept = {name: value for name, value in findings.items() if name != "biometrics"}
    return kept | {"biometrics": {}}, findings["biometrics"]


def keep_run(run: StageRun, biometrics: Mapping[str, Any]) -> None:
    """Keep the faces that a run followed, and say anew who speaks."""
    from restoration.stages.attribute.clusters import cluster
    from restoration.stages.attribute.record import from_json

    if not settings.BIOMETRICS:
        biometrics = {}
    if not FaceTrack.objects.filter(run__key=run.key, scan=run.scan).exists():
        reel = from_json({**(run.findings or {}), "biometrics": biometrics})
        people = cluster(reel.tracks)
        FaceTrack.objects.bulk_create(
            FaceTrack(
                scan=run.scan,
                run=run,
                number=track.number,
                person=people.get(track.number, 0),
                start_frame=track.first_frame,
                end_frame=track.end_frame,
                best_frame=track.best_frame,
                box=[int(v) for v in track.boxes[track.best_frame - track.first_frame]],
            )
            for track in reel.tracks
        )
        if biometrics:
            Biometric.objects.create(scan=run.scan, run=run, data=dict(biometrics))
    renew(run.scan)
    spoken_anew.send(sender=StageRun, scan=run.scan)


def newest_run(scan: Scan) -> StageRun | None:
    """The newest whose measurements are still there."""
    done = scan.runs.filter(stage=STAGE, status=StageRun.Status.DONE, findings__isnull=False)
    return done.filter(offered=False).order_by("-pk").first()


def with_lines(scan: Scan) -> Transcript | None:
    """The newest transcript in which something is said: an empty one has nobody to tell."""
    said = TranscriptLine.objects.filter(transcript=OuterRef("pk"))
    return scan.transcripts.filter(Exists(said)).order_by("-number").first()


@transaction.atomic
def renew(scan: Scan) -> int:
    """Say who speaks each line of the transcript that leaves; returns how many have a speaker."""
    from restoration.stages.attribute.deciding import Named, decide
    from restoration.stages.attribute.record import from_json

    run = newest_run(scan)
    transcript = with_lines(scan)
    if run is None or transcript is None or not settings.BIOMETRICS:
        return 0
    kept = Biometric.objects.filter(run=run).first()
    reel = from_json({**(run.findings or {}), "biometrics": kept.data if kept else {}})
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
    """What people call the faces of the newest run: by track, and by person."""
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
    return by_track, by_person


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
        found[row.line.number] = Said(row.state, name, row.person, row.confidence, row.evidence)
    return found


@transaction.atomic
def name_face(
    track: FaceTrack, name: str, *, by: User, actor: str = "", everywhere: bool = True
) -> Naming:
    """This face is that character, here or wherever a face looks like it.

    Raises: CastRefused
    """
    if not settings.BIOMETRICS:
        raise CastRefused("Nothing was kept: telling faces apart is switched off in this archive.")
    lock(track.scan)
    character = _character(track.scan.reel.element.title, name, actor, by)
    made = Naming.objects.create(track=track, character=character, everywhere=everywhere, by=by)
    detail = {"track": track.number, "character": character.name, "everywhere": everywhere}
    tell("face named", track.scan, by, detail)
    spoken_anew.send(sender=Naming, scan=track.scan)
    return made


def _character(title: Title, name: str, actor: str, by: User) -> Character:
    written = " ".join(name.split())
    if not written or len(written) > 200:
        raise CastRefused("Nothing was kept: write the character's name, in up to 200 characters.")
    made, _ = Character.objects.get_or_create(title=title, name=written, defaults={"by": by})
    if played := " ".join(actor.split())[:200]:
        made.actor = played
        made.save(update_fields=["actor"])
    return made


@transaction.atomic
def take_back(naming: Naming, *, by: User) -> None:
    """Raises: CastRefused if that was done before."""
    lock(naming.track.scan)
    naming.refresh_from_db()
    if naming.withdrawn:
        raise CastRefused("Nothing was changed: this name was taken back before.")
    naming.withdrawn, naming.withdrawn_by = timezone.now(), by
    naming.save(update_fields=["withdrawn", "withdrawn_by"])
    detail = {"track": naming.track.number, "character": naming.character.name}
    tell("face name taken back", naming.track.scan, by, detail)
    spoken_anew.send(sender=Naming, scan=naming.track.scan)


@transaction.atomic
def rename(character: Character, name: str, *, scan: Scan, by: User, actor: str = "") -> Character:
    """Call a character otherwise, in every reel of the film; a name that is taken merges both.

    Raises: CastRefused
    """
    before, played = character.name, character.actor
    other = _character(character.title, name, actor, by)
    if other.pk != character.pk:
        if played and not other.actor:
            other.actor = played
            other.save(update_fields=["actor"])
        Naming.objects.filter(character=character).update(character=other)
        character.delete()
    tell("character renamed", scan, by, {"from": before, "to": other.name})
    called_so = Scan.objects.filter(face_tracks__namings__character=other).distinct()
    for each in called_so:
        spoken_anew.send(sender=Naming, scan=each)
    return other


@dataclass(frozen=True, slots=True)
class Left:
    """What there is of biometric data; all zero after it was deleted."""

    embeddings: int
    face_tracks: int
    attributions: int
    namings: int
    findings: int
    """Runs whose findings still hold faces or lips."""
    running: int = 0
    """Runs that are still looking for faces, and keep what they find."""

    @property
    def is_nothing(self) -> bool:
        return not any(
            (self.embeddings, self.face_tracks, self.attributions, self.findings, self.running)
        )


def left(scan: Scan | None = None) -> Left:
    """Counted in the tables themselves, of one scan or of the whole archive."""
    runs = StageRun.objects.filter(stage=STAGE, findings__isnull=False)
    of = {} if scan is None else {"scan": scan}
    return Left(
        Biometric.objects.filter(**of).count(),
        FaceTrack.objects.filter(**of).count(),
        Attribution.objects.filter(**{f"run__{name}": value for name, value in of.items()}).count(),
        Naming.objects.filter(**{f"track__{name}": value for name, value in of.items()}).count(),
        runs.filter(**of).count(),
        StageRun.objects.filter(stage=STAGE, status__in=StageRun.OPEN, **of).count(),
    )


@transaction.atomic
def forget(scan: Scan) -> Left:
    """Delete what tells people of a scan apart, and all that was made of it; what was there.

    Characters, which are names, and names that people gave to lines stay.
    """
    lock(scan)
    for run in StageRun.objects.filter(scan=scan, stage=STAGE, status__in=StageRun.OPEN):
        cancel_if_open(run, because="biometric data is deleted")
    before = left(scan)
    Attribution.objects.filter(run__scan=scan).delete()
    FaceTrack.objects.filter(scan=scan).delete()  # with what people called them
    Biometric.objects.filter(scan=scan).delete()
    StageRun.objects.filter(scan=scan, stage=STAGE).update(findings=None)
    detail = {"embeddings": before.embeddings, "faces": before.face_tracks}
    tell("biometric data deleted", scan, None, detail)
    spoken_anew.send(sender=Naming, scan=scan)
    return before
