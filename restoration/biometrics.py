"""What tells people on film apart: kept with the run that measured it, and deleted whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from archive.models import Scan
from restoration import namings
from restoration.cancelling import cancel_if_open
from restoration.cast import STAGE, measured_by, renew, spoken_anew
from restoration.editing import lock, tell
from restoration.models import Attribution, Biometric, FaceTrack, Naming, StageRun


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
                start_frame=track.first_frame,
                end_frame=track.end_frame,
                best_frame=track.best_frame,
                box=[int(v) for v in track.boxes[track.best_frame - track.first_frame]],
            )
            for track in reel.tracks
        )
        namings.carry(run)
    renew(run.scan)
    spoken_anew.send(sender=StageRun, scan=run.scan)


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
