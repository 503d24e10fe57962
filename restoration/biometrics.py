"""What tells people on film apart: kept with the run that measured it, and deleted whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from archive.models import Scan
from restoration import namings, regrouping
from restoration.cancelling import cancel_if_open
from restoration.cast import STAGE, measured_by, renew, spoken_anew
from restoration.editing import lock, tell
from restoration.models import (
    Attribution,
    Biometric,
    Character,
    FaceTrack,
    Naming,
    Recognition,
    StageRun,
)

if TYPE_CHECKING:
    from restoration.stages.attribute.measured import Measured


def part_biometrics(findings: dict[str, Any] | None) -> tuple[dict[str, Any] | None, Any]:
    """Findings without what tells people apart, and that: it is never stored with a run."""
    if not findings or "biometrics" not in findings:
        return findings, {}
    kept = {name: value for name, value in findings.items() if name != "biometrics"}
    return kept | {"biometrics": {}}, findings["biometrics"]


def keep_run(run: StageRun, biometrics: Mapping[str, Any]) -> None:
    """Keep the faces that a run followed and their names, and say anew who speaks.

    Where biometrics are switched off nothing is kept, not even that there were faces.
    """
    from restoration.stages.attribute.clusters import cluster

    if not settings.BIOMETRICS:
        StageRun.objects.filter(pk=run.pk).update(findings=None)
        return
    if not FaceTrack.objects.filter(run__key=run.key, scan=run.scan).exists():
        if biometrics:
            Biometric.objects.create(scan=run.scan, run=run, data=dict(biometrics))
        reel = measured_by(run)
        people = cluster(reel.tracks)
        FaceTrack.objects.bulk_create(
            FaceTrack(
                scan=run.scan,
                run=run,
                number=track.number,
                person=people.get(track.number, 0),
                found_person=people.get(track.number, 0),
                start_frame=track.first_frame,
                end_frame=track.end_frame,
                best_frame=track.best_frame,
                box=[int(v) for v in track.boxes[track.best_frame - track.first_frame]],
            )
            for track in reel.tracks
        )
        _carry_groups(run, reel)
        recognise(run, reel)
        namings.carry(run)
    renew(run.scan)
    spoken_anew.send(sender=StageRun, scan=run.scan)


def _carry_groups(run: StageRun, reel: Measured) -> None:
    """What people put together and parted in the run before holds for this one."""
    from restoration.stages.attribute.carrying import same_place

    runs = StageRun.objects.filter(
        scan=run.scan, face_tracks__moved_by__isnull=False, findings__isnull=False
    )
    before = runs.exclude(pk=run.pk).order_by("-pk").first()
    newest = run.scan.face_tracks.exclude(run=run).order_by("-run").first()
    if before is None or newest is None or newest.run_id != before.pk:
        return
    found = {track.number: same_place(track, reel.tracks) for track in measured_by(before).tracks}
    regrouping.carry(run, {old: again.track for old, again in found.items() if again}, before)


def recognise(run: StageRun, reel: Measured) -> int:
    """Name the run's people by the photographs that it was given; how many look like one."""
    from restoration.stages.attribute.naming import name_people
    from restoration.stages.attribute.record import unpack

    kept = Biometric.objects.filter(run=run).first()
    told = (kept.data if kept else {}).get("gallery", {})
    standing = set(Character.objects.filter(pk__in=told).values_list("pk", flat=True))
    gallery = {name: unpack(faces) for name, faces in told.items() if int(name) in standing}
    people = dict(run.face_tracks.filter(person__gt=0).values_list("number", "person"))
    named = name_people(reel.tracks, people, gallery)
    Recognition.objects.filter(run=run).delete()
    Recognition.objects.bulk_create(
        Recognition(
            run=run, person=person, character_id=int(each.name), distance=each.distance or 0.0
        )
        for person, each in named.items()
    )
    return len(named)


@dataclass(frozen=True, slots=True)
class Left:
    """What there is of biometric data; all zero after it was deleted."""

    embeddings: int
    face_tracks: int
    attributions: int
    namings: int
    findings: int
    """Runs whose findings still hold faces or lips."""
    photographs_compared: int = 0
    """Runs that still hold embeddings of photographs of the cast."""
    recognised: int = 0
    """People whom a machine named by photographs."""
    running: int = 0
    """Runs that are still looking for faces, and keep what they find."""

    @property
    def is_nothing(self) -> bool:
        return not any(asdict(self).values())


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
        Biometric.objects.filter(data__has_key="gallery", **of).count(),
        Recognition.objects.filter(**{f"run__{name}": value for name, value in of.items()}).count(),
        StageRun.objects.filter(stage=STAGE, status__in=StageRun.OPEN, **of).count(),
    )


@transaction.atomic
def forget(scan: Scan) -> Left:
    """Delete what tells people of a scan apart, and all that was made of it; what was there.

    Characters with their photographs, and names that people gave to lines, stay.
    """
    lock(scan)
    for run in StageRun.objects.filter(scan=scan, stage=STAGE, status__in=StageRun.OPEN):
        cancel_if_open(run, because="biometric data is deleted")
    before = left(scan)
    Attribution.objects.filter(run__scan=scan).delete()
    FaceTrack.objects.filter(scan=scan).delete()  # with what people called them
    Biometric.objects.filter(scan=scan).delete()  # those of photographs of the cast among them
    Recognition.objects.filter(run__scan=scan).delete()
    StageRun.objects.filter(scan=scan, stage=STAGE).update(findings=None)
    detail = {"embeddings": before.embeddings, "faces": before.face_tracks}
    tell("biometric data deleted", scan, None, detail)
    spoken_anew.send(sender=Naming, scan=scan)
    return before
